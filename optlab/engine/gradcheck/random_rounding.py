"""Arrays that measure the rounding errors of a function, and that continue it into the complex plane.

A `Perturbed` array is passed to a plain NumPy function in place of x. NumPy computes every operation on it, and the
result is changed at random by about one unit in the last place (Vignes, 1993, "A stochastic arithmetic for reliable
scientific computation"). The spread of the values of several such calls measures the rounding error, including the
effect of cancellation inside the function.

If the array is complex, each operation is the analytic continuation of the real one: `np.abs` is z or -z, not the
modulus, and comparisons use real parts. So the complex step is also right for functions with absolute values and
choices (Martins, Sturdza and Alonso, 2003, "The complex-step derivative approximation"). An operation that has no such
continuation, or is not differentiable at the point, raises `Unavailable`. So does a conversion to a plain array or
number, because later operations could not be followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from optlab.engine.gradcheck import continuation
from optlab.engine.gradcheck.continuation import Unavailable
from optlab.engine.ops import OPS

Array = NDArray[Any]
Function = Callable[..., Any]

EXACT = {"absolute", "fabs", "negative", "positive", "maximum", "minimum", "fmax", "fmin"}
EXACT |= {"sign", "floor", "ceil", "rint", "trunc", "clip", "copysign", "heaviside"}
"""Ufuncs whose results are never rounded."""

STRUCTURE = {"reshape", "ravel", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to"}
STRUCTURE |= {"concatenate", "stack", "hstack", "vstack", "column_stack", "append", "where", "take", "roll", "flip"}
STRUCTURE |= {
    "diag",
    "diagonal",
    "tile",
    "repeat",
    "triu",
    "tril",
    "atleast_1d",
    "atleast_2d",
    "copy",
    "sort",
    "delete",
}
STRUCTURE |= {
    "max",
    "min",
    "amax",
    "amin",
    "median",
    "round",
    "around",
    "fix",
    "split",
    "array_split",
    "rot90",
    "fliplr",
    "flipud",
    "select",
    "pad",
}
"""Functions that only move or select entries."""

PLAIN = {"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like", "full_like", "result_type"}
PLAIN |= {"argmax", "argmin", "argsort", "count_nonzero", "searchsorted", "isclose", "allclose", "all", "any"}
"""Functions whose results do not depend on x, or are piecewise constant."""

METHODS = {"sum", "mean", "prod", "max", "min", "dot", "cumsum", "cumprod", "clip", "var", "std", "trace", "diagonal"}
METHODS |= {"take", "repeat", "argmax", "argmin", "argsort", "ptp", "round"}
"""Methods that are NumPy functions with the array as the first argument."""

SHAPING = {"reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze", "copy"}


class Perturbed(NDArrayOperatorsMixin):
    """An array, real or complex, whose operations round at random.

    If `rng` is None, they round as usual.
    """

    def __init__(self, value: Any, rng: np.random.Generator | None = None) -> None:
        self.value: Any = np.asarray(value)
        self.rng = rng

    @property
    def is_complex(self) -> bool:
        return self.value.dtype.kind == "c"

    # ---- as an array ------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the real part, since the function is written for real numbers."""
        return self.value.real.dtype

    @property
    def T(self) -> Perturbed:  # noqa: N802
        return self._of(self.value.T)

    @property
    def builder(self) -> _Builder:
        """Executes optlab's own primitives, like the builder of a traced array."""
        return _Builder(self)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Perturbed:
        return self._of(self.value[_plain(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.value[_plain(key)] = _plain(value)

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise Unavailable("the function leaves the array")

    def __bool__(self) -> bool:
        raise Unavailable("the function leaves the array")

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            function = getattr(np, name)
            return lambda *args, **kwargs: function(self, *args, **kwargs)
        if name in SHAPING:
            method = getattr(self.value, name)
            return lambda *args, **kwargs: self._of(method(*args, **kwargs))
        raise AttributeError(name)

    def astype(self, dtype: Any, **_: Any) -> Perturbed:
        if np.dtype(dtype).kind != "f":
            raise Unavailable("the function leaves the real numbers")
        kept = np.result_type(dtype, np.complex64) if self.is_complex else dtype
        return self._of(self.value.astype(kept), rounded=True)

    # ---- operations -------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            if len(out) != 1 or not isinstance(out[0], Perturbed):
                raise Unavailable("the function leaves the array")
            result = _plain(getattr(ufunc, method)(*inputs, **kwargs))
            out[0].value = out[0].value.astype(np.result_type(out[0].value, result), copy=False)
            out[0].value[...] = result
            return out[0]
        if self._any_complex(inputs):
            if method == "__call__" and ufunc.__name__ in continuation.OTHERWISE:
                return continuation.OTHERWISE[ufunc.__name__](*map(self._as_perturbed, inputs))
            continuation.check_ufunc(ufunc, method, [np.asarray(_plain(v)) for v in inputs])
        if method == "__call__" and ufunc.signature is None:
            exact = ufunc.__name__ in EXACT
            return self._of(ufunc(*_plain(inputs), **kwargs), rounded=not exact)
        return self._of(getattr(ufunc, method)(*self._rounded_all(inputs), **kwargs), rounded=True)

    def __array_function__(self, function: Function, _: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        name = function.__name__
        if name in PLAIN:
            return function(*_real(_plain(args)), **_real(_plain(kwargs)))
        if self._any_complex((args, kwargs)):
            if name in continuation.OTHERWISE:
                return continuation.OTHERWISE[name](*args, **kwargs)
            continuation.check_function(name, _plain(args))
        if name in STRUCTURE:
            return self._of(function(*_plain(args), **_plain(kwargs)))
        return self._of(function(*self._rounded_all(args), **self._rounded_all(kwargs)), rounded=True)

    def _of(self, result: Any, rounded: bool = False) -> Any:
        """A result of NumPy as a `Perturbed` array if it is real or complex, and unchanged otherwise."""
        if isinstance(result, tuple | list):
            return type(result)(self._of(part, rounded) for part in result)
        if np.asarray(result).dtype.kind not in "fc":
            return result
        return Perturbed(self._rounded(result) if rounded else result, self.rng)

    def _as_perturbed(self, value: Any) -> Perturbed:
        return value if isinstance(value, Perturbed) else Perturbed(value, self.rng)

    def _rounded_all(self, value: Any) -> Any:
        """Arguments with every array rounded at random: the result of linear algebra is exact for perturbed inputs."""
        if isinstance(value, Perturbed):
            return self._rounded(value.value)
        if isinstance(value, dict):
            return {key: self._rounded_all(v) for key, v in value.items()}
        return type(value)(map(self._rounded_all, value)) if type(value) in (tuple, list) else value

    def _rounded(self, value: Any) -> Array:
        value = np.asarray(value)
        if self.rng is None:
            return value
        eps = np.finfo(value.dtype).eps
        if value.dtype.kind == "c":
            parts = np.stack([value.real, value.imag], axis=-1)
            parts = parts * (1 + eps * self._units(parts.shape)).astype(parts.dtype)
            return parts.view(value.dtype)[..., 0]
        return value * (1 + eps * self._units(value.shape)).astype(value.dtype)

    def _units(self, shape: tuple[int, ...]) -> Array:
        """Random numbers u with 0.5 <= |u| <= 1, so that a product with 1 + eps u changes the number."""
        assert self.rng is not None
        return self.rng.uniform(0.5, 1, shape) * self.rng.choice([-1.0, 1.0], shape)

    def _any_complex(self, values: Any) -> bool:
        if isinstance(values, Perturbed):
            return values.is_complex
        if isinstance(values, dict):
            return any(map(self._any_complex, values.values()))
        return isinstance(values, tuple | list) and any(map(self._any_complex, values))


class _Builder:
    """Replaces the builder of a graph: computes optlab's own primitives instead of recording them."""

    def __init__(self, owner: Perturbed) -> None:
        self.owner = owner

    def emit(self, op: Any, values: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        name = op if isinstance(op, str) else op.name
        if any(isinstance(v, Perturbed) and v.is_complex for v in values):
            if name not in continuation.PRIMITIVES:
                raise Unavailable(f"{name} has no continuation")
            return continuation.PRIMITIVES[name](*values, **params)
        run = (OPS[name] if isinstance(op, str) else op).run
        result = run(*(np.asarray(_plain(v)) for v in values), **params)
        return self.owner._of(result, rounded=name not in EXACT)


def _plain(value: Any) -> Any:
    """An argument with every `Perturbed` array replaced by its plain array."""
    if isinstance(value, Perturbed):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (tuple, list) else value


def _real(value: Any) -> Any:
    """An argument with every array replaced by its real part."""
    if isinstance(value, np.ndarray):
        return value.real
    if isinstance(value, dict):
        return {key: _real(v) for key, v in value.items()}
    return type(value)(map(_real, value)) if type(value) in (tuple, list) else value


def value(function: Function, x: Array, rng: np.random.Generator | None = None) -> complex | None:
    """The value of a function at x, real or complex, rounded at random if `rng` is given; None if it is not available.

    >>> f = lambda x: np.abs(x[0]) - 1e16
    >>> value(f, np.array([-2 + 1e-30j])).imag
    -1e-30
    >>> value(lambda x: float(x[0]), np.array([1.0])) is None
    True
    """
    try:
        found = function(Perturbed(x.copy(), rng))
        return complex(np.asarray(_plain(found)).item())
    except Exception:  # any exception means that the function does not accept a Perturbed array
        return None
