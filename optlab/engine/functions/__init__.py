"""NumPy's functions in terms of the primitives: what is called on a traced value, and what is written down for it.

`tables.py` has one row per function. The files beside it hold what the rows do, by theme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optlab.engine.functions.activations import logsumexp, relu, sigmoid, softmax, softplus
from optlab.engine.functions.base import apply, array, call, parameters_of
from optlab.engine.functions.entrywise import UFUNCS
from optlab.engine.functions.tables import FUNCTIONS, IN_PLACE, INSTEAD, METHODS
from optlab.engine.mistakes import cannot
from optlab.engine.ops import OPS
from optlab.errors import did_you_mean

__all__ = ["FUNCTIONS", "METHODS", "UFUNCS", "apply", "logsumexp", "relu", "sigmoid", "softmax", "softplus"]

_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: FUNCTIONS[np.sum],
    np.multiply: FUNCTIONS[np.prod],
    np.maximum: FUNCTIONS[np.max],
    np.minimum: FUNCTIONS[np.min],
}


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `np.exp(x)`, `x * y` or `np.add.reduce(x)` mean for traced values."""
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
    """What `np.sum(x)` and its like mean for traced values."""
    name = full_name(func)
    if func not in FUNCTIONS:
        raise _unsupported(name)
    if kwargs.get("out") is not None:
        raise cannot(f"{name} with out= writes into an existing array", "use the value it returns")
    return call(name, FUNCTIONS[func], args, {k: v for k, v in kwargs.items() if k != "out"})


def method(x: Any, name: str) -> Callable[..., Any]:
    """What `x.sum` and its like mean for a traced x."""
    if name in IN_PLACE:
        raise cannot(f"a traced array is written to (x.{name}())", f"use {IN_PLACE[name]}, which makes a new one")
    if name not in METHODS:
        guess = did_you_mean(name, METHODS) or " (supported: " + ", ".join(sorted(METHODS)) + ")"
        raise cannot(f"a traced array has no '{name}'", f"use a NumPy function{guess}")
    return lambda *args, **kwargs: call(f"the method {name}()", METHODS[name], (x, *args), kwargs, skip=1)


def full_name(func: Callable[..., Any]) -> str:
    """The name one writes for a NumPy function: `np.sum`, `np.linalg.norm`."""
    module = getattr(func, "__module__", "numpy") or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{getattr(func, '__name__', func)}"


def supported() -> Iterator[tuple[str, str]]:
    """Everything of NumPy that can be traced: its name, and the arguments that it may take."""
    primitives = {f"np.{op.name}": len(op.vjp) for op in OPS.values() if isinstance(getattr(np, op.name, 0), np.ufunc)}
    for name, count in {**primitives, **{f"np.{f.__name__}": f.nin for f in UFUNCS}}.items():
        yield name, ", ".join(["x"] if count == 1 else [f"x{i}" for i in range(1, count + 1)])
    for function, row in FUNCTIONS.items():
        yield full_name(function), parameters_of(row)


def _unsupported(name: str) -> Exception:
    """NumPy has this function, so the name is no slip: what helps is a namesake, or another way to write it."""
    same = name.rpartition(".")[2].removeprefix("nan")
    guess = did_you_mean(f"np.{same}", [known for known, _ in supported() if known.rpartition(".")[2] == same])
    namesake = f"use a supported function{guess}" if guess else "docs/functions.md lists what is"
    return cannot(f"{name} of a traced value is not supported", INSTEAD.get(name, namesake))
