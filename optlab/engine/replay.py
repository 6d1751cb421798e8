"""A graph as a program on NumPy: preallocated buffers, views made once, and a list of calls to replay.

The graph describes one run. The program executes it for many at once, along a *run axis* that is the last axis of
every array that differs between runs, as far as indexing is concerned; in memory it lies where the graph wants it:
last for functions of a few numbers (long contiguous rows of runs), first where there are matrix products (each run's
matrices contiguous, so that each product has one shape whatever the number of runs).

An input is of one of three kinds, and so is everything computed from it:

    SHARED    no run has a part in it: the step number, data. Computed once per step.
    UNIFORM   belongs to the runs, and happens to be the same for all: a hyperparameter that is not swept. Computed
              once per step too, except that reductions and products are done per run, so that a run's numbers
              do not depend, not even in the last bit, on the company it is in.
    RUN       differs between runs.

What does not depend on the step either is computed once, by `prepare`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph, Node, Shape, Var
from optlab.engine.kernels import coverage
from optlab.engine.reductions import short_cut
from optlab.errors import TraceError

SHARED, UNIFORM, RUN = range(3)

Array = NDArray[Any]
Call = Callable[[], Any]


@dataclass(frozen=True)
class Input:
    """How an input of the graph is fed: its kind, whether it changes between steps, and the output that becomes it
    in the next step, if any."""

    kind: int = RUN
    changes: bool = True
    carry: int | None = None


@dataclass(frozen=True)
class Program:
    """An executable graph. Fill `inputs`, call `prepare` once and `step` as often as wanted, read `outputs`.

    Arrays that differ between runs end in the run axis. Carried outputs are in their input after each step.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    prepare: Callable[[], None]
    step: Callable[[], None]
    calls: int = field(default=0)


def compile(graph: Graph, inputs: Sequence[Input], runs: int) -> Program:
    """Plan the buffers and the calls of a graph for a number of runs.

    Args:
        graph: the computation of one run, optimised.
        inputs: one per input of the graph.
        runs: the length of the run axis.

    >>> from optlab.engine import trace
    >>> graph = trace(lambda x, lr: x - lr * x, np.ones(2), 0.1)
    >>> program = compile(graph, [Input(carry=0), Input(RUN, changes=False)], runs=3)
    >>> program.inputs[0][...] = 1.0
    >>> program.inputs[1][...] = [0.1, 0.5, 1.0]
    >>> program.prepare(); program.step(); program.inputs[0].tolist()
    [[0.9, 0.5, 0.0], [0.9, 0.5, 0.0]]
    """
    return _Planner(graph, tuple(inputs), runs).program()


