"""Schedules against torch.optim.lr_scheduler and against numbers worked by hand."""

import importlib
import pkgutil

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from optlab import schedules
from optlab.schedules.base import Schedule
from optlab.schedules.constant import constant
from optlab.schedules.cosine import cosine
from optlab.schedules.exponential import exponential
from optlab.schedules.linear import linear
from optlab.schedules.step import step

MODULES = [importlib.import_module(f"{schedules.__name__}.{m.name}") for m in pkgutil.iter_modules(schedules.__path__)]
SCHEDULES = [value for module in MODULES for value in vars(module).values() if isinstance(value, Schedule)]


def supplied(schedule, steps):
    return {"steps": steps} if "steps" in schedule.signature.supplied else {}


def test_all_are_found():
    assert all(known in SCHEDULES for known in (constant, step, exponential, linear, cosine))


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
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
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_same_factors_as_torch(schedule, arguments, scheduler, torch_arguments):
    expected = torch_factors(scheduler, 101, **torch_arguments)
    np.testing.assert_allclose([schedule(t, **arguments) for t in range(1, 102)], expected, rtol=1e-12)
