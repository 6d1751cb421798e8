"""The step graph: what a rule is given, what it gives back, and what that costs."""

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.errors import PluginError, TraceError
from optlab.records import Case
from optlab.step import Rule, build, objective, objective_graph


@problem(start=(1.0, 2.0))
def bowl(x, *, scale=1.0, shift=0.0):
    """A bowl."""
    return scale * np.sum((x - shift) ** 2)


CASE = Case(bowl, 2, np.array([1.0, 2.0]))


def built(function, steps=10):
    rule = function if hasattr(function, "signature") else optimizer(function)
    return build(CASE, Rule(rule, dict(rule.signature.choices)), steps)


def test_inputs_and_outputs(built_in):
    step = build(CASE, Rule(built_in.optimizer("adam"), {}, built_in.schedule("step"), {}), 10)
    shapes = [variable.shape for variable in step.graph.inputs]
    assert shapes == [(2,), (2,), (2,), ()] + [()] * 8  # x, m, v, t, numbers
    assert step.numbers == (
        *(("option", "scale"), ("option", "shift"), ("hyperparameter", "lr"), ("hyperparameter", "beta1")),
        *(("hyperparameter", "beta2"), ("hyperparameter", "eps"), ("schedule", "every"), ("schedule", "factor")),
    )
    assert [variable.shape for variable in step.graph.outputs] == [(), (2,), (2,), (2,)]
    assert not step.takes_index


def twice(x, g, *, grad, lr=0.1):
    return x - lr * (grad(x - g) + grad(x + g))


def asks_in_vain(x, g, *, grad, lr=0.1):
    grad(2 * x)
    return x - lr * g


def curved(x, g, *, hvp, lr=0.1):
    return x - lr * hvp(x)


def nothing_of_it(x, g, *, lr=0.1):
    return x - lr


@pytest.mark.parametrize(("rule", "gradients"), [(twice, 3), (asks_in_vain, 1), (curved, 2), (nothing_of_it, 0)])
def test_gradients_are_counted_in_the_graph(rule, gradients):
    assert built(rule).grad_evals == gradients


def wide(x, g, m=0.0, *, lr=0.1):
    return x - lr * g, np.sum(g)


def list_of_two(x, g, m=0.0, *, lr=0.1):
    return [x - lr * g, g]


def none_of_state(x, g, m=0.0, *, lr=0.1):
    return x - lr * g, None


def test_what_a_rule_must_return():
    assert len(built(list_of_two).graph.outputs) == 3
    for rule, said in [
        (wide, "returns 'm' of shape () where it was given (2,)"),
        (none_of_state, "returns nothing (None); end it with: return x, m"),
    ]:
        with pytest.raises(PluginError) as info:
            built(rule)
        line = rule.__code__.co_firstlineno
        assert str(info.value) == f"{__file__}:{line}: optimizer '{rule.__name__}' {said}"


def test_initial_state_is_a_number_or_a_function_of_x():
    def rule(x, g, a=2.0, b=lambda x: 3 * x, c=lambda x: np.sum(x), *, lr=0.1):
        return x, a, b, c

    initial = built(rule).initial
    assert [variable.shape for variable in initial.outputs] == [(2,), (2,), ()]


def test_an_objective_that_is_no_number():
    case = Case(problem(start=(1.0, 2.0))(lambda x: 2 * x), 2, np.array([1.0, 2.0]))
    with pytest.raises(TraceError, match=r"shape \(2,\); a gradient is of a single number"):
        build(case, Rule(optimizer(nothing_of_it), {}), 10)


def test_objective_graph_takes_the_numeric_options():
    graph = objective_graph(CASE, objective(CASE))
    assert [variable.shape for variable in graph.inputs] == [(2,), (), ()]
