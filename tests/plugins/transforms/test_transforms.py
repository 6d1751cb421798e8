"""The built-in transforms, each against torch, a formula or the paper's pseudo-code by hand, on replay and natively."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from optlab import problem
from optlab.execution import runner
from optlab.execution.step import build_for

START = np.array([3.0, -2.0])
CURVATURE = np.array([2.0, 4.0])
STEPS = 23


@problem(start=START)
def slope(x):
    """The gradient is (2x, 4y)."""
    return np.sum(np.array([1.0, 2.0]) * x**2)


def sweep_of(planned, transforms, **table):
    tables = {
        "problem": [{"name": "slope"}],
        "optimizer": [{"name": "gd", "lr": 0.1, "transforms": transforms, **table}],
        "steps": STEPS,
        "record": {"points": STEPS + 1},
    }
    return planned(tables, slope).sweeps[0]


def path(planned, *transforms, backend="replay", **table):
    sweep = dataclasses.replace(sweep_of(planned, list(transforms), **table), backend=backend)
    task = runner.Runner([sweep])
    done = task(sweep)
    assert task.backend(sweep) == backend
    return done.x[:, :, 0]


def followed(move):
    x, found = START, [START]
    for t in range(1, STEPS + 1):
        x = move(x, t)
        found.append(x)
    return np.array(found)


def norm_clipped(x, t):
    g = CURVATURE * x
    return x - 0.1 * g * min(1, 1.5 / np.linalg.norm(g))


SIMPLE = {
    "clip_norm": ({"max_norm": 1.5}, norm_clipped),
    "clip_value": ({"limit": 0.7}, lambda x, t: x - 0.1 * np.minimum(np.maximum(CURVATURE * x, -0.7), 0.7)),
    "l2": ({"decay": 0.3}, lambda x, t: x - 0.1 * (CURVATURE * x + 0.3 * x)),
    "weight_decay": ({"decay": 0.3}, lambda x, t: (1 - 0.1 * 0.3) * x - 0.1 * CURVATURE * x),
}


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("name", SIMPLE)
def test_transforms_equal_their_formulas(planned, name, backend):
    options, move = SIMPLE[name]
    found = path(planned, {"name": name, **options}, backend=backend)
    np.testing.assert_allclose(found, followed(move), rtol=1e-12)
    assert np.abs(found - path(planned)).max() > 1e-3  # it has an effect


def test_coupled_decay_equals_that_of_torch(planned):
    x = torch.tensor(START, requires_grad=True)
    theirs = torch.optim.Adam([x], lr=0.1, weight_decay=0.4)
    found = [START]
    for _ in range(STEPS):
        x.grad = torch.tensor(CURVATURE) * x.detach()
        theirs.step()
        found.append(x.detach().numpy().copy())
    np.testing.assert_allclose(path(planned, {"name": "l2", "decay": 0.4}, name="adam"), found, rtol=1e-12)


@pytest.mark.parametrize("backend", ["replay", "native"])
def test_lookahead_as_in_the_paper(planned, backend):
    """Algorithm 1 of Zhang et al.: an outer loop around k inner steps."""
    slow, found = START, [START]
    while len(found) <= STEPS:
        fast = slow
        for _ in range(4):
            fast = fast - 0.1 * CURVATURE * fast
            found.append(fast)
        slow = slow + 0.3 * (fast - slow)
        found[-1] = slow
    ours = path(planned, {"name": "lookahead", "every": 4, "alpha": 0.3}, backend=backend)
    np.testing.assert_allclose(ours, found[: STEPS + 1], rtol=1e-12)


@pytest.mark.parametrize("backend", ["replay", "native"])
def test_averages_of_the_rules_own_path(planned, backend):
    own = path(planned)
    mean = np.array([START, *(own[1 : n + 1].mean(axis=0) for n in range(1, STEPS + 1))])
    np.testing.assert_allclose(path(planned, "average", backend=backend), mean, rtol=1e-12)
    late = np.array([*own[:8], *(own[8 : n + 1].mean(axis=0) for n in range(8, STEPS + 1))])
    np.testing.assert_allclose(path(planned, {"name": "average", "begin": 8}, backend=backend), late, rtol=1e-12)
    averaged = torch.optim.swa_utils.AveragedModel(
        model := torch.nn.Linear(2, 1, bias=False, dtype=torch.float64),
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8),
    )
    exponential = []
    for point in own:
        with torch.no_grad():
            model.weight.copy_(torch.tensor(point)[None])
        averaged.update_parameters(model)
        exponential.append(averaged.module.weight.detach().numpy()[0].copy())
    ours = path(planned, {"name": "ema", "decay": 0.8}, backend=backend)
    np.testing.assert_allclose(ours, exponential, rtol=1e-12)


@pytest.mark.parametrize("name", ["average", "ema"])
def test_an_average_costs_no_gradient(planned, name):
    assert build_for(sweep_of(planned, [name])).grad_evals == 1


def test_noise_on_the_gradient_has_the_requested_variance(planned):
    options = {"name": "gradient_noise", "eta": 0.4, "gamma": 0.7}
    optimizer = {"name": "gd", "lr": 0.1, "transforms": [options]}
    tables = {"problem": [{"name": "slope"}], "optimizer": [optimizer], "steps": STEPS, "seeds": 4000}
    (sweep,) = planned(tables | {"record": {"points": STEPS + 1}}, slope).sweeps
    x = runner.run(sweep).x
    noise = (x[:-1] - x[1:]) / 0.1 - CURVATURE[:, None] * x[:-1]
    variance = noise.var(axis=2).mean(axis=1)
    expected = 0.4 / np.arange(1, STEPS + 1) ** 0.7
    np.testing.assert_allclose(variance, expected, rtol=0.08)
    np.testing.assert_allclose(noise.mean(axis=2), 0, atol=5 * np.sqrt(0.4 / 4000))


def test_every_built_in_transform_is_tested_here(built_in):
    here = {*SIMPLE, "lookahead", "average", "ema", "gradient_noise"}
    assert set(built_in.transforms) == here
