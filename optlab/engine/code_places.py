"""Where an error is in the user's code: `file:line:column`."""

from __future__ import annotations

import itertools
import linecache
import traceback
from types import FrameType


def place_of(frame: traceback.FrameSummary) -> str:
    """`file:line:column` of the expression of a frame, or `file:line` if its column is not known."""
    return f"{frame.filename}:{frame.lineno}{column_of(frame)}"


def column_of(frame: traceback.FrameSummary) -> str:
    """`:column` of the expression of a frame, in characters from 1; an empty text if it is not known."""
    return _column(frame.filename, frame.lineno, frame.colno)


def place_of_running(frame: FrameType) -> str:
    """`file:line:column` of the expression that a running frame evaluates, or `file:line`, as in `place_of`."""
    line, _, column, _ = next(itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    file = frame.f_code.co_filename
    return f"{file}:{frame.f_lineno}{_column(file, line, column)}"


def _column(file: str, line: int | None, column: int | None) -> str:
    text = linecache.getline(file, line or 0)
    if not text or column is None:
        return ""
    return f":{len(text.encode()[:column].decode(errors='replace')) + 1}"  # a position counts bytes
