"""The values that functions refer to: two functions of the same text compute different things where these differ."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from optlab.sources import is_users

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)


def digest_of(value: Any) -> str:
    """The hash of a value and of all that it refers to.

    Of a function that the user wrote these are its code, its defaults, the variables around it and the globals that it
    names; of other functions the name. Numbers, texts, arrays and containers of them are taken with their contents,
    other objects with their attributes. What an object hides, as the state of a generator of random numbers, is not
    seen.

    >>> def scaled(factor):
    ...     return lambda x: factor * x
    >>> digest_of(scaled(2.0)) == digest_of(scaled(2.0)), digest_of(scaled(2.0)) == digest_of(scaled(3.0))
    (True, False)
    """
    hashed = hashlib.sha256()
    for part in _parts(value, set()):
        hashed.update(part + b"\0")
    return hashed.hexdigest()[:16]


def _parts(value: Any, seen: set[int]) -> Iterator[bytes]:
    """What is hashed of a value, in an order that does not depend on the process."""
    if isinstance(value, _PLAIN):
        yield f"{type(value).__name__} {value!r}".encode(errors="surrogateescape")
        return
    yield type(value).__qualname__.encode()
    if id(value) in seen:  # it refers to itself
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes()
        return
    for inside in _inside(value):
        yield from _parts(inside, seen)


def _inside(value: Any) -> list[Any]:
    """What a value is made of."""
    match value:
        case types.FunctionType():
            return _of_function(value)
        case types.MethodType():
            return [value.__func__, value.__self__]
        case functools.partial():
            return [value.func, value.args, value.keywords]
        case types.CodeType():
            return [value.co_code, value.co_names, value.co_consts]
        case types.ModuleType():
            return [value.__name__]
        case type():
            return [value.__qualname__, *map(vars(value).get, _methods(value))]
        case Mapping():
            return [[key, value[key]] for key in sorted(value, key=repr)]
        case set() | frozenset():
            return sorted(value, key=repr)
        case list() | tuple():
            return list(value)
        case np.ndarray():
            return value.tolist()
    attributes = getattr(value, "__dict__", {})
    return [getattr(value, "__name__", ""), {name: child for name, child in attributes.items() if name != "__dict__"}]


def _of_function(function: types.FunctionType) -> list[Any]:
    around = [cell.cell_contents for cell in function.__closure__ or () if cell.cell_contents is not None]
    wrapped = getattr(function, "__wrapped__", None)
    own = [function.__defaults__, function.__kwdefaults__, around, wrapped]
    code = function.__code__
    if not code.co_filename.startswith("<") and not is_users(code.co_filename):
        return [function.__module__, function.__qualname__, *own]
    names = sorted({name for one in _codes(code) for name in one.co_names} & function.__globals__.keys())
    return [code, *own, [[name, function.__globals__[name]] for name in names]]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code and those of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _methods(value: type) -> list[str]:
    """The functions of a class that the user wrote."""
    return sorted(name for name, own in vars(value).items() if inspect.isfunction(own) and name != "__annotate__")