class _Planner:
    """The plan in the making: from Vars to arrays, from nodes to calls."""

    def __init__(self, graph: Graph, inputs: tuple[Input, ...], runs: int) -> None:
        self.graph = graph
        self.inputs = inputs
        self.runs = runs
        self.kinds, self.changes = kinds(graph, inputs)
        self.runs_first = any(n.op.kind == "matmul" or _gathers(n, self.kinds) for n in graph.nodes)
        # A run axis of length one lets NumPy add in another order than a longer one does, if it comes last.
        self.lanes = runs if self.runs_first else max(runs, 2)
        self.makers = graph.producers()
        self.arrays: dict[Var, Array] = {}
        self.base: dict[Var, Var] = {}  # a view -> the value whose memory it shares
        self.free: dict[tuple[Shape, np.dtype[Any]], list[Array]] = {}
        self.last_use = self._last_uses()
        self.once: list[Call] = []
        self.every_step: list[Call] = []

    def program(self) -> Program:
        for var, value in self.graph.constants.items():
            self.arrays[var] = value
        for var in self.graph.inputs:
            self.arrays[var] = self._allocate(var)
        self._settle_destinations()
        for position, node in enumerate(self.graph.nodes):
            self._lower(position, node)
        outputs = self._carry()
        return Program(
            inputs=tuple(self._seen(v, self.arrays[v]) for v in self.graph.inputs),
            outputs=tuple(map(self._seen, self.graph.outputs, outputs)),
            prepare=functools.partial(_replay, tuple(self.once)),
            step=functools.partial(_replay, tuple(self.every_step)),
            calls=len(self.every_step),
        )

    # ---- memory --------------------------------------------------------------------------------------------

    def _allocate(self, var: Var) -> Array:
        """New memory for a value, with the run axis as the last one to index."""
        return self._per_run_memory(var) if self.kinds[var] == RUN else np.zeros(var.shape, var.dtype)

    def _per_run_memory(self, var: Var) -> Array:
        if self.runs_first:
            return np.moveaxis(np.zeros((self.lanes, *var.shape), var.dtype), 0, -1)
        return np.zeros((*var.shape, self.lanes), var.dtype)

    def _seen(self, var: Var, array: Array) -> Array:
        """A value as the caller sees it: without lanes that only fill up."""
        return array[..., : self.runs] if self.kinds[var] == RUN and self.lanes != self.runs else array

    def _tail(self, var: Var) -> Shape:
        return (self.lanes,) if self.kinds[var] == RUN else ()

    def _root(self, var: Var) -> Var:
        while var in self.base:
            var = self.base[var]
        return var

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

    def _settle_destinations(self) -> None:
        """Give memory beforehand to values that can be computed right where they will be needed."""
        for node in reversed(self.graph.nodes):
            if node.op.kind == "place" and self.kinds[node.output] == RUN:
                self._settle_pieces(node)
        for var, given in zip(self.graph.inputs, self.inputs, strict=True):
            if given.carry is not None:
                self._settle_carry(var, self.graph.outputs[given.carry])

    def _settle_pieces(self, node: Node) -> None:
        """Pieces are computed directly in their place."""
        whole = self.arrays.setdefault(node.output, self._allocate(node.output))
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
            reshaped = target.reshape(inner.shape + self._tail(inner)) if self.kinds[inner] == RUN else target
            if np.may_share_memory(reshaped, target):
                self._settle(inner, reshaped, owner)
        elif maker.op.kind in ("elementwise", "reduce", "matmul") and self.changes[var]:
            self.arrays[var] = target
            self.base[var] = owner

    def _settle_carry(self, var: Var, output: Var) -> None:
        """What an input becomes in the next step is written over it, once nothing needs the old value any more."""
        maker = self.makers.get(output)
        if maker is None or output in self.arrays or not self.changes[output] or not maker.op.in_place:
            return
        position = self.graph.nodes.index(maker)
        last = self.last_use.get(var, -1)
        same = (output.shape, output.dtype, self.kinds[output]) == (var.shape, var.dtype, self.kinds[var])
        if same and (last < position or (last == position and self._reads_whole(maker, var))):
            self.arrays[output] = self.arrays[var]

    def _reads_whole(self, node: Node, var: Var) -> bool:
        """Whether a node reads a value itself, and no view of it, so that its output may replace it entry by entry."""
        return all(v is var or self._origin(v) is not var for v in node.inputs)

    def _origin(self, var: Var) -> Var:
        maker = self.makers.get(var)
        return self._origin(maker.inputs[0]) if maker is not None and maker.op.kind == "view" else var

    def _output(self, position: int, node: Node) -> Array:
        """Memory for what a node computes: settled before, an input that dies here, a freed buffer, or new."""
        var = node.output
        if var in self.arrays:
            return self.arrays[var]
        key = (var.shape, var.dtype)
        if self.kinds[var] == RUN and self.changes[var]:
            if node.op.kind == "elementwise" and node.op.in_place:
                for v in node.inputs:
                    if self._dies(v, position) and (v.shape, v.dtype) == key and self._reads_whole(node, v):
                        self.arrays[var] = self.arrays[v]
                        self.last_use[v] = -1  # its memory lives on
                        return self.arrays[var]
            if self.free.get(key):
                self.arrays[var] = self.free[key].pop()
                return self.arrays[var]
        self.arrays[var] = self._allocate(var)
        return self.arrays[var]

    def _dies(self, var: Var, position: int) -> bool:
        """Whether a value's memory is its own, and not needed after this position."""
        own = var in self.makers and var not in self.base and self.makers[var].op.kind not in ("view", "place")
        kept = any(self.arrays[var] is self.arrays[i] for i in self.graph.inputs)
        return own and not kept and self.last_use[var] == position and self.kinds[var] == RUN and self.changes[var]

    def _release(self, position: int, node: Node) -> None:
        for var in {self._root(v) for v in node.inputs}:
            if var in self.makers and self._dies(var, position):
                self.free.setdefault((var.shape, var.dtype), []).append(self.arrays[var])

    # ---- calls ---------------------------------------------------------------------------------------------

    def _lower(self, position: int, node: Node) -> None:
        calls = self.every_step if self.changes[node.output] else self.once
        calls.extend(_LOWER[node.op.kind](self, position, node))
        self._release(position, node)

    def _per_run(self, var: Var) -> tuple[Array, list[Call]]:
        """A value with the run axis, in memory without gaps or repetition: sums add in an order that depends on it."""
        array, spread = self.arrays[var], self._per_run_memory(var)
        if self.kinds[var] != RUN:
            array = array[..., None]
        elif array.strides == spread.strides:
            return array, []
        return spread, [functools.partial(np.copyto, spread, array)]

    def _aligned(self, var: Var, rank: int, per_run: bool) -> Array:
        """A value ready for an operation entry by entry, of arrays with this many axes and perhaps the run axis."""
        array = self.arrays[var]
        if not per_run or (array.size == 1 and self.kinds[var] != RUN):
            return array.reshape(()) if per_run else array
        if self.kinds[var] != RUN:
            array = array[..., None]
        array = array[(None,) * (rank + 1 - array.ndim)]
        return np.moveaxis(array, -1, 0) if self.runs_first else array

    def _elementwise(self, position: int, node: Node) -> list[Call]:
        per_run = self.kinds[node.output] == RUN
        rank = len(node.output.shape)
        operands = [self._aligned(v, rank, per_run) for v in node.inputs]
        self._output(position, node)
        out = self._aligned(node.output, rank, per_run)
        operands = [self._spread(v, a, out) for v, a in zip(node.inputs, operands, strict=True)]
        if node.op.run in (np.maximum, np.minimum):  # here NumPy wants `out` by name; by position it is faster
            return [functools.partial(node.op.run, *operands, out=out)]
        return [functools.partial(node.op.run, *operands, out, **node.params)]

    def _spread(self, var: Var, array: Array, out: Array) -> Array:
        """A per-run number that never changes, in the shape of the result: NumPy is slow to repeat it at each step."""
        if self.runs_first or self.kinds[var] != RUN or self.changes[var] or array.shape == out.shape:
            return array
        spread = np.empty(out.shape, array.dtype)
        self.once.append(functools.partial(np.copyto, spread, array))
        return spread

    def _view(self, position: int, node: Node) -> list[Call]:
        source = node.inputs[0]
        array = self.arrays[source]
        seen = node.op.run(array, **node.params, tail=self._tail(source))
        if not np.may_share_memory(seen, array):  # a reshape that had to copy
            self.arrays[node.output] = self._allocate(node.output)
            made = functools.partial(node.op.run, array, **node.params, tail=self._tail(source))
            return [functools.partial(_copy, self.arrays[node.output], made)]
        self.arrays[node.output] = seen
        self.base[node.output] = source
        return []

    def _reduce(self, position: int, node: Node) -> list[Call]:
        source = node.inputs[0]
        array, calls = self._per_run(source) if self.kinds[node.output] == RUN else (self.arrays[source], [])
        out = self._output(position, node)
        usual = [functools.partial(node.op.run, array, **node.params, out=out)]
        if self.kinds[node.output] != RUN:
            return usual
        return calls + (short_cut(node.op.name, array, out, **node.params, runs_first=self.runs_first) or usual)

    def _matmul(self, position: int, node: Node) -> list[Call]:
        per_run = self.kinds[node.output] == RUN
        arrays = [(self.arrays[v], self.kinds[v]) for v in node.inputs]
        operands = [np.moveaxis(array, -1, 0) if kind == RUN else array for array, kind in arrays]
        out = self._output(position, node)
        return [functools.partial(np.matmul, *operands, np.moveaxis(out, -1, 0) if per_run else out)]

    def _batched(self, position: int, node: Node) -> list[Call]:
        runs_before = [
            np.moveaxis(self.arrays[v], -1, 0) if self.kinds[v] == RUN else self.arrays[v] for v in node.inputs
        ]
        out = self._output(position, node)
        target = np.moveaxis(out, -1, 0) if self.kinds[node.output] == RUN else out
        return [functools.partial(_copy, target, functools.partial(node.op.run, *runs_before, **node.params))]

    def _place(self, position: int, node: Node) -> list[Call]:
        shape, indices = node.params["shape"], node.params["indices"]
        whole = self._output(position, node)
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
            elif not (self._root(var) is node.output and _same_place(part, piece)):
                calls.append(functools.partial(np.copyto, part, piece))
        return calls

    def _take(self, position: int, node: Node) -> list[Call]:
        array, index = (self.arrays[v] for v in node.inputs)
        if _gathers(node, self.kinds):
            if self.kinds[node.inputs[0]] == RUN:
                raise TraceError("np.take with an index that differs between runs needs the same array for all runs")
            index = np.moveaxis(index, -1, 0)
            out = np.moveaxis(self._output(position, node), -1, 0)
        else:
            out = self._output(position, node)
        return [functools.partial(np.take, array, index, 0, out, "wrap")]

    def _add_at(self, position: int, node: Node) -> list[Call]:
        if self.kinds[node.inputs[1]] == RUN:
            raise TraceError("adding at an index that differs between runs is not supported")
        per_run = self.kinds[node.output] == RUN
        pieces, calls = self._per_run(node.inputs[0]) if per_run else (self.arrays[node.inputs[0]], [])
        index = self.arrays[node.inputs[1]]
        out = self._output(position, node)
        return [*calls, functools.partial(out.fill, 0), functools.partial(np.add.at, out, index, pieces)]

    def _carry(self) -> list[Array]:
        """Bring carried outputs to their inputs, where they are not there already. Returns all outputs."""
        outputs = [self.arrays[v] for v in self.graph.outputs]
        late = [
            (var, given.carry)
            for var, given in zip(self.graph.inputs, self.inputs, strict=True)
            if given.carry is not None and outputs[given.carry] is not self.arrays[var]
        ]
        for i, output in enumerate(outputs):
            if any(np.may_share_memory(output, self.arrays[var]) for var, _ in late):  # save an old value
                outputs[i] = np.empty_like(output)
                self.every_step.append(functools.partial(np.copyto, outputs[i], output))
        for var, carry in late:
            spread = self.kinds[var] == RUN and self.kinds[self.graph.outputs[carry]] != RUN
            source = outputs[carry][..., None] if spread else outputs[carry]
            self.every_step.append(functools.partial(np.copyto, self.arrays[var], source))
        return outputs


