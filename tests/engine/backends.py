"""Functions of one number on both back ends: one run per point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optlab.engine.native import compilation
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, Input, compile
from optlab.engine.trace import trace

Function = Callable[[Any], Any]


def _graph(functions: Sequence[Function], dtype: Any) -> Any:
    """(x, one place per function) -> (a loss, one value per function)"""
    example = np.ones((), dtype)
    return optimise(
        trace(lambda *x: (np.ones((), dtype), x[0], *(f(x[0]) for f in functions)), *[example] * (1 + len(functions)))
    )


def on_replay(functions: Sequence[Function], points: Any) -> Any:
    """The values of all functions at all points, shape (functions, points)."""
    graph = _graph(functions, points.dtype)
    program = compile(graph, [Input(RUN)] * len(graph.inputs), len(points))
    program.inputs[0][...] = points
    with np.errstate(all="ignore"):
        program.prepare()
        program.step()
    return np.stack([np.broadcast_to(out, points.shape) for out in program.outputs[2:]])


def on_native(functions: Sequence[Function], points: Any) -> Any:
    """The same values by machine code."""
    graph = _graph(functions, points.dtype)
    kernel = compilation.compile(graph, [Input(RUN, carry=n + 1) for n in range(len(graph.inputs))])
    none = np.empty(0)
    places = np.zeros((len(functions), len(points)))
    done = kernel.run(np.vstack([points, places]), none, none.reshape(0, len(points)), 1, np.array([1]))
    return done.carried[1:]
