"""From a plain NumPy function to a Graph: it is run on Tracers, which write down what happens to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.containment import contained
from optlab.engine import trees
from optlab.engine.graph import Graph, Var
from optlab.engine.mistakes import cannot, users_line
from optlab.engine.tracer import Builder, Tracer, unwrapped
from optlab.errors import TraceError


@dataclass(frozen=True)
class Recording:
    """A function as it was traced once.

    The graph's inputs are the leaves of the arguments in order, then the outer values that the function captured; its
    outputs are the leaves of what it returned. `lines` says where in the user's code each constant met a traced value.
    """

    graph: Graph
    result: Any
    captured: list[Tracer]
    lines: Mapping[Var, str]


def record(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], twice: bool = False) -> Recording:
    """Trace `f`, whose arguments may be trees of arrays. Keyword arguments are passed as they are.

    `twice` traces it again and compares, to notice what a graph cannot hold: random numbers, and memory of earlier
    calls. Draws from `np.random` are noticed in any case.
    """
    outermost = not any(isinstance(leaf, Tracer) for _, leaf in trees.leaves(list(args)))
    before = _numpys_random_state() if outermost else None
    first = _recorded(f, args, kwargs)
    if twice or (outermost and _numpys_random_state() != before):
        _compare(f, first, _recorded(f, args, kwargs))
    return first


def _recorded(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Recording:
    builder = Builder()
    try:
        tracers = [_argument(builder, value, name) for value, name in zip(args, _argument_names(f, args), strict=True)]
        with unwrapped(), contained():
            result = trees.of_arrays(f(*tracers, **kwargs))
    finally:
        builder.open = False
    outputs = [value for _, value in trees.leaves(result)]
    for value in outputs:
        if not isinstance(value, Tracer | np.ndarray | np.generic):
            what = "nothing (None)" if value is None else f"a value of type {type(value).__name__}"
            raise TraceError(f"{defined_at(f)}: {names_of(f)} returns {what}; return a number or an array")
    return Recording(builder.finish(outputs), result, list(builder.captured), builder.lines)


def _argument(builder: Builder, value: Any, name: str) -> Any:
    """A tracer for an argument, or a tree of them."""
    tracers = []
    for path, leaf in trees.leaves(value, name):
        dtype = leaf.dtype if isinstance(leaf, Tracer | np.ndarray | np.generic) else np.asarray(leaf).dtype
        if dtype.kind not in "fiub":
            raise cannot(f"argument '{path}' is of type {dtype}", "trace functions of numbers or arrays of numbers")
        tracers.append(builder.input(np.shape(leaf), dtype, path))
    return trees.rebuilt(value, iter(tracers))


def _numpys_random_state() -> bytes:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    return state["state"]["key"].tobytes() + bytes([state["state"]["pos"] % 256, state["has_gauss"]])


def _compare(f: Callable[..., Any], first: Recording, second: Recording) -> None:
    """Refuse a function that computes something else when it is traced again."""
    if first.graph.written_out() == second.graph.written_out():
        return
    pairs = zip(first.graph.constants.items(), second.graph.constants.items(), strict=False)
    changed = [b for (_, x), (b, y) in pairs if x.shape != y.shape or x.tobytes() != y.tobytes()]
    inside = [second.lines[b] for b in changed if b not in second.graph.outputs]  # one that is returned met nothing
    where = inside[0] if inside else defined_at(f)
    raise TraceError(
        f"{where}: {names_of(f)} computes something else when it is traced again: does it use random numbers "
        "(np.random), or remember earlier calls? Draw or keep such values outside, and pass them as arguments"
    )


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """The graph of a plain NumPy function, for arguments of these shapes and dtypes.

    Args:
        f: a function of arrays, in plain NumPy.
        args: example arguments, arrays or trees of them: only their shapes and dtypes matter.
        kwargs: handed to `f` as they are; they are not traced.

    Returns:
        A `Graph` of one or several outputs, which prints as a program.

    Raises:
        TraceError: `f` does something that has no place in a graph, or something else each time; the message names
            the line.

    >>> print(trace(lambda x: np.sum(x**2), np.ones(3)))
    graph(x: f64[3])
      a: f64[3] = square(x)
      b: f64[] = sum(a, axis=(0,), keepdims=False)
      return b
    """
    return record(f, args, kwargs, twice=True).graph


def names_of(f: Callable[..., Any]) -> str:
    """What to call a function in a message."""
    return getattr(f, "__name__", type(f).__name__)


def defined_at(f: Callable[..., Any]) -> str:
    """`file:line` of a function."""
    code = getattr(inspect.unwrap(f), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else users_line()


def _argument_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(args)]
    return names + [f"in{i}" for i in range(len(names), len(args))]
