"""Optimised graphs compute the same to the bit, in fewer nodes."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad, logsumexp, trace
from optlab.engine.derivatives import gradient_graph
from optlab.engine.graph import Graph
from optlab.engine.passes import absorb, fold, optimise, prune, settle, share, unstretch
from optlab.engine.vjp import vjp
from tests.cases import first_cases

x = np.array([0.5, -1.5, 2.0])


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes]


def bits(values: list[np.ndarray]) -> list[tuple[bytes, object, object]]:
    return [(np.ascontiguousarray(v).tobytes(), v.shape, v.dtype) for v in values]


@pytest.mark.parametrize("run", [prune, fold, unstretch, share, absorb, optimise], ids=lambda f: f.__name__)
@pytest.mark.parametrize("block", first_cases(1, range(2)))
def test_every_pass_keeps_random_programs_to_the_bit(run, block, random_program):
    for seed in range(20 * block, 20 * block + 20):
        rng = np.random.default_rng(seed)
        program = random_program(rng)
        graph = trace(program.several, *program.inputs)
        pullback = vjp(trace(program.numpy, *program.inputs), range(len(program.inputs)))
        for g, inputs in ((graph, program.inputs), (pullback, (*program.inputs, 1.0))):
            faster = run(g)
            assert len(faster.nodes) <= len(g.nodes)
            assert bits(faster(*inputs)) == bits(g(*inputs)), seed


@pytest.mark.parametrize("block", first_cases(1, range(10)))
def test_optimised_programs_and_their_gradients_are_the_same_to_the_bit(block, random_program):
    for seed in range(100 * block, 100 * block + 100):
        program = random_program(np.random.default_rng(seed))
        graph = vjp(trace(program.numpy, *program.inputs), range(len(program.inputs)))
        faster = optimise(graph)
        assert len(faster.nodes) <= len(graph.nodes)
        assert bits(faster(*program.inputs, 1.0)) == bits(graph(*program.inputs, 1.0)), seed


def test_optimising_twice_changes_no_bit(random_program):
    for seed in range(20):
        program = random_program(np.random.default_rng(seed))
        once = gradient_graph(trace(program.numpy, *program.inputs))
        assert bits(optimise(once)(*program.inputs)) == bits(once(*program.inputs))


def test_special_values_survive():
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
    for f in (
        lambda x: x / np.array([0.0, -0.0, 0.0, -0.0, 0.0]),
        lambda x: x * np.array([0.0, -0.0, 0.0, -0.0, 0.0]),
        lambda x: x * 1.0 + 0.0,
        lambda x: x * 0.0,
        lambda x: x - x,
        lambda x: np.maximum(x, np.array([np.nan] * 5)),
        lambda x: (x * -1.0) * -1.0,
        lambda x: np.stack([x * 0.0, x * -0.0]),
    ):
        graph = trace(f, special)
        assert bits(optimise(graph)(special)) == bits(graph(special))


@pytest.mark.parametrize(
    "factor", [np.array([True, False, True]), np.array([0, 3, -2]), np.uint8(0), np.array([0.0, -0.0, 3.0])]
)
def test_a_negation_is_absorbed_by_constants_that_have_a_negative(factor):
    """A boolean has no negative, and an integer has one zero: 0 * -x is -0.0 for a float, but not -0 * x."""
    graph = trace(lambda x: [factor * -x, -x * factor], x)
    assert bits(optimise(graph)(x)) == bits(graph(x))
    assert ("negative" in names(optimise(graph))) == (np.asarray(factor).dtype.kind != "f")


def test_constants_are_folded():
    graph = trace(lambda x: x + np.sqrt(np.sum(np.zeros_like(x) + x * 0 + 4.0)), x)
    assert len(fold(graph).nodes) == len(graph.nodes)
    known = Graph(graph.inputs[1:], graph.nodes, graph.outputs, {**graph.constants, graph.inputs[0]: x})
    assert (len(known.nodes), len(fold(known).nodes)) == (6, 0)
    assert fold(known)()[0].tolist() == graph(x)[0].tolist()


@pytest.mark.parametrize("f", [lambda x: x * 1.0, lambda x: 1 * x, lambda x: x / 1.0, lambda x: x**1, lambda x: +x])
def test_operations_without_effect_are_removed(f):
    graph = optimise(trace(f, x))
    assert graph.nodes == ()
    assert graph.outputs == graph.inputs


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda x: np.where(True, x, 7.0), []),
        (lambda x: np.where(np.zeros(3, bool), 7.0, x), []),
        (lambda x: np.where(np.array([True, False, True]), x, 7.0), ["where"]),
        (lambda x: np.where(True, np.ones((2, 3)), x), []),
        (lambda x: np.where(True, x, np.ones((2, 3))), ["where"]),  # it changes the shape of x
        (lambda x: (x > 0) & np.array([False, False, False]), []),
        (lambda x: False & (x > 0), []),
        (lambda x: True & (x > 0), ["greater"]),
        (lambda x: np.logical_and(*[x > 0] * 2), ["greater"]),
        (lambda x: (x > 0) & np.array([True, False, True]), ["greater", "logical_and"]),
    ],
)
def test_choices_with_constant_conditions_are_folded(f, left):
    graph = trace(f, x)
    assert names(optimise(graph)) == left
    assert bits(optimise(graph)(x)) == bits(graph(x))


def test_a_product_with_one_that_changes_shape_or_dtype_is_kept():
    assert names(optimise(trace(lambda x: x * np.ones((2, 3)), x))) == ["multiply"]
    assert names(optimise(trace(lambda n: n * 1.0, 3))) == ["multiply"]
    assert names(optimise(trace(lambda x: x * 2.0, x))) == ["multiply"]


def test_broadcasting_is_left_to_the_operation():
    graph = optimise(trace(lambda x, a: x * np.broadcast_to(a, x.shape), x, 2.0))
    assert names(graph) == ["multiply"]
    assert names(optimise(trace(lambda a, b: np.broadcast_to(a, 3) * np.broadcast_to(b, 3), 1.0, 2.0))) == [
        "broadcast_to",
        "multiply",
    ]
    uniform = optimise(trace(lambda x: x + np.full(3, 0.25), x))
    assert [value.shape for value in uniform.constants.values()] == [()]


def test_equal_expressions_are_computed_once():
    f = lambda x: np.sum(np.exp(x) * np.sin(x) + np.exp(x) / (2 + np.sin(x)) + x[1] * x[1])  # noqa: E731
    before, after = names(trace(f, x)), names(optimise(trace(f, x)))
    assert (before.count("exp"), before.count("sin"), before.count("getitem")) == (2, 2, 2)
    assert (after.count("exp"), after.count("sin"), after.count("getitem")) == (1, 1, 1)
    different = trace(lambda x: x[0] + x[1] + np.sum(x, keepdims=True)[0] + np.sum(x), x)
    assert len(optimise(different).nodes) == len(different.nodes)


def test_constants_are_shared_only_if_equal_to_the_bit():
    assert len(optimise(trace(lambda x: (x + 2.0) * (x - 2.0), x)).constants) == 1
    assert len(optimise(trace(lambda x: (x + 0.0) * (x - -0.0), x)).constants) == 2
    assert len(optimise(trace(lambda x: (x > 1) * (x + 1.0), x)).constants) == 1


def test_unused_nodes_are_removed():
    def f(x):
        np.exp(x) + np.sin(x) * np.ones(3)
        return np.cos(x)

    graph = trace(f, x)
    assert (len(graph.nodes), names(prune(graph))) == (5, ["cos"])
    assert prune(graph).constants == {}
    assert len(prune(graph).inputs) == 1


def test_the_gradient_of_the_sphere_is_one_product():
    assert names(gradient_graph(trace(lambda x: np.sum(x**2), x))) == ["square", "sum", "multiply"]
    assert names(optimise(trace(grad(lambda x: np.sum(x**2)), x))) == ["multiply"]


# ---- what is for derivatives alone ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.norm,
        np.std,
        np.max,
        logsumexp,
        lambda x: np.sum(np.abs(x)),
        lambda x: np.hypot(x[0], x[1]) + np.maximum(x[0], x[1]),
    ],
)
@pytest.mark.parametrize("x", [[3.0, -4.0, 0.5], [0.0, 0.0, 0.0]])
def test_settled_graphs_compute_the_same_without_operations_for_derivatives(f, x):
    graph = gradient_graph(trace(f, np.array(x)))
    settled = optimise(settle(graph))
    assert set(names(graph)) & {"detach", "nan_slope", "undefined_curvature"}
    assert not set(names(settled)) & {"detach", "nan_slope", "undefined_curvature"}
    for found, expected in zip(settled(np.array(x)), graph(np.array(x)), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_slopes_handle_minus_zero_only_if_it_can_occur():
    of_anything = gradient_graph(trace(lambda x: np.sum(np.sqrt(x)), np.ones(3)))
    assert "positive_zero" in names(of_anything)
    for f in (
        lambda x: np.sqrt(np.mean(x**2) + 1e-8),
        lambda x: np.log(np.sum(np.exp(x))),
        lambda x: np.sqrt(abs(x[0])),
    ):
        assert "positive_zero" not in names(gradient_graph(trace(f, np.ones(3))))


def test_a_condition_or_its_opposite_is_always_true():
    graph = optimise(trace(lambda x: (lambda c: np.where(c | ~c, x, 0.0))(x > 0), np.ones(3)))
    assert not names(graph)
