"""Where the code of a plugin is: the file and the line of a function, and the place of an error in it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from optlab.engine.code_places import place_of
from optlab.engine.containment import described, original
from optlab.errors import UserError


def source(function: Callable[..., Any]) -> tuple[str, int]:
    """The file of a function or a class, and the line of its first decorator, `def` or `class`."""
    if inspect.isclass(function):
        return inspect.getsourcefile(function) or "", inspect.getsourcelines(function)[1]
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def is_built_in(function: Callable[..., Any]) -> bool:
    """Whether a function is part of optlab. Then the version of optlab covers it and its imports."""
    return (function.__module__ or "").startswith("optlab.")


def location(function: Callable[..., Any]) -> str:
    """`file:line` of a function."""
    file, line = source(function)
    return f"{file}:{line}"


def complaint(error: BaseException, functions: Iterable[Callable[..., Any]], elsewhere: str) -> str:
    """The message for the user about an exception in these functions: the place in their files, and the error.

    `elsewhere` is the place if no frame is in these files. The message of a `UserError` is returned unchanged.
    """
    error = original(error)
    if isinstance(error, UserError):
        return str(error)
    files = {source(function)[0] for function in functions}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{place_of(frames[-1]) if frames else elsewhere}: {described(error)}"
