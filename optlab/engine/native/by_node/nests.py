"""Writes the loop nest of each node. The numbers of conditions are 0 and 1 in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.native.by_node.groups import Group, from_outside, grouped, is_arithmetic, used_outside
from optlab.engine.native.by_node.loops import Loops
from optlab.engine.native.by_node.places import Arena, Place, Stored
from optlab.engine.native.by_node.products import multiply
from optlab.engine.native.ir import CONDITIONS, TO_WHOLE_NUMBERS, Unsupported, check_operation, check_type
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.llvm_rules import ONE, RULES, ZERO, Rule, compare, literal, select
from optlab.engine.nodes import Node, Var
from optlab.engine.numpy_kernels import coverage

_MORE: Mapping[str, Rule] = {
    "square": lambda b, x: b.line(f"fmul {b.numbers} {x}, {x}"),
    "reciprocal": lambda b, x: b.line(f"fdiv {b.numbers} {ONE}, {x}"),
    "detach": lambda b, x: x,
}
_FOLDS = {"sum": ("add", 0.0), "max": ("maximum", -np.inf), "min": ("minimum", np.inf)}


class Nests(Loops):
    """The loop nests of a graph, in one function.

    `places` has the place of each value so far; those of the inputs and of the constants must be there.
    """

    def __init__(self, graph: Graph, body: Body, arena: Arena, places: dict[Var, Place]) -> None:
        super().__init__(body, arena)
        self.graph, self.places = graph, places

    def write(self) -> None:
        """Write all nodes.

        Raises:
            Unsupported: an operation has no loop nest.
        """
        for group in grouped(self.graph):
            for node in group:
                check_operation(node)
                check_type(node.output)
            if is_arithmetic(group[0]):
                self._entries(group)
            else:
                self._alone(group[0])

    def _alone(self, node: Node) -> None:
        operands = [self.places[var] for var in node.inputs]
        match node.op.kind, node.op.name:
            case "view", _:
                self.places[node.output] = self._viewed(node, operands[0])
            case "elementwise", "astype":
                if node.output.dtype.kind not in ("f" if node.inputs[0].dtype.kind in "fiu" else "fiub"):
                    raise Unsupported(f"astype to {node.output.dtype} has no loop nest")
                self.places[node.output] = operands[0]
            case "reduce", name if name in _FOLDS:
                self._reduce(node, operands[0])
            case "matmul", _:
                multiply(self, operands[0], operands[1], self.allocated(node.output))
            case "place", _:
                self._join(node, operands)
            case "take", _:
                self._take(node, *operands)
            case _:
                raise Unsupported(f"{node.op.name} has no loop nest")

    def allocated(self, var: Var) -> Place:
        self.places[var] = self.arena.place(var.shape)
        return self.places[var]

    def _viewed(self, node: Node, operand: Place) -> Place:
        def change(array: Any) -> Any:
            if node.op.name == "getitem" and Ellipsis not in node.params["index"]:
                return array[(*node.params["index"], ...)]  # not a copy, even of a single number
            return node.op.run(array, **node.params)

        seen = operand.seen(change)
        if seen is None:  # NumPy would copy it, because its entries are not in order in memory
            whole = self.arena.place(operand.array.shape)
            self.copy(operand, whole)
            seen = whole.seen(change)
        if seen is None:
            raise Unsupported(f"{node.op.name} has no loop nest")
        return seen

    def _entries(self, group: Group) -> None:
        """Arithmetic, entry after entry. Values that nothing outside the group needs are not written to memory."""
        for node in group:
            name, dtype = node.op.name, node.output.dtype
            if not (name in RULES or name in _MORE):
                raise Unsupported(f"{name} has no loop nest")
            if dtype.kind in "iu" and not (dtype == np.int64 and name in TO_WHOLE_NUMBERS):
                raise Unsupported(f"{name} with a result of type {dtype} has no loop nest")
        shape, given = group[0].output.shape, from_outside(group)
        targets = {var: self.allocated(var) for var in used_outside(group, self.graph)}
        if 0 in shape:
            return
        entry = _Entry(self.body)
        single = [var for var in given if not any(self.places[var].broadcast(shape).strides)]
        for var in single:
            value = self.graph.constants.get(var)
            if value is None:
                entry.numbers[var] = self.load(self.places[var], shape, ["0"] * len(shape))
            else:
                entry.numbers[var] = literal(float(np.ravel(value)[0]))
        with self.loops(shape) as indices:
            for var in given:
                if var not in entry.numbers:
                    entry.numbers[var] = self.load(self.places[var], shape, indices)
            for node in group:
                entry.compute(node)
                if node.output in targets:
                    self.store(entry.number(node.output), targets[node.output], shape, indices)

    def _reduce(self, node: Node, operand: Place) -> None:
        """A fold of the entries in order, in a variable."""
        name, start = _FOLDS[node.op.name]
        shape, axes = operand.array.shape, node.params["axis"]
        target = self.allocated(node.output)
        if not node.params["keepdims"]:
            kept = target.seen(lambda array: np.expand_dims(array, tuple(axes)))
            assert kept is not None
            target = kept
        if 0 in target.array.shape:
            return
        body, total = self.body, self.variable()
        with self.loops(target.array.shape) as outer:
            body.store(literal(start), total, align=body.bytes)
            if 0 not in shape:
                with self.loops(tuple(n if axis in axes else 1 for axis, n in enumerate(shape))) as inner:
                    indices = [i if axis in axes else o for axis, (o, i) in enumerate(zip(outer, inner, strict=True))]
                    so_far = body.load(total, align=body.bytes)
                    made = RULES[name](body, so_far, self.load(operand, shape, indices))
                    body.store(made, total, align=body.bytes)
            self.store(body.load(total, align=body.bytes), target, target.array.shape, outer)

    def _join(self, node: Node, operands: Sequence[Place]) -> None:
        target, indices = self.allocated(node.output), node.params["indices"]
        count = coverage(node.output.shape, indices)
        if (count != 1).any():
            self._fill(target)
        for operand, index in zip(operands, indices, strict=True):
            part = target.seen(lambda array, index=index: array[(*index, ...)])
            if part is None:
                raise Unsupported("it joins parts by computed indices")
            self._add(operand, part) if (count > 1).any() else self.copy(operand, part)

    def _add(self, source: Place, target: Place) -> None:
        shape = target.array.shape
        if 0 in shape:
            return
        with self.loops(shape) as indices:
            parts = [self.load(place, shape, indices) for place in (target, source)]
            self.store(RULES["add"](self.body, *parts), target, shape, indices)

    def _fill(self, target: Place) -> None:
        with self.loops(target.array.shape) as indices:
            self.store(ZERO, target, target.array.shape, indices)

    def _take(self, node: Node, rows: Place, index: Place) -> None:
        """Rows of data that is the same for all runs, by an index that differs between runs."""
        if rows.kind is not Stored.ONE or index.kind is not Stored.ROW or node.inputs[1].dtype != np.int64:
            raise Unsupported("it takes rows by a computed index")
        body, target, shape = self.body, self.allocated(node.output), node.output.shape
        if 0 in shape:
            return
        length = int(np.prod(rows.array.shape[1:]))
        flat = rows.seen(lambda array: array.reshape(-1))
        if flat is None or flat.array.strides != (8,):
            raise Unsupported("it takes rows of an array that is not in order")
        outer, inner = index.array.shape, (length,)
        whole = target.seen(lambda array: array.reshape(*outer, length))
        assert whole is not None
        with self.loops(outer) as position:
            found = body.load(self.at(index, outer, position), body.vector("i64"), align=body.bytes)
            begins = [
                body.at(rows.base, body.add(body.times(one, length), flat.offset))
                for one in (
                    body.line(f"extractelement {body.vector('i64')} {found}, i32 {n}") for n in range(body.width)
                )
            ]
            with self.loops(inner) as (entry,):
                value = "poison"
                for n, begin in enumerate(begins):
                    one = body.load(body.at(begin, entry), body.real)
                    value = body.line(f"insertelement {body.numbers} {value}, {body.real} {one}, i32 {n}")
                self.store(value, whole, whole.array.shape, [*position, entry])


class _Entry:
    """The values of a group at one entry, each as numbers or as conditions, or both."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.numbers: dict[Var, str] = {}
        self.conditions: dict[Var, str] = {}

    def number(self, var: Var) -> str:
        if var not in self.numbers:
            self.numbers[var] = select(self.body, self.conditions[var], ONE, ZERO)
        return self.numbers[var]

    def condition(self, var: Var) -> str:
        if var not in self.conditions:
            self.conditions[var] = compare(self.body, "une", self.numbers[var], ZERO)
        return self.conditions[var]

    def compute(self, node: Node) -> None:
        name, inputs = node.op.name, node.inputs
        rule = RULES.get(name) or _MORE[name]
        if name.startswith("logical_"):
            given = [self.condition(var) for var in inputs]
        elif name == "where":
            given = [self.condition(inputs[0]), *map(self.number, inputs[1:])]
        else:
            given = [self.number(var) for var in inputs]
        made = rule(self.body, *given)
        if name in CONDITIONS:
            self.conditions[node.output] = made
        elif node.output.dtype.kind == "b":  # such as the sum of two conditions
            self.conditions[node.output] = compare(self.body, "une", made, ZERO)
        elif node.output.dtype.kind == "i":  # integers have one zero only
            self.numbers[node.output] = RULES["positive_zero"](self.body, made)
        else:
            self.numbers[node.output] = made
