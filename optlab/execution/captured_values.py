"""Hashes of functions with the values that they refer to, which may differ between functions of the same source."""

from __future__ import annotations

import array
import collections
import functools
import hashlib
import numbers
import os
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from optlab.plugins.source_files import is_users

_OF_EVERY_CLASS = {"__module__", "__dict__", "__weakref__", "__doc__", "__annotate__", "__annotations__", "__slots__",
                   "__firstlineno__", "__static_attributes__"}  # fmt: skip
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)


def digest_of(value: Any) -> str:
    """The hash of a value and of all values that it refers to.

    A function that the user wrote is hashed by its code, its defaults, its closure variables and the globals that it
    names; other functions are hashed by their names. Numbers, strings, arrays and containers are hashed by their
    contents, other objects by their attributes. State that is not visible as attributes, such as that of a random
    number generator, is not part of the hash.

    >>> def scaled(factor):
    ...     return lambda x: factor * x
    >>> digest_of(scaled(2.0)) == digest_of(scaled(2.0)), digest_of(scaled(2.0)) == digest_of(scaled(3.0))
    (True, False)
    """
    hashed = hashlib.sha256()
    for part in _parts(value, {}):
        hashed.update(part + b"\0")
    return hashed.hexdigest()[:16]


def _parts(value: Any, seen: dict[int, Any]) -> Iterator[bytes]:
    """The bytes that are hashed for a value, in an order that does not depend on the process.

    `seen` maps ids to the values. It keeps the values referenced, because Python reuses the id of a freed object.
    """
    if isinstance(value, _PLAIN):
        yield f"{type(value).__name__} {value!r}".encode(errors="surrogateescape")
        return
    yield type(value).__qualname__.encode()
    if id(value) in seen:  # it refers to itself
        return
    seen[id(value)] = value
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes()
        return
    for inside in _inside(value):
        yield from _parts(inside, seen)


def _inside(value: Any) -> list[Any]:
    """The values that a value consists of."""
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
        case staticmethod() | classmethod():
            return [value.__func__]
        case property():
            return [value.fget]
        case type():
            return _of_class(value)
        case Mapping():
            return [[key, value[key]] for key in sorted(value, key=repr)]
        case set() | frozenset():
            return sorted(value, key=repr)
        case list() | tuple():
            return list(value)
        case np.ndarray():
            return value.tolist()
    attributes = getattr(value, "__dict__", {})
    own = {name: child for name, child in attributes.items() if name != "__dict__"}
    slots = [name for kind in type(value).__mro__ for name in _listed(vars(kind).get("__slots__", ()))]
    own |= {name: getattr(value, name) for name in slots if hasattr(value, name)}
    kind = type(value) if _is_users_class(type(value)) else None
    return [getattr(value, "__name__", ""), own, kind, _contents(value)]


def _listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _contents(value: Any) -> Any:
    """The contents of an object that are not Python attributes: the text of a number, or the items of a container."""
    if isinstance(value, numbers.Number):
        return repr(value)
    if isinstance(value, collections.deque | array.array):
        return list(value)
    return value.to_numpy() if hasattr(type(value), "to_numpy") else None


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
    """A code object and the code objects of the functions nested in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _of_class(value: type) -> list[Any]:
    """The name of a class; for a class that the user wrote also its attributes and its bases."""
    if not _is_users_class(value):
        return [value.__qualname__]
    held = {name: own for name, own in vars(value).items() if name not in _OF_EVERY_CLASS}
    return [value.__qualname__, held, value.__bases__]


def _is_users_class(value: type) -> bool:
    module = sys.modules.get(value.__module__)
    file = getattr(module, "__file__", None)
    return value.__module__ != "builtins" and (file is None or is_users(os.path.abspath(file)))