_LOWER: Mapping[str, Callable[[_Planner, int, Node], list[Call]]] = {
    "elementwise": _Planner._elementwise,
    "view": _Planner._view,
    "reduce": _Planner._reduce,
    "matmul": _Planner._matmul,
    "batched": _Planner._batched,
    "place": _Planner._place,
    "take": _Planner._take,
    "add_at": _Planner._add_at,
}


def _replay(calls: tuple[Call, ...]) -> None:
    for call in calls:
        call()


def _copy(target: Array, make: Callable[[], Array]) -> None:
    np.copyto(target, make())


def _same_place(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape are the same memory."""
    return a.strides == b.strides and a.__array_interface__["data"] == b.__array_interface__["data"]


def _gathers(node: Node, kinds: Mapping[Var, int]) -> bool:
    """Whether a node takes rows by an index that differs between runs."""
    return node.op.kind == "take" and kinds[node.inputs[1]] == RUN


def kinds(graph: Graph, inputs: tuple[Input, ...]) -> tuple[dict[Var, int], dict[Var, bool]]:
    """The kind of every value, and whether it changes between steps."""
    found = dict.fromkeys(graph.constants, SHARED)
    changes = dict.fromkeys(graph.constants, False)
    for var, given in zip(graph.inputs, inputs, strict=True):
        found[var], changes[var] = given.kind, given.changes
    for node in graph.nodes:
        kind = max((found[v] for v in node.inputs), default=SHARED)
        per_run = node.op.kind in ("reduce", "matmul", "add_at") and kind == UNIFORM
        found[node.output] = RUN if per_run else kind
        changes[node.output] = any(changes[v] for v in node.inputs)
    return found, changes
