"""The back end of a sweep: the requested one if it supports the sweep, or the faster one without a request."""

from __future__ import annotations

import dataclasses
import importlib.util

import numpy as np
import pytest

import optlab
from optlab import problem
from optlab.api import pipeline
from optlab.execution import runner
from optlab.execution.runner import choice
from optlab.execution.step import build_for


@problem(domain=(-1.0, 1.0), start=(1.0, 0.5))
def solves(x):
    """An operation that only replay supports."""
    return np.sum(np.linalg.solve(np.outer(x, x) + np.eye(2), x))


@problem(domain=(-1.0, 1.0), start=(1.0,), dim=None)
def sorts_many(x):
    """An operation that is compiled for few entries only."""
    return np.sum(np.sort(x) ** 2)


@problem(domain=(-1.0, 1.0), start=(0.5,), dim=None)
def saw(x):
    """A quadratic plus a sawtooth."""
    return np.sum(x**2 + x % 0.3)


TOO_MANY = "it has more than 20,000 operations on single numbers"


def chosen(planned, problem_table, backend="auto", steps=100, seeds=1, **optimizer):
    tables = {"problem": [problem_table], "optimizer": [{"name": "adam", **optimizer}], "seeds": seeds}
    (sweep,) = planned({**tables, "steps": steps, "backend": backend}, solves, sorts_many, saw).sweeps
    return runner.choose(sweep, build_for(sweep))


def test_the_faster_back_end_depends_on_runs_and_steps(planned):
    few = {"linear": [0.1, 0.2], "num": 3}
    many = {"linear": [0.1, 0.2], "num": 5000}
    assert chosen(planned, {"name": "rosenbrock"}, lr=few).backend == "replay"
    assert chosen(planned, {"name": "rosenbrock"}, lr=many, steps=1000).backend == "native"
    assert chosen(planned, {"name": "rosenbrock"}, lr=few, steps=100_000).backend == "native"
    assert "ms, on native " in chosen(planned, {"name": "rosenbrock"}, lr=few).why


def estimate(planned, problem_table, runs, steps):
    """Seconds on the back end that is chosen, as `optlab validate` shows them."""
    lr = {"linear": [0.1, 0.2], "num": runs} if runs > 1 else 0.1
    _, number, unit, *_ = chosen(planned, problem_table, steps=steps, lr=lr).why.split()
    return float(number) * {"ms,": 1e-3, "s,": 1.0}[unit]


def test_one_run_is_estimated_as_a_whole_vector(planned):
    """Machine code takes as long for one run as for eight; Adam in Rosenbrock's valley was measured at 50 ns a step."""
    alone, eight, many = (estimate(planned, {"name": "rosenbrock"}, runs, 10_000_000) for runs in (1, 8, 800))
    assert alone == eight
    assert 0.2 < alone < 1.5
    assert 40 < many / alone < 120


def test_estimates_of_slow_operations(planned):
    """A remainder was measured at 5 ns, and 40 ns for a vector of one run, where an addition takes a sixtieth."""
    assert 0.5 < estimate(planned, {"name": "saw", "dim": 3}, 1, 10_000_000) < 6.0


def test_sums_over_many_entries_of_few_runs_are_estimated_on_replay(planned):
    """NumPy took about 30 ns for an entry of up to 64 runs; a step of L-BFGS was measured at 17 to 40 ms."""
    why = chosen(planned, {"name": "sphere", "dim": 20_000}, name="lbfgs", steps=200).why
    assert 2 < float(why.partition("on replay ")[2].removesuffix(" s")) < 12


def test_the_time_for_recording_is_estimated(planned):
    """Measured at 0.3 s for a million losses of one run, which is more than its steps take."""
    tables = {"problem": [{"name": "rosenbrock"}], "optimizer": [{"name": "gd"}], "steps": 1_000_000}
    (sweep,) = planned({**tables, "record": {"points": 1_000_001}}).sweeps
    _, number, unit, *_ = runner.choose(sweep, build_for(sweep)).why.split()
    assert unit == "ms,"
    assert 100 < float(number) < 900


def test_estimates_of_very_short_times(planned):
    assert chosen(planned, {"name": "rosenbrock"}, steps=1).why.startswith("less than 1 ms, on native ")


def test_little_work_gets_quickly_compiled_code(planned):
    some, many = ({"linear": [0.1, 0.2], "num": n} for n in (100, 100_000))
    assert chosen(planned, {"name": "rosenbrock"}, lr=some, steps=1000).quick
    assert not chosen(planned, {"name": "rosenbrock"}, lr=many, steps=1000).quick
    assert not chosen(planned, {"name": "rosenbrock"}, "native", lr=some, steps=1000).quick


