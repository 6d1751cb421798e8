"""Expressions: the computation of one run as a list of operations, with each common subexpression once.

A run's numbers must not depend on the other runs. So the decisions made here and in `simplify.py` (which products are
fused into sums, which powers become running products) depend on the graph alone. Integers are kept as floats, which
represent them exactly up to 2^53.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.simplify import SIMPLER
from optlab.engine.nodes import Node, Var
from optlab.engine.ops import OPS

FOLDS: Mapping[str, str] = {"sum": "add", "max": "maximum", "min": "minimum", "dot": "fma"}
"""The folds, which reduce an array to a number entry by entry in order, and the operation that each repeats."""


class Unsupported(Exception):
    """The graph cannot be compiled. The message is the reason, a clause that can follow the word "because"."""


@dataclass(frozen=True)
class Expressions:
    """Expressions in order of execution: `ops[i]` applied to the expressions `args[i]`.

    In addition to the operations of the engine there are "constant" (its value is in `values`), "input" (`inputs` has
    the position of the input and the entry), "fma" (a b + c, rounded once), "fms" (a b - c), "fnma" (c - a b), and
    "running" (the argument to the power of the step number, updated by one product per step). `conditions` are the
    expressions that are true or false. `wanted` are the loss and the carried outputs; `extra` are further numbers. For
    arrays (see `array_ir.py`), `lengths` has their number of entries; for folds, the number of entries that are folded.
    """

    ops: list[str]
    args: list[tuple[int, ...]]
    values: Mapping[int, float]
    inputs: Mapping[int, tuple[int, int]]
    conditions: frozenset[int]
    lengths: Mapping[int, int]
    wanted: Sequence[int]
    extra: Sequence[int]

    @property
    def loss(self) -> int:
        return self.wanted[0]

    @functools.cached_property
    def work(self) -> int:
        """The approximate number of operations on single numbers in a step, without those of extra outputs."""
        return sum(self.lengths.get(i, 1) for i in self.needed_for(self.wanted))

    @property
    def copies(self) -> int:
        """The number of vectors of runs that are computed together.

        Two vectors hide the latency of a square root, as long as all values fit into registers. A state that never
        changes, such as that of an option that is off, needs no register. Loops need one vector only: the entries of
        an array do not depend on each other.
        """
        moving = [i for i in self.wanted[1:] if self.ops[i] != "input"]
        return 2 if len(moving) <= 6 and not self.lengths else 1

    def is_array(self, i: int) -> bool:
        return i in self.lengths and self.ops[i] not in FOLDS

    @functools.cached_property
    def needed(self) -> list[int]:
        """All expressions that the outputs depend on, in order."""
        return self.needed_for([*self.wanted, *self.extra])

    def needed_for(self, wanted: Sequence[int]) -> list[int]:
        """These expressions and all that they depend on, in order."""
        return needed_for(self.args, wanted)


def needed_for(args: Sequence[tuple[int, ...]], wanted: Sequence[int]) -> list[int]:
    """These expressions and all that they depend on, in order."""
    found, stack = set(wanted), list(wanted)
    while stack:
        for arg in args[stack.pop()]:
            if arg not in found:
                found.add(arg)
                stack.append(arg)
    return sorted(found)


class ExpressionBuilder:
    """A builder of expressions."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.values: dict[int, float] = {}
        self.inputs: dict[int, tuple[int, int]] = {}
        self.conditions: set[int] = set()
        self.lengths: dict[int, int] = {}
        self.settled: list[bool] = []  # whether it depends neither on the step number nor on x and the state
        self.seen: dict[Any, int] = {}
        self.counter: int | None = None

    def new(self, op: str, args: tuple[int, ...], settled: bool) -> int:
        self.ops.append(op)
        self.args.append(args)
        self.settled.append(settled)
        return len(self.ops) - 1

    def is_array(self, i: int) -> bool:
        return i in self.lengths and self.ops[i] not in FOLDS

    def constant(self, value: float) -> int:
        key = ("constant", isinstance(value, bool), np.float64(value).tobytes())
        if key not in self.seen:
            self.seen[key] = self.new("constant", (), True)
            self.values[self.seen[key]] = float(value)
            if isinstance(value, bool):
                self.conditions.add(self.seen[key])
        return self.seen[key]

    def apply(self, op: str, *args: int) -> int:
        """Add an expression, or return an equal one. Simplifications change no bit, except the sign of a zero."""
        simpler = SIMPLER.get(op)
        known = simpler(self, *args) if simpler else None
        if known is None and op in OPS:
            known = self.computed(op, args)
        if known is not None:
            return known
        key = (op, tuple(sorted(args)) if op in ("add", "multiply") else args)
        if key not in self.seen:
            self.seen[key] = self.new(op, args, all(self.settled[a] for a in args))
            if op in CONDITIONS:
                self.conditions.add(self.seen[key])
        return self.seen[key]

    def computed(self, op: str, args: tuple[int, ...]) -> int | None:
        """Constant folding: the value of an expression whose arguments are all constants."""
        if not all(a in self.values for a in args):
            return None
        with np.errstate(all="ignore"):
            value = OPS[op].run(*(self._as_array(a) for a in args))
        return self.constant(bool(value) if op in CONDITIONS else float(value))

    def _as_array(self, i: int) -> NDArray[Any]:
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

    def whole(self, number: int) -> int:
        """The integer result of an operation on floats, with -0.0 replaced by 0.0: integers have one zero only."""
        return self.apply("where", self.condition(number), number, self.constant(0.0))

    def truncated(self, number: int) -> int:
        """A float rounded towards zero to int64. Values out of range become -2^63, as on most processors."""
        fits = self.apply("less", self.apply("absolute", number), self.constant(2.0**63))
        return self.apply("where", fits, self.whole(self.apply("trunc", number)), self.constant(-(2.0**63)))

    def entry_of(self, node: Node) -> Callable[..., int]:
        """The function that makes one output entry of an elementwise operation from the entries of its inputs."""
        name, kind = node.op.name, node.output.dtype.kind
        if kind in "iu" and not (node.output.dtype == np.int64 and name in TO_WHOLE_NUMBERS):
            raise Unsupported(f"{name} with a result of type {node.output.dtype} has no native rule")
        if name == "astype":
            if kind == "i" and node.inputs[0].dtype.kind == "f":
                return self.truncated
            return self.condition if kind == "b" else self.number
        if name == "where":
            made = lambda c, a, b: self.apply(name, self.condition(c), self.number(a), self.number(b))  # noqa: E731
        else:
            ready = self.condition if name.startswith("logical") else self.number
            made = lambda *args: self.apply(name, *map(ready, args))  # noqa: E731
        if kind == "b" and name not in CONDITIONS:
            return lambda *args: self.condition(made(*args))
        if kind == "i" and name in ("multiply", "negative"):
            return lambda *args: self.whole(made(*args))
        return made


