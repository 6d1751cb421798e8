"""The graph language: typed values and operations on them. Graphs are immutable, printable and checked."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from optlab.drawing import Drawing

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Var:
    """A value of known shape and dtype. Two Vars are equal only if they are the same object."""

    shape: Shape
    dtype: np.dtype[Any]
    name: str = ""

    def __str__(self) -> str:
        kind = {"f": "f", "i": "i", "b": "bool", "u": "u", "c": "c"}[self.dtype.kind]
        bits = "" if kind == "bool" else str(self.dtype.itemsize * 8)
        return f"{kind}{bits}[{','.join(map(str, self.shape))}]"


Type = tuple[Shape, np.dtype[Any]]
Rule = Callable[..., Any] | None


@dataclass(frozen=True, eq=False)
class Op:
    """An operation: a row of the table in `ops.py`.

    `run` computes the output. `infer` maps the inputs' Vars and the parameters to the output's shape and dtype. `vjp`
    holds one rule per input, or None for an input without a derivative. A `variadic` operation has a single rule, which
    gets the position of its input as an argument. If `in_place` is set, the output may be written into the memory of an
    input of the same shape. If `linear` is set, the rules for a cotangent are also the rules for a mask (see `vjp.py`).
    A choice between values has a rule in `taken` for each input, (y, *inputs) -> where that input is taken; its
    cotangent is 0 elsewhere.

    An operation may also be defined outside the table: see "How to add" in `docs/architecture.md`.
    """

    name: str
    kind: str
    run: Callable[..., Any]
    infer: Callable[..., Type]
    vjp: tuple[Rule, ...] = ()
    in_place: bool = False
    linear: bool = False
    variadic: bool = False
    taken: tuple[Rule, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation: `output = op(*inputs, **params)`."""

    op: Op
    inputs: tuple[Var, ...]
    params: Mapping[str, Any]
    output: Var


@dataclass(frozen=True, eq=False)
class Graph:
    """A function as a list of nodes in order of execution.

    A call with arrays computes node by node. This is slow but simple, and it is the reference for the back ends. A
    graph is printed as a program:

    >>> from optlab.engine import trace
    >>> print(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0))
    graph(x: f64[], y: f64[], z: f64[])
      a: f64[] = add(x, y)
      b: f64[] = multiply(a, z)
      return b
    >>> float(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)(-2.0, 5.0, -4.0)[0])
    -12.0
    """

    inputs: tuple[Var, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Var, ...]
    constants: Mapping[Var, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every value is defined exactly once, before it is used."""
        defined = {*self.inputs, *self.constants}
        for node in self.nodes:
            for var in node.inputs:
                assert var in defined, f"{node.op.name} uses a value that is not defined before it"
            assert node.output not in defined, f"the output of {node.op.name} is defined twice"
            defined.add(node.output)
        assert all(var in defined for var in self.outputs), "an output is not defined"

    def __call__(self, *arrays: Any) -> list[NDArray[Any]]:
        """The outputs for these inputs, computed node by node."""
        values: dict[Var, Any] = dict(self.constants)
        values.update(zip(self.inputs, (np.asarray(a) for a in arrays), strict=True))
        with np.errstate(all="ignore"):
            for node in self.nodes:
                values[node.output] = node.op.run(*(values[v] for v in node.inputs), **node.params)
        return [np.asarray(values[v]) for v in self.outputs]

    def producers(self) -> dict[Var, Node]:
        """The node that computes each value."""
        return {node.output: node for node in self.nodes}

    def written_out(self) -> tuple[Any, ...]:
        """The full content of a graph. Two graphs with the same content compute the same results, to the bit."""
        values = [*self.inputs, *self.constants, *(node.output for node in self.nodes)]
        number = {var: i for i, var in enumerate(values)}
        return (
            [(var.name, var.shape, var.dtype) for var in self.inputs],
            [(value.tobytes(), value.shape, value.dtype) for value in self.constants.values()],
            [(node.op.name, [number[v] for v in node.inputs], str(dict(node.params))) for node in self.nodes],
            [number[v] for v in self.outputs],
        )

    def draw(self) -> Drawing:
        """The graph as a picture, from the inputs on the left to the outputs on the right, with the types of arrays."""
        from optlab.engine.draw import draw  # imported here, since draw imports this module

        return draw(self)

    def _repr_svg_(self) -> str:
        return self.draw().svg()

    def __str__(self) -> str:
        names = names_in(self)
        head = ", ".join(f"{names[v]}: {v}" for v in self.inputs)
        lines = [f"graph({head})"]
        for node in self.nodes:
            terms = [names[v] for v in node.inputs]
            terms += [f"{key}={show(value)}" for key, value in node.params.items()]
            lines.append(f"  {names[node.output]}: {node.output} = {node.op.name}({', '.join(terms)})")
        lines.append(f"  return {', '.join(names[v] for v in self.outputs)}")
        return "\n".join(lines)


def _letters() -> Iterator[str]:
    """a, b, ..., z, aa, ab, ..."""
    for size in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=size))


def names_in(graph: Graph) -> dict[Var, str]:
    """A name for every value: inputs keep their names, a scalar constant is named by its value, others get letters."""
    names: dict[Var, str] = {}
    for i, var in enumerate(graph.inputs):
        taken = not var.name or var.name in names.values()
        names[var] = f"{var.name or 'in'}{i}" if taken else var.name
    for var, value in graph.constants.items():
        names[var] = f"{value.item():g}" if value.ndim == 0 else f"<{var}>"
    fresh = (name for name in _letters() if name not in names.values())
    for node in graph.nodes:
        names[node.output] = next(fresh)
    return names


def show(param: Any) -> str:
    """A parameter in Python's notation for indices: `1:` instead of `slice(1, None, None)`."""
    if isinstance(param, slice):
        parts = ["" if p is None else str(p) for p in (param.start, param.stop)]
        return ":".join(parts) + ("" if param.step is None else f":{param.step}")
    if isinstance(param, tuple) and any(isinstance(p, slice | tuple) for p in param):
        return "[" + ", ".join(map(show, param)) + "]"
    return "newaxis" if param is None else str(param)
