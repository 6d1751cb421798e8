"""The calls of a program: the NumPy calls of each node on the arrays of a `Memory`, made once or at every step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.nodes import Node, Var
from optlab.engine.numpy_kernels import coverage
from optlab.engine.replay.inputs import RUN, gathers
from optlab.engine.replay.memory import Memory
from optlab.engine.replay.reductions import short_cut
from optlab.errors import TraceError

Array = NDArray[Any]
Call = Callable[[], Any]


class Calls:
    """A builder of the calls: `once` for values that never change, and `every_step` for the others."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.graph, self.kinds, self.changes, self.arrays = memory.graph, memory.kinds, memory.changes, memory.arrays
        self.once: list[Call] = []
        self.every_step: list[Call] = []

    def lower(self) -> list[Array]:
        """Lower all nodes to calls, in order. Returns the outputs; carried outputs are the arrays of their inputs."""
        for position, node in enumerate(self.graph.nodes):
            calls = self.every_step if self.changes[node.output] else self.once
            calls.extend(_LOWER[node.op.kind](self, position, node))
            self.memory.release(position, node)
        return self._carry()

    def _per_run(self, var: Var) -> tuple[Array, list[Call]]:
        """A value with the run axis as a contiguous array: the order in which a sum adds depends on the strides."""
        array, spread = self.arrays[var], self.memory.per_run(var)
        if self.kinds[var] != RUN:
            array = array[..., None]
        elif array.strides == spread.strides:
            return array, []
        return spread, [functools.partial(np.copyto, spread, array)]

    def _aligned(self, var: Var, rank: int, per_run: bool) -> Array:
        """A value as an operand of an elementwise operation of arrays with `rank` axes, and the run axis if any."""
        array = self.arrays[var]
        if not per_run or (array.size == 1 and self.kinds[var] != RUN):
            return array.reshape(()) if per_run else array
        if self.kinds[var] != RUN:
            array = array[..., None]
        array = array[(None,) * (rank + 1 - array.ndim)]
        return np.moveaxis(array, -1, 0) if self.memory.runs_first else array

    def _elementwise(self, position: int, node: Node) -> list[Call]:
        per_run = self.kinds[node.output] == RUN
        rank = len(node.output.shape)
        operands = [self._aligned(v, rank, per_run) for v in node.inputs]
        self.memory.output(position, node)
        out = self._aligned(node.output, rank, per_run)
        operands = [self._spread(v, a, out) for v, a in zip(node.inputs, operands, strict=True)]
        if node.op.run in (np.maximum, np.minimum):  # these two need `out` by name; by position it is faster
            return [functools.partial(node.op.run, *operands, out=out)]
        return [functools.partial(node.op.run, *operands, out, **node.params)]

    def _spread(self, var: Var, array: Array, out: Array) -> Array:
        """Broadcast a constant that differs between runs once: NumPy is slow to broadcast it in each step."""
        if self.memory.runs_first or self.kinds[var] != RUN or self.changes[var] or array.shape == out.shape:
            return array
        spread = np.empty(out.shape, array.dtype)
        self.once.append(functools.partial(np.copyto, spread, array))
        return spread

    def _view(self, position: int, node: Node) -> list[Call]:
        source = node.inputs[0]
        array = self.arrays[source]
        seen = node.op.run(array, **node.params, tail=self.memory.tail(source))
        if not np.may_share_memory(seen, array):  # a reshape that had to copy
            self.arrays[node.output] = self.memory.allocate(node.output)
            made = functools.partial(node.op.run, array, **node.params, tail=self.memory.tail(source))
            return [functools.partial(_copy, self.arrays[node.output], made)]
        self.memory.share(node.output, seen, source)
        return []

    def _reduce(self, position: int, node: Node) -> list[Call]:
        source = node.inputs[0]
        array, calls = self._per_run(source) if self.kinds[node.output] == RUN else (self.arrays[source], [])
        out = self.memory.output(position, node)
        usual = [functools.partial(node.op.run, array, **node.params, out=out)]
        if self.kinds[node.output] != RUN:
            return usual
        return calls + (short_cut(node.op.name, array, out, **node.params, runs_first=self.memory.runs_first) or usual)

    def _matmul(self, position: int, node: Node) -> list[Call]:
        operands = [self._runs_before(v) for v in node.inputs]
        self.memory.output(position, node)
        return [functools.partial(np.matmul, *operands, self._runs_before(node.output))]

    def _batched(self, position: int, node: Node) -> list[Call]:
        operands = [self._runs_before(v) for v in node.inputs]
        self.memory.output(position, node)
        made = functools.partial(node.op.run, *operands, **node.params)
        return [functools.partial(_copy, self._runs_before(node.output), made)]

    def _runs_before(self, var: Var) -> Array:
        """A value with its run axis, if any, moved to the front: a stack of matrices."""
        array = self.arrays[var]
        return np.moveaxis(array, -1, 0) if self.kinds[var] == RUN else array

    def _place(self, position: int, node: Node) -> list[Call]:
        shape, indices = node.params["shape"], node.params["indices"]
        whole = self.memory.output(position, node)
        count = coverage(shape, indices)
        calls: list[Call] = []
        if (count > 1).any():
            calls.append(functools.partial(whole.fill, 0))
        for var, index in zip(node.inputs, indices, strict=True):
            part, piece = whole[(*index, ...)], self.arrays[var]
            if self.kinds[node.output] == RUN and self.kinds[var] != RUN:
                piece = piece[..., None]
            if (count > 1).any():
                calls.append(functools.partial(np.add, part, piece, part))
            elif not (self.memory.root(var) is node.output and _same_place(part, piece)):
                calls.append(functools.partial(np.copyto, part, piece))
        return calls

    def _take(self, position: int, node: Node) -> list[Call]:
        array, index = (self.arrays[v] for v in node.inputs)
        out = self.memory.output(position, node)
        if gathers(node, self.kinds):
            if self.kinds[node.inputs[0]] == RUN:
                raise TraceError("np.take with an index that differs between runs needs the same array for all runs")
            index, out = (np.moveaxis(a, -1, 0) for a in (index, out))
        return [functools.partial(np.take, array, index, 0, out, "wrap")]

    def _add_at(self, position: int, node: Node) -> list[Call]:
        if self.kinds[node.inputs[1]] == RUN:
            raise TraceError("adding at an index that differs between runs is not supported")
        per_run = self.kinds[node.output] == RUN
        pieces, calls = self._per_run(node.inputs[0]) if per_run else (self.arrays[node.inputs[0]], [])
        index = self.arrays[node.inputs[1]]
        out = self.memory.output(position, node)
        return [*calls, functools.partial(out.fill, 0), functools.partial(np.add.at, out, index, pieces)]

    def _carry(self) -> list[Array]:
        """Copy carried outputs to their inputs, unless they are computed there. Returns all outputs."""
        outputs = [self.arrays[v] for v in self.graph.outputs]
        late = [
            (var, given.carry)
            for var, given in zip(self.graph.inputs, self.memory.inputs, strict=True)
            if given.carry is not None and outputs[given.carry] is not self.arrays[var]
        ]
        for i, output in enumerate(outputs):
            if any(np.may_share_memory(output, self.arrays[var]) for var, _ in late):  # copy before it is overwritten
                outputs[i] = np.empty_like(output)
                self.every_step.append(functools.partial(np.copyto, outputs[i], output))
        for var, carry in late:
            spread = self.kinds[var] == RUN and self.kinds[self.graph.outputs[carry]] != RUN
            source = outputs[carry][..., None] if spread else outputs[carry]
            self.every_step.append(functools.partial(np.copyto, self.arrays[var], source))
        return outputs


_LOWER: Mapping[str, Callable[[Calls, int, Node], list[Call]]] = {
    "elementwise": Calls._elementwise,
    "view": Calls._view,
    "reduce": Calls._reduce,
    "matmul": Calls._matmul,
    "batched": Calls._batched,
    "place": Calls._place,
    "take": Calls._take,
    "add_at": Calls._add_at,
}


def _copy(target: Array, make: Callable[[], Array]) -> None:
    np.copyto(target, make())


def _same_place(a: Array, b: Array) -> bool:
    """Whether two arrays of the same shape have the same memory."""
    return a.strides == b.strides and a.__array_interface__["data"] == b.__array_interface__["data"]
