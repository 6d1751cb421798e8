"""The step graph: the arguments of a rule, its results, and the number of gradients."""

import numpy as np
import pytest

from optlab import optimizer, problem, schedule
from optlab.errors import PluginError, TraceError
from optlab.execution.records import Case, FixedPoint
from optlab.execution.rule import Rule
from optlab.execution.step import build, objective, objective_graph


@problem(start=(1.0, 2.0))
def bowl(x, *, scale=1.0, shift=0.0):
    """A bowl."""
    return scale * np.sum((x - shift) ** 2)


CASE = Case(bowl, 2, FixedPoint(np.array([1.0, 2.0])))


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


def test_wrong_return_values_of_rules():
    assert len(built(list_of_two).graph.outputs) == 3
    for rule, said in [
        (
            wide,
            "returns 'm' of shape () where it was given (2,); end it with: return x, m, each in the shape it came in; "
            "a state that is a single number begins as one: m=lambda x: 0.0",
        ),
        (none_of_state, "returns nothing (None); end it with: return x, m"),
    ]:
        with pytest.raises(PluginError) as info:
            built(rule)
        line = rule.__code__.co_firstlineno
        assert str(info.value) == f"{__file__}:{line}: optimizer '{rule.__name__}' {said}"


def test_initial_state_is_a_number_or_a_function_of_x():
    def rule(x, g, a=2.0, b=lambda x: 3 * x, c=lambda x: np.sum(x), d=lambda x: 0.0, *, lr=0.1):
        return x, a, b, c, d

    initial = built(rule).initial
    assert [variable.shape for variable in initial.outputs] == [(2,), (2,), (), ()]


def test_initial_state_may_depend_on_choices():
    def rule(x, g, S=lambda x, history: np.zeros((history, x.size)), *, lr=0.1, history=3):
        return x, S

    rule = optimizer(rule)
    for settings, rows in (({}, 3), ({"history": 5}, 5)):
        step = build(CASE, Rule(rule, settings), 10)
        assert [variable.shape for variable in step.initial.outputs] == [(rows, 2)]


def test_an_objective_that_returns_no_number():
    def doubled(x):
        return 2 * x

    case = Case(problem(start=(1.0, 2.0))(doubled), 2, FixedPoint(np.array([1.0, 2.0])))
    line = doubled.__code__.co_firstlineno
    message = rf"test_step.py:{line}: doubled returns an array of shape \(2,\); a gradient needs a single number"
    with pytest.raises(TraceError, match=message):
        build(case, Rule(optimizer(nothing_of_it), {}), 10)


def of(rule):
    return build(CASE, Rule(optimizer(rule), {}), 10)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (None, "nothing (None)"),
        ("a", "a value of type str"),
        (np.ones(2), "an array of shape (2,)"),
    ],
)
def test_a_schedule_that_returns_no_number(factor, said):
    @schedule
    def odd(t):
        return factor

    with pytest.raises(PluginError) as info:
        build(CASE, Rule(optimizer(nothing_of_it), {}, odd, {}), 10)
    line = odd.function.__code__.co_firstlineno
    assert str(info.value) == (
        f"{__file__}:{line}: schedule 'odd' returns {said}; end it with: return factor, a number times lr"
    )


def test_code_that_differs_between_traces_is_refused():
    seen = []

    def noisy(x, g, *, lr=0.1):
        return x - lr * np.random.normal(size=x.shape)  # noqa: NPY002

    def remembers(x, g, *, lr=0.1):
        seen.append(1.0)
        return x - lr * len(seen) * g

    for rule in (noisy, remembers):
        with pytest.raises(PluginError, match=f"'{rule.__name__}' .* computes something else when it is traced again"):
            of(rule)


def test_grad_and_loss_take_points_like_x():
    def at_a_number(x, g, *, grad, lr=0.1):
        return x - lr * grad(x[0])

    def at_a_longer_one(x, g, *, loss, lr=0.1):
        return x - lr * loss(np.concatenate([x, x]))

    for rule, shape in ((at_a_number, r"\(\)"), (at_a_longer_one, r"\(4,\)")):
        line = rule.__code__.co_firstlineno + 1
        message = rf"test_step.py:{line}:25: grad or loss gets a point of shape {shape}; .* shape \(2,\)"
        with pytest.raises(TraceError, match=message):
            of(rule)


def test_booleans_are_not_parameters():
    def truth(x, g, *, lr=0.1):
        return x > lr

    with pytest.raises(PluginError, match="returns 'x' as true or false"):
        of(truth)


def test_writing_a_traced_number_into_an_array_names_the_line():
    def filled(x, g, *, lr=0.1):
        y = np.zeros(2)
        y[0] = g[0]
        return x - lr * y

    with pytest.raises(TraceError, match=rf"test_step.py:{filled.__code__.co_firstlineno + 2}:9: .* np.stack"):
        of(filled)


def test_objective_graph_takes_the_numeric_options():
    graph = objective_graph(CASE, objective(CASE))
    assert [variable.shape for variable in graph.inputs] == [(2,), (), ()]
