"""Writes the values of a graph as expressions of named values."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var, name_of
from optlab.explain.notation import WRITERS, Latex, PlainNotation, Term

LARGE = 3
"""A value that is used more than once gets a name if its expression has at least this number of operations."""
HUGE = 60
"""Any value gets a name if its expression has at least this number of operations."""
LISTED = 6
"""The maximum number of entries of a constant vector that is written with all entries."""


def worth_naming(graph: Graph, named: Mapping[Var, Any]) -> list[Var]:
    """The values without a name that are used more than once and are not small, or are too large for a line."""
    uses = Counter(v for node in graph.nodes for v in dict.fromkeys(node.inputs)) + Counter(graph.outputs)
    sizes: dict[Var, int] = {}
    found = []
    for node in graph.nodes:
        sizes[node.output] = 1 + sum(sizes.get(v, 0) for v in node.inputs)
        if node.output in named:
            sizes[node.output] = 0
        elif sizes[node.output] >= (LARGE if uses[node.output] > 1 else HUGE) and node.output.dtype.kind != "b":
            sizes[node.output] = 0
            found.append(node.output)
    return found


def leaves(graph: Graph, root: Var, named: Mapping[Var, Any]) -> Iterator[Var]:
    """The named values and inputs in the expression for `root`."""
    makers = graph.producers()
    waiting, seen = [root], {root}
    while waiting:
        var = waiting.pop()
        if var not in makers or (var in named and var is not root):
            yield var
        else:
            new = [v for v in makers[var].inputs if v not in seen]
            seen.update(new)
            waiting += new


class FormulaWriter:
    """Writes values of a graph in terms of its named values.

    Args:
        graph: the graph.
        script: the notation, `Text()` or `Latex()`.
        name: returns the term for a named value, and None for a value without a name.
        sizes: the symbols of lengths and constants that depend on the number of parameters.
    """

    def __init__(
        self, graph: Graph, script: PlainNotation, name: Callable[[Var], Term | None], sizes: Mapping[float, str]
    ) -> None:
        self.constants = graph.constants
        self.makers = graph.producers()
        self.script = script
        self.name = name
        self.sizes = sizes

    def write(self, var: Var) -> Term:
        """The term for a value: its name if it has one, or else its definition."""
        return self.name(var) or self.define(var)

    def define(self, var: Var) -> Term:
        """The term for the operation that computes a value, or for the constant or input that it is."""
        if var in self.constants:
            return self._constant(self.constants[var])
        return self._operation(self.makers[var]) if var in self.makers else self.script.name(var.name)

    def _operation(self, node: Node) -> Term:
        if node.op.name in ("sum", "max", "min"):
            return self._reduction(node)
        if node.op.name in ("getitem", "place"):
            return self._entries(node) if node.op.name == "getitem" else self._pieces(node)
        terms = [self._operand(node, v) for v in node.inputs]
        if node.op.name == "reshape" and node.output.shape == (1, *node.inputs[0].shape):
            return self.script.indexed(terms[0], ", ".join(["newaxis", *[":"] * len(node.inputs[0].shape)]))
        if node.op.name == "transpose" and node.params["axes"] == (1, 0):
            return self.script.transposed(terms[0])
        if node.op.name in WRITERS:
            return WRITERS[node.op.name](self.script, *terms)
        if node.op.name == "lookup":
            return self.script.call(name_of(node.params["table"]), *terms)
        return self.script.call(node.op.name, *terms, *self._params(node))

    def _operand(self, node: Node, var: Var) -> Term:
        """Write an operand; a condition that is used as the number 1 or 0 is written as [x > 0]."""
        counted = var.dtype.kind == "b" and node.output.dtype.kind != "b"
        exempt = node.op.name == "condition" or (node.op.name == "where" and var is node.inputs[0])
        return self.script.listed(self.write(var)) if counted and not exempt else self.write(var)

    def _params(self, node: Node) -> list[Term]:
        """The parameters of an operation: `axis=0`, `shape=(3, n)`."""
        params = [(key, value) for key, value in node.params.items() if value is not False]
        return [Term(self._word(key) + "=" + self._param(value)) for key, value in params]

    def _word(self, word: str) -> str:
        return rf"\mathrm{{{word}}}" if isinstance(self.script, Latex) else word

    def _param(self, value: Any) -> str:
        if isinstance(value, tuple):
            inner = ", ".join(map(self._param, value))
            return self.script.fenced("(", inner, ")") if len(value) != 1 else inner
        if isinstance(value, slice):
            return _between(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._size(value) or str(value)
        return self._word(str(value))

    def _reduction(self, node: Node) -> Term:
        """Write a reduction: sum(x) over all axes, sum(x, axis=0) over some."""
        (x,) = node.inputs
        everything = len(node.params["axis"]) == len(x.shape)
        return self.script.call(node.op.name, self._operand(node, x), *([] if everything else self._params(node)))

    def _entries(self, node: Node) -> Term:
        (x,) = node.inputs
        index = node.params["index"]
        single = len(x.shape) == 1 and len(index) == 1 and np.prod(node.output.shape, dtype=int) == 1
        shown = _single(index[0], x.shape[0]) if single else ", ".join(map(_between, index))
        return self.script.indexed(self.write(x), shown)

    def _pieces(self, node: Node) -> Term:
        """Write pieces that are placed in an array: as a concatenation if they fill the array one after the other."""
        terms = [self.write(v) for v in node.inputs]
        ends = np.cumsum([0, *(v.shape[0] if v.shape else 0 for v in node.inputs)]).tolist()
        in_turn = tuple((slice(a, b),) for a, b in itertools.pairwise(ends))
        if node.params["indices"] == in_turn and ends[-1] == node.params["shape"][0]:
            return self.script.call("concat", *terms)
        return self.script.call("place", *terms, *self._params(node))

    def _constant(self, array: Any) -> Term:
        if array.size and (array == array.flat[0]).all():
            return self._number(array.flat[0].item())
        if array.ndim == 1 and array.size <= LISTED:
            return self.script.listed(*map(self._number, array.tolist()))
        if array.ndim == 2 and array.shape[0] == array.shape[1] and (array == np.eye(len(array))).all():
            return Term("I")
        return self.script.call("array", *(Term(self._size(n) or str(n)) for n in array.shape))

    def _number(self, value: Any) -> Term:
        if isinstance(value, bool):
            return Term(self._word(str(value).lower()))
        if self._size(value):
            return Term(self.sizes[value])
        under = next((size for size in self.sizes if value == math.sqrt(size)), None)
        return self.script.root(Term(self.sizes[under])) if under else self.script.number(value)

    def _size(self, value: float) -> str | None:
        return self.sizes.get(value)


def _single(index: Any, length: int) -> str:
    """The position of the only entry that an index selects; it is negative if the index counts from the end."""
    if not isinstance(index, slice):
        return str(index).replace("-", "−")
    position = range(length)[index][0]
    from_the_end = (index.start or 0) < 0
    return str(position - length * from_the_end).replace("-", "−")


def _between(index: Any) -> str:
    """An index in Python's notation: `1:` for `slice(1, None)`."""
    if not isinstance(index, slice):
        return ("newaxis" if index is None else str(index)).replace("-", "−")
    ends = [str("" if end is None else end) for end in (index.start, index.stop)]
    return (":".join(ends) + ("" if index.step is None else f":{index.step}")).replace("-", "−")


def fresh(taken: Sequence[str]) -> Iterator[str]:
    """Names for intermediate values that are not in `taken`: letters, then u1, u2, ..."""
    yield from (letter for letter in "uwdpqrzhcabsvyk" if letter not in taken)
    yield from (name for name in (f"u{i}" for i in range(1, 10**6)) if name not in taken)
