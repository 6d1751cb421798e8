"""Runs that stop early: against a plain loop, and against the same runs without limits, on all back ends."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optlab import problem
from optlab.execution import runner
from optlab.execution.records import STATUSES, STOPS, Stop
from optlab.execution.runner.protocol import CHUNK
from tests.cases import every

START = np.array([1.0, -2.0])
RULES = {"replay": "gd", "native": "gd", "foreign": "torch:SGD"}


@problem(start=START)
def bowl(x):
    return 0.5 * np.sum(x**2)


def by_hand(lr, steps, loss, norm):
    """One run of gradient descent: reason, last step, final and best loss, and the losses up to the last step."""
    x, losses = START, []
    for t in range(steps + 1):
        if t and (t % CHUNK == 0 or t == steps) and not np.isfinite(x).all():
            return "diverged", t, math.nan, losses
        losses.append(0.5 * float(np.sum(x**2)))
        if not math.isfinite(losses[-1]):
            return "diverged", t, losses[-1], losses[:-1]
        if t < steps:
            if losses[-1] <= loss:
                return "loss", t, losses[-1], losses
            if math.sqrt(float(np.sum(x * x))) <= norm:
                return "gradient_norm", t, losses[-1], losses
            x = x - lr * x
    return "", steps, losses[-1], losses


def sweep_of(planned, backend, steps, rates, points, stop):
    document = {
        "problem": [{"name": "bowl"}],
        "optimizer": [{"name": RULES[backend], "lr": rates}],
        "steps": steps,
        "record": {"points": points},
        "backend": "auto" if backend == "foreign" else backend,
    }
    (sweep,) = planned(document, bowl).sweeps
    return dataclasses.replace(sweep, stop=stop)


LIMITS = st.none() | st.sampled_from([1e-9, 1e-3, 0.1, 1.0, 2.5, 1e9])


@settings(max_examples=8)
@given(
    steps=st.integers(1, 2 * CHUNK + 6),
    rates=st.lists(
        st.sampled_from([1e-3, 1 / 32, 0.3, 0.9, 1.3, 2.5, 1e80, 1e300]), min_size=1, max_size=6, unique=True
    ),
    points=st.integers(0, 40),
    loss=LIMITS,
    norm=LIMITS,
)
@example(70, [1 / 32, 0.3, 1.3, 1e300], 71, 1e-3, 0.1)
def test_all_back_ends_stop_where_a_plain_loop_does(planned, steps, rates, points, loss, norm):
    stop = Stop(loss, norm)
    with np.errstate(all="ignore"):
        wanted = [
            by_hand(lr, steps, -math.inf if loss is None else loss, -1.0 if norm is None else norm) for lr in rates
        ]
    for backend in RULES:
        sweep = sweep_of(planned, backend, steps, rates, points, stop)
        told = []
        task = runner.Runner([sweep])
        done = task(sweep, told.append)
        assert (done.log, task.backend(sweep), sum(told)) == ("", backend, len(rates) * steps)
        for run, (reason, last, final, losses) in enumerate(wanted):
            found = "" if done.stopped[run] < 0 else STOPS[done.stopped[run]]
            status = "diverged" if reason == "diverged" else "done"
            assert (STATUSES[done.status[run]], found) == (status, reason.replace("diverged", "")), backend
            assert done.steps[run] == last
            assert status == "diverged" or done.grad_evals[run] == last
            np.testing.assert_allclose(done.final_loss[run], final, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(done.best_loss[run], min(losses), rtol=1e-9, atol=1e-12)
            for row, step in enumerate(sweep.recording.steps):
                if step <= last and step < len(losses):
                    np.testing.assert_allclose(done.loss[row, run], losses[step], rtol=1e-9, atol=1e-12)
                    np.testing.assert_allclose(0.5 * np.sum(done.x[row, :, run] ** 2), losses[step], 1e-9, 1e-12)
                elif found:
                    assert done.loss[row, run] == done.final_loss[run]
                    assert np.isnan(done.x[row, :, run]).all()


PROBLEMS = [
    {"name": "rosenbrock"},
    {"name": "ackley", "dim": 5},
    {"name": "levy", "dim": 40},  # in machine code with loops over the entries
    {"name": "branin"},
]


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("table", every(2, PROBLEMS), ids=lambda table: table["name"])
def test_limits_change_no_bit_before_the_stop(planned, backend, table):
    check_bits(planned, ["adam", "sam"], table, backend)


@pytest.mark.many
@pytest.mark.parametrize("backend", ["replay", "native"])
def test_limits_change_no_bit_of_any_rule(planned, built_in, backend):
    rules = list(built_in.optimizers)
    for table in (*PROBLEMS, {"name": "griewank", "dim": 3}, {"name": "himmelblau"}):
        check_bits(planned, rules, table, backend)


def check_bits(planned, rules, table, backend):
    document = {
        "problem": [table],
        "optimizer": [{"name": name} for name in rules],
        "steps": 60,
        "record": {"points": 61, "trajectories": True},
        "backend": backend,
    }
    for sweep in planned(document).sweeps:
        exact = runner.run(sweep)
        middle = float(np.median(exact.loss[:, 0]))
        for stop in (Stop(1e-300, 1e-300), Stop(loss=middle), Stop(gradient_norm=1.0)):
            done = runner.run(dataclasses.replace(sweep, stop=stop))
            last = int(done.steps[0])
            np.testing.assert_array_equal(done.loss[: last + 1], exact.loss[: last + 1], f"{sweep.label} {stop}")
            np.testing.assert_array_equal(done.x[: last + 1], exact.x[: last + 1])
            if stop.loss == middle and exact.status[0] == 0:
                assert last == np.argmax(exact.loss[:, 0] <= middle)
                assert done.final_loss[0] == exact.loss[last, 0]


def test_networks_stop_at_evaluations_and_keep_their_metrics(planned):
    table = {"name": "mlp", "hidden": [4], "dataset": "xor", "batch_size": 20, "test_fraction": 0.3}
    document = {
        "problem": [table],
        "optimizer": [{"name": "adam", "lr": 0.05}, {"name": "torch:Adam", "lr": 0.05}],
        "steps": 60,
        "seeds": 2,
        "record": {"points": 7, "evaluations": 7},
    }
    for sweep in planned(document).sweeps:
        exact = runner.run(sweep)
        limit = float(exact.metrics["train_loss"][3].max())
        done = runner.run(dataclasses.replace(sweep, stop=Stop(loss=limit)))
        for run in range(2):
            row = int(np.argmax(exact.metrics["train_loss"][:, run] <= limit))
            assert done.steps[run] == sweep.recording.evaluations[row]
            assert done.final_loss[run] == exact.metrics["train_loss"][row, run]
            for name, values in done.metrics.items():
                np.testing.assert_array_equal(values[: row + 1, run], exact.metrics[name][: row + 1, run])
                assert (values[row:, run] == exact.metrics[name][row, run]).all()
        by_norm = runner.run(dataclasses.replace(sweep, stop=Stop(gradient_norm=0.2)))
        assert (by_norm.stopped == STOPS.index("gradient_norm")).all()
        assert (by_norm.steps < 60).all()


@pytest.mark.parametrize("backend", RULES)
def test_the_time_ends_all_runs_of_a_sweep(planned, backend):
    """No time is allowed: NumPy compares it at each step, machine code every 4096."""
    steps = 6000 if backend == "native" else 100
    sweep = sweep_of(planned, backend, steps, [1e-4, 1e-5], steps + 1, Stop(seconds=1e-12))
    told = []
    done = runner.run(sweep, told.append)
    assert sum(told) == 2 * steps
    assert (done.stopped == STOPS.index("seconds")).all()
    assert (done.steps == (4096 if backend == "native" else 0)).all()
    for run in range(2):
        assert done.final_loss[run] == done.loss[done.steps[run], run]
    unlimited = runner.run(dataclasses.replace(sweep, stop=None))
    last = int(done.steps[0])
    np.testing.assert_array_equal(done.loss[: last + 1], unlimited.loss[: last + 1])


def test_the_sweep_ends_with_its_last_run(planned, monkeypatch):
    """After the last run has stopped, no step is computed."""
    for backend in ("replay", "native"):
        sweep = sweep_of(planned, backend, 10**9, [0.5, 0.1], 0, Stop(loss=1e-6))
        done = runner.run(sweep)  # a billion steps would take minutes
        assert (done.stopped == STOPS.index("loss")).all()
        assert done.steps.max() < 200