@pytest.mark.parametrize("backend", ["native", "replay"])
def test_the_requested_back_end(planned, backend):
    choice = chosen(planned, {"name": "rosenbrock"}, backend)
    assert choice == runner.Choice(backend, "it was requested", is_whole=backend == "native")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"name": "solves"}, "solve has no native rule"),
        ({"name": "griewank", "dim": 1000}, f"{TOO_MANY}, and its entries are computed one by one"),
        ({"name": "sorts_many", "dim": 10_000}, f"{TOO_MANY}, and argsort has no native rule"),
    ],
)
def test_code_that_cannot_be_compiled_runs_on_replay_with_a_reason(planned, table, why):
    assert chosen(planned, table, "native") == runner.Choice("replay", why)


@pytest.mark.parametrize(
    ("table", "seeds", "steps", "backend"),
    [
        ({"name": "mlp", "dataset": "spirals", "hidden": [16], "batch_size": 32}, 100, 1000, "native"),
        ({"name": "mlp", "dataset": "spirals", "hidden": [16], "batch_size": 32}, 1, 20, "replay"),
        ({"name": "mlp", "dataset": "digits", "hidden": [256], "batch_size": 32}, 1, 1000, "replay"),
        ({"name": "ellipsoid", "dim": 20, "noise": {"kind": "normal"}}, 100, 10_000, "native"),
        ({"name": "ellipsoid", "dim": 20, "noise": {"kind": "normal"}}, 1, 100, "replay"),
    ],
)
def test_networks_and_noise_are_compiled_by_nodes_where_that_is_faster(planned, table, seeds, steps, backend):
    choice = chosen(planned, table, steps=steps, seeds=seeds)
    assert (choice.backend, choice.is_whole) == (backend, False)
    asked = chosen(planned, table, "native", steps=steps, seeds=seeds)
    assert asked == runner.Choice("native", "it was requested")


def test_functions_of_many_entries_are_compiled_into_loops(planned):
    many = {"linear": [0.1, 0.2], "num": 100}
    assert chosen(planned, {"name": "rosenbrock", "dim": 1000}, lr=many, steps=100).backend == "native"
    assert chosen(planned, {"name": "rosenbrock", "dim": 30_000}, "native", lr=many).backend == "native"


def test_sweeps_that_need_much_memory_are_divided(planned, monkeypatch):
    """Also in machine code; x and the state of Adam have 1,500 numbers here."""
    rule = {"name": "adam", "lr": {"linear": [0.1, 0.2], "num": 20}}
    tables = {"problem": [{"name": "sphere", "dim": 500}], "optimizer": [rule], "backend": "native"}
    (sweep,) = planned({**tables, "steps": 3}).sweeps
    task = runner.Runner([sweep])
    for most, divides in ((1_500 * 20, False), (1_500 * 20 - 1, True)):
        monkeypatch.setattr(runner, "WHOLE", most)
        assert task.divides(sweep) == divides


@pytest.fixture
def without_llvmlite(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        choice.has_llvmlite.cache_clear()
        yield
    choice.has_llvmlite.cache_clear()


def test_without_llvmlite_sweeps_run_on_replay(planned, without_llvmlite):
    assert chosen(planned, {"name": "sphere"}, "native") == runner.Choice("replay", "llvmlite is not installed")


def test_the_choice_is_made_on_the_whole_sweep(planned):
    """A block of one run is executed like the whole sweep."""
    tables = {"problem": [{"name": "sphere"}], "optimizer": [{"name": "gd", "lr": {"linear": [0.1, 0.2], "num": 9000}}]}
    (sweep,) = planned({**tables, "steps": 3000}).sweeps
    task = runner.Runner([sweep])
    block = task(sweep.block(slice(7, 8)))
    assert task.backend(sweep) == "native"
    alone = runner.run(dataclasses.replace(sweep, backend="native").block(slice(7, 8)))
    assert block.loss.tobytes() == alone.loss.tobytes()


def test_the_back_end_in_a_file_on_the_command_line_and_in_the_manifest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = {"name": "e", "steps": 5, "problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}]}
    for backend in ("native", "replay"):
        results = optlab.run(document | {"backend": backend}, plots=False)
        assert [sweep["backend"] for sweep in results.manifest["sweeps"]] == [backend]
        assert "llvmlite" in results.manifest["versions"]
    other = optlab.run(document | {"backend": "replay"}, plots=False, backend="native")
    assert [sweep["backend"] for sweep in other.manifest["sweeps"]] == ["native"]
    identities = {pipeline.prepare(document, backend=b).plan.id for b in (None, "native", "replay")}
    assert len(identities) == 3
