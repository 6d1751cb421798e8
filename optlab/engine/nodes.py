"""What graphs are made of: typed values, operations and nodes, and how they are printed."""

from __future__ import annotations

import functools
import inspect
import itertools
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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

    An operation may also be defined outside the table: see "Adding an operation" in `docs/engine.md`.
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


class Content(Protocol):
    """What a graph holds, for what prints or draws it."""

    @property
    def inputs(self) -> Sequence[Var]: ...
    @property
    def nodes(self) -> Sequence[Node]: ...
    @property
    def outputs(self) -> Sequence[Var]: ...
    @property
    def constants(self) -> Mapping[Var, NDArray[Any]]: ...


def _letters() -> Iterator[str]:
    """a, b, ..., z, aa, ab, ..."""
    for size in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=size))


def names_in(graph: Content) -> dict[Var, str]:
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


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function, also of a partial or cached one.

    >>> name_of(functools.partial(pow, 2.0))
    'pow'
    """
    inner = inspect.unwrap(function)
    return getattr(inner.func if isinstance(inner, functools.partial) else inner, "__name__", type(inner).__name__)


def show(param: Any) -> str:
    """A parameter in Python's notation for indices: `1:` instead of `slice(1, None, None)`."""
    if isinstance(param, slice):
        parts = ["" if p is None else str(p) for p in (param.start, param.stop)]
        return ":".join(parts) + ("" if param.step is None else f":{param.step}")
    if isinstance(param, tuple) and any(isinstance(p, slice | tuple) for p in param):
        return "[" + ", ".join(map(show, param)) + "]"
    if callable(param):
        return name_of(param)
    return "newaxis" if param is None else str(param)
