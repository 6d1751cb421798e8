"""One writer per results folder: a lock of the operating system, which ends with its process whatever ends that."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optlab.errors import InUse, UserError, file_errors_name

LOCK = ".lock"
"""What is locked: a file in the folder, which is there while somebody writes."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""What file systems answer that know no locks, some of networks: there one writes without."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder if there is none, and be the only one, of all processes and threads, who holds its lock.

    A folder that is empty in the end is removed.

    Raises:
        InUse: another holds it.
        UserError: the folder cannot be made.
    """
    path = folder / LOCK
    file = _acquired(path)
    try:
        yield
    finally:
        if sys.platform == "win32":  # where nobody can remove a file that is open
            os.close(file)
        with suppress(OSError):
            path.unlink()  # while it is locked: whoever has opened it by now sees that it is gone
        if sys.platform != "win32":
            os.close(file)
        with suppress(OSError):
            folder.rmdir()


def _acquired(path: Path) -> int:
    """The lock's file, open and locked."""
    while True:
        _make(path.parent)
        try:
            with file_errors_name(path.parent):
                file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # another has just removed the folder, which it left empty
            continue
        if _is_ours(file, path):
            return file
        os.close(file)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, FileExistsError) and (folder.is_dir() or not os.path.lexists(folder)):
            return  # another makes and removes it just now
        raise UserError(f"{folder}: the folder for the results cannot be made: {error.strerror}") from None


def _is_ours(file: int, path: Path) -> bool:
    """Whether a file could be locked and is still the one at its path: another may have removed it since it was opened.

    Raises:
        InUse: another holds it.
    """
    try:
        _lock(file)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        os.close(file)
        message = f"{path.parent}: another run is writing its results there; wait until it has ended, or give this"
        raise InUse(f"{message} one another name or another folder (--out)") from None
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
