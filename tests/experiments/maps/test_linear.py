"""Linear rules and quadratic problems, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer, problem, transform
from optlab.execution.records import Case, FixedPoint
from optlab.execution.rule import Rule
from optlab.experiments.maps import linear, quadratic

LR, BETA = np.linspace(0.05, 2.5, 40)[None, :], np.linspace(0.0, 0.95, 30)[:, None]


@optimizer
def averaged(x, g, m=0.0, *, lr=0.1, beta=0.9):
    """The velocity is an average: its limit is another one than the heavy ball's."""
    m = beta * m + (1 - beta) * g
    return x - lr * m, m


@optimizer
def heavy_ball(x, g, b=0.0, *, lr=0.1, beta=0.9, decay=0.0):
    """The heavy ball by another name, with weight decay."""
    b = beta * b + g + decay * x
    return x - lr * b, b


@optimizer
def momentum(x, g, b=0.0, *, lr=0.1, beta=0.9):
    """Momentum by name only."""
    b = beta * b + np.sign(g)
    return x - lr * b, b


@optimizer
def normalised(x, g, *, lr=0.1):
    """Not linear."""
    return x - lr * g / (np.linalg.norm(g) + 1e-12)


@optimizer
def mixing(x, g, *, lr=0.1):
    """Linear, but each parameter moves by the mean of all slopes."""
    return x - lr * np.mean(g)


@optimizer
def capped(x, g, *, lr=0.1):
    """Linear but for very long steps."""
    return x - np.clip(lr * g, -1e6, 1e6)


@optimizer
def looking_ahead(x, g, *, grad, lr=0.1):
    """Extragradient: the slope at the point that gradient descent would go to."""
    return x - lr * grad(x - lr * g)


def case_of(of, dim=2):
    return Case(of, dim, FixedPoint(of.start_at(dim)), dict(of.signature.choices))


def tried(rule, eigenvalues=(0.5, 2.0), around=(), **numbers):
    """The matrices of a step, the eigenvalues, and the numbers of the rule and of the transforms around it."""
    keyed = {("hyperparameter", name): value for name, value in numbers.items()}
    for one, options in around:
        keyed |= {("transform", f"{one.name}.{name}"): v for name, v in {**one.signature.numbers, **options}.items()}
    transforms = tuple(one for one, _ in around)
    of = Rule(rule, dict(rule.signature.choices), None, {}, transforms, ({},) * len(transforms))
    h = np.array(eigenvalues)
    return linear.matrices(of, keyed, h), h, keyed


# ---- rules -----------------------------------------------------------------------------------------------------------


def test_the_limit_of_gradient_descent(built_in):
    found = tried(built_in.optimizer("gd"), lr=LR)
    assert linear.is_gradient_descent(*found)
    assert not linear.is_heavy_ball(*found)
    assert linear.radius(found[0]) == pytest.approx(np.maximum(abs(1 - 0.5 * LR), abs(1 - 2.0 * LR)))


def test_the_limit_of_the_heavy_ball(built_in):
    """lr < 2 (1 + beta) / L, and at the fastest pair the radius is sqrt(beta) (Polyak, 1964)."""
    found = tried(built_in.optimizer("momentum"), lr=LR, beta=BETA)
    assert linear.is_heavy_ball(*found)
    assert not linear.is_gradient_descent(*found)
    assert ((linear.radius(found[0]) < 1) == (LR < 2 * (1 + BETA) / 2.0)).all()
    lr, beta = quadratic.fastest(np.array([0.5, 2.0]))
    best = linear.radius(tried(built_in.optimizer("momentum"), lr=lr, beta=beta)[0])
    assert best == pytest.approx(np.sqrt(beta), rel=1e-6)
    assert best == pytest.approx((np.sqrt(2.0) - np.sqrt(0.5)) / (np.sqrt(2.0) + np.sqrt(0.5)), rel=1e-6)
    assert (linear.radius(found[0]) >= best - 1e-9).all()


def test_the_limit_of_momentum_with_an_average():
    """With an average as velocity: lr < 2 (1 + beta) / ((1 - beta) L)."""
    found = tried(averaged, (1.0,), lr=10 * LR, beta=BETA)
    assert not linear.is_heavy_ball(*found)
    assert ((linear.radius(found[0]) < 1) == (10 * LR < 2 * (1 + BETA) / (1 - BETA))).all()


def test_a_rule_is_recognised_by_its_computation_not_by_its_name():
    assert linear.is_heavy_ball(*tried(heavy_ball, lr=LR, beta=BETA, decay=0.0))
    assert not linear.is_heavy_ball(*tried(heavy_ball, lr=LR, beta=BETA, decay=0.1))
    assert tried(momentum, lr=LR, beta=BETA)[0] is None


