"""The files that code depends on: the user's own files, files that a plugin declares or reads on load."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

OPTLAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
READS = "__optlab_reads__"
"""The name in the namespace of a drop-in file for the files that it read while it was loaded."""

_INSTALLED = tuple(
    os.path.join(path, "")
    for path in {OPTLAB, *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
)
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/")


@functools.cache
def own_digest() -> str:
    """The hash of optlab's own sources, since commits of the same version may differ."""
    names = [os.path.join(where, name) for where, _, names in os.walk(OPTLAB) for name in names if name.endswith(".py")]
    hashed = hashlib.sha256()
    for name in sorted(names):
        with open(name, "rb", buffering=0) as file:
            hashed.update(name.removeprefix(OPTLAB).encode() + b"\0" + file.read() + b"\0")
    return hashed.hexdigest()[:16]


def is_users(path: str) -> bool:
    """Whether a file is the user's own: not a file of Python, an installed package, optlab or the system."""
    is_installed = "/site-packages/" in path or "/dist-packages/" in path
    return not is_installed and not path.startswith(("<", *_INSTALLED, *_SYSTEM))


def is_users_module(module: ModuleType) -> bool:
    """Whether a module is a Python file of the user's own."""
    file = getattr(module, "__file__", None)
    return bool(file) and str(file).endswith(".py") and is_users(os.path.abspath(str(file)))


def declared(folder: Path, files: Any) -> tuple[str, ...]:
    """The paths of files that a plugin declares. Relative names start at the folder of the plugin's file.

    Raises:
        ValueError: `files` is not a list of file names, or there is no such file.
    """
    is_list = isinstance(files, Sequence) and not isinstance(files, str)
    if not is_list or not all(isinstance(file, str | os.PathLike) for file in files):
        raise ValueError('takes files as a list of their names, as in files=["table.csv"]')
    paths = [folder / file for file in files]
    for file, path in zip(files, paths, strict=True):
        if not path.is_file():
            raise ValueError(f"declares the file {str(file)!r}, and there is no file {path}")
    return tuple(map(str, paths))


# ---- files that are read while a drop-in file is loaded --------------------------------------------------------------

_listening: dict[int, set[str]] = {}
"""The files that were opened for reading, by the id of the thread that loads a drop-in file."""


@contextmanager
def noticed() -> Iterator[set[str]]:
    """Collect the user's own files that this thread opens for reading within the block, such as data and modules."""
    _listen()
    thread, found = threading.get_ident(), set[str]()
    outer = _listening.get(thread)
    _listening[thread] = found
    try:
        yield found
    finally:
        if outer is None:
            del _listening[thread]
        else:
            _listening[thread] = outer | found


@functools.cache
def _listen() -> None:
    sys.addaudithook(_audit)  # an audit hook cannot be removed


def _audit(event: str, args: Any) -> None:
    if event != "open" or not _listening:
        return
    found = _listening.get(threading.get_ident())
    if found is None:
        return
    path, mode, flags = args
    writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
    if isinstance(path, str | bytes | os.PathLike) and not writes and _is_asked_by_user(sys._getframe(1)):
        file = os.path.abspath(os.fsdecode(path))
        if f"{os.sep}__pycache__{os.sep}" in file and file.endswith(".pyc"):
            file = importlib.util.source_from_cache(file)
        if is_users(file) and os.path.isfile(file):
            found.add(file)


def _is_asked_by_user(frame: FrameType | None) -> bool:
    """Whether the user's code opened a file, itself or through functions of packages. Files that a package reads while
    it is imported do not count."""
    while frame is not None:
        code = frame.f_code
        if is_users(code.co_filename):
            return True
        if code.co_name == "<module>" and not code.co_filename.startswith("<"):
            return False
        frame = frame.f_back
    return False
