"""Derivatives of plain NumPy functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.passes import optimise
from optlab.engine.trace import Tracer, defined_at, names_of, record
from optlab.engine.vjp import vjp
from optlab.errors import TraceError


def gradient_graph(graph: Graph, wrt: tuple[int, ...] = (0,)) -> Graph:
    """inputs -> (value, gradients), from the graph of a function with a single number as its value."""
    pullback = vjp(optimise(graph), wrt)
    seed, inputs = pullback.inputs[-1], pullback.inputs[:-1]
    one = np.ones(seed.shape, seed.dtype)
    return optimise(Graph(inputs, pullback.nodes, pullback.outputs, {**pullback.constants, seed: one}))


def value_and_grad(f: Callable[..., Any], argument: int = 0) -> Callable[..., tuple[Any, Any]]:
    """The function x -> (f(x), gradient of f at x), by reverse-mode differentiation.

    The gradient holds the partial derivatives, df/dx_i, in the shape of x. The function is traced anew at each call, so
    that it may depend on anything it likes.

    Args:
        f: a plain NumPy function whose value is a single number.
        argument: the position of the argument to differentiate with respect to.

    Raises:
        TraceError: `f` cannot be traced, or its value is not a single number.

    >>> value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, 4.0])
    """

    def compute(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        at = range(len(args))[argument]
        floats = [_as_float(a) if i == at else a for i, a in enumerate(args)]
        graph, several, captured = record(f, floats, kwargs)
        if several or graph.outputs[0].shape != ():
            found = "several values" if several else f"an array of shape {graph.outputs[0].shape}"
            what = "a gradient is of a single number (np.sum adds them up)"
            raise TraceError(f"{defined_at(f)}: {names_of(f)} returns {found}; {what}")
        gradient = gradient_graph(graph, (at,))
        value, slope = evaluate(gradient, [*floats, *captured])
        return value, slope

    return compute


def grad(f: Callable[..., Any], argument: int = 0) -> Callable[..., Any]:
    """The function x -> gradient of f at x; see `value_and_grad`.

    It may be used inside functions that are traced themselves, so gradients of gradients are `grad(grad(f))`.

    >>> grad(lambda x: x**3)(2.0)
    np.float64(12.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    compute = value_and_grad(f, argument)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return compute(*args, **kwargs)[1]

    return gradient


def evaluate(graph: Graph, values: list[Any]) -> list[Any]:
    """Apply a graph to values, of which any may be traced."""
    traced = [v for v in values if isinstance(v, Tracer)]
    if traced:
        return max((t.builder for t in traced), key=lambda b: b.age).inline(graph, values)
    return [out.copy()[()] for out in graph(*values)]  # an output may be an input, or a constant


def _as_float(value: Any) -> Any:
    array = value if isinstance(value, Tracer) else np.asarray(value)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
