"""The memory of a program: the array of each value of a graph, and the reuse of arrays.

For indexing, an array that differs between runs ends in the run axis; in memory, the position of that axis depends on
the graph. If possible, a value is computed directly where it is needed: inside the array that it is a part of, or in
the carried input that it becomes. Otherwise it reuses the array of an operand that is not needed afterwards, or a free
buffer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Shape, Var
from optlab.engine.numpy_kernels import coverage
from optlab.engine.replay.inputs import RUN, Input, gathers, kinds

Array = NDArray[Any]


class Memory:
    """A builder of the arrays of all values: first of inputs and constants, then of the others in node order."""

    def __init__(self, graph: Graph, inputs: tuple[Input, ...], runs: int) -> None:
        self.graph = graph
        self.inputs = inputs
        self.runs = runs
        self.kinds, self.changes = kinds(graph, inputs)
        self.runs_first = any(n.op.kind == "matmul" or gathers(n, self.kinds) for n in graph.nodes)
        # NumPy adds in another order if the last axis has length one, so a single run gets a second lane.
        self.lanes = runs if self.runs_first else max(runs, 2)
        self.makers = graph.producers()
        self.arrays: dict[Var, Array] = {}
        self.base: dict[Var, Var] = {}  # a view -> the value whose memory it shares
        self.free: dict[tuple[Shape, np.dtype[Any]], list[Array]] = {}
        self.last_use = self._last_uses()
        for var, value in graph.constants.items():
            self.arrays[var] = value
        for var in graph.inputs:
            self.arrays[var] = self.allocate(var)
        self._settle_destinations()

    def allocate(self, var: Var) -> Array:
        """New memory for a value, with the run axis as the last one to index."""
        return self.per_run(var) if self.kinds[var] == RUN else np.zeros(var.shape, var.dtype)

    def per_run(self, var: Var) -> Array:
        """A new contiguous array for a value of every run."""
        if self.runs_first:
            return np.moveaxis(np.zeros((self.lanes, *var.shape), var.dtype), 0, -1)
        return np.zeros((*var.shape, self.lanes), var.dtype)

    def seen(self, var: Var, array: Array) -> Array:
        """A value as the caller gets it: without padding lanes."""
        return array[..., : self.runs] if self.kinds[var] == RUN and self.lanes != self.runs else array

    def tail(self, var: Var) -> Shape:
        """The axes of a value's array in addition to the shape of the value: the run axis, if any."""
        return (self.lanes,) if self.kinds[var] == RUN else ()

    def share(self, var: Var, array: Array, owner: Var) -> None:
        """Make a value use the memory of another value."""
        self.arrays[var] = array
        self.base[var] = owner

    def root(self, var: Var) -> Var:
        """The value whose memory a value uses, perhaps itself."""
        while var in self.base:
            var = self.base[var]
        return var

    # ---- values as nodes compute them ---------------------------------------------------------------------------

    def output(self, position: int, node: Node) -> Array:
        """The array for a node's output: assigned before, of an input with its last use here, a free buffer, or new."""
        var = node.output
        if var in self.arrays:
            return self.arrays[var]
        key = (var.shape, var.dtype)
        if self.kinds[var] == RUN and self.changes[var]:
            if node.op.kind == "elementwise" and node.op.in_place:
                for v in node.inputs:
                    if self._has_last_use(v, position) and (v.shape, v.dtype) == key and self._reads_whole(node, v):
                        self.arrays[var] = self.arrays[v]
                        self.last_use[v] = -1  # its memory is still in use
                        return self.arrays[var]
            if self.free.get(key):
                self.arrays[var] = self.free[key].pop()
                return self.arrays[var]
        self.arrays[var] = self.allocate(var)
        return self.arrays[var]

    def release(self, position: int, node: Node) -> None:
        """Free the memory of values with their last use in this node."""
        for var in {self.root(v) for v in node.inputs}:
            if var in self.makers and self._has_last_use(var, position):
                self.free.setdefault((var.shape, var.dtype), []).append(self.arrays[var])

    def _has_last_use(self, var: Var, position: int) -> bool:
        """Whether a value owns its memory, and the memory is not needed after this position."""
        own = var in self.makers and var not in self.base and self.makers[var].op.kind not in ("view", "place")
        kept = any(self.arrays[var] is self.arrays[i] for i in self.graph.inputs)
        return own and not kept and self.last_use[var] == position and self.kinds[var] == RUN and self.changes[var]

    def _reads_whole(self, node: Node, var: Var) -> bool:
        """Whether a node reads a value directly and not through a view, so that it may overwrite it elementwise."""
        return all(v is var or self._origin(v) is not var for v in node.inputs)

    def _origin(self, var: Var) -> Var:
        maker = self.makers.get(var)
        return self._origin(maker.inputs[0]) if maker is not None and maker.op.kind == "view" else var

    def _last_uses(self) -> dict[Var, int]:
        """The position of the last node that reads a value's memory, directly or through a view."""
        last: dict[Var, int] = {}
        root: dict[Var, Var] = {}
        for position, node in enumerate(self.graph.nodes):
            for var in node.inputs:
                last[root.get(var, var)] = position
            if node.op.kind == "view":
                root[node.output] = root.get(node.inputs[0], node.inputs[0])
        for var in self.graph.outputs:
            last[root.get(var, var)] = len(self.graph.nodes)
        return last

    # ---- values that are computed directly where they are needed -------------------------------------------------

    def _settle_destinations(self) -> None:
        """Assign memory in advance to values that can be computed directly where they are needed."""
        for node in reversed(self.graph.nodes):
            if node.op.kind == "place" and self.kinds[node.output] == RUN:
                self._settle_pieces(node)
        for var, given in zip(self.graph.inputs, self.inputs, strict=True):
            if given.carry is not None:
                self._settle_carry(var, self.graph.outputs[given.carry])

    def _settle_pieces(self, node: Node) -> None:
        """Let the pieces of an array be computed directly in that array."""
        whole = self.arrays.setdefault(node.output, self.allocate(node.output))
        indices = node.params["indices"]
        if (coverage(node.params["shape"], indices) > 1).any():
            return
        for piece, index in zip(node.inputs, indices, strict=True):
            self._settle(piece, whole[index], node.output)

    def _settle(self, var: Var, target: Array, owner: Var) -> None:
        maker = self.makers.get(var)
        if maker is None or var in self.arrays or self.kinds[var] != RUN or var.dtype != target.dtype:
            return
        if maker.op.name == "reshape":
            inner = maker.inputs[0]
            reshaped = target.reshape(inner.shape + self.tail(inner)) if self.kinds[inner] == RUN else target
            if np.may_share_memory(reshaped, target):
                self._settle(inner, reshaped, owner)
        elif maker.op.kind in ("elementwise", "reduce", "matmul") and self.changes[var]:
            self.share(var, target, owner)

    def _settle_carry(self, var: Var, output: Var) -> None:
        """Let the next value of a carried input overwrite it, if the old value has no later use."""
        maker = self.makers.get(output)
        if maker is None or output in self.arrays or not self.changes[output] or not maker.op.in_place:
            return
        position = self.graph.nodes.index(maker)
        last = self.last_use.get(var, -1)
        same = (output.shape, output.dtype, self.kinds[output]) == (var.shape, var.dtype, self.kinds[var])
        if same and (last < position or (last == position and self._reads_whole(maker, var))):
            self.arrays[output] = self.arrays[var]
