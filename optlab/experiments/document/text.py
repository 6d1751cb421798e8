"""Reads a TOML file as text, and adds positions to the mistakes in it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from optlab.errors import Mistake, UserError, absent
from optlab.experiments.document import source_map

MAX_BYTES = 4 * source_map.MAX_SIZE
"""The maximum size in bytes: UTF-8 takes at most 4 bytes for each of `MAX_SIZE` characters."""

MAX_SHOWN = 100
"""The maximum number of mistakes that are listed individually."""


def text_of(file: Path) -> str:
    """The text of a file.

    Raises:
        UserError: there is no such file, it cannot be read, it is too long, or it is not UTF-8.
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device may never end
            raise UserError(f"{file}: is {_kind(found.st_mode)}, not a file; write the experiment to a file")
        if found.st_size > MAX_BYTES:
            raise UserError(f"{file}: has {found.st_size:,} bytes, and {MAX_BYTES:,} is the most")
        return file.read_bytes().decode("utf-8-sig")  # some editors begin a file with a byte-order mark
    except FileNotFoundError:
        near = sorted(str(p) for p in file.parent.glob("*.toml")) if file.parent.is_dir() else []
        raise UserError(absent(file) + (f"; there is {', '.join(near)}" if near else "")) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def located(found: Iterable[Mistake], source: str) -> list[Mistake]:
    """The mistakes with the positions of their paths, or of the nearest parents; at most `MAX_SHOWN`, in file order."""
    offsets = source_map.positions(source)

    def offset(mistake: Mistake) -> int:
        path = mistake.path
        return next(offsets[path[:n]] for n in range(len(path), -1, -1) if path[:n] in offsets)

    ordered = sorted(found, key=offset)
    first, rest = ordered[:MAX_SHOWN], ordered[MAX_SHOWN:]
    if rest:
        first.append(replace(rest[0], message=f"and {len(rest)} more mistakes from here on"))
    return [Mistake(m.path, m.message, *source_map.line_and_column(source, offset(m))) for m in first]


def printable(source: str) -> str:
    """Replace control characters and unusual line separators. The columns of all other characters stay the same."""
    unsafe = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
    return re.sub(unsafe, "\ufffd", source.replace("\r\n", "\n"))
