"""NumPy's functions in terms of the primitives: which nodes a call on a traced value adds to the graph.

`tables.py` has one row per function. The other files of this package implement the functions, by theme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optlab.engine.functions.activations import logsumexp, relu, sigmoid, softmax, softplus
from optlab.engine.functions.base import apply, array, call, parameters_of
from optlab.engine.functions.entrywise import UFUNCS
from optlab.engine.functions.fixed import stop_gradient
from optlab.engine.functions.tables import FUNCTIONS, IN_PLACE, INSTEAD, METHODS
from optlab.engine.ops import OPS
from optlab.engine.trace_errors import cannot
from optlab.errors import did_you_mean

__all__ = [
    "FUNCTIONS",
    "METHODS",
    "UFUNCS",
    "apply",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "stop_gradient",
]

_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: FUNCTIONS[np.sum],
    np.multiply: FUNCTIONS[np.prod],
    np.maximum: FUNCTIONS[np.max],
    np.minimum: FUNCTIONS[np.min],
}


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply a NumPy ufunc to traced values, as in `np.exp(x)`, `x * y` or `np.add.reduce(x)`."""
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if method == "reduce" and ufunc in _REDUCTIONS:
        return call(name, _REDUCTIONS[ufunc], inputs, {"axis": 0, **kwargs})
    if kwargs:
        raise cannot(f"{name} with {', '.join(kwargs)}=", "leave it out")
    if method == "outer":
        a, b = map(array, inputs)
        return ufunc(a.reshape(a.shape + (1,) * b.ndim), b)
    if method != "__call__":
        raise cannot(f"{name} of a traced value is not supported", INSTEAD.get(name, f"use np.{ufunc.__name__}"))
    if ufunc in UFUNCS:
        return call(name, UFUNCS[ufunc], inputs, {})
    if ufunc.__name__ not in OPS:
        raise _unsupported(name)
    return apply(ufunc.__name__, *inputs)


def apply_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply a NumPy function that is not a ufunc to traced values, as in `np.sum(x)`."""
    name = full_name(func)
    if func not in FUNCTIONS:
        raise _unsupported(name)
    if kwargs.get("out") is not None:
        raise cannot(f"{name} with out= writes into an existing array", "use the value it returns")
    return call(name, FUNCTIONS[func], args, {k: v for k, v in kwargs.items() if k != "out"})


def method(x: Any, name: str) -> Callable[..., Any]:
    """The method of a traced array, as `x.sum`."""
    if name in IN_PLACE:
        raise cannot(f"a traced array is written to (x.{name}())", f"use {IN_PLACE[name]}, which makes a new array")
    if name not in METHODS:
        guess = did_you_mean(name, METHODS) or " (supported: " + ", ".join(sorted(METHODS)) + ")"
        raise cannot(f"a traced array has no '{name}'", f"use a NumPy function{guess}")
    return lambda *args, **kwargs: call(f"the method {name}()", METHODS[name], (x, *args), kwargs, skip=1)


def full_name(func: Callable[..., Any]) -> str:
    """The usual name of a NumPy function: `np.sum`, `np.linalg.norm`."""
    module = getattr(func, "__module__", "numpy") or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{getattr(func, '__name__', func)}"


def supported() -> Iterator[tuple[str, str]]:
    """All NumPy functions that can be traced: the name and the supported arguments of each."""
    primitives = {f"np.{op.name}": len(op.vjp) for op in OPS.values() if isinstance(getattr(np, op.name, 0), np.ufunc)}
    for name, count in {**primitives, **{f"np.{f.__name__}": f.nin for f in UFUNCS}}.items():
        yield name, ", ".join(["x"] if count == 1 else [f"x{i}" for i in range(1, count + 1)])
    for function, row in FUNCTIONS.items():
        yield full_name(function), parameters_of(row)


def _unsupported(name: str) -> Exception:
    """The error for a NumPy function that is not supported.

    NumPy has the function, so its name is not a typing mistake. The hint is a supported function with the same last
    name, or other code with the same result.
    """
    same = name.rpartition(".")[2].removeprefix("nan")
    guess = did_you_mean(f"np.{same}", [known for known, _ in supported() if known.rpartition(".")[2] == same])
    hint = f"use a supported function{guess}" if guess else "docs/functions.md lists the supported functions"
    return cannot(f"{name} of a traced value is not supported", INSTEAD.get(name, hint))
