"""A step graph as a WebAssembly module with one loop nest per node, for graphs with matrix products such as networks.

The function `step(memory)` computes one step of one run. Its memory has all values one after the other, as float64:
x and the state, the other inputs, the values of all nodes. Conditions are 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.native.ir import CONDITIONS, Unsupported, check_operation
from optlab.engine.native.llvm_builder import ATTRIBUTES, Body
from optlab.engine.native.llvm_rules import ONE, RULES, ZERO, Rule, compare, digits, literal, select
from optlab.engine.native.webassembly.linker import linked
from optlab.engine.native.webassembly.places import Arena, Place
from optlab.engine.native.webassembly.target import SCALAR, object_code
from optlab.engine.nodes import Node, Var

MOST = 4_000_000
"""The most numbers in memory, 32 MB."""

_MORE: dict[str, Rule] = {
    "square": lambda b, x: b.line(f"fmul {b.numbers} {x}, {x}"),
    "reciprocal": lambda b, x: b.line(f"fdiv {b.numbers} {ONE}, {x}"),
}
_FOLDS = {"sum": ("add", 0.0), "prod": ("multiply", 1.0), "max": ("maximum", -np.inf), "min": ("minimum", np.inf)}


@dataclass(frozen=True)
class NodeLayout:
    """Where the caller of `step` finds its values: indices of float64 numbers in the memory that it passes.

    - `dim`, `entries`: the number of entries of x, and of x and the state together. These begin at index 0.
    - `inputs`: the indices of the other inputs of the graph, single numbers.
    - `loss`: the index of the loss at x. `after`: the index of the first of the next x and state.
    - `size`: the number of all numbers. `imports`, `heap`: as in `module.WasmLayout`.
    """

    dim: int
    entries: int
    inputs: tuple[int, ...]
    loss: int
    after: int
    size: int
    imports: tuple[str, ...]
    heap: int


def module_by_node(graph: Graph, carried: int) -> tuple[bytes, NodeLayout]:
    """The module of a graph (x, *state, *others) -> (loss at x, next x, *next state, ...) of `carried` arrays.

    Raises:
        Unsupported: the graph is too large, or has an operation without a loop nest.
    """
    rest = graph.inputs[carried:]
    if any(var.shape for var in rest):
        raise Unsupported("it takes data that change from step to step")
    step = _Step(graph)
    inputs = [step.allocated(var) for var in graph.inputs]
    for node in graph.nodes:
        step.write(node)
    loss, *after = (step.arena.place(var.shape) for var in graph.outputs[: 1 + carried])
    for var, place in zip(graph.outputs[: 1 + carried], (loss, *after), strict=True):
        step.copy(step.places[var], place)
    found = linked(object_code(step.text(), SCALAR), ("step",))
    return found.code, NodeLayout(
        dim=math.prod(graph.inputs[0].shape),
        entries=sum(math.prod(var.shape) for var in graph.inputs[:carried]),
        inputs=tuple(place.offset for place in inputs[carried:]),
        loss=loss.offset,
        after=after[0].offset,
        size=step.arena.used,
        imports=found.imports,
        heap=found.heap,
    )


class _Step:
    """The text of the function, and the places of all values so far."""

    def __init__(self, graph: Graph) -> None:
        viewed = [var for node in graph.nodes if node.op.kind == "view" for var in node.inputs]  # they may be copied
        made = [node.output for node in graph.nodes]
        size = sum(math.prod(var.shape) for var in (*graph.inputs, *made, *viewed, *graph.outputs))
        if size > MOST:
            raise Unsupported(f"a step has more than {MOST:,} numbers")
        self.arena = Arena("%memory", size)
        self.declarations: dict[str, str] = {}
        self.body = Body(SCALAR, self.declarations)
        self.places: dict[Var, Place] = {}
        for n, (var, value) in enumerate(graph.constants.items()):
            numbers = np.array(value, dtype=np.float64, order="C")
            entries = ", ".join(f"double {digits(entry)}" for entry in numbers.ravel().tolist())
            self.declarations[f"data{n}"] = f"@data{n} = private constant [{numbers.size} x double] [{entries}]"
            self.places[var] = Place(f"@data{n}", numbers, numbers)

    def text(self) -> str:
        function = ["define void @step(ptr %memory) #0 {", *self.body.lines, "  ret void", "}"]
        return "\n".join([*function, *self.declarations.values(), ATTRIBUTES])

    def allocated(self, var: Var) -> Place:
        self.places[var] = self.arena.place(var.shape)
        return self.places[var]

    def write(self, node: Node) -> None:
        """Write the loop nest of a node."""
        check_operation(node)
        operands = [self.places[var] for var in node.inputs]
        match node.op.kind, node.op.name:
            case "view", _:
                self._view(node, operands[0])
            case "elementwise", "astype":
                if node.output.dtype.kind not in ("f" if node.inputs[0].dtype.kind in "fiu" else "fiub"):
                    raise Unsupported(f"astype to {node.output.dtype} has no loop nest")
                self.places[node.output] = operands[0]
            case "elementwise", name if name in RULES or name in _MORE:
                self._entrywise(node, operands)
            case "reduce", name if name in _FOLDS:
                self._reduce(node, operands[0])
            case "matmul", _:
                self._multiply(node, *operands)
            case "place", _:
                self._join(node, operands)
            case _:
                raise Unsupported(f"{node.op.name} has no loop nest")

    def copy(self, source: Place, target: Place) -> None:
        self._nest(target.array.shape, [source], target, lambda value: value)

    def _view(self, node: Node, operand: Place) -> None:
        def change(array: Any) -> Any:
            if node.op.name == "getitem" and Ellipsis not in node.params["index"]:
                return array[(*node.params["index"], ...)]  # not a copy, even of a single number
            return node.op.run(array, **node.params)

        seen = operand.seen(change)
        if seen is None:
            whole = self.arena.place(operand.array.shape)  # NumPy copies only what is not in order
            self.copy(operand, whole)
            seen = whole.seen(change)
        if seen is None:
            raise Unsupported(f"{node.op.name} has no loop nest")
        self.places[node.output] = seen

    def _entrywise(self, node: Node, operands: Sequence[Place]) -> None:
        rule = RULES.get(node.op.name) or _MORE[node.op.name]
        name, count = node.op.name, len(operands)
        conditions = [name.startswith("logical_") or (name == "where" and n == 0) for n in range(count)]

        def compute(*values: str) -> str:
            given = [
                compare(self.body, "une", value, ZERO) if condition else value
                for value, condition in zip(values, conditions, strict=True)
            ]
            result = rule(self.body, *given)
            if name in CONDITIONS:
                return select(self.body, result, ONE, ZERO)
            is_condition = node.output.dtype.kind == "b"  # such as the sum of two conditions
            return select(self.body, compare(self.body, "une", result, ZERO), ONE, ZERO) if is_condition else result

        self._nest(node.output.shape, operands, self.allocated(node.output), compute)

    def _reduce(self, node: Node, operand: Place) -> None:
        name, start = _FOLDS[node.op.name]
        target = self.allocated(node.output)
        self._nest(node.output.shape, [], target, lambda: literal(start))
        axes = tuple(node.params["axis"])
        if not node.params["keepdims"]:
            kept = target.seen(lambda array: np.expand_dims(array, axes))
            assert kept is not None
            target = kept
        self._nest(operand.array.shape, [target, operand], target, lambda so_far, x: RULES[name](self.body, so_far, x))

    def _multiply(self, node: Node, a: Place, b: Place) -> None:
        """Products of matrices, along the axes (rows of a, common, columns of b)."""
        target = self.allocated(node.output)
        self._nest(node.output.shape, [], target, lambda: ZERO)
        one_a, one_b = a.array.ndim == 1, b.array.ndim == 1

        def of_target(array: Any) -> Any:
            array = array[..., None, :] if one_a and not one_b else array[..., None] if one_b else array
            return (array[..., None] if one_a and one_b else array)[..., :, None, :]

        places = [
            a.seen(lambda array: (array[None] if one_a else array)[..., None]),
            b.seen(lambda array: (array[:, None] if one_b else array)[..., None, :, :]),
            target.seen(of_target),
        ]
        left, right, sums = (place for place in places if place is not None)
        shape = np.broadcast_shapes(left.array.shape, right.array.shape)
        product = RULES["multiply"]
        self._nest(
            shape, [sums, left, right], sums, lambda s, x, y: RULES["add"](self.body, s, product(self.body, x, y))
        )

    def _join(self, node: Node, operands: Sequence[Place]) -> None:
        target = self.allocated(node.output)
        self._nest(node.output.shape, [], target, lambda: ZERO)
        for operand, index in zip(operands, node.params["indices"], strict=True):
            part = target.seen(lambda array, index=index: array[index])
            if part is None:
                raise Unsupported("it joins parts by computed indices")
            self.copy(operand, part)

    def _nest(
        self, shape: tuple[int, ...], operands: Sequence[Place], target: Place, compute: Callable[..., str]
    ) -> None:
        """Loops over `shape`, which compute one entry of the target from the entries of the operands."""
        if 0 in shape:
            return
        with self._loops(shape) as indices:
            values = [self.body.load(self._at(place, shape, indices)) for place in operands]
            self.body.store(compute(*values), self._at(target, shape, indices))

    @contextmanager
    def _loops(self, shape: tuple[int, ...]) -> Iterator[list[str]]:
        body, indices, names = self.body, [], []
        for count in shape:
            if count == 1:
                indices.append("0")
                continue
            body.count += 1
            name = f"nest{body.count}"
            body.put(f"br label %{name}.begin")
            body.label(f"{name}.begin")
            body.put(f"br label %{name}")
            body.label(name)
            body.put(f"%{name}.i = phi i64 [ 0, %{name}.begin ], [ %{name}.next, %{name}.last ]")
            indices.append(f"%{name}.i")
            names.append((name, count))
        yield indices
        for name, count in reversed(names):
            body.put(f"br label %{name}.last")
            body.label(f"{name}.last")
            body.put(f"%{name}.next = add i64 %{name}.i, 1")
            body.put(f"%{name}.more = icmp slt i64 %{name}.next, {count}")
            body.put(f"br i1 %{name}.more, label %{name}, label %{name}.end")
            body.label(f"{name}.end")

    def _at(self, place: Place, shape: tuple[int, ...], indices: Sequence[str]) -> str:
        """The address of an entry. Axes along which the place is broadcast have the stride 0."""
        seen = Place(place.base, place.root, np.broadcast_to(place.array, shape))
        offset: str = str(seen.offset)
        for index, stride in zip(indices, seen.strides, strict=True):
            if stride and index != "0":
                step = index if stride == 1 else self.body.times(index, stride)
                offset = step if offset == "0" else self.body.add(step, offset)
        return self.body.at(place.base, offset)
