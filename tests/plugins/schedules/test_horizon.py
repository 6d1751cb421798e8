"""Every schedule at its edges: few steps, odd options, the last step, and steps beyond the horizon.

The references are the formulas of the docstrings, case by case, in 50 digits.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil

import mpmath
import numpy as np
import pytest
import torch

import optlab
from optlab.api.bridges.torch import as_torch
from optlab.plugins import schedules
from optlab.plugins.optimizers.gd import gd
from optlab.plugins.schedules.base import Schedule, schedule
from tests.cases import every, first_cases

MODULES = [importlib.import_module(f"{schedules.__name__}.{m.name}") for m in pkgutil.iter_modules(schedules.__path__)]
SCHEDULES = [value for module in MODULES for value in vars(module).values() if isinstance(value, Schedule)]
HORIZONS = (1, 2, 3, 7, 60)


MP = mpmath.mp.clone()
MP.dps = 50
exact = MP.mpf


def half_cosine(high, low, share):
    """From `high` to `low` along half a cosine."""
    return low + (exact(high) - exact(low)) * (1 + MP.cos(MP.pi * share)) / 2


def warmed(fall):
    """A rise in a line for `warmup` steps; then `fall(share, end, **options)`, the share being 1 at the last step."""

    def factor(t, steps, *, warmup, end, **options):
        t, w = exact(min(t, steps)), exact(warmup)
        if t <= w + 1:
            return t / (w + 1)
        return fall((t - 1 - w) / (steps - 1 - w), exact(end), **options)

    return factor


def one_cycle(t, steps, *, peak, begin, end):
    t = exact(min(t, steps))
    top = max(exact(peak) * steps - 1, 0)
    if t - 1 < top:
        return half_cosine(begin, 1, (t - 1) / top)
    return half_cosine(1, end, (t - 1 - top) / (steps - 1 - top)) if t - 1 > top else 1


def trapezoidal(t, steps, *, rise, fall, end):
    t, length = exact(min(t, steps)), exact(fall) * steps
    down = max(1 - (steps - t) / length, 0) if length else 0
    return min(t / (exact(rise) * steps + 1), 1) * (1 - (1 - exact(end)) * down)


def cosine_restarts(t, steps, *, every, growth, end):
    passed, length = exact(t - 1), exact(every)
    while passed >= length:
        passed, length = passed - length, length * exact(growth)
    return half_cosine(1, end, passed / length)


def root(t, steps, *, warmup):
    share = exact(t) / (exact(warmup) + 1)
    return share if share <= 1 else MP.sqrt(1 / share)


REFERENCES = {
    "constant": lambda t, steps: 1,
    "cosine": warmed(lambda share, end: half_cosine(1, end, share)),
    "cosine_restarts": cosine_restarts,
    "exponential": warmed(lambda share, end: end**share),
    "inverse_sqrt": root,
    "linear": warmed(lambda share, end: 1 - (1 - end) * share),
    "one_cycle": one_cycle,
    "polynomial": warmed(lambda share, end, power: end + (1 - end) * (1 - share) ** exact(power)),
    "step": lambda t, steps, every, factor: exact(factor) ** MP.floor((t - 1) / exact(every)),
    "trapezoidal": trapezoidal,
    "warmup": lambda t, steps, warmup, begin: (
        exact(begin) + (1 - exact(begin)) * min(exact(t - 1) / exact(warmup), 1) if warmup else 1
    ),
}

WARMUPS = [0.0, 1.0, 5.0, 6.0, 58.0, 59.0, 1000.0]
OPTIONS = {
    "constant": {},
    "cosine": {"end": [0.0, 0.1, 1.0, 3.0], "warmup": WARMUPS},
    "cosine_restarts": {"every": [1.0, 2.0, 49.0, 1000.0], "growth": [1.0, 1.5, 2.0], "end": [0.0, 1.0]},
    "exponential": {"end": [1e-30, 0.01, 1.0, 2.0], "warmup": WARMUPS},
    "inverse_sqrt": {"warmup": WARMUPS},
    "linear": {"end": [0.0, 1e-18, 0.1, 1.0, 3.0], "warmup": WARMUPS},
    "one_cycle": {"peak": [0.0, 0.3, 0.5, 0.9, 0.99, 1.0], "begin": [0.0, 0.04, 2.0], "end": [0.0, 4e-6, 1.0]},
    "polynomial": {"power": [1e-3, 0.5, 0.9, 1.0, 3.0], "end": [0.0, 0.1], "warmup": WARMUPS},
    "step": {"every": [1.0, 2.0, 49.0, 1000.0], "factor": [0.1, 1.0, 1.5]},
    "trapezoidal": {"rise": [0.0, 0.1, 1.0], "fall": [0.0, 1e-9, 0.01, 0.2, 0.7, 1.0], "end": [0.0, 0.1, 1.0]},
    "warmup": {"warmup": WARMUPS, "begin": [0.0, 0.01, 2.0]},
}


def combinations(one):
    """The default options, and every combination of odd ones."""
    named = OPTIONS[one.name]
    return [
        dict(one.signature.options),
        *(dict(zip(named, v, strict=True)) for v in itertools.product(*named.values())),
    ]


def supplied(one, steps):
    return {"steps": steps} if "steps" in one.signature.supplied else {}


def test_every_schedule_has_a_reference():
    assert {one.name for one in SCHEDULES} == set(REFERENCES) == set(OPTIONS)
    assert all(set(OPTIONS[one.name]) == set(one.signature.options) for one in SCHEDULES)


@pytest.mark.parametrize("one", SCHEDULES, ids=lambda one: one.name)
def test_schedules_follow_the_formula_and_keep_the_last_value(one):
    for steps, options in itertools.product(HORIZONS, combinations(one)):
        for t in {1, 2, 3, steps // 2 + 1, steps - 1, steps, steps + 1, 10 * steps} - {0}:
            factor = float(one(float(t), **supplied(one, float(steps)), **options))
            expected = float(REFERENCES[one.name](t, steps, **options))
            assert factor == pytest.approx(expected, rel=1e-12, abs=1e-15), (t, steps, options)
            assert factor >= 0, (t, steps, options)


@pytest.mark.parametrize("one", [one for one in SCHEDULES if supplied(one, 1)], ids=lambda one: one.name)
def test_a_very_short_decay_ends_at_its_end_value(one):
    """Shares of the horizon may come out a rounding below the last step."""
    shortest = {"warmup": np.nextafter(9.0, 0), "peak": np.nextafter(1.0, 0), "fall": np.nextafter(0.0, 1)}
    options = {name: value for name, value in shortest.items() if name in one.signature.options}
    if options.keys() & {"warmup", "peak"}:
        assert one(10.0, steps=10.0, **options, end=0.25) == 0.25
    assert one(9.0, steps=10.0, **options) >= 0.9


@pytest.mark.parametrize("one", [one for one in SCHEDULES if supplied(one, 1)], ids=lambda one: one.name)
def test_the_last_value_is_kept_to_the_bit(one):
    for steps, options in itertools.product(HORIZONS, combinations(one)):
        held = {float(one(t, steps=steps, **options)) for t in (steps, steps + 1, 10 * steps, 10**9)}
        assert len(held) == 1, (steps, options)


SHOWS = """
from optlab import optimizer


