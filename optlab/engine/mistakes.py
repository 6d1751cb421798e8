"""Error messages for functions that cannot be traced: the line, what is wrong, and what to write instead."""

from __future__ import annotations

import os
import sys

import numpy as np

from optlab.errors import TraceError

_ENGINE, _NUMPY = (os.path.join(os.path.dirname(module), "") for module in (__file__, np.__file__))
_OURS = (
    _ENGINE,
    _NUMPY,
    *(os.path.join(os.path.dirname(_ENGINE[:-1]), f"{name}.py") for name in ("step", "composition")),
)


def users_line() -> str:
    """`file:line` of the innermost code that belongs neither to optlab nor to NumPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def cannot(what: str, instead: str) -> TraceError:
    """The error for an operation that cannot be traced."""
    return TraceError(f"{users_line()}: {what}; {instead}")
