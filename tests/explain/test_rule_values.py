"""Rules with places for numbers: the same statements as `equations`, and the values of a step on an objective."""

import numpy as np
import pytest

from optlab.explain.equations import equations
from optlab.explain.rule_graph import rule_of
from optlab.explain.rule_values import on_objective, rule_with_places
from optlab.plugins import registry

BUILT_IN = registry.load(()).optimizers
RULES = [n for n, known in BUILT_IN.items() if "rng" not in known.signature.supplied and known.per != "tensor"]


@pytest.mark.parametrize("name", RULES)
def test_the_statements_are_the_equations(name):
    """Except that n, the number of parameters, is 2."""
    found = rule_with_places(rule_of(name))
    right = equations(name)
    if not any("is the number of parameters" in meaning for meaning in right.meanings):
        assert [(line.target, line.sign, line.symbols) for line in found.lines] == [
            (line.target, line.sign, line.value) for line in right.lines
        ]


def text(rule, line, values):
    """The right side of a line with numbers."""
    return "".join(piece if isinstance(piece, str) else f"{values[piece]}" for piece in line.numbers)


def test_values_of_a_step_on_a_quadratic():
    """Momentum: b = 0.9 b + g and x = x - lr b, at f(x) = c |x|^2 with c = 3."""
    rule = rule_with_places(rule_of("momentum"))
    graph = on_objective(rule, lambda x, c: c * np.sum(x**2), ("c",))
    numbers = {"lr": 0.1, "beta": 0.9}
    x, b, *rest = np.array([1.0, -2.0]), np.array([0.5, 0.25]), 1.0, 3.0
    next_x, next_b, g, *values = graph(x, b, *rest, *(numbers[name] for _, name in rule.numbers), 10.0)
    np.testing.assert_allclose(g, 6 * x)
    np.testing.assert_allclose(next_b, 0.9 * b + 6 * x)
    np.testing.assert_allclose(next_x, x - 0.1 * (0.9 * b + 6 * x))
    np.testing.assert_allclose(values[rule.lines[0].result], next_b)
    shown = [value.tolist() for value in values]
    assert text(rule, rule.lines[0], shown) == "0.9 · [0.5, 0.25] + [6.0, -12.0]"
    assert text(rule, rule.lines[1], shown) == f"[1.0, -2.0] − 0.1 · {next_b.tolist()}"


def test_losses_gradients_and_products_with_the_hessian_at_other_points():
    """f(p) = sum(p^3): the gradient is 3 p^2, and the Hessian times v is 6 x v."""
    from optlab import optimizer

    @optimizer
    def elsewhere(x, g, h=0.0, k=0.0, *, grad, loss, hvp, lr=0.1):
        return x - lr * grad(x + g), hvp(g), k + loss(2 * x)

    rule = rule_with_places(rule_of(elsewhere))
    x = np.array([0.5, -1.0])
    next_x, h, k, g, *_ = on_objective(rule, lambda p: np.sum(p**3))(x, np.zeros(2), np.zeros(2), 1.0, 0.1, 10.0)
    np.testing.assert_allclose(g, 3 * x**2)
    np.testing.assert_allclose(next_x, x - 0.1 * 3 * (x + g) ** 2)
    np.testing.assert_allclose(h, 6 * x * g)
    np.testing.assert_allclose(k, np.full(2, np.sum(8 * x**3)))
