"""Derivatives of plain NumPy functions.

All are called in the same way: `grad(f)(x)`, `hessian(f)(x)`, and with a vector as the last argument `jvp(f)(x, v)`.
They can be nested, since each works inside a traced function. `argument` is the position of the argument to
differentiate with respect to, or a tuple of positions. An argument is a number, an array, or a tuple, list or
dictionary of arrays. The derivative with respect to it has the same form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optlab.engine import pytree
from optlab.engine import vjp as reverse
from optlab.engine.arguments import as_float, like
from optlab.engine.calls import Argument, Call, Function, evaluate
from optlab.engine.graph import Graph
from optlab.engine.nodes import Var
from optlab.engine.passes import optimise
from optlab.engine.ties import decided
from optlab.engine.trace import names_of
from optlab.engine.tracer import Tracer
from optlab.errors import UserError


def value_and_grad(f: Function, argument: Argument = 0) -> Callable[..., tuple[Any, Any]]:
    """The function x -> (f(x), gradient of f at x), by reverse-mode differentiation.

    The gradient holds the partial derivatives df/dx_i, in the form of x. The function is traced at each call, so it
    may depend on anything except random numbers.

    Args:
        f: a plain NumPy function whose value is a single number.
        argument: the position of the argument to differentiate with respect to, or a tuple of positions.

    Raises:
        TraceError: `f` cannot be traced, or its value is not a single number.
        UserError: the argument contains values that are not real numbers.

    >>> value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, 4.0])
    """

    def compute(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = Call.of(f, argument, args, kwargs)
        call.must_be_a_number()
        value, *slopes = evaluate(gradient_graph(call.graph, call.wrt), call.values)
        return value, pytree.rebuilt(call.chosen, iter(slopes))

    return compute


def grad(f: Function, argument: Argument = 0) -> Function:
    """The function x -> gradient of f at x; see `value_and_grad`.

    >>> grad(lambda x: x**3)(2.0)
    np.float64(12.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    >>> grad(lambda p: np.sum((p["w"] * 3.0 + p["b"]) ** 2))({"w": np.array([1.0, 2.0]), "b": -5.0})
    {'w': array([-12.,   6.]), 'b': np.float64(-2.0)}
    """
    compute = value_and_grad(f, argument)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return compute(*args, **kwargs)[1]

    return gradient


def vjp(f: Function, argument: Argument = 0) -> Function:
    """The function (x, w) -> w' J, the vector-Jacobian product. The cotangent w has the form of f(x), w' J that of x.

    J is the Jacobian, J_ij = df_i / dx_j. If f has several arguments, w is the last one: `vjp(f)(x, y, w)`.

    Raises:
        UserError: w does not have the form of f(x).

    >>> vjp(lambda x: np.sin(x) * x[0])(np.array([0.0, 2.0]), np.array([1.0, 0.0])).tolist()
    [0.0, 0.0]
    """

    def product(*args: Any, **kwargs: Any) -> Any:
        *given, w = args
        call = Call.of(f, argument, given, kwargs)
        seeds = like(call.result, w, "w", f"the value of {names_of(f)}")
        parts = evaluate(call.pullback(), [*call.values, *seeds])
        return pytree.rebuilt(call.chosen, iter(parts))

    return product


def jvp(f: Function, argument: Argument = 0) -> Function:
    """The function (x, v) -> J v, the Jacobian-vector product: the rate of change of f when x moves along v.

    The tangent v has the form of x, and J v has the form of f(x). The product is computed by two reverse passes: the
    vector-Jacobian product w' J is linear in w, and J v is the derivative of v . (w' J) with respect to w (Townsend,
    2017, "A new trick for calculating Jacobian vector products").

    Raises:
        UserError: v does not have the form of x.

    >>> jvp(lambda x: np.array([2.0, 3.0]) * x[0] ** 2)(np.array([1.0, 5.0]), np.array([1.0, 0.0])).tolist()
    [4.0, 6.0]
    """

    def product(*args: Any, **kwargs: Any) -> Any:
        *given, v = args
        call = Call.of(f, argument, given, kwargs)
        tangents = like(call.chosen, v, "v", "the argument")
        parts = evaluate(call.pushforward(), [*call.values, *tangents])
        return pytree.rebuilt(call.result, iter(parts))

    return product


def directional_derivative(f: Function, argument: Argument = 0) -> Function:
    """The function (x, direction) -> df/de, the rate of change of f at x along the unit vector e of a direction.

    df/de = lim (f(x + t e) - f(x)) / t as t tends to 0 = grad f . e = |grad f| cos(theta), where theta is the angle
    between the gradient and e.

    Raises:
        UserError: the direction does not have the form of x, or has length 0.

    >>> directional_derivative(lambda x: x[0] ** 2 + x[1])(np.array([1.0, 0.0]), np.array([3.0, 4.0]))
    np.float64(2.0)
    """
    along = jvp(f, argument)

    def derivative(*args: Any, **kwargs: Any) -> Any:
        *given, direction = args
        parts = [as_float(leaf) for _, leaf in pytree.leaves(direction)]
        longest = np.max(np.stack([np.max(np.abs(part)) for part in parts]))  # keeps squares in range
        if not isinstance(longest, Tracer) and not 0 < longest < math.inf:
            raise UserError("the length of a direction must be finite and not 0")
        parts = [part / longest for part in parts]
        length = np.sqrt(sum(np.sum(part * part) for part in parts))
        unit = pytree.rebuilt(direction, iter([part / length for part in parts]))
        return along(*given, unit, **kwargs)

    return derivative


def jacobian(f: Function, argument: Argument = 0) -> Function:
    """The function x -> J, all partial derivatives df_i / dx_j: an array whose axes are those of f(x), then those of x.

    If f(x) or x is a tree of arrays, J is a tree in the form of f(x) whose leaves are trees in the form of x. J is
    computed row by row in reverse mode, or column by column in forward mode, whichever takes fewer passes.

    >>> jacobian(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0])).tolist()
    [[3.0, 2.0], [1.0, 0.0]]
    """

    def compute(*args: Any, **kwargs: Any) -> Any:
        call = Call.of(f, argument, args, kwargs)
        outputs, inputs = call.graph.outputs, [call.graph.inputs[i] for i in call.wrt]
        by_rows = sum(math.prod(v.shape) for v in outputs) <= sum(math.prod(v.shape) for v in inputs)
        graph = call.pullback() if by_rows else call.pushforward()
        seeded, others = (outputs, inputs) if by_rows else (inputs, outputs)
        blocks = [_block(graph, call.values, seeded, at, others) for at in range(len(seeded))]
        if not by_rows:
            blocks = _by_output(blocks, outputs, inputs)
        return pytree.rebuilt(call.result, iter([pytree.rebuilt(call.chosen, iter(row)) for row in blocks]))

    return compute


def hessian(f: Function, argument: Argument = 0) -> Function:
    """The function x -> H, the second partial derivatives d2f / dx_i dx_j of a function whose value is a single number.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0])).tolist()
    [[6.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(f, argument), argument)


def hvp(f: Function, argument: Argument = 0) -> Function:
    """The function (x, v) -> H v, the Hessian times a vector in the form of x, at about the cost of two gradients.

    H is symmetric, so H v = v' H, which is a vector-Jacobian product of the gradient (Pearlmutter, 1994).

    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]), np.array([1.0, 0.0])).tolist()
    [6.0, 2.0]
    """
    return vjp(grad(f, argument), argument)


# ---- graphs ---------------------------------------------------------------------------------------------------------


def gradient_graph(graph: Graph, wrt: tuple[int, ...] = (0,)) -> Graph:
    """The graph of inputs -> (value, gradients), from the graph of a function whose value is a single number."""
    pullback = reverse.vjp(decided(optimise(graph), wrt), wrt)
    seed, inputs = pullback.inputs[-1], pullback.inputs[:-1]
    one = np.ones(seed.shape, seed.dtype)
    return optimise(Graph(inputs, pullback.nodes, pullback.outputs, {**pullback.constants, seed: one}))


def _block(graph: Graph, values: list[Any], seeded: Sequence[Var], at: int, others: Sequence[Var]) -> list[Any]:
    """The products of the graph with each unit vector of one seed: for each of `others`, an array whose axes are those
    of the seed, then those of the other."""
    parts = []
    for entry in range(math.prod(seeded[at].shape)):
        seeds = [np.zeros(v.shape, v.dtype) for v in seeded]
        seeds[at].flat[entry] = 1
        parts.append(evaluate(graph, [*values, *seeds]))
    columns = zip(*parts, strict=True) if parts else ([np.zeros((0, *v.shape), v.dtype)] for v in others)
    stacked = [np.stack(column) for column in columns]
    return [np.reshape(s, seeded[at].shape + v.shape) for s, v in zip(stacked, others, strict=True)]


def _by_output(blocks: Sequence[Any], outputs: Sequence[Var], inputs: Sequence[Var]) -> list[list[Any]]:
    """Regroup blocks by output instead of by input, and move the axes of the output to the front."""
    ranks = [len(v.shape) for v in inputs]
    return [
        [np.moveaxis(of[row], range(rank), range(-rank, 0)) for of, rank in zip(blocks, ranks, strict=True)]
        for row in range(len(outputs))
    ]
