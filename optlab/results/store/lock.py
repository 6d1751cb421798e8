"""Locks of a results folder. The operating system releases them when their process ends, even if it is killed."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optlab.errors import InUse, UserError, file_errors_name

LOCK = ".lock"
"""The lock of the one run that may write to the folder. It is a file in the folder, which exists during the run."""

PUBLISHING = ".optlab-lock"
"""The lock for changing finished results. A run or `optlab plot` holds it for a few milliseconds."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, wait: bool) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


_MARK = re.compile(rb"[0-9a-f]{1,64}")
_LOOKS, _BETWEEN = 10, 0.02

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""The error numbers of file systems without locks, such as some network file systems."""
_OWNER = ".owner"
"""The end of the name of a file that replaces a lock there. One process can make it. It stays if that is killed."""
_PATIENCE = 10
"""The seconds for which it is waited for, because its process may have been killed."""


@contextmanager
def locked(folder: Path, name: str = LOCK, *, wait: bool = False, mark: str = "") -> Iterator[None]:
    """Make a folder if it does not exist, and hold its lock. Only one thread of all processes can hold the lock.

    At the end, the folder is removed if it is empty.

    Args:
        folder: the folder.
        name: the name of the lock.
        wait: whether to wait until the lock is free, instead of raising `InUse`.
        mark: what others can read meanwhile with `mark_of`, a hash.

    Raises:
        InUse: another process or thread holds the lock.
        UserError: the folder cannot be made, it is a link, or something else has the name of the lock.
    """
    path = folder / name
    file = _acquired(path, wait)
    try:
        os.ftruncate(file, 0)
        os.write(file, mark.encode())
        yield
    finally:
        try:
            if sys.platform == "win32":  # Windows cannot remove an open file
                os.close(file)
            for made in (path, path.with_name(path.name + _OWNER)):
                with suppress(OSError):
                    made.unlink()  # still locked, so that a process that has opened it finds it removed
        finally:
            if sys.platform != "win32":
                os.close(file)
        with suppress(OSError):
            folder.rmdir()


def mark_of(folder: Path) -> str:
    """The mark in the lock of a folder, which is written at the moment after it is locked. Empty if there is none."""
    for _ in range(_LOOKS):
        with suppress(OSError):
            if mark := (folder / LOCK).read_text(encoding="ascii", errors="replace"):
                return mark
        time.sleep(_BETWEEN)
    return ""


def _acquired(path: Path, wait: bool) -> int:
    """The lock's file, open and locked."""
    while True:
        _make(path.parent)
        _check(path)
        try:
            with file_errors_name(path.parent):
                file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except FileNotFoundError:  # another process has just removed the empty folder
            continue
        try:
            is_ours = _is_ours(file, path, wait)
        except BaseException:
            os.close(file)
            raise
        if is_ours:
            return file
        os.close(file)


def _is_owner(path: Path, wait: bool) -> bool:
    """Make the file that replaces a lock. False if another process has just removed the folder.

    Raises:
        InUse: it exists already.
    """
    owner = path.with_name(path.name + _OWNER)
    deadline = time.monotonic() + _PATIENCE * wait
    while True:
        try:
            os.close(os.open(owner, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return True
        except FileNotFoundError:
            return False
        except FileExistsError:
            if time.monotonic() >= deadline:
                raise InUse(
                    f"{path.parent}: another run is writing its results there, on a file system without locks; wait "
                    f"until it has ended, or, if it was killed, remove {owner.name}"
                ) from None
            time.sleep(_BETWEEN)


def _make(folder: Path) -> None:
    if folder.is_symlink():
        raise UserError(
            f"{folder}: is a link, and optlab does not write results through links; write the path of the folder itself"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, FileExistsError) and (folder.is_dir() or not os.path.lexists(folder)):
            return  # another process is making or removing it
        raise UserError(f"{folder}: the folder for the results cannot be made: {error.strerror}") from None


def _check(path: Path) -> None:
    """Raise if another kind of file has the name of the lock, because unlocking would remove that file."""
    try:
        status = path.lstat()
    except OSError:  # it does not exist; for other errors, opening it raises a better message
        return
    if not stat.S_ISREG(status.st_mode) or (status.st_size and not _MARK.fullmatch(path.read_bytes()[:100])):
        raise UserError(f"{path}: exists already and was not made by optlab; move it elsewhere")


def _is_ours(file: int, path: Path, wait: bool) -> bool:
    """Whether a file was locked and is still at its path. Another process may have removed it after it was opened.

    Raises:
        InUse: another process or thread holds the lock.
    """
    try:
        _lock(file, wait)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return _is_owner(path, wait)
        message = f"{path.parent}: another run is writing its results there; wait until it has ended, "
        raise InUse(f"{message}or give this one another name or another folder (--out)") from None
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
