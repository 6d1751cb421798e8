"""Modules that drop-in files import from their own folder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


@contextmanager
def importable_beside(file: Path) -> Iterator[None]:
    """While a drop-in file is loaded, let it import what lies beside it by plain names: `from _shared import RATE`.

    What is installed comes first, so that no plugin can take its place. The modules are forgotten afterwards, so that
    those of another folder may have the same names.
    """
    folder = file.absolute().parent
    before = set(sys.modules)
    is_new = str(folder) not in sys.path
    if is_new:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    try:
        yield
    finally:
        if is_new:
            sys.path.remove(str(folder))
        for name in sys.modules.keys() - before:
            if _is_helper(sys.modules[name], file.absolute(), folder):
                del sys.modules[name]


def _is_helper(module: ModuleType, file: Path, folder: Path) -> bool:
    """Whether a module, or a package, lies in the folder of a file without being that file."""
    own = getattr(module, "__file__", None)
    places = [Path(place) for place in (*([own] if own else []), *getattr(module, "__path__", ()))]
    return any(folder in place.parents and place != file for place in places)
