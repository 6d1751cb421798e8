"""Arrays that are looked up, as inputs of a graph: machine code gets their entries as numbers of each run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.ir import Unsupported
from optlab.engine.nodes import Node
from optlab.engine.passes import optimise
from optlab.engine.tracer import Builder

MOST = 1000
"""The most entries of all arrays that are looked up. Each is a number that machine code loads for each run."""


@dataclass(frozen=True)
class Spread:
    """A graph whose arrays are inputs. After the inputs of the original graph it has one for each entry of each array.

    `lookups`: for each array, the position of the input it is looked up by, and its node.
    """

    graph: Graph
    lookups: tuple[tuple[int, Node], ...]

    def by(self) -> list[int]:
        """For each added input, the position of the input that its array is looked up by."""
        return [position for position, node in self.lookups for _ in range(math.prod(node.output.shape))]

    def entries(self, columns: dict[int, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """The values of the added inputs, one per run. `columns`: the values of the inputs they are looked up by."""
        found: list[Any] = []
        for position, node in self.lookups:
            arrays = node.op.run(columns[position], **node.params)
            found.extend(np.ascontiguousarray(arrays.reshape(len(arrays), -1).T))
        return found


def spread(graph: Graph) -> Spread:
    """The graph with the entries of arrays that are looked up as inputs.

    Raises:
        Unsupported: the arrays are too large, or are looked up by a computed number.
    """
    found = [node for node in graph.nodes if node.op.name == "lookup"]
    if not found:
        return Spread(graph, ())
    if any(node.inputs[0] not in graph.inputs for node in found):
        raise Unsupported("it looks arrays up by a computed number")
    if sum(math.prod(node.output.shape) for node in found) > MOST:
        raise Unsupported(f"it looks up more than {MOST:,} numbers per run")
    builder = Builder()
    here: dict[Any, Any] = {var: builder.input(var.shape, var.dtype, var.name) for var in graph.inputs}
    here |= {var: builder.constant(value) for var, value in graph.constants.items()}
    for node in found:
        entries = [builder.input((), node.output.dtype) for _ in range(math.prod(node.output.shape))]
        here[node.output] = np.stack(entries).reshape(node.output.shape) if node.output.shape else entries[0]
    for node in graph.nodes:
        if node.op.name != "lookup":
            here[node.output] = builder.emit(node.op, [here[v] for v in node.inputs], dict(node.params))
    made = builder.finish([here[v] for v in graph.outputs])
    return Spread(optimise(made), tuple((graph.inputs.index(node.inputs[0]), node) for node in found))
