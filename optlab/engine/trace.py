"""From a plain NumPy function to a Graph: the function is called with Tracers, which record all operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine import pytree
from optlab.engine.containment import contained
from optlab.engine.graph import Graph
from optlab.engine.nodes import Var
from optlab.engine.trace_errors import cannot, users_line
from optlab.engine.tracer import Builder, Tracer, unwrapped
from optlab.errors import TraceError


@dataclass(frozen=True)
class TracedFunction:
    """The result of one trace of a function.

    The inputs of the graph are the leaves of the arguments in order, then the outer values that the function captured.
    The outputs are the leaves of the returned value. `lines` holds `file:line` of the user's code that combined each
    constant with a traced value.
    """

    graph: Graph
    result: Any
    captured: list[Tracer]
    lines: Mapping[Var, str]


def record(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], twice: bool = False) -> TracedFunction:
    """Trace `f`, whose arguments may be trees of arrays. Keyword arguments are passed unchanged.

    `twice` traces the function again and compares both graphs, to detect what a graph cannot represent: random numbers,
    and state that is kept between calls. Random numbers from the global state of `np.random` are always detected.
    """
    outermost = not any(isinstance(leaf, Tracer) for _, leaf in pytree.leaves(list(args)))
    before = _numpys_random_state() if outermost else None
    first = _recorded(f, args, kwargs)
    if twice or (outermost and _numpys_random_state() != before):
        _compare(f, first, _recorded(f, args, kwargs))
    return first


def _recorded(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> TracedFunction:
    builder = Builder()
    try:
        tracers = [_argument(builder, value, name) for value, name in zip(args, _argument_names(f, args), strict=True)]
        with unwrapped(), contained():
            result = pytree.of_arrays(f(*tracers, **kwargs))
    finally:
        builder.open = False
    outputs = [value for _, value in pytree.leaves(result)]
    for value in outputs:
        if not isinstance(value, Tracer | np.ndarray | np.generic):
            what = "nothing (None)" if value is None else f"a value of type {type(value).__name__}"
            raise TraceError(f"{defined_at(f)}: {names_of(f)} returns {what}; return a number or an array")
    return TracedFunction(builder.finish(outputs), result, list(builder.captured), builder.lines)


def _argument(builder: Builder, value: Any, name: str) -> Any:
    """A tracer for an argument, or a tree of tracers."""
    tracers = []
    for path, leaf in pytree.leaves(value, name):
        dtype = leaf.dtype if isinstance(leaf, Tracer | np.ndarray | np.generic) else np.asarray(leaf).dtype
        if dtype.kind not in "fiub":
            raise cannot(f"argument '{path}' is of type {dtype}", "trace functions of numbers or arrays of numbers")
        tracers.append(builder.input(np.shape(leaf), dtype, path))
    return pytree.rebuilt(value, iter(tracers))


def _numpys_random_state() -> bytes:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    return state["state"]["key"].tobytes() + bytes([state["state"]["pos"] % 256, state["has_gauss"]])


def _compare(f: Callable[..., Any], first: TracedFunction, second: TracedFunction) -> None:
    """Raise `TraceError` if a function computes something else when it is traced again."""
    if first.graph.written_out() == second.graph.written_out():
        return
    pairs = zip(first.graph.constants.items(), second.graph.constants.items(), strict=False)
    changed = [b for (_, x), (b, y) in pairs if x.shape != y.shape or x.tobytes() != y.tobytes()]
    inside = [second.lines[b] for b in changed if b not in second.graph.outputs]  # these have a line of use
    where = inside[0] if inside else defined_at(f)
    raise TraceError(
        f"{where}: {names_of(f)} computes something else when it is traced again: does it use random numbers "
        "(np.random), or keep state between calls? Compute such values outside, and pass them as arguments"
    )


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """The graph of a plain NumPy function, for arguments of these shapes and dtypes.

    Args:
        f: a function of arrays, in plain NumPy.
        args: example arguments, arrays or trees of arrays. Only their shapes and dtypes are used.
        kwargs: passed to `f` unchanged; they are not traced.

    Returns:
        A `Graph` with one or several outputs. It is printed as a program.

    Raises:
        TraceError: `f` does something that a graph cannot represent, or does not compute the same at each call. The
            message names the line.

    >>> print(trace(lambda x: np.sum(x**2), np.ones(3)))
    graph(x: f64[3])
      a: f64[3] = square(x)
      b: f64[] = sum(a, axis=(0,), keepdims=False)
      return b
    """
    return record(f, args, kwargs, twice=True).graph


def names_of(f: Callable[..., Any]) -> str:
    """The name of a function for messages."""
    return getattr(f, "__name__", type(f).__name__)


def defined_at(f: Callable[..., Any]) -> str:
    """`file:line` of the definition of a function."""
    code = getattr(inspect.unwrap(f), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else users_line()


def _argument_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(args)]
    return names + [f"in{i}" for i in range(len(names), len(args))]