def check_operation(node: Node) -> None:
    """Refuse operations that are not part of the engine: they have no rule here."""
    if node.op is not OPS.get(node.op.name):
        raise Unsupported(f"{node.op.name} is not an operation of the engine and has no native rule")


def check_type(var: Var) -> None:
    if not (var.dtype == np.float64 or var.dtype.kind in "biu"):
        raise Unsupported(f"it computes with numbers of type {var.dtype}")


CONDITIONS = frozenset(
    [
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("isfinite", "isinf", "isnan", "signbit"),
        *("logical_and", "logical_or", "logical_not", "logical_xor"),
    ]
)
TO_WHOLE_NUMBERS = frozenset(
    [
        *("add", "subtract", "multiply", "negative", "absolute", "square", "sign"),
        *("maximum", "minimum", "clip", "where", "astype", "detach", "tie_mark"),
    ]
)
"""Operations on integers that give the same result as on floats with the same values."""


def fuse(writer: ExpressionBuilder, wanted: Sequence[int]) -> None:
    """Replace a b + c by one operation where the product has no other use in the wanted expressions.

    An extra output may use such a product. It is then computed twice, so that extra outputs change no bit.
    """
    ops, args = writer.ops, writer.args
    needed = needed_for(args, wanted)
    uses = Counter(wanted)
    for i in needed:
        uses.update(args[i])
    for i in needed:
        if ops[i] in ("add", "subtract"):
            a, b = args[i]
            if ops[b] == "multiply" and uses[b] == 1:
                ops[i], args[i] = ("fma" if ops[i] == "add" else "fnma"), (*args[b], a)
            elif ops[a] == "multiply" and uses[a] == 1:
                ops[i], args[i] = ("fma" if ops[i] == "add" else "fms"), (*args[a], b)
        elif ops[i] == "sum" and ops[args[i][0]] == "multiply" and uses[args[i][0]] == 1:
            ops[i], args[i] = "dot", (*args[args[i][0]], args[i][1])
