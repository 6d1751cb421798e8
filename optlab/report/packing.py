"""Arrays as short texts in the page, which `web/base/unpack.js` reads, and single numbers as JSON."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST, _LARGEST = 1e-37, 1e38  # what float32 stores with full precision
HOLE = 65535
"""The height of a point without a finite value."""
NO_NUMBER = 999
"""The exponent of what is not a finite number, see `three_digits`."""


def packed(values: ArrayLike) -> dict[str, str]:
    """Numbers as base64 text: float32, or float64 if float32 cannot store them.

    The key is the type, as NumPy names it.

    >>> packed([1.0, np.inf])
    {'f4': 'AACAPwAAgH8='}
    >>> list(packed([1e-300]))
    ['f8']
    """
    array = np.asarray(values, dtype="<f8").ravel()
    sizes = np.abs(array[np.isfinite(array) & (array != 0)])
    fits = not sizes.size or (sizes.min() > _LEAST and sizes.max() < _LARGEST)
    return _text(array.astype("<f4"), "f4") if fits else _text(array, "f8")


def packed_exactly(values: ArrayLike) -> dict[str, str]:
    """Numbers as base64 text without loss: 16-bit integers, float32 or float64, the shortest that stores them.

    >>> list(packed_exactly([1.0, 300.0])), list(packed_exactly([0.5, np.inf])), list(packed_exactly([0.1]))
    (['u2'], ['f4'], ['f8'])
    """
    array = np.asarray(values, dtype="<f8").ravel()
    with np.errstate(over="ignore"):
        single = array.astype("<f4")
    if ((array >= 0) & (array <= HOLE) & (array == np.floor(array))).all():
        return _text(array.astype("<u2"), "u2")
    return _text(single, "f4") if np.array_equal(single, array, equal_nan=True) else _text(array, "f8")


def packed_shares(shares: Any) -> dict[str, str]:
    """A masked array of shares from 0 to 1 as 16-bit integers up to 65534; `HOLE` where it is masked."""
    whole = np.ma.filled(np.ma.round(shares * (HOLE - 1)), HOLE)
    return _text(whole.astype("<u2"), "u2")


def deflated(values: ArrayLike) -> dict[str, str]:
    """Whole numbers, compressed, in the smallest type that holds them; `web/base/inflate.js` reads them.

    >>> deflated([1, 2, 300])["kind"]
    'u2'
    """
    array = np.asarray(values).ravel()
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    kind = next(kind for kind in ("u1", "u2", "i2", "i4") if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    bytes_ = zlib.compress(array.astype("<" + kind).tobytes(), 6)
    return {"kind": kind, "deflate": base64.b64encode(bytes_).decode()}


def three_digits(values: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers to three digits, as whole digits times a power of ten; this compresses well.

    Numbers that are not finite have the exponent `NO_NUMBER`.

    >>> digits, exponents = three_digits([0.012345, -9.999e30, 0.0, np.inf])
    >>> digits.tolist(), exponents.tolist()
    ([123, -100, 0, 0], [-4, 29, 0, 999])
    """
    array = np.asarray(values, dtype=float)
    sizes = np.where(np.isfinite(array) & (np.abs(array) > 1e-300), np.abs(array), 1.0)
    exponents = np.floor(np.log10(sizes)).astype(np.int64) - 2
    with np.errstate(over="ignore"):
        digits = np.rint(sizes / 10.0 ** (exponents // 2) / 10.0 ** (exponents - exponents // 2)).astype(np.int64)
    carried = digits >= 1000
    digits, exponents = np.where(carried, 100, digits), exponents + carried
    is_zero = np.isfinite(array) & (np.abs(array) <= 1e-300)
    digits = np.where(np.isfinite(array) & ~is_zero, np.sign(array) * digits, 0).astype(np.int64)
    return digits, np.where(is_zero, 0, np.where(np.isfinite(array), exponents, NO_NUMBER))


def _text(array: NDArray[Any], kind: str) -> dict[str, str]:
    return {kind: base64.b64encode(array.tobytes()).decode()}


def plain(value: Any) -> Any:
    """A value of a frame as JSON. JSON has neither infinity nor NaN: these become "inf", "-inf" and None.

    >>> plain(np.float64("inf")), plain((1.0, float("nan"))), plain(np.int64(3))
    ('inf', [1.0, None], 3)
    """
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else "inf" if value > 0 else "-inf"
    return value if value is None or isinstance(value, (str, int, float, bool)) else None


def row(record: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The columns `names` (column: name in the page) of a record as JSON."""
    return {there: plain(record[here]) for here, there in names.items()}


def spaced(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` indices of `count`, evenly spaced, with the first and the last.

    >>> spaced(5, 9).tolist(), spaced(9, 3).tolist()
    ([0, 1, 2, 3, 4], [0, 4, 8])
    """
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, max(most, 2)).round().astype(np.int64))
