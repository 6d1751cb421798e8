"""Schedules against torch.optim.lr_scheduler, optax and numbers worked by hand."""

import importlib
import pkgutil

import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler

import optlab
from optlab.plugins import schedules
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.schedules.constant import constant
from optlab.plugins.schedules.cosine import cosine
from optlab.plugins.schedules.cosine_restarts import cosine_restarts
from optlab.plugins.schedules.exponential import exponential
from optlab.plugins.schedules.inverse_sqrt import inverse_sqrt
from optlab.plugins.schedules.linear import linear
from optlab.plugins.schedules.one_cycle import one_cycle
from optlab.plugins.schedules.polynomial import polynomial
from optlab.plugins.schedules.step import step
from optlab.plugins.schedules.trapezoidal import trapezoidal
from optlab.plugins.schedules.warmup import warmup

MODULES = [importlib.import_module(f"{schedules.__name__}.{m.name}") for m in pkgutil.iter_modules(schedules.__path__)]
SCHEDULES = [value for module in MODULES for value in vars(module).values() if isinstance(value, Schedule)]
RISING = (one_cycle, trapezoidal, warmup)
"""Schedules that do not begin with 1."""
WARMED = (cosine, exponential, inverse_sqrt, linear, polynomial)
"""Decreasing schedules with an optional warmup."""


def supplied(schedule, steps):
    return {"steps": steps} if "steps" in schedule.signature.supplied else {}


def test_all_schedules_are_found():
    assert set(SCHEDULES) == {constant, step, cosine_restarts, *WARMED, *RISING}


@pytest.mark.parametrize("schedule", [s for s in SCHEDULES if s not in RISING], ids=lambda s: s.name)
@pytest.mark.parametrize("steps", [1, 2, 400])
def test_factor_is_one_at_the_first_step(schedule, steps):
    assert schedule(1, **supplied(schedule, steps)) == 1


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_an_array_of_steps_gives_the_same_factors(schedule):
    ts = np.arange(1.0, 401.0)
    one_by_one = [schedule(t, **supplied(schedule, 400)) for t in ts]
    np.testing.assert_allclose(np.broadcast_to(schedule(ts, **supplied(schedule, 400)), 400), one_by_one, rtol=1e-14)


