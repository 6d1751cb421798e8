"""NumPy's functions in terms of the primitives: what is called on a traced value, and what is written down for it.

One row per function in `FUNCTIONS`; ufuncs that are primitives need none. The arguments follow NumPy's names. What a
row does is in the files beside this one, by theme.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optlab.engine.functions import indexing, linalg, products, reducing, shapes
from optlab.engine.functions.activations import logsumexp, relu, sigmoid, softmax, softplus
from optlab.engine.functions.base import apply, array
from optlab.engine.mistakes import cannot
from optlab.engine.ops import OPS
from optlab.errors import TraceError, did_you_mean

__all__ = ["FUNCTIONS", "METHODS", "UFUNCS", "apply", "logsumexp", "relu", "sigmoid", "softmax", "softplus"]

# ---- ufuncs that are no primitives themselves -----------------------------------------------------------------------


def power(x: Any, p: Any) -> Any:
    """`x ** p`. Small whole exponents that are known now become products, which are many times faster than pow."""
    if isinstance(p, int | float | np.number) and not isinstance(p, bool):
        if p == 2:
            return apply("square", x)
        if p == 1:
            return +x
        if p == 0.5:
            return apply("sqrt", x)
        if p == -1:
            return apply("reciprocal", x * 1.0)
        if p in (3, 4):
            square = apply("square", x)
            return square * x if p == 3 else apply("square", square)
    return apply("power", x, p)


def _logical(name: str) -> Callable[..., Any]:
    """Between conditions & | ~ ^ are the logical operations; on numbers they would work on bits."""

    def of_conditions(*values: Any) -> Any:
        if any(array(v).dtype.kind != "b" for v in values):
            raise cannot("& | ~ or ^ of numbers", "put comparisons in parentheses: (a > 0) & (b > 0)")
        return apply(name, *values)

    return of_conditions


_LN2 = float(np.log(2.0))

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.power: power,
    np.float_power: lambda x, p: power(x * 1.0, p),
    np.matmul: products.matmul,
    np.vecdot: products.vecdot,
    np.matvec: products.matvec,
    np.positive: lambda x: x,
    np.fabs: np.abs,
    np.logaddexp2: lambda a, b: np.logaddexp(_LN2 * a, _LN2 * b) / _LN2,
    np.deg2rad: lambda x: x * (np.pi / 180),
    np.radians: lambda x: x * (np.pi / 180),
    np.rad2deg: lambda x: x * (180 / np.pi),
    np.degrees: lambda x: x * (180 / np.pi),
    np.bitwise_and: _logical("logical_and"),
    np.bitwise_or: _logical("logical_or"),
    np.bitwise_xor: _logical("logical_xor"),
    np.invert: _logical("logical_not"),
}


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `np.exp(x)`, `x * y` or `np.add.reduce(x)` mean for traced values."""
    if method == "reduce" and ufunc in _REDUCTIONS:
        return _call(f"np.{ufunc.__name__}.reduce", _REDUCTIONS[ufunc], inputs, {"axis": 0, **kwargs})
    if method == "outer" and not kwargs:
        a, b = map(array, inputs)
        return ufunc(a.reshape(a.shape + (1,) * b.ndim), b)
    if kwargs:
        raise cannot(f"np.{ufunc.__name__} with {', '.join(kwargs)}=", "leave it out")
    if method != "__call__":
        raise cannot(f"np.{ufunc.__name__}.{method} of a traced value", f"use np.{ufunc.__name__}")
    if ufunc in UFUNCS:
        return UFUNCS[ufunc](*inputs)
    if ufunc.__name__ not in OPS:
        raise _unsupported(f"np.{ufunc.__name__}")
    return apply(ufunc.__name__, *inputs)


_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: reducing.sum_,
    np.multiply: reducing.prod,
    np.maximum: reducing.max_,
    np.minimum: reducing.min_,
}


# ---- functions with a line to themselves ----------------------------------------------------------------------------


