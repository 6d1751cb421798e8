"""Imports modules while other work is done."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Iterator, Sequence


@contextlib.contextmanager
def importing(modules: Sequence[str], then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Import modules in a second thread while the block runs. At its end they are there.

    `then` is called in that thread after the imports. An exception of it is not raised.

    A module that cannot be imported is left out: the statement that needs it raises the exception.
    """
    thread = threading.Thread(target=_import, args=(modules, then), name="optlab-imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(modules: Sequence[str], then: Callable[[], None]) -> None:
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        then()