@optimizer
def shows(x, g, *, lr=1.0):
    '''x becomes the learning rate.'''
    return lr + 0 * x
"""


@pytest.mark.parametrize("all_steps", first_cases(1, [[1, 3, 50], [2, 7]]), ids=str)
@pytest.mark.parametrize(
    ("backend", "one"),
    every(2, itertools.product(["replay", "native", "float32"], SCHEDULES)),
    ids=lambda one: getattr(one, "name", one),
)
def test_runs_follow_the_formula_to_the_last_step(one, backend, all_steps, tmp_path):
    """On both back ends and in float32, with all odd options as axes of one grid."""
    (plugins := tmp_path / "plugins").mkdir()
    (plugins / "shows.py").write_text(SHOWS)
    rule = {"name": "shows", "lr": 1.0, "schedule": {"name": one.name} | OPTIONS[one.name]}
    with_type = {"precision": "float32"} if backend == "float32" else {"backend": backend}
    close = dict(rtol=5e-6, atol=2e-7) if backend == "float32" else dict(rtol=1e-12, atol=2e-15)
    for steps in all_steps:
        document = {"name": "e", "steps": steps, "problem": [{"name": "sphere", "dim": 2}], "optimizer": [rule]}
        results = optlab.run(document | with_type, out=tmp_path, plots=False, plugins=[plugins])
        rates = results.trajectories.pivot(index="run", columns="step", values="x0").to_numpy().astype(np.float64)
        assert (rates[:, 1:] >= 0).all()
        for run in results.runs.to_dict("records"):
            options = {name: run[f"schedule.{name}"] for name in OPTIONS[one.name]}
            expected = [float(REFERENCES[one.name](t, steps, **options)) for t in range(1, steps + 1)]
            np.testing.assert_allclose(rates[run["run"], 1:], expected, **close, err_msg=str((steps, options)))


@schedule
def steep(t, *, steps):
    """A plugin whose formula is negative beyond its horizon, and then not a number."""
    return np.sqrt(1 - (t - 1) / steps) * (1 - (t - 1) / steps)


@pytest.mark.parametrize("one", [*(one for one in SCHEDULES if supplied(one, 1)), steep], ids=lambda one: one.name)
def test_as_torch_keeps_the_last_rate_beyond_the_horizon(one):
    """`as_torch` has no last step: at ten times the horizon, gradient descent continues with the last rate."""
    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    steps, moved = 3, []
    optimizer = as_torch(gd, [x], lr=0.5, schedule=one, steps=steps)
    for _ in range(10 * steps):
        before = x.item()
        optimizer.zero_grad()
        x.sum().backward()
        optimizer.step()
        moved.append(before - x.item())
    expected = [0.5 * float(one(t, steps=steps)) for t in range(1, steps + 1)]
    np.testing.assert_allclose(moved, expected + [expected[-1]] * 9 * steps, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize(("peak", "steps"), [(0.1, 10), (0.2, 5), (1 / 3, 3), (0.05, 20)])
def test_a_warmup_of_no_step_begins_at_the_maximum(peak, steps, backend, tmp_path):
    """peak * steps rounds to 1; where it is not rounded before 1 is subtracted, something is left of it."""
    (plugins := tmp_path / "plugins").mkdir()
    (plugins / "shows.py").write_text(SHOWS)
    rule = {"name": "shows", "lr": 1.0, "schedule": {"name": "one_cycle", "peak": peak, "begin": 0.25}}
    document = {"name": "e", "steps": steps, "backend": backend, "problem": [{"name": "sphere"}], "optimizer": [rule]}
    results = optlab.run(document, out=tmp_path, plots=False, plugins=[plugins])
    assert results.trajectories.query("step == 1")["x0"].item() == 1.0


@schedule
def doubling(t):
    """A plugin whose formula overflows, and divides by zero at the first step."""
    return 2.0 ** (t - 1) + 0 / (t - 1)


@pytest.mark.parametrize("name", ["step", doubling])
def test_an_overflowing_rate_is_infinite(name):
    """As in experiments, without an exception; Python numbers raise where arrays become infinite."""
    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    options = {} if name is doubling else {"name": "step", "every": 1.0, "factor": 2.0}
    optimizer = as_torch(gd, [x], lr=1.0, schedule=options or name)
    for _ in range(1030):
        x.grad = torch.ones_like(x)
        optimizer.step()
    assert not torch.isfinite(x).any()