@pytest.mark.parametrize(
    ("schedule", "t", "arguments", "factor"),
    [
        (constant, 7, {}, 1.0),
        (step, 10, {"every": 10.0, "factor": 0.5}, 1.0),
        (step, 11, {"every": 10.0, "factor": 0.5}, 0.5),
        (step, 31, {"every": 10.0, "factor": 0.5}, 0.125),
        (exponential, 6, {"steps": 11, "end": 0.01}, 0.1),
        (exponential, 11, {"steps": 11, "end": 0.01}, 0.01),
        (linear, 6, {"steps": 11}, 0.5),
        (linear, 11, {"steps": 11}, 0.0),
        (linear, 6, {"steps": 11, "end": 0.5}, 0.75),
        (cosine, 6, {"steps": 11}, 0.5),
        (cosine, 11, {"steps": 11}, 0.0),
        (cosine, 11, {"steps": 31, "end": 0.2}, 0.8),
        (cosine_restarts, 6, {"every": 10.0}, 0.5),
        (cosine_restarts, 11, {"every": 10.0, "growth": 2.0, "end": 0.5}, 1.0),
        (cosine_restarts, 21, {"every": 10.0, "growth": 2.0, "end": 0.5}, 0.75),
        (cosine_restarts, 31, {"every": 10.0, "growth": 2.0, "end": 0.5}, 1.0),
        (exponential, 9, {"steps": 14, "end": 0.01, "warmup": 3.0}, 0.1),
        (inverse_sqrt, 2, {"warmup": 3.0}, 0.5),
        (inverse_sqrt, 4, {"warmup": 3.0}, 1.0),
        (inverse_sqrt, 16, {"warmup": 3.0}, 0.5),
        (inverse_sqrt, 4, {}, 0.5),
        (one_cycle, 1, {"steps": 100}, 0.04),
        (one_cycle, 30, {"steps": 100}, 1.0),
        (one_cycle, 100, {"steps": 100}, 4e-6),
        (one_cycle, 6, {"steps": 21, "peak": 11 / 21, "begin": 0.5}, 0.75),
        (one_cycle, 16, {"steps": 21, "peak": 11 / 21, "end": 0.5}, 0.75),
        (polynomial, 6, {"steps": 11, "power": 2.0}, 0.25),
        (polynomial, 6, {"steps": 11, "power": 2.0, "end": 0.2}, 0.4),
        (polynomial, 11, {"steps": 11, "end": 0.2}, 0.2),
        (trapezoidal, 1, {"steps": 90}, 0.1),
        (trapezoidal, 10, {"steps": 90}, 1.0),
        (trapezoidal, 72, {"steps": 90}, 1.0),
        (trapezoidal, 81, {"steps": 90, "end": 0.5}, 0.75),
        (trapezoidal, 90, {"steps": 90}, 0.0),
        (warmup, 1, {}, 0.01),
        (warmup, 51, {"begin": 0.5}, 0.75),
        (warmup, 101, {}, 1.0),
        (warmup, 900, {}, 1.0),
        (warmup, 1, {"warmup": 0.0}, 1.0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_factor_by_hand(schedule, t, arguments, factor):
    np.testing.assert_allclose(schedule(t, **arguments), factor, rtol=1e-15, atol=1e-16)


def torch_factors(scheduler, steps, **arguments):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule, factors = scheduler(optimizer, **arguments), []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


@pytest.mark.parametrize(
    ("schedule", "arguments", "scheduler", "torch_arguments"),
    [
        (step, {"every": 30.0, "factor": 0.5}, lr_scheduler.StepLR, {"step_size": 30, "gamma": 0.5}),
        (exponential, {"steps": 101, "end": 0.9**100}, lr_scheduler.ExponentialLR, {"gamma": 0.9}),
        (
            linear,
            {"steps": 101, "end": 0.25},
            lr_scheduler.LinearLR,
            {"start_factor": 1.0, "end_factor": 0.25, "total_iters": 100},
        ),
        (cosine, {"steps": 101, "end": 0.1}, lr_scheduler.CosineAnnealingLR, {"T_max": 100, "eta_min": 0.1}),
        (
            cosine_restarts,
            {"every": 10.0, "growth": 1.0, "end": 0.1},
            lr_scheduler.CosineAnnealingWarmRestarts,
            {"T_0": 10, "T_mult": 1, "eta_min": 0.1},
        ),
        (
            cosine_restarts,
            {"every": 7.0, "growth": 3.0},
            lr_scheduler.CosineAnnealingWarmRestarts,
            {"T_0": 7, "T_mult": 3},
        ),
        (one_cycle, {"steps": 101}, lr_scheduler.OneCycleLR, {"max_lr": 1.0, "total_steps": 101}),
        (
            one_cycle,
            {"steps": 101, "peak": 0.45, "begin": 0.1, "end": 0.001},
            lr_scheduler.OneCycleLR,
            {"max_lr": 1.0, "total_steps": 101, "pct_start": 0.45, "div_factor": 10.0, "final_div_factor": 100.0},
        ),
        (polynomial, {"steps": 101, "power": 2.5}, lr_scheduler.PolynomialLR, {"total_iters": 100, "power": 2.5}),
        (
            warmup,
            {"warmup": 30.0, "begin": 0.2},
            lr_scheduler.LinearLR,
            {"start_factor": 0.2, "end_factor": 1.0, "total_iters": 30},
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_same_factors_as_torch(schedule, arguments, scheduler, torch_arguments):
    expected = torch_factors(scheduler, 101, **torch_arguments)
    np.testing.assert_allclose([schedule(t, **arguments) for t in range(1, 102)], expected, rtol=1e-12, atol=1e-15)


def after_a_rise(fall):
    """Twenty steps upwards, from 1/21 to 1, then an optax schedule: what `warmup = 20` says."""
    return optax.join_schedules([optax.linear_schedule(1 / 21, 1.0, 20), fall], [20])


OPTAX = [
    (cosine, {"steps": 101}, optax.cosine_decay_schedule(1.0, 100)),
    (
        cosine,
        {"steps": 101, "warmup": 20.0, "end": 0.1},
        optax.warmup_cosine_decay_schedule(1 / 21, 1.0, 20, 100, end_value=0.1),
    ),
    (exponential, {"steps": 101, "end": 0.02}, optax.exponential_decay(1.0, 100, 0.02)),
    (
        exponential,
        {"steps": 101, "end": 0.02, "warmup": 20.0},
        optax.warmup_exponential_decay_schedule(1 / 21, 1.0, 20, 80, 0.02),
    ),
    (linear, {"steps": 101, "end": 0.2, "warmup": 20.0}, after_a_rise(optax.linear_schedule(1.0, 0.2, 80))),
    (polynomial, {"steps": 101, "end": 0.2}, optax.polynomial_schedule(1.0, 0.2, 0.9, 100)),
    (polynomial, {"steps": 101, "warmup": 20.0}, after_a_rise(optax.polynomial_schedule(1.0, 0.0, 0.9, 80))),
    (warmup, {"warmup": 40.0}, optax.linear_schedule(0.01, 1.0, 40)),
    (
        trapezoidal,
        {"steps": 100, "rise": 0.2, "fall": 0.5, "end": 0.1},
        optax.join_schedules(
            [optax.linear_schedule(1 / 21, 1.0, 20), optax.linear_schedule(1.0, 0.1, 50)],
            [49],  # the fall begins after step 50, and optax counts from 0
        ),
    ),
    (
        cosine_restarts,
        {"every": 50.0, "end": 0.1},
        optax.join_schedules([optax.cosine_decay_schedule(1.0, 50, 0.1)] * 2, [50]),
    ),
]


@pytest.mark.parametrize(("schedule", "arguments", "theirs"), OPTAX)
def test_same_factors_as_optax(schedule, arguments, theirs):
    """In float32, which is what optax computes in."""
    steps = min(arguments.get("steps", 100), 100)
    ours = [schedule(t, **arguments) for t in range(1, steps + 1)]
    np.testing.assert_allclose(ours, [theirs(t) for t in range(steps)], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("schedule", WARMED, ids=lambda s: s.name)
def test_a_warmup_is_linear_and_the_schedule_begins_after_it(schedule):
    rising = [schedule(t, **supplied(schedule, 50), warmup=9.0) for t in range(1, 11)]
    np.testing.assert_allclose(rising, np.arange(1, 11) / 10, rtol=1e-15)
    if schedule is not inverse_sqrt:
        falling = [schedule(t, steps=50, warmup=9.0) for t in range(10, 51)]
        assert falling == [schedule(t, steps=41) for t in range(1, 42)]


@pytest.mark.parametrize("growth", [1.0, 1.1, 1.5, 2.0, 3.0, 7.0])
@pytest.mark.parametrize("every", [1.0, 3.0, 10.0, 49.0])
def test_every_cycle_begins_at_one(every, growth):
    """However the boundary is rounded: the step on it, or the first one after it, is at the top and not at the end."""
    begun, length = 0.0, every
    while begun < 1e5:
        if abs(begun - round(begun)) < 1e-9:
            assert cosine_restarts(round(begun) + 1, every=every, growth=growth) > 1 - 1e-9
        begun, length = begun + length, length * growth


# ---- what there was before there was a warm-up -----------------------------------------------------------------------

BEFORE = [
    (cosine, lambda t, n, end: 1 - (1 - end) * (1 - np.cos(np.pi * (t - 1) / np.maximum(n - 1, 1))) / 2),
    (exponential, lambda t, n, end: end ** ((t - 1) / np.maximum(n - 1, 1))),
    (linear, lambda t, n, end: 1 - (1 - end) * (t - 1) / np.maximum(n - 1, 1)),
]


@pytest.mark.parametrize(("schedule", "before"), BEFORE, ids=lambda value: getattr(value, "name", ""))
def test_a_warmup_of_zero_changes_no_bit(schedule, before):
    for steps in (1, 2, 333):
        for end in (0.01, 0.3):
            for t in range(1, steps + 1):
                assert schedule(t, steps=steps, end=end) == before(t, steps, end)


# ---- traced ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_both_back_ends_follow_the_factor(schedule, backend, tmp_path):
    """On f = x^2 / 2, gradient descent multiplies x by 1 - lr factor(t). Every option is an axis of the grid."""
    options = {
        name: [value, 2.5 if name == "growth" else 7.0 if name in ("every", "warmup") else 0.75 * value + 0.02]
        for name, value in schedule.signature.options.items()
    }
    rule = {"name": "gd", "lr": 0.1, "schedule": {"name": schedule.name} | options}
    document = {"name": "e", "steps": 60, "problem": [{"name": "sphere", "dim": 2}], "optimizer": [rule]}
    results = optlab.run(document, out=tmp_path, plots=False, backend=backend)
    assert {sweep["backend"] for sweep in results.manifest["sweeps"]} == {backend}
    assert len(results.runs) == 2 ** len(options)
    for run in results.runs.to_dict("records"):
        given = {name: run[f"schedule.{name}"] for name in options}
        factors = np.array([schedule(t, **supplied(schedule, 60), **given) for t in range(1, 61)])
        loss = results.history[results.history["run"] == run["run"]]["loss"].to_numpy()
        expected = loss[0] * np.cumprod(np.concatenate([[1.0], 1 - 0.2 * factors])) ** 2
        np.testing.assert_allclose(loss, expected, rtol=1e-9)


def test_restarts_in_float32_are_at_the_same_steps(tmp_path):
    rule = {"name": "gd", "lr": 0.01}
    rule["schedule"] = {"name": "cosine_restarts", "growth": [1.5, 2.0, 3.0], "every": [4.0, 7.0, 10.0]}
    document = {"name": "e", "steps": 300, "problem": [{"name": "sphere"}], "optimizer": [rule]}
    falls = {}
    for precision in ("float32", "float64"):
        history = optlab.run(document | {"precision": precision}, out=tmp_path / precision, plots=False).history
        losses = history.pivot(index="step", columns="run", values="loss").to_numpy().astype(np.float64)
        falls[precision] = np.diff(np.log(losses), axis=0)  # 0.04 at the top of a cycle, 0 at its end
    np.testing.assert_allclose(falls["float32"], falls["float64"], atol=1e-4)
