"""Functions that rearrange entries and do not change them: reshaping, joining, splitting."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, array, axes_of, axis_of, several, without
from optlab.engine.trace_errors import cannot


def reshape(a: Any, /, shape: Any) -> Any:
    a = array(a)
    wanted = tuple(operator.index(n) for n in several(shape))
    known = math.prod(n for n in wanted if n != -1)
    free = wanted.count(-1)
    if free > 1 or (free and not known) or (free and a.size % known):
        raise cannot(f"an array of shape {a.shape} in the shape {wanted}", "use -1 only once, where one length fits")
    shape = tuple(a.size // known if n == -1 else n for n in wanted)
    return a if shape == a.shape else apply("reshape", a, shape=shape)


def ravel(a: Any) -> Any:
    return reshape(a, -1 if array(a).size else 0)


def squeeze(a: Any, axis: Axis = None) -> Any:
    drop = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axes_of(axis, a.shape)
    if any(a.shape[i] != 1 for i in drop):
        raise cannot(f"np.squeeze of axis {axis} of an array of shape {a.shape}", "only name axes of length 1")
    return reshape(a, without(drop, a.shape))


def expand_dims(a: Any, axis: Any) -> Any:
    rank = a.ndim + len(several(axis))
    new, rest = axes_of(axis, (1,) * rank), iter(a.shape)
    return reshape(a, tuple(1 if i in new else next(rest) for i in range(rank)))


def atleast_1d(*arys: Any) -> Any:
    arrays = [a if a.ndim else reshape(a, 1) for a in map(array, arys)]
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


def atleast_2d(*arys: Any) -> Any:
    arrays = [a if a.ndim > 1 else reshape(a, (1, a.size)) for a in map(array, arys)]
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


def transpose(a: Any, axes: Any = None) -> Any:
    a = array(a)
    order = tuple(range(a.ndim))[::-1] if axes is None else axes_of(axes, a.shape)
    if len(order) != a.ndim:
        raise cannot(f"np.transpose to axes {order} of an array of shape {a.shape}", "name each axis once")
    return a if order == tuple(range(a.ndim)) else apply("transpose", a, axes=order)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(a.ndim))
    i, j = axis_of(axis1, a.shape), axis_of(axis2, a.shape)
    order[i], order[j] = order[j], order[i]
    return transpose(a, order)


def matrix_transpose(x: Any, /) -> Any:
    return swapaxes(x, -1, -2)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    sources, places = axes_of(source, a.shape), axes_of(destination, a.shape)
    if len(sources) != len(places):
        raise cannot(f"np.moveaxis of {len(sources)} axes to {len(places)} places", "pass one place per axis")
    order = [i for i in range(a.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


def broadcast_to(array: Any, shape: Any) -> Any:
    shape = tuple(operator.index(n) for n in several(shape))
    return array if shape == array.shape else apply("broadcast_to", array, shape=shape)


# ---- joining and splitting ------------------------------------------------------------------------------------------


def concatenate(arrays: Any, /, axis: int | None = 0) -> Any:
    pieces = [array(a) for a in arrays]
    if axis is None:
        pieces, axis = [ravel(a) for a in pieces], 0
    shapes = [a.shape for a in pieces]
    if not shapes[0]:
        raise cannot("np.concatenate of single numbers", "use np.stack")
    axis = axis_of(axis, shapes[0])
    if len({(len(s), s[:axis] + s[axis + 1 :]) for s in shapes}) > 1:
        raise cannot(f"np.concatenate of shapes {shapes} along axis {axis}", "all other lengths must be equal")
    ends = list(itertools.accumulate(s[axis] for s in shapes))
    before = (slice(None),) * axis
    indices = tuple((*before, slice(end - s[axis], end)) for s, end in zip(shapes, ends, strict=True))
    return apply("place", *pieces, shape=shapes[0][:axis] + (ends[-1],) + shapes[0][axis + 1 :], indices=indices)


def stack(arrays: Any, axis: int = 0) -> Any:
    arrays = [array(a) for a in arrays]
    if len({a.shape for a in arrays}) > 1:
        raise cannot(f"np.stack of shapes {[a.shape for a in arrays]}", "all arrays must have the same shape")
    at = axis_of(axis, (len(arrays), *arrays[0].shape))
    return concatenate([reshape(a, a.shape[:at] + (1,) + a.shape[at:]) for a in arrays], at)


def hstack(tup: Any) -> Any:
    arrays = [atleast_1d(a) for a in tup]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


def vstack(tup: Any) -> Any:
    return concatenate([atleast_2d(a) for a in tup], 0)


def column_stack(tup: Any) -> Any:
    arrays = [array(a) for a in tup]
    return concatenate([a if a.ndim > 1 else reshape(a, (a.size, 1)) for a in arrays], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([arr, values], axis)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    at = axis_of(axis, ary.shape)
    length = ary.shape[at]
    if isinstance(indices_or_sections, tuple | list | np.ndarray):
        cuts = [0, *(operator.index(i) for i in indices_or_sections), length]
    else:
        sections = _sections(indices_or_sections)
        cuts = [0, *itertools.accumulate(length // sections + (i < length % sections) for i in range(sections))]
    return [ary[(slice(None),) * at + (slice(a, b),)] for a, b in itertools.pairwise(cuts)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if not isinstance(indices_or_sections, tuple | list | np.ndarray):
        length, sections = ary.shape[axis_of(axis, ary.shape)], _sections(indices_or_sections)
        if length % sections:
            raise cannot(f"np.split of {length} entries into {sections} equal parts", "use np.array_split")
    return array_split(ary, indices_or_sections, axis)


def _sections(count: Any) -> int:
    if operator.index(count) < 1:
        raise cannot(f"an array split into {count} parts", "use a number of parts of 1 or more")
    return operator.index(count)
