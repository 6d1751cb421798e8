"""Graph -> scalars: the computation of one run, written out entry by entry, every equal expression once.

Shapes, views and indices are gone here: an array is an array of numbers of expressions. What is left is a list of
operations on single numbers, in order of execution. Whole numbers are kept as floats, which hold them exactly.

The expressions know nothing of runs, and the number of a run must not depend on its company: so what is decided here
(which products are fused into sums, which powers are carried along) depends on the graph alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph, Node, Var
from optlab.engine.kernels import coverage
from optlab.engine.ops import OPS

LIMIT = 20_000
"""Expressions beyond this number take longer to compile than they save."""

LARGEST_POWER = 64
"""Whole powers up to this one are products."""

Ids = NDArray[np.intp]


class Unsupported(Exception):
    """A graph that has no place here; the message says why, in words that follow "because"."""


@dataclass(frozen=True)
class Scalars:
    """Expressions in order: `ops[i]` applied to the expressions `args[i]`.

    Besides the operations of the engine there are "constant" (its value is in `values`), "input" (position and entry
    of an input are in `inputs`), "fma" (a b + c, rounded once), and "running" (the argument to the power of the step
    number, carried from step to step as a product). `conditions` tells which are true or false. `outputs` has the
    expressions of each output's entries.
    """

    ops: list[str]
    args: list[tuple[int, ...]]
    values: Mapping[int, float]
    inputs: Mapping[int, tuple[int, int]]
    conditions: frozenset[int]
    outputs: tuple[Ids, ...]

    @functools.cached_property
    def needed(self) -> list[int]:
        """All expressions that the outputs depend on, in order."""
        return self.needed_for([int(i) for output in self.outputs for i in output])

    def needed_for(self, wanted: Sequence[int]) -> list[int]:
        """These expressions and all that they depend on, in order."""
        found, stack = set(wanted), list(wanted)
        while stack:
            for arg in self.args[stack.pop()]:
                if arg not in found:
                    found.add(arg)
                    stack.append(arg)
        return sorted(found)


def written_out(graph: Graph, counter: int | None, carried: Sequence[int]) -> Scalars:
    """The graph as scalars.

    Args:
        graph: the computation of one run, optimised.
        counter: the position of the input that is the number of the step, 1, 2, 3, ..., if there is one.
        carried: the positions of the inputs that change between steps otherwise.

    Raises:
        Unsupported: the graph is too large, or has an operation or a type without a rule.
    """
    return _fused(_Writer(graph, counter, carried).scalars())


class _Writer:
    """Scalars in the making: from Vars to arrays of expressions."""

    def __init__(self, graph: Graph, counter: int | None, carried: Sequence[int]) -> None:
        self.graph = graph
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.values: dict[int, float] = {}
        self.inputs: dict[int, tuple[int, int]] = {}
        self.conditions: set[int] = set()
        self.settled: list[bool] = []  # depends neither on the step nor on what is carried
        self.seen: dict[Any, int] = {}
        self.entries: dict[Var, Ids] = {}
        self.counter: int | None = None
        for position, var in enumerate(graph.inputs):
            _check_type(var)
            first = len(self.ops)
            for entry in range(math.prod(var.shape)):
                self.inputs[self._new("input", (), position not in (counter, *carried))] = (position, entry)
            self.entries[var] = np.arange(first, len(self.ops)).reshape(var.shape)
        if counter is not None:
            self.counter = int(self.entries[graph.inputs[counter]])

    def scalars(self) -> Scalars:
        for var, value in self.graph.constants.items():
            if value.size > LIMIT:
                raise Unsupported(f"it has data of {value.size:,} numbers")
            self.entries[var] = _array([self.constant(v) for v in value.ravel().tolist()], var.shape)
        for node in self.graph.nodes:
            _check_type(node.output)
            self.entries[node.output] = self._of(node)
            if len(self.ops) > LIMIT:
                raise Unsupported(f"it has more than {LIMIT:,} operations on single numbers")
        outputs = tuple(self.entries[v].ravel() for v in self.graph.outputs)
        return Scalars(self.ops, self.args, self.values, self.inputs, frozenset(self.conditions), outputs)

    # ---- expressions ---------------------------------------------------------------------------------------

    def _new(self, op: str, args: tuple[int, ...], settled: bool) -> int:
        self.ops.append(op)
        self.args.append(args)
        self.settled.append(settled)
        return len(self.ops) - 1

    def constant(self, value: float) -> int:
        key = ("constant", isinstance(value, bool), np.float64(value).tobytes())
        if key not in self.seen:
            self.seen[key] = self._new("constant", (), True)
            self.values[self.seen[key]] = float(value)
            if isinstance(value, bool):
                self.conditions.add(self.seen[key])
        return self.seen[key]

    def apply(self, op: str, *args: int) -> int:
        """An expression, simplified where that changes no bit (but the sign of a zero), and written down once."""
        simpler = _SIMPLER.get(op)
        known = simpler(self, *args) if simpler else None
        if known is None and all(a in self.values for a in args) and op in OPS:
            known = self._computed(op, args)
        if known is not None:
            return known
        key = (op, tuple(sorted(args)) if op in ("add", "multiply") else args)
        if key not in self.seen:
            self.seen[key] = self._new(op, args, all(self.settled[a] for a in args))
            if op in _CONDITIONS:
                self.conditions.add(self.seen[key])
        return self.seen[key]

    def _computed(self, op: str, args: tuple[int, ...]) -> int:
        """The value of an expression of constants."""
        with np.errstate(all="ignore"):
            value = OPS[op].run(*(self._as_array(a) for a in args))
        return self.constant(bool(value) if op in _CONDITIONS else float(value))

    def _as_array(self, i: int) -> Any:
        return np.asarray(bool(self.values[i]) if i in self.conditions else self.values[i])

    def number(self, condition: int) -> int:
        """A condition as 1 or 0."""
        if condition not in self.conditions:
            return condition
        return self.apply("where", condition, self.constant(1.0), self.constant(0.0))

    def condition(self, number: int) -> int:
        if number in self.conditions:
            return number
        return self.apply("not_equal", number, self.constant(0.0))

    # ---- nodes ---------------------------------------------------------------------------------------------

    def _of(self, node: Node) -> Ids:
        inputs = [self.entries[v] for v in node.inputs]
        kind, name = node.op.kind, node.op.name
        if node.op is not OPS.get(name):
            raise Unsupported(f"{name} is an operation of its own")
        if kind == "elementwise":
            return self._elementwise(node, inputs)
        if kind == "view":
            return np.asarray(node.op.run(*inputs, **node.params))
        if kind == "reduce":
            return self._reduce(node, inputs[0])
        if kind == "place":
            return self._place(node, inputs)
        if kind == "matmul":
            return self._matmul(node, inputs)
        if kind in ("take", "add_at") and node.inputs[1] in self.graph.constants:
            index = self.graph.constants[node.inputs[1]]
            return np.asarray(inputs[0][index]) if kind == "take" else self._add_at(node, inputs[0], index)
        raise Unsupported(f"{name} has no native rule")

    def _elementwise(self, node: Node, inputs: list[Ids]) -> Ids:
        name = node.op.name
        if name == "astype":
            change = self.condition if node.output.dtype.kind == "b" else self.number
            if node.output.dtype.kind == "i" and node.inputs[0].dtype.kind == "f":
                raise Unsupported("floats are turned into whole numbers")
            return _each(change, inputs[0])
        if any(v.dtype.kind in "iu" for v in (*node.inputs, node.output)) and name not in _OF_WHOLE_NUMBERS:
            raise Unsupported(f"{name} of whole numbers has no native rule")
        ready = self.condition if name.startswith("logical") else self.number
        if name == "where":
            inputs = [_each(self.condition, inputs[0]), *(_each(self.number, a) for a in inputs[1:])]
        else:
            inputs = [_each(ready, a) for a in inputs]
        together = np.broadcast_arrays(*inputs, np.empty(node.output.shape, bool))[:-1]
        made = [self.apply(name, *args) for args in zip(*map(_listed, together), strict=True)]
        if node.output.dtype.kind == "b" and name in ("where", "detach"):
            made = [self.condition(i) for i in made]
        return _array(made, node.output.shape)

    def _reduce(self, node: Node, ids: Ids) -> Ids:
        axis, op = node.params["axis"], {"sum": "add", "max": "maximum", "min": "minimum"}[node.op.name]
        ids = np.moveaxis(ids, axis, range(len(axis)))
        length = math.prod(ids.shape[: len(axis)])
        if not length:
            return np.full(node.output.shape, self.constant(0.0))
        columns = _each(self.number, ids).reshape(length, -1).T.tolist()
        return _array([self._folded(op, column) for column in columns], node.output.shape)

    def _folded(self, op: str, ids: Sequence[int]) -> int:
        total = ids[0]
        for i in ids[1:]:
            total = self.apply(op, total, i)
        return total

    def _place(self, node: Node, pieces: list[Ids]) -> Ids:
        shape, indices = node.params["shape"], node.params["indices"]
        whole = np.full(shape, self.constant(0.0))
        overlap = bool((coverage(shape, indices) > 1).any())
        for piece, index in zip(pieces, indices, strict=True):
            piece = np.broadcast_to(piece, whole[index].shape)
            if overlap:
                piece = self._added(np.asarray(whole[index]), piece)
            whole[index] = piece
        return whole

    def _add_at(self, node: Node, pieces: Ids, index: Any) -> Ids:
        whole = np.full(node.params["shape"], self.constant(0.0))
        for place, piece in zip(index.ravel().tolist(), pieces.reshape(index.size, -1), strict=True):
            whole[place] = self._added(np.asarray(whole[place]), piece)
        return whole

    def _added(self, a: Ids, b: Ids) -> Ids:
        return _array([self.apply("add", *pair) for pair in zip(_listed(a), _listed(b), strict=True)], a.shape)

    def _matmul(self, node: Node, inputs: list[Ids]) -> Ids:
        a, b = inputs
        stack, (rows, columns) = node.output.shape[:-2], node.output.shape[-2:]
        if math.prod(node.output.shape) * a.shape[-1] > LIMIT:
            raise Unsupported("its matrix products are large")
        a, b = np.broadcast_to(a, stack + a.shape[-2:]), np.broadcast_to(b, stack + b.shape[-2:])
        made = [
            self._inner(a[(*at, i)], b[(*at, slice(None), j)])
            for at in np.ndindex(*stack)
            for i in range(rows)
            for j in range(columns)
        ]
        return _array(made, node.output.shape)

    def _inner(self, a: Ids, b: Ids) -> int:
        products = [self.apply("multiply", *pair) for pair in zip(_listed(a), _listed(b), strict=True)]
        return self._folded("add", products) if products else self.constant(0.0)


def _listed(ids: Ids) -> list[int]:
    return ids.ravel().tolist()


def _each(change: Callable[[int], int], ids: Ids) -> Ids:
    return _array([change(i) for i in _listed(ids)], ids.shape)


def _array(ids: Sequence[int], shape: Any) -> Ids:
    return np.array(ids, dtype=np.intp).reshape(shape)


def _check_type(var: Var) -> None:
    if not (var.dtype == np.float64 or var.dtype.kind in "bi"):
        raise Unsupported(f"it computes with numbers of type {var.dtype}")


_CONDITIONS = frozenset(
    [
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("isfinite", "isinf", "isnan", "signbit"),
        *("logical_and", "logical_or", "logical_not", "logical_xor"),
    ]
)
_OF_WHOLE_NUMBERS = _CONDITIONS.union(
    ["add", "subtract", "multiply", "negative", "absolute", "square", "maximum", "minimum", "where"]
)


# ---- what is simpler -------------------------------------------------------------------------------------------------


def _is(writer: _Writer, i: int, value: float) -> bool:
    return writer.values.get(i) == value


def _add(w: _Writer, a: int, b: int) -> int | None:
    return b if _is(w, a, 0) else a if _is(w, b, 0) else None


def _subtract(w: _Writer, a: int, b: int) -> int | None:
    return a if _is(w, b, 0) else None


def _multiply(w: _Writer, a: int, b: int) -> int | None:
    for factor, other in ((a, b), (b, a)):
        if _is(w, factor, 1):
            return other
        if _is(w, factor, -1):
            return w.apply("negative", other)
    return None


def _divide(w: _Writer, a: int, b: int) -> int | None:
    """By what is settled before the first step, as a product with its reciprocal, which is computed once."""
    if _is(w, b, 1):
        return a
    if (w.settled[b] or _follows_the_step(w, b)) and not _is(w, a, 1):
        return w.apply("multiply", a, w.apply("divide", w.constant(1.0), b))
    return None


def _follows_the_step(w: _Writer, i: int) -> bool:
    """Whether an expression depends on the number of the step, but on nothing else that changes."""
    todo, seen = [i], set[int]()
    while todo:
        i = todo.pop()
        if i in seen or w.settled[i] or i == w.counter:
            continue
        if w.ops[i] == "input":
            return False
        seen.add(i)
        todo.extend(w.args[i])
    return True


def _negative(w: _Writer, a: int) -> int | None:
    return w.args[a][0] if w.ops[a] == "negative" else None


def _power(w: _Writer, a: int, p: int) -> int | None:
    """The short cuts of NumPy, small whole powers as products, and powers of the step number as running products."""
    exponent = w.values.get(p)
    if exponent == 0.5:
        return w.apply("sqrt", a)
    if exponent is not None and exponent == round(exponent) and abs(exponent) <= LARGEST_POWER:
        power = _product(w, a, abs(int(exponent)))
        return power if exponent >= 0 else w.apply("divide", w.constant(1.0), power)
    return w.apply("running", a) if p == w.counter and w.settled[a] else None


def _product(w: _Writer, a: int, power: int) -> int:
    if power < 2:
        return a if power else w.constant(1.0)
    half = _product(w, a, power // 2)
    square = w.apply("multiply", half, half)
    return w.apply("multiply", square, a) if power % 2 else square


def _where(w: _Writer, c: int, a: int, b: int) -> int | None:
    if c in w.values:
        return a if w.values[c] else b
    return a if a == b else None


_SIMPLER: Mapping[str, Callable[..., int | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "power": _power,
    "where": _where,
    "square": lambda w, a: w.apply("multiply", a, a),
    "reciprocal": lambda w, a: w.apply("divide", w.constant(1.0), a),
    "detach": lambda w, a: a,
}


# ---- products into sums ----------------------------------------------------------------------------------------------


def _fused(scalars: Scalars) -> Scalars:
    """a b + c as one operation, where the product is needed for nothing else."""
    uses = [0] * len(scalars.ops)
    for i in scalars.needed:
        for arg in scalars.args[i]:
            uses[arg] += 1
    for output in scalars.outputs:
        for i in output:
            uses[i] += 1
    ops, args = list(scalars.ops), list(scalars.args)
    for i in scalars.needed:
        if ops[i] in ("add", "subtract"):
            a, b = args[i]
            if ops[b] == "multiply" and uses[b] == 1:
                ops[i], args[i] = ("fma" if ops[i] == "add" else "fnma"), (*args[b], a)
            elif ops[a] == "multiply" and uses[a] == 1:
                ops[i], args[i] = ("fma" if ops[i] == "add" else "fms"), (*args[a], b)
    return Scalars(ops, args, scalars.values, scalars.inputs, scalars.conditions, scalars.outputs)
