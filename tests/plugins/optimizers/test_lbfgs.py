"""L-BFGS against torch, against BFGS with full matrices, and on Rosenbrock's function."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from optlab.errors import UserError
from optlab.plugins.optimizers.lbfgs import lbfgs
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, Objective, descend, path, quadratic


def torch_path(objective, x, steps, **options):
    x = torch.tensor(x, dtype=torch.float64)
    rule = torch.optim.LBFGS([x], max_iter=1, tolerance_grad=0.0, tolerance_change=0.0, **options)

    def closure():
        x.grad = torch.tensor(objective.grad(x.numpy()))
        return torch.tensor(objective.f(x.numpy()))

    points = [x.numpy().copy()]
    for _ in range(steps):
        rule.step(closure)
        points.append(x.numpy().copy())
    return np.array(points)


@pytest.mark.parametrize(("history", "lr"), [(3, 1.0), (10, 1.0), (10, 0.5), (1, 0.2)])
def test_same_path_as_torch(history, lr):
    bowl, centre = quadratic(6, condition=20.0)
    expected = torch_path(bowl, centre + 1, 25, lr=lr, history_size=history)
    found = path(lbfgs, bowl, centre + 1, 25, lr=lr, history=history)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert bowl.f(found[-1]) < 0.05 * bowl.f(found[0])


def test_same_path_as_torch_on_rosenbrock():
    expected = torch_path(ROSENBROCK, VALLEY, 30, lr=0.5, history_size=10)
    found = path(lbfgs, ROSENBROCK, VALLEY, 30, lr=0.5, history=10)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_the_recursion_is_bfgs_with_whole_matrices():
    start = np.array([-1.2, 1.0, 0.5, -0.3])
    for _, s, g, S, Y in descend(lbfgs, ROSENBROCK, start, 16, history=4, line_search="armijo")[6:]:
        inverse = np.eye(4) * (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])
        for change, y in zip(S, Y, strict=True):
            cut = np.eye(4) - np.outer(change, y) / (change @ y)
            inverse = cut @ inverse @ cut.T + np.outer(change, change) / (change @ y)
        d = -inverse @ g
        np.testing.assert_allclose(s / np.linalg.norm(s), d / np.linalg.norm(d), rtol=1e-9)


def test_the_first_step_is_as_long_as_lr_at_most():
    for slope, moved in ((8.0, -0.25), (0.5, -0.0625)):  # lr min(1, 1 / |g|_1) g
        plane = Objective(lambda x, slope=slope: slope * np.sum(x), lambda x, slope=slope: np.full(2, slope), None)
        first = path(lbfgs, plane, [0.0, 0.0], 1, lr=0.5 if slope > 1 else 0.125)[1]
        np.testing.assert_allclose(first, [moved, moved], rtol=1e-15)


def test_a_pair_without_curvature_is_left_out():
    hill = Objective(lambda x: -np.sum(x**2), lambda x: -2 * x, None)
    *_, S, Y = descend(lbfgs, hill, [0.5, 1.0], 5, history=3)[-1]
    assert not S.any()
    assert not Y.any()


@pytest.mark.parametrize("line_search", ["armijo", "strong_wolfe"])
@pytest.mark.parametrize(("dim", "history", "budget"), [(2, 3, 40), (2, 10, 40), (10, 3, 200), (10, 10, 90)])
def test_rosenbrock_is_minimized(dim, history, budget, line_search):
    start = np.resize(VALLEY, dim)
    least = minimize(ROSENBROCK.f, start, jac=ROSENBROCK.grad, method="L-BFGS-B", options={"ftol": 1e-15}).x
    found = path(lbfgs, ROSENBROCK, start, budget, history=history, line_search=line_search)
    np.testing.assert_allclose(found[-1], least, atol=5e-4)
    assert ROSENBROCK.f(found[-1]) < 1e-8
    assert (np.diff([ROSENBROCK.f(x) for x in found]) <= 0).all()


def test_the_wolfe_conditions_hold_in_every_step_and_every_pair_has_curvature():
    history = descend(lbfgs, ROSENBROCK, np.resize(VALLEY, 6), 40, line_search="strong_wolfe")
    for (before, *_), (x, s, g, *_) in pairwise(history):
        assert ROSENBROCK.f(x) <= ROSENBROCK.f(before) + 1e-4 * (g @ s)
        assert abs(ROSENBROCK.grad(x) @ s) <= 0.9 * abs(g @ s)
        assert (ROSENBROCK.grad(x) - g) @ s > 0


def test_x_does_not_change_without_a_slope():
    plain = Objective(lambda x: 0.0, np.zeros_like, None)
    for line_search in ("none", "armijo", "strong_wolfe"):
        found = path(lbfgs, plain, [1.0, 2.0], 3, line_search=line_search)
        np.testing.assert_array_equal(found[-1], [1.0, 2.0])


def test_an_unknown_line_search():
    with pytest.raises(UserError, match=r"lbfgs has no line_search 'wolfe'.*; there are none, armijo, strong_wolfe"):
        path(lbfgs, ROSENBROCK, VALLEY, 1, line_search="wolfe")
