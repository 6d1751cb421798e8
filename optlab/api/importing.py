"""Imports modules while other work is done."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def importing(modules: Sequence[str]) -> Iterator[None]:
    """Import modules in a second thread while the block runs. At its end they are there.

    A module that cannot be imported is left out: the statement that needs it raises the exception.
    """
    thread = threading.Thread(target=_import, args=(modules,), name="optlab-imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(modules: Sequence[str]) -> None:
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
