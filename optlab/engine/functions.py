"""NumPy's functions in terms of the primitives: what is called on a traced value, and what is written down for it.

One row per function in `FUNCTIONS`; ufuncs that are primitives need none. The arguments follow NumPy's names.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.mistakes import cannot
from optlab.engine.ops import OPS, emit, is_traced
from optlab.errors import TraceError, did_you_mean

Axis = int | tuple[int, ...] | None


def apply(name: str, *values: Any, **params: Any) -> Any:
    """Apply a primitive: written down if any operand is traced, computed at once otherwise."""
    if any(map(is_traced, values)):
        return emit(name, *values, **params)
    return OPS[name].run(*(np.asarray(v) for v in values), **params)


# ---- ufuncs ------------------------------------------------------------------------------------------------------


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `np.exp(x)`, `x * y` or `np.add.reduce(x)` mean for traced values."""
    if method == "reduce" and ufunc in (np.add, np.maximum, np.minimum):
        reduction = {np.add: sum_, np.maximum: max_, np.minimum: min_}[ufunc]
        return _call(f"np.{ufunc.__name__}.reduce", reduction, inputs, {"axis": 0, **kwargs})
    if kwargs:
        raise cannot(f"np.{ufunc.__name__} with {', '.join(kwargs)}=", "leave it out")
    if method != "__call__":
        raise cannot(f"np.{ufunc.__name__}.{method} of a traced value", f"use np.{ufunc.__name__}")
    if ufunc in _UFUNCS:
        return _UFUNCS[ufunc](*inputs)
    if ufunc.__name__ not in OPS:
        raise _unsupported(f"np.{ufunc.__name__}")
    return apply(ufunc.__name__, *inputs)


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


def matmul(a: Any, b: Any) -> Any:
    """The matrix product, with NumPy's rules for vectors and stacks of matrices."""
    a, b = (v if is_traced(v) else np.asarray(v) for v in (a, b))
    if not a.ndim or not b.ndim:
        raise cannot("matmul of a single number", "use * to multiply by a number")
    rows = a if a.ndim > 1 else a.reshape((1, *a.shape))
    columns = b if b.ndim > 1 else b.reshape((*b.shape, 1))
    rank = max(rows.ndim, columns.ndim)
    rows, columns = (v.reshape((1,) * (rank - v.ndim) + v.shape) for v in (rows, columns))
    if rows.shape[-1] != columns.shape[-2]:
        raise cannot(f"the matrix product of shapes {a.shape} and {b.shape}", "columns and rows must be as many")
    product = apply("matmul", rows, columns)
    shape = product.shape[: rank - 2] + product.shape[-2:][a.ndim == 1 : 1 if b.ndim == 1 else 2]
    return product.reshape(shape)


def dot(a: Any, b: Any) -> Any:
    if np.ndim(b) > 2:
        raise cannot(f"np.dot of shapes {np.shape(a)} and {np.shape(b)}", "use @ (np.matmul)")
    return a * b if 0 in (np.ndim(a), np.ndim(b)) else matmul(a, b)


def _logical(name: str) -> Callable[..., Any]:
    """Between conditions & | ~ ^ are the logical operations; on numbers they would work on bits."""

    def of_conditions(*values: Any) -> Any:
        if any((v if is_traced(v) else np.asarray(v)).dtype.kind != "b" for v in values):
            raise cannot("& | ~ or ^ of numbers", "put comparisons in parentheses: (a > 0) & (b > 0)")
        return apply(name, *values)

    return of_conditions


_UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.power: power,
    np.matmul: matmul,
    np.positive: lambda x: x,
    np.bitwise_and: _logical("logical_and"),
    np.bitwise_or: _logical("logical_or"),
    np.bitwise_xor: _logical("logical_xor"),
    np.invert: _logical("logical_not"),
}


# ---- reductions --------------------------------------------------------------------------------------------------


