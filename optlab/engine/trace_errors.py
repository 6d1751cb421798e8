"""Error messages for functions that cannot be traced: the place, what is wrong, and what to write instead."""

from __future__ import annotations

import os
import sys
from types import FrameType

import numpy as np

from optlab.engine.code_places import place_of_running
from optlab.errors import TraceError

_OURS = tuple(os.path.join(os.path.dirname(module), "") for module in (__file__, np.__file__))
_MARK = "__not_the_users__"
"""Modules outside of the engine that call the user's functions while these are traced have a global of this name."""


def users_line() -> str:
    """`file:line` of the innermost code that belongs neither to optlab nor to NumPy."""
    frame = _users_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def users_place() -> str:
    """`file:line:column` of this code, which takes longer to find."""
    return place_of_running(_users_frame())


def _users_frame() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and (frame.f_code.co_filename.startswith(_OURS) or _MARK in frame.f_globals):
        frame = frame.f_back
    return frame


def cannot(what: str, instead: str) -> TraceError:
    """The error for an operation that cannot be traced."""
    return TraceError(f"{users_place()}: {what}; {instead}")
