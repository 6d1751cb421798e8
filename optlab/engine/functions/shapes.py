"""Functions that move numbers about and change none: shapes, joining, splitting, repeating, padding."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, array, axes_of, axis_of
from optlab.engine.mistakes import cannot


def reshape(a: Any, /, shape: Any) -> Any:
    a = array(a)
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    shape = tuple(operator.index(n) for n in shape)
    if shape.count(-1) == 1:
        known = int(-np.prod(shape, dtype=int))
        shape = tuple(a.size // max(known, 1) if n == -1 else n for n in shape)
    return a if shape == a.shape else apply("reshape", a, shape=shape)


def ravel(a: Any) -> Any:
    return reshape(a, -1)


def squeeze(a: Any, axis: Axis = None) -> Any:
    drop = [i for i, n in enumerate(a.shape) if n == 1] if axis is None else axes_of(axis, a.shape)
    if any(a.shape[i] != 1 for i in drop):
        raise cannot(f"np.squeeze of axis {axis} of an array of shape {a.shape}", "only axes of length 1 vanish")
    return reshape(a, tuple(n for i, n in enumerate(a.shape) if i not in drop))


def expand_dims(a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    new = axes_of(tuple(axes), (1,) * (a.ndim + len(axes)))
    rest = iter(a.shape)
    return reshape(a, tuple(1 if i in new else next(rest) for i in range(a.ndim + len(axes))))


def atleast_1d(a: Any) -> Any:
    return a if a.ndim else reshape(a, 1)


def atleast_2d(a: Any) -> Any:
    return a if a.ndim > 1 else reshape(a, (1, -1))


def transpose(a: Any, axes: Any = None) -> Any:
    axes = tuple(range(a.ndim))[::-1] if axes is None else tuple(axis_of(i, a.shape) for i in axes)
    if sorted(axes) != list(range(a.ndim)):
        raise cannot(f"np.transpose to axes {axes} of an array of shape {a.shape}", "name every axis once")
    return a if axes == tuple(range(a.ndim)) else apply("transpose", a, axes=axes)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(a.ndim))
    i, j = axis_of(axis1, a.shape), axis_of(axis2, a.shape)
    order[i], order[j] = order[j], order[i]
    return transpose(a, order)


def matrix_transpose(a: Any) -> Any:
    return swapaxes(a, -1, -2)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    sources, places = ((v,) if np.ndim(v) == 0 else tuple(v) for v in (source, destination))
    sources, places = ([axis_of(i, a.shape) for i in v] for v in (sources, places))
    if len(sources) != len(places):
        raise cannot(f"np.moveaxis of {len(sources)} axes to {len(places)} places", "give as many of both")
    order = [i for i in range(a.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


def broadcast_to(array: Any, shape: Any) -> Any:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return array if shape == array.shape else apply("broadcast_to", array, shape=shape)


# ---- joining and splitting ------------------------------------------------------------------------------------------


def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    arrays = list(arrays)
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    shapes = [np.shape(a) for a in arrays]
    if not shapes[0]:
        raise cannot("np.concatenate of single numbers", "use np.stack")
    axis = axis_of(axis, shapes[0])
    if len({(len(s), s[:axis] + s[axis + 1 :]) for s in shapes}) > 1:
        raise cannot(f"np.concatenate of shapes {shapes} along axis {axis}", "all other axes must agree")
    ends = np.cumsum([s[axis] for s in shapes]).tolist()
    before = (slice(None),) * axis
    indices = tuple((*before, slice(end - s[axis], end)) for s, end in zip(shapes, ends, strict=True))
    return apply("place", *arrays, shape=shapes[0][:axis] + (ends[-1],) + shapes[0][axis + 1 :], indices=indices)


def stack(arrays: Any, axis: int = 0) -> Any:
    arrays = [array(a) for a in arrays]
    if len({a.shape for a in arrays}) > 1:
        raise cannot(f"np.stack of shapes {[a.shape for a in arrays]}", "all must have one shape")
    at = axis_of(axis, (len(arrays), *arrays[0].shape))
    return concatenate([reshape(a, a.shape[:at] + (1,) + a.shape[at:]) for a in arrays], at)


def hstack(tup: Any) -> Any:
    arrays = [atleast_1d(array(a)) for a in tup]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


def vstack(tup: Any) -> Any:
    return concatenate([atleast_2d(array(a)) for a in tup], 0)


def column_stack(tup: Any) -> Any:
    arrays = [array(a) for a in tup]
    return concatenate([a if a.ndim > 1 else reshape(a, (-1, 1)) for a in arrays], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([array(arr), array(values)], axis)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    at = axis_of(axis, ary.shape)
    length = ary.shape[at]
    if np.ndim(indices_or_sections) == 0:
        sections = operator.index(indices_or_sections)
        sizes = [length // sections + (i < length % sections) for i in range(sections)]
        cuts = [0, *itertools.accumulate(sizes)]
    else:
        cuts = [0, *(operator.index(i) for i in indices_or_sections), length]
    return [ary[(slice(None),) * at + (slice(a, b),)] for a, b in itertools.pairwise(cuts)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    length = ary.shape[axis_of(axis, ary.shape)]
    if np.ndim(indices_or_sections) == 0 and length % indices_or_sections:
        raise cannot(f"np.split of {length} entries into {indices_or_sections} equal parts", "use np.array_split")
    return array_split(ary, indices_or_sections, axis)


# ---- turning, repeating, padding ------------------------------------------------------------------------------------


def flip(m: Any, axis: Axis = None) -> Any:
    axes = axes_of(axis, m.shape)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))] if axes else m


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    pairs = np.broadcast(shift, axis)
    for steps, at in pairs:
        at = axis_of(int(at), a.shape)
        cut = (-int(steps)) % max(a.shape[at], 1)
        before = (slice(None),) * at
        a = concatenate([a[(*before, slice(cut, None))], a[(*before, slice(None, cut))]], at) if cut else a
    return a


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry as often as `repeats` says."""
    a = ravel(a) if axis is None else a
    at = 0 if axis is None else axis_of(axis, a.shape)
    return a[(slice(None),) * at + (np.repeat(np.arange(a.shape[at]), repeats),)]


def tile(A: Any, reps: Any) -> Any:
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    rank = max(len(reps), A.ndim)
    reps = (1,) * (rank - len(reps)) + reps
    shape = (1,) * (rank - A.ndim) + A.shape
    alone = reshape(A, tuple(m for n in shape for m in (1, n)))
    many = broadcast_to(alone, tuple(m for r, n in zip(reps, shape, strict=True) for m in (operator.index(r), n)))
    return reshape(many, tuple(r * n for r, n in zip(reps, shape, strict=True)))


def pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Any:
    """Every mode of np.pad that repeats entries ("edge", "reflect", "symmetric", "wrap"), and "constant"."""
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    if mode == "constant":
        inside = tuple(slice(low, low + n) for n, (low, _) in zip(array.shape, widths, strict=True))
        shape = tuple(low + n + high for n, (low, high) in zip(array.shape, widths, strict=True))
        padded = apply("place", array, shape=shape, indices=(inside,))
        frame = np.full(shape, constant_values, array.dtype)
        frame[inside] = 0
        return padded + frame if frame.any() else padded
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise cannot(f"np.pad with mode={mode!r}", "use constant, edge, reflect, symmetric or wrap")
    for at, width in enumerate(widths):
        entries = np.pad(np.arange(array.shape[at]), width, mode=mode)  # pyright: ignore
        array = array[(slice(None),) * at + (entries,)]
    return array