def reduce(name: str, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Reduce over one, several or (None) all axes."""
    x = x if is_traced(x) else np.asarray(x)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted({_axis(a, x.shape) for a in axes}))
    if 0 in (x.shape[a] for a in axes) and name in ("max", "min"):
        raise cannot(f"the {name} of no entries, of an array of shape {x.shape},", "give it an entry")
    return apply(name, x, axis=axes, keepdims=bool(keepdims)) if axes else x


def _axis(axis: Any, shape: Any) -> int:
    """An axis of an array of this shape, counted from the front."""
    try:
        return range(len(shape))[operator.index(axis)]
    except IndexError:
        raise cannot(f"axis {axis} of an array of shape {tuple(shape)}", "its axes are counted from 0") from None


def sum_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("sum", a, axis, keepdims)


def max_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("max", a, axis, keepdims)


def min_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("min", a, axis, keepdims)


def mean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    total = reduce("sum", a, axis, keepdims)
    return total / (a.size / max(total.size, 1))


def var(a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean square distance from the mean."""
    squares = np.square(a - mean(a, axis, keepdims=True))
    total = reduce("sum", squares, axis, keepdims)
    return total / (a.size / max(total.size, 1) - ddof)


def std(a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation. Of entries that are all the same its derivative is taken as 0."""
    return _root(var(a, axis, ddof, keepdims))


def _root(x: Any) -> Any:
    """The square root, with derivative 0 at 0."""
    return np.where(x == 0, 0.0, np.sqrt(np.where(x == 0, 1.0, x)))


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The Euclidean norm. At 0 its derivative is taken as 0 (the norm has a kink there)."""
    if ord not in (None, 2) or (ord == 2 and x.ndim != 1 and not isinstance(axis, int)):
        raise cannot(f"np.linalg.norm with ord={ord}", "the Euclidean norm (ord=None) is supported")
    total = reduce("sum", np.square(x), axis, keepdims)
    return _root(total)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow.

    Args:
        x: an array, plain or traced.
        axis: the axis or axes to sum over; None for all.
        keepdims: keep the axes, at length one.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    x = x if is_traced(x) else np.asarray(x)
    top = apply("detach", reduce("max", x * 1.0 if x.dtype.kind != "f" else x, axis, keepdims=True))
    top = np.where(np.isfinite(top), top, 0.0)  # it cancels out, so nothing is lost by holding it fixed
    with np.errstate(all="ignore"):
        total = np.log(reduce("sum", np.exp(x - top), axis, keepdims=True)) + top
    return total if keepdims else reduce("sum", total, axis)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), entry by entry, of a plain or traced array.

    >>> float(sigmoid(0.0))
    0.5
    """
    with np.errstate(over="ignore"):
        return apply("sigmoid", x)


def relu(x: Any) -> Any:
    """max(x, 0), entry by entry, of a plain or traced array. Its derivative at 0 is taken as 0.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return apply("relu", x)


# ---- shapes ------------------------------------------------------------------------------------------------------


def reshape(a: Any, /, shape: Any) -> Any:
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    shape = tuple(operator.index(n) for n in shape)
    if shape.count(-1) == 1:
        known = int(-np.prod(shape, dtype=int))
        shape = tuple(a.size // max(known, 1) if n == -1 else n for n in shape)
    return a if shape == a.shape else apply("reshape", a, shape=shape)


def transpose(a: Any, axes: Any = None) -> Any:
    axes = tuple(range(a.ndim))[::-1] if axes is None else tuple(_axis(i, a.shape) for i in axes)
    if sorted(axes) != list(range(a.ndim)):
        raise cannot(f"np.transpose to axes {axes} of an array of shape {a.shape}", "name every axis once")
    return a if axes == tuple(range(a.ndim)) else apply("transpose", a, axes=axes)


def broadcast_to(array: Any, shape: Any) -> Any:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return array if shape == array.shape else apply("broadcast_to", array, shape=shape)


def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    arrays = list(arrays)
    if axis is None:
        arrays, axis = [np.reshape(a, -1) for a in arrays], 0
    shapes = [np.shape(a) for a in arrays]
    if not shapes[0]:
        raise cannot("np.concatenate of single numbers", "use np.stack")
    axis = _axis(axis, shapes[0])
    if len({(len(s), s[:axis] + s[axis + 1 :]) for s in shapes}) > 1:
        raise cannot(f"np.concatenate of shapes {shapes} along axis {axis}", "all other axes must agree")
    ends = np.cumsum([s[axis] for s in shapes]).tolist()
    before = (slice(None),) * axis
    indices = tuple((*before, slice(end - s[axis], end)) for s, end in zip(shapes, ends, strict=True))
    return apply("place", *arrays, shape=shapes[0][:axis] + (ends[-1],) + shapes[0][axis + 1 :], indices=indices)


def stack(arrays: Any, axis: int = 0) -> Any:
    arrays = [a if is_traced(a) else np.asarray(a) for a in arrays]
    if len({a.shape for a in arrays}) > 1:
        raise cannot(f"np.stack of shapes {[a.shape for a in arrays]}", "all must have one shape")
    at = _axis(axis, (len(arrays), *arrays[0].shape))
    return concatenate([a.reshape(a.shape[:at] + (1,) + a.shape[at:]) for a in arrays], at)


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`: integers, slices, newaxis and ... are a view; arrays of integers or booleans pick entries."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(is_traced(p) for p in parts):
        raise cannot("indexing by a traced value", "use np.where(condition, a, b), or np.take")
    try:
        if any(isinstance(p, list | np.ndarray | bool | np.bool_) for p in parts):
            entries = np.arange(x.size).reshape(x.shape)[index]
            return apply("take", reshape(x, -1), entries)
        return apply("getitem", x, index=_spelled_out(parts, x.ndim))
    except (IndexError, TypeError) as error:
        if isinstance(error, TraceError):
            raise
        raise cannot(f"x[...] of an array of shape {x.shape}: {error}", "index within its shape") from None


def _spelled_out(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """A basic index with one entry per axis and no ellipsis, so that a run axis may follow."""
    parts = tuple(operator.index(p) if not isinstance(p, slice | type(None) | type(...)) else p for p in parts)
    missing = (slice(None),) * (ndim - sum(p is not None and p is not ... for p in parts))
    if ... in parts:
        at = parts.index(...)
        return parts[:at] + missing + parts[at + 1 :]
    return parts + missing


def rows(a: Any, index: Any) -> Any:
    """`a[index]` for a plain array and an integer index that may be traced: how minibatches are gathered.

    NumPy does not dispatch on indices, so there is no NumPy spelling of this.
    """
    return apply("take", a, index)


def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if is_traced(indices):
        raise cannot("np.take at traced indices", "use np.where(condition, a, b)")
    if axis is None:
        return getitem(reshape(a, -1), np.asarray(indices))
    return getitem(a, (slice(None),) * _axis(axis, a.shape) + (np.asarray(indices),))


def squeeze(a: Any, axis: Axis = None) -> Any:
    if axis is None:
        return reshape(a, tuple(n for n in a.shape if n != 1))
    drop = [_axis(i, a.shape) for i in (axis if isinstance(axis, tuple) else (axis,))]
    if any(a.shape[i] != 1 for i in drop):
        raise cannot(f"np.squeeze of axis {axis} of an array of shape {a.shape}", "only axes of length 1 vanish")
    return reshape(a, tuple(n for i, n in enumerate(a.shape) if i not in drop))


def expand_dims(a: Any, axis: int) -> Any:
    at = _axis(axis, (1, *a.shape))
    return reshape(a, a.shape[:at] + (1,) + a.shape[at:])


def astype(x: Any, dtype: Any, **_: Any) -> Any:
    x = x if is_traced(x) else np.asarray(x)
    return x if x.dtype == np.dtype(dtype) else apply("astype", x, dtype=np.dtype(dtype))


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    return np.full(a.shape, fill_value, dtype or a.dtype)


# ---- the tables --------------------------------------------------------------------------------------------------

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: sum_,
    np.max: max_,
    np.min: min_,
    np.amax: max_,
    np.amin: min_,
    np.mean: mean,
    np.var: var,
    np.std: std,
    np.linalg.norm: norm,
    np.where: lambda condition, x, y: apply("where", astype(condition, bool), x, y),
    np.clip: lambda a, a_min=-np.inf, a_max=np.inf, *, min=None, max=None: apply(
        "clip", a, _first(min, a_min, -np.inf), _first(max, a_max, np.inf)
    ),
    np.dot: dot,
    np.vdot: lambda a, b: matmul(np.ravel(a), np.ravel(b)),
    np.reshape: reshape,
    np.ravel: lambda a: reshape(a, -1),
    np.transpose: transpose,
    np.broadcast_to: broadcast_to,
    np.concatenate: concatenate,
    np.stack: stack,
    np.squeeze: squeeze,
    np.expand_dims: expand_dims,
    np.take: take,
    np.zeros_like: lambda a, dtype=None: full_like(a, 0, dtype),
    np.ones_like: lambda a, dtype=None: full_like(a, 1, dtype),
    np.full_like: full_like,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
}

METHODS: dict[str, Callable[..., Any]] = {
    "sum": sum_,
    "max": max_,
    "min": min_,
    "mean": mean,
    "var": var,
    "std": std,
    "dot": dot,
    "clip": FUNCTIONS[np.clip],
    "reshape": lambda a, *shape: reshape(a, shape[0] if len(shape) == 1 else shape),
    "transpose": lambda a, *axes: transpose(a, (axes[0] if len(axes) == 1 else axes) or None),
    "ravel": FUNCTIONS[np.ravel],
    "flatten": FUNCTIONS[np.ravel],
    "squeeze": squeeze,
    "take": take,
    "astype": astype,
    "copy": lambda a: a,
}


def _first(*values: Any) -> Any:
    return next(v for v in values if v is not None)


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
        raise cannot(f"{name} with these arguments ({error})", "docs/architecture.md lists what is supported") from None


def full_name(func: Callable[..., Any]) -> str:
    """The name one writes for a NumPy function: `np.sum`, `np.linalg.norm`."""
    module = getattr(func, "__module__", "numpy") or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{getattr(func, '__name__', func)}"


def _unsupported(name: str) -> Exception:
    known = [full_name(f) for f in FUNCTIONS] + [f"np.{op}" for op in OPS if hasattr(np, op)]
    guess = did_you_mean(name, known) or " (docs/architecture.md lists what is)"
    return cannot(f"{name} of a traced value is not supported", f"use a supported function{guess}")
