"""The primitives: one row each. Name, NumPy implementation, shape rule, and one derivative rule per input.

A derivative rule gets the cotangent `g` of the output, the output `y` and the inputs, as traced values, and returns the
cotangent of its input, written in NumPy: so a gradient is again a graph. Where inputs broadcast, rules ignore it:
`vjp.py` undoes broadcasting in one place.

The kind of a row says how a back end may execute it, over many runs at once:

    elementwise  entry by entry; inputs broadcast; the implementation takes `out` as its last argument
    view         the same memory seen otherwise; costs nothing
    reduce       over axes of one run; the implementation takes `axis`, `keepdims` and `out`
    matmul, take, add_at, place      see there
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optlab.engine.graph import Shape, Var

Type = tuple[Shape, np.dtype[Any]]
Rule = Callable[..., Any] | None


@dataclass(frozen=True)
class Op:
    """A row of the table. `infer` maps the inputs' Vars and the parameters to the output's shape and dtype.

    `vjp` holds one rule per input, None where there is no derivative; `variadic` operations have a single rule, which
    is told the position of its input. `in_place` says that the output may lie where an input of the same shape lies.
    `linear` says that the rules for a mask are those for a cotangent (see `vjp.py`).
    """

    name: str
    kind: str
    run: Callable[..., Any]
    infer: Callable[..., Type]
    vjp: tuple[Rule, ...] = ()
    in_place: bool = False
    linear: bool = False
    variadic: bool = False


def is_traced(value: Any) -> bool:
    """Whether a value is a Tracer: something that knows the builder of its graph."""
    return hasattr(type(value), "builder")


def emit(name: str, *values: Any, **params: Any) -> Any:
    """Apply a primitive to values of which at least one is traced."""
    builder = next(v.builder for v in values if is_traced(v))
    return builder.emit(OPS[name], values, params)


# ---- shape rules -------------------------------------------------------------------------------------------


def _elementwise_type(run: Callable[..., Any]) -> Callable[..., Type]:
    def infer(*inputs: Var) -> Type:
        shape = np.broadcast_shapes(*(v.shape for v in inputs))
        ufunc = {_sigmoid: np.exp, _power: np.power}.get(run, run)
        if isinstance(ufunc, np.ufunc):
            return shape, ufunc.resolve_dtypes((*(v.dtype for v in inputs), None))[-1]
        values = inputs[1:] if run is _where else inputs
        return shape, np.result_type(*(v.dtype for v in values))

    return infer


def _reduced_type(a: Var, *, axis: tuple[int, ...], keepdims: bool) -> Type:
    kept = (1 if i in axis else n for i, n in enumerate(a.shape) if keepdims or i not in axis)
    return tuple(kept), a.dtype


def _summed_type(a: Var, *, axis: tuple[int, ...], keepdims: bool) -> Type:
    dtype = np.add.reduce(np.empty(0, a.dtype)).dtype  # small integers are summed up in large ones
    return _reduced_type(a, axis=axis, keepdims=keepdims)[0], dtype


def _matmul_type(a: Var, b: Var) -> Type:
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit: {a.shape[-1]} columns, {b.shape[-2]} rows")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (*batch, a.shape[-2], b.shape[-1]), np.result_type(a.dtype, b.dtype)


def _reshaped_type(a: Var, *, shape: Shape) -> Type:
    if np.prod(a.shape, dtype=int) != np.prod(shape, dtype=int) or min(shape, default=0) < 0:
        raise ValueError(f"cannot reshape an array of shape {a.shape} into {shape}")
    return shape, a.dtype


def _stretched_type(a: Var, *, shape: Shape) -> Type:
    if np.broadcast_shapes(a.shape, shape) != shape:
        raise ValueError(f"cannot broadcast an array of shape {a.shape} to {shape}")
    return shape, a.dtype


def _indexed_shape(shape: Shape, index: Any) -> Shape:
    return np.broadcast_to(np.empty(()), shape)[index].shape


# ---- implementations that NumPy does not have in this form --------------------------------------------------


def _where(c: Any, a: Any, b: Any, out: Any = None) -> Any:
    if out is None:
        return np.where(c, a, b)
    np.copyto(out, np.where(c, a, b))
    return out


_SHORT_CUTS: Mapping[float, np.ufunc] = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}


def _power(x: Any, p: Any, out: Any = None) -> Any:
    """np.power, always with the short cuts that it takes itself only where it sees that all exponents are the same."""
    if x.dtype != p.dtype or p.dtype.kind != "f":
        return np.power(x, p, out=out)
    if p.ndim == 0:
        short_cut = _SHORT_CUTS.get(p.item())
        return np.power(x, p, out=out) if short_cut is None else short_cut(x, out=out)
    result = np.power(x, p, out=out)
    for exponent, short_cut in _SHORT_CUTS.items():
        short_cut(x, out=result, where=p == exponent)
    return result


def _clip(x: Any, low: Any, high: Any, out: Any = None) -> Any:
    return np.clip(x, low, high, out=out)


def _relu(x: Any, out: Any = None) -> Any:
    return np.maximum(x, 0, out=out)


def _sigmoid(x: Any, out: Any = None) -> Any:
    """1 / (1 + exp(-x)): exact at both ends, since exp may overflow to infinity and 1/inf is 0."""
    y = np.exp(np.negative(x, out=out), out=out)
    return np.divide(1, np.add(y, 1, out=out), out=out)


def _reduction(ufunc: np.ufunc) -> Callable[..., Any]:
    def run(a: Any, axis: tuple[int, ...], keepdims: bool, out: Any = None) -> Any:
        return ufunc.reduce(a, axis=axis, keepdims=keepdims, out=out)

    return run


def _place(*pieces: Any, shape: Shape, indices: tuple[Any, ...]) -> Any:
    out = np.zeros(shape, np.result_type(*pieces))
    for piece, index in zip(pieces, indices, strict=True):
        out[index] = out[index] + piece if _overlap(shape, indices) else piece
    return out


def _overlap(shape: Shape, indices: tuple[Any, ...]) -> bool:
    return bool((coverage(shape, indices) > 1).any())


def coverage(shape: Shape, indices: tuple[Any, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """How many of the indices reach each entry of an array of this shape."""
    count = np.zeros(shape, dtype=np.int64)
    for index in indices:
        count[index] += 1
    return count


def _add_at(g: Any, index: Any, shape: Shape) -> Any:
    out = np.zeros(shape, g.dtype)
    np.add.at(out, index, g)
    return out


# ---- derivative rules longer than a line ----------------------------------------------------------------------


def _share_of_tie(g: Any, x: Any, y: Any) -> Any:
    """Where x is the one that was chosen the whole cotangent, where both tie half of it."""
    return np.where(x == y, 0.5 * g, np.where(x > y, g, 0.0))


def _d_power_base(g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * np.where(p == 0, 0.0, p * np.power(x, np.where(p == 0, 1.0, p - 1)))


def _d_power_exponent(g: Any, y: Any, x: Any, p: Any) -> Any:
    return g * np.where((x == 0) & (p >= 0), 0.0, y * np.log(np.where(x == 0, 1.0, x)))


def _cosine(g: Any, side: Any, hypotenuse: Any) -> Any:
    """The share of one side; none where both are 0."""
    return g * np.where(hypotenuse == 0, 0.0, side / np.where(hypotenuse == 0, 1.0, hypotenuse))


def _keep(value: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """A reduced value, with the reduced axes back as axes of length one."""
    return value.reshape(tuple(1 if i in axis else n for i, n in enumerate(x.shape)))


def spread_over(value: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """A reduced value, for every entry of x that went into it."""
    return np.broadcast_to(_keep(value, x, axis), x.shape)


def _d_extremum(g: Any, y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """Shared equally among all entries that tie."""
    ties = (x == _keep(y, x, axis)).astype(x.dtype)
    return ties * (_keep(g, x, axis) / np.sum(ties, axis=axis, keepdims=True))


def _d_place(position: int, g: Any, y: Any, *pieces: Any, shape: Shape, indices: tuple[Any, ...]) -> Any:
    return emit("getitem", g, index=indices[position])


def _swap(a: Any) -> Any:
    """The transpose of the last two axes."""
    return np.transpose(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


# ---- the table --------------------------------------------------------------------------------------------------


def _elementwise(name: str, run: Callable[..., Any], *vjp: Rule) -> Op:
    return Op(name, "elementwise", run, _elementwise_type(run), vjp, in_place=run not in (_where, _power))


def _reduce(name: str, run: Callable[..., Any], rule: Rule, infer: Callable[..., Type] = _reduced_type) -> Op:
    return Op(name, "reduce", run, infer, (rule,), linear=name == "sum")


def _view(name: str, run: Callable[..., Any], infer: Callable[..., Type], rule: Rule) -> Op:
    return Op(name, "view", run, infer, (rule,), linear=True)


_ROWS = (
    # arithmetic
    _elementwise("add", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g),
    _elementwise("subtract", np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g),
    _elementwise("multiply", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    _elementwise("divide", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * (y / b)),
    _elementwise("remainder", np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor(a / b)),
    _elementwise("negative", np.negative, lambda g, y, x: -g),
    _elementwise("square", np.square, lambda g, y, x: (2.0 * g) * x),
    _elementwise("reciprocal", np.reciprocal, lambda g, y, x: -g * np.square(y)),
    _elementwise("sqrt", np.sqrt, lambda g, y, x: (0.5 * g) / y),
    _elementwise("power", _power, _d_power_base, _d_power_exponent),
    _elementwise("absolute", np.absolute, lambda g, y, x: g * np.sign(x)),
    # exponentials, trigonometry
    _elementwise("hypot", np.hypot, lambda g, y, a, b: _cosine(g, a, y), lambda g, y, a, b: _cosine(g, b, y)),
    _elementwise("exp", np.exp, lambda g, y, x: g * y),
    _elementwise("expm1", np.expm1, lambda g, y, x: g * (y + 1.0)),
    _elementwise("log", np.log, lambda g, y, x: g / x),
    _elementwise("log1p", np.log1p, lambda g, y, x: g / (1.0 + x)),
    _elementwise("sin", np.sin, lambda g, y, x: g * np.cos(x)),
    _elementwise("cos", np.cos, lambda g, y, x: g * -np.sin(x)),
    _elementwise("tan", np.tan, lambda g, y, x: g * (1.0 + np.square(y))),
    _elementwise("tanh", np.tanh, lambda g, y, x: g * (1.0 - np.square(y))),
    _elementwise("sigmoid", _sigmoid, lambda g, y, x: g * (y * (1.0 - y))),
    # choices; their kinks are listed in docs/architecture.md
    _elementwise("relu", _relu, lambda g, y, x: np.where(x > 0, g, 0.0)),
    _elementwise(
        "maximum", np.maximum, lambda g, y, a, b: _share_of_tie(g, a, b), lambda g, y, a, b: _share_of_tie(g, b, a)
    ),
    _elementwise(
        "minimum", np.minimum, lambda g, y, a, b: _share_of_tie(g, b, a), lambda g, y, a, b: _share_of_tie(g, a, b)
    ),
    _elementwise(
        "clip",
        _clip,
        lambda g, y, x, low, high: np.where((x >= low) & (x <= high), g, 0.0),
        lambda g, y, x, low, high: np.where(x < low, g, 0.0),
        lambda g, y, x, low, high: np.where(x > high, g, 0.0),
    ),
    _elementwise(
        "where", _where, None, lambda g, y, c, a, b: np.where(c, g, 0.0), lambda g, y, c, a, b: np.where(c, 0.0, g)
    ),
    _elementwise("detach", np.positive, None),  # a value that is held fixed
    # flat: the derivative is zero wherever there is one
    *(
        _elementwise(f.__name__, f, *(None,) * f.nin)
        for f in (np.sign, np.floor, np.ceil, np.floor_divide, np.isfinite, np.isnan)
    ),
    *(
        _elementwise(f.__name__, f, *(None,) * f.nin)
        for f in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
    ),
    *(
        _elementwise(f.__name__, f, *(None,) * f.nin)
        for f in (np.logical_and, np.logical_or, np.logical_not, np.logical_xor)
    ),
    Op(
        "astype",
        "elementwise",
        lambda x, out=None, *, dtype: x.astype(dtype) if out is None else np.copyto(out, x, casting="unsafe"),
        lambda x, *, dtype: (x.shape, np.dtype(dtype)),
        (lambda g, y, x, *, dtype: g.astype(x.dtype),),
    ),
    # reductions
    _reduce("sum", _reduction(np.add), lambda g, y, x, **how: spread_over(g, x, **how), _summed_type),
    _reduce("max", _reduction(np.maximum), _d_extremum),
    _reduce("min", _reduction(np.minimum), _d_extremum),
    # the same memory seen otherwise
    _view(
        "reshape",
        lambda a, shape, tail=(): a.reshape(shape + tail),
        _reshaped_type,
        lambda g, y, x, *, shape: g.reshape(x.shape),
    ),
    _view(
        "transpose",
        lambda a, axes, tail=(): a.transpose((*axes, *range(len(axes), a.ndim))),
        lambda a, *, axes: (tuple(a.shape[i] for i in axes), a.dtype),
        lambda g, y, x, *, axes: np.transpose(g, tuple(np.argsort(axes).tolist())),
    ),
    _view(
        "broadcast_to",
        lambda a, shape, tail=(): np.broadcast_to(
            a.reshape((1,) * (len(shape) + len(tail) - a.ndim) + a.shape), shape + tail
        ),
        _stretched_type,
        lambda g, y, x, *, shape: g,  # what was broadcast is summed centrally
    ),
    _view(
        "getitem",
        lambda a, index, tail=(): a[index],
        lambda a, *, index: (_indexed_shape(a.shape, index), a.dtype),
        lambda g, y, x, *, index: emit("place", g, shape=x.shape, indices=(index,)),
    ),
    # zeros of a shape, with pieces added at basic indices: concatenation, padding, and the reverse of slicing
    Op(
        "place",
        "place",
        _place,
        lambda *pieces, shape, indices: (shape, np.result_type(*(p.dtype for p in pieces))),
        (_d_place,),
        linear=True,
        variadic=True,
    ),
    # rows of an array by integer index, and their reverse
    Op(
        "take",
        "take",
        lambda a, index: a[index],
        lambda a, index: ((*index.shape, *a.shape[1:]), a.dtype),
        (lambda g, y, a, index: emit("add_at", g, index, shape=a.shape), None),
        linear=True,
    ),
    Op(
        "add_at",
        "add_at",
        _add_at,
        lambda g, index, *, shape: (shape, g.dtype),
        (lambda g, y, x, index, *, shape: emit("take", g, index), None),
        linear=True,
    ),
    # both operands have the same rank, two at least
    Op(
        "matmul",
        "matmul",
        np.matmul,
        _matmul_type,
        (lambda g, y, a, b: emit("matmul", g, _swap(b)), lambda g, y, a, b: emit("matmul", _swap(a), g)),
    ),
)

OPS: Mapping[str, Op] = MappingProxyType({op.name: op for op in _ROWS})
