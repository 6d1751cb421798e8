"""Locks of a results folder: locks of the operating system, which end with their process whatever ends that."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optlab.errors import InUse, UserError, file_errors_name

LOCK = ".lock"
"""The lock of the one run that may write to the folder: a file in it, which exists while a run holds it."""

PUBLISHING = ".optlab-lock"
"""The lock of whoever changes finished results, for the milliseconds that this takes: a run, or `optlab plot`."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, wait: bool) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""What file systems answer that know no locks, some of networks: there one writes without."""


@contextmanager
def locked(folder: Path, name: str = LOCK, *, wait: bool = False) -> Iterator[None]:
    """Make a folder if there is none, and be the only one, of all processes and threads, who holds its lock.

    A folder that is empty in the end is removed.

    Args:
        folder: the folder.
        name: of the lock.
        wait: whether to wait until another has let it go, instead of raising `InUse`.

    Raises:
        InUse: another holds it.
        UserError: the folder cannot be made, it is a link, or something else has the name of the lock.
    """
    path = folder / name
    file = _acquired(path, wait)
    try:
        yield
    finally:
        try:
            if sys.platform == "win32":  # where nobody can remove a file that is open
                os.close(file)
            with suppress(OSError):
                path.unlink()  # while it is locked: whoever has opened it by now sees that it is gone
        finally:
            if sys.platform != "win32":
                os.close(file)
        with suppress(OSError):
            folder.rmdir()


def _acquired(path: Path, wait: bool) -> int:
    """The lock's file, open and locked."""
    while True:
        _make(path.parent)
        _check(path)
        try:
            with file_errors_name(path.parent):
                file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except FileNotFoundError:  # another has just removed the folder, which it left empty
            continue
        try:
            is_ours = _is_ours(file, path, wait)
        except BaseException:
            os.close(file)
            raise
        if is_ours:
            return file
        os.close(file)


def _make(folder: Path) -> None:
    if folder.is_symlink():
        raise UserError(f"{folder}: is a link, and optlab writes no results through links; name the folder itself")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, FileExistsError) and (folder.is_dir() or not os.path.lexists(folder)):
            return  # another makes and removes it just now
        raise UserError(f"{folder}: the folder for the results cannot be made: {error.strerror}") from None


def _check(path: Path) -> None:
    """Raise where something that is no lock has its name: it would be removed in the end."""
    try:
        status = path.lstat()
    except OSError:  # it does not exist, or opening it says what is wrong
        return
    if not stat.S_ISREG(status.st_mode) or status.st_size:
        raise UserError(f"{path}: is in the way: optlab did not make it; move it elsewhere")


def _is_ours(file: int, path: Path, wait: bool) -> bool:
    """Whether a file could be locked and is still the one at its path: another may have removed it since it was opened.

    Raises:
        InUse: another holds it.
    """
    try:
        _lock(file, wait)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        message = f"{path.parent}: another run is writing its results there; wait until it has ended, or give this"
        raise InUse(f"{message} one another name or another folder (--out)") from None
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
