"""How an experiment is watched while it is run and drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Progress = Callable[[int], None]
Watched = Callable[[str, int], AbstractContextManager[Progress]]
"""A function of the name and the size of a task. Its context yields a function that is called with the progress."""
Notify = Callable[[str], None]
"""Receives a sentence for the user."""


def unwatched(what: str, size: int) -> AbstractContextManager[Progress]:
    """Shows no progress."""
    return nullcontext(lambda done: None)