def where(condition: Any, x: Any, y: Any) -> Any:
    return apply("where", astype(condition, bool), x, y)


def clip(a: Any, a_min: Any = -np.inf, a_max: Any = np.inf, *, min: Any = None, max: Any = None) -> Any:
    low, high = (b if a is None else a for a, b in ((min, a_min), (max, a_max)))
    return apply("clip", a, -np.inf if low is None else low, np.inf if high is None else high)


def astype(x: Any, dtype: Any, **_: Any) -> Any:
    x = array(x)
    return x if x.dtype == np.dtype(dtype) else apply("astype", x, dtype=np.dtype(dtype))


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    return np.full(a.shape, fill_value, dtype or a.dtype)


def round_(a: Any, decimals: int = 0) -> Any:
    scale = 10.0**decimals
    return apply("rint", a) if decimals == 0 else apply("rint", a * scale) / scale


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    y = np.pi * np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sin(y) / y)


def polyval(p: Any, x: Any) -> Any:
    """p[0] x^(n-1) + ... + p[n-1], by Horner's rule."""
    p, value = array(p), x * 0.0
    for i in range(len(p)):
        value = value * x + p[i]
    return value


# ---- the tables -----------------------------------------------------------------------------------------------------

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    # reducing
    np.sum: reducing.sum_,
    np.prod: reducing.prod,
    np.max: reducing.max_,
    np.min: reducing.min_,
    np.amax: reducing.max_,
    np.amin: reducing.min_,
    np.ptp: reducing.ptp,
    np.mean: reducing.mean,
    np.average: reducing.average,
    np.median: reducing.median,
    np.var: reducing.var,
    np.std: reducing.std,
    np.any: reducing.any_,
    np.all: reducing.all_,
    np.cumsum: reducing.cumsum,
    np.cumprod: reducing.cumprod,
    np.diff: reducing.diff,
    # entry by entry
    np.where: where,
    np.select: indexing.select,
    np.clip: clip,
    np.round: round_,
    np.around: round_,
    np.fix: lambda x: apply("trunc", x),
    np.sinc: sinc,
    np.polyval: polyval,
    np.astype: astype,
    # products
    np.dot: products.dot,
    np.vdot: products.vdot,
    np.inner: products.inner,
    np.outer: products.outer,
    np.tensordot: products.tensordot,
    np.einsum: products.einsum,
    np.trace: indexing.trace,
    # linear algebra
    np.linalg.norm: linalg.norm,
    np.linalg.solve: linalg.solve,
    np.linalg.inv: linalg.inv,
    np.linalg.det: linalg.det,
    np.linalg.cholesky: linalg.cholesky,
    # shapes
    np.reshape: shapes.reshape,
    np.ravel: shapes.ravel,
    np.squeeze: shapes.squeeze,
    np.expand_dims: shapes.expand_dims,
    np.atleast_1d: shapes.atleast_1d,
    np.atleast_2d: shapes.atleast_2d,
    np.transpose: shapes.transpose,
    np.matrix_transpose: shapes.matrix_transpose,
    np.swapaxes: shapes.swapaxes,
    np.moveaxis: shapes.moveaxis,
    np.broadcast_to: shapes.broadcast_to,
    # joining, splitting, repeating
    np.concatenate: shapes.concatenate,
    np.append: shapes.append,
    np.stack: shapes.stack,
    np.hstack: shapes.hstack,
    np.vstack: shapes.vstack,
    np.column_stack: shapes.column_stack,
    np.split: shapes.split,
    np.array_split: shapes.array_split,
    np.flip: shapes.flip,
    np.roll: shapes.roll,
    np.repeat: shapes.repeat,
    np.tile: shapes.tile,
    np.pad: shapes.pad,
    # picking
    np.take: indexing.take,
    np.take_along_axis: indexing.take_along_axis,
    np.compress: indexing.compress,
    np.sort: indexing.sort,
    np.argsort: indexing.argsort,
    np.argmax: indexing.argmax,
    np.argmin: indexing.argmin,
    np.diag: indexing.diag,
    np.diagonal: indexing.diagonal,
    np.tril: indexing.tril,
    np.triu: indexing.triu,
    # of shapes alone
    np.zeros_like: lambda a, dtype=None: full_like(a, 0, dtype),
    np.ones_like: lambda a, dtype=None: full_like(a, 1, dtype),
    np.full_like: full_like,
    np.copy: lambda a: a,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
}