@pytest.mark.parametrize("rule", [normalised, mixing, capped])
def test_rules_that_are_not_linear_in_each_parameter(rule):
    assert tried(rule, lr=LR)[0] is None


def test_adam_is_not_linear(built_in):
    adam = built_in.optimizer("adam")
    assert tried(adam, **adam.signature.numbers)[0] is None


def test_a_rule_with_gradients_at_other_points():
    """Extragradient multiplies x by 1 - lr h (1 - lr h)."""
    found = tried(looking_ahead, lr=LR)
    assert not linear.is_gradient_descent(*found)
    assert linear.radius(found[0]) == pytest.approx(
        np.max([abs(1 - LR * h * (1 - LR * h)) for h in (0.5, 2.0)], axis=0)
    )


def test_a_sample_of_very_many_eigenvalues_is_used():
    looked_at = linear.sample(np.repeat(np.arange(1.0, 65.0), 2))
    assert len(looked_at) == linear.MOST
    assert looked_at[[0, -1]].tolist() == [1.0, 64.0]


# ---- transforms and schedules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.5, 5.0])
def test_weight_decay_moves_the_limit(built_in, decay):
    """Decoupled: lr < 2 (1 + beta) / (L + d (1 + beta)). Coupled: as if every eigenvalue were larger by d."""
    for name, limit in (
        ("weight_decay", 2 * (1 + BETA) / (2.0 + decay * (1 + BETA))),
        ("l2", 2 * (1 + BETA) / (2.0 + decay)),
    ):
        around = [(built_in.transform(name), {"decay": decay})]
        found = tried(built_in.optimizer("momentum"), around=around, lr=LR, beta=BETA)
        assert ((linear.radius(found[0]) < 1) == (limit > LR)).all()
        assert linear.is_heavy_ball(*found) == (decay == 0)


def test_an_average_of_the_iterates_keeps_the_limit(built_in):
    """The average of points is as stable as the points. Its own state is always stable."""
    around = [(built_in.transform("ema"), {"decay": 0.9})]
    found = tried(built_in.optimizer("gd"), around=around, lr=LR)
    expected = np.maximum(0.9, np.maximum(abs(1 - 0.5 * LR), abs(1 - 2.0 * LR)))
    assert linear.radius(found[0]) == pytest.approx(expected)
    assert not linear.is_gradient_descent(*found)


@transform
def halved_where_steep(x, g, *, f, share=0.5):
    """A user's transform that uses the loss."""
    return g * np.where(f > 1.0, share, 1.0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip_norm", {"max_norm": 1e6}),
        ("clip_value", {}),
        ("gradient_noise", {}),
        ("lookahead", {}),
        ("average", {}),
        (halved_where_steep, {}),
    ],
)
def test_there_is_no_theory_for_steps_that_are_not_linear_or_that_change(built_in, name, options):
    around = [(built_in.transform(name) if isinstance(name, str) else name, options)]
    assert tried(built_in.optimizer("momentum"), around=around, lr=LR, beta=BETA)[0] is None


# ---- problems --------------------------------------------------------------------------------------------------------


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def tilted(x, *, a=3.0):
    """x' [[a, 1], [1, 2]] x / 2 plus a slope, which leaves the Hessian alone."""
    return 0.5 * (a * x[0] ** 2 + 2 * x[0] * x[1] + 2 * x[1] ** 2) + x[0]


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def valley(x):
    """A floor without a slope: not positive definite."""
    return (x[0] - x[1]) ** 2


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def nearly(x):
    """A bowl but for a small quartic term."""
    return np.sum(x**2) + 1e-4 * np.sum(x**4)


def test_the_eigenvalues_of_a_quadratic_problem(built_in):
    for condition in (1.0, 30.0, 1e4):
        found = quadratic.spectrum(case_of(built_in.problem("ellipsoid")), {"condition": condition})
        assert found == pytest.approx([2.0, 2 * condition])
    assert quadratic.spectrum(case_of(built_in.problem("matyas")), {}) == pytest.approx([0.04, 1.0])
    assert quadratic.spectrum(case_of(tilted), {"a": 3.0}) == pytest.approx((5 + np.array([-1, 1]) * np.sqrt(5)) / 2)
    seven = quadratic.spectrum(case_of(built_in.problem("ellipsoid"), 7), {"condition": 64.0})
    assert seven == pytest.approx(2 * 64.0 ** (np.arange(7) / 6))


def test_functions_that_are_not_quadratic(built_in):
    for of in (nearly, valley, *(built_in.problem(n) for n in ("rosenbrock", "himmelblau", "rastrigin", "saddle"))):
        assert quadratic.spectrum(case_of(of), dict(of.signature.numbers)) is None
