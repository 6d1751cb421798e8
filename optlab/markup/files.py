"""Files that are replaced as a whole, and the order in which files reach the disk."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optlab.errors import file_errors_name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, in the same folder, which is renamed to `path` at the end. If anything fails, an earlier file
    stays as it is, also if the power fails. What killed processes left of the same file is removed.

    Raises:
        OSError: the file cannot be written. The message has `path`.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with file_errors_name(path):
        _remove_parts(path)
        try:
            yield part
            sync(part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def _remove_parts(path: Path) -> None:
    """Remove the unfinished files of this path whose processes have ended."""
    named = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.part")
    with suppress(OSError):  # it is no fault of this process if they cannot be removed
        for part in path.parent.glob(f".{_literal(path.name)}.*.part"):
            found = named.fullmatch(part.name)
            if found and not _is_running(int(found[1])) and part.is_file() and not part.is_symlink():
                part.unlink()


def _literal(name: str) -> str:
    """A name as a pattern for files that matches only this name."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _is_running(process: int) -> bool:
    """Whether there is a process with this number. Windows has no way to ask that does not end the process."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # the process of another user
        return True
    return True


def sync(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk. Do nothing on systems that cannot do this for folders."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)