METHODS: dict[str, Callable[..., Any]] = {
    "sum": reducing.sum_,
    "prod": reducing.prod,
    "max": reducing.max_,
    "min": reducing.min_,
    "mean": reducing.mean,
    "var": reducing.var,
    "std": reducing.std,
    "any": reducing.any_,
    "all": reducing.all_,
    "cumsum": reducing.cumsum,
    "cumprod": reducing.cumprod,
    "dot": products.dot,
    "trace": indexing.trace,
    "diagonal": indexing.diagonal,
    "clip": clip,
    "round": round_,
    "reshape": lambda a, *shape: shapes.reshape(a, shape[0] if len(shape) == 1 else shape),
    "transpose": lambda a, *axes: shapes.transpose(a, (axes[0] if len(axes) == 1 else axes) or None),
    "swapaxes": shapes.swapaxes,
    "ravel": shapes.ravel,
    "flatten": shapes.ravel,
    "squeeze": shapes.squeeze,
    "repeat": shapes.repeat,
    "take": indexing.take,
    "compress": lambda a, condition, axis=None: indexing.compress(condition, a, axis),
    "argsort": indexing.argsort,
    "argmax": indexing.argmax,
    "argmin": indexing.argmin,
    "astype": astype,
    "copy": lambda a: a,
}


def supported() -> Iterator[tuple[str, str]]:
    """Everything of NumPy that can be traced: its name, and the arguments that it may take."""
    ufuncs = {f"np.{op}": len(op_.vjp) for op, op_ in OPS.items() if isinstance(getattr(np, op, None), np.ufunc)}
    ufuncs |= {f"np.{f.__name__}": f.nin for f in UFUNCS}
    for name, count in ufuncs.items():
        yield name, ", ".join(["x"] if count == 1 else [f"x{i}" for i in range(1, count + 1)])
    for function, ours in FUNCTIONS.items():
        parameters = inspect.signature(ours).parameters.values()
        yield full_name(function), ", ".join(_shown(p) for p in parameters)


def _shown(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
    star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    return f"{star}{parameter.name}{default}"


def apply_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `np.sum(x)` and its like mean for traced values."""
    name = full_name(func)
    if func not in FUNCTIONS:
        raise _unsupported(name)
    if kwargs.get("out") is not None:
        raise cannot(f"{name} with out= writes into an existing array", "use the value it returns")
    return _call(name, FUNCTIONS[func], args, kwargs)


def method(x: Any, name: str) -> Callable[..., Any]:
    """What `x.sum` and its like mean for a traced x."""
    if name not in METHODS:
        guess = did_you_mean(name, METHODS) or " (supported: " + ", ".join(sorted(METHODS)) + ")"
        raise cannot(f"a traced array has no '{name}'", f"use a NumPy function{guess}")
    return lambda *args, **kwargs: _call(f"the method {name}()", METHODS[name], (x, *args), kwargs)


def _call(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, TraceError):
            raise
        raise cannot(f"{name} with these arguments ({error})", "docs/functions.md lists what is supported") from None


def full_name(func: Callable[..., Any]) -> str:
    """The name one writes for a NumPy function: `np.sum`, `np.linalg.norm`."""
    module = getattr(func, "__module__", "numpy") or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{getattr(func, '__name__', func)}"


def _unsupported(name: str) -> Exception:
    guess = did_you_mean(name, [known for known, _ in supported()]) or " (docs/functions.md lists what is)"
    return cannot(f"{name} of a traced value is not supported", f"use a supported function{guess}")
