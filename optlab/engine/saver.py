"""The state of a computation between two steps, which can be saved and continued later to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

State = Mapping[str, NDArray[Any]]
"""Arrays by name: all that later steps depend on, and all that is recorded. The run axis is the last one of each."""


class StateSaver(Protocol):
    """Saves the state of some runs that advance together."""

    def load(self, state: State) -> tuple[int, float]:
        """Write what was saved into these arrays. Returns its step, and the seconds per run until then.

        If nothing was saved, the arrays are unchanged, and (0, 0.0) is returned.
        """
        ...

    def due(self, is_last: bool = False) -> bool:
        """Whether the state is to be saved now. `is_last`: the computation is about to be stopped."""
        ...

    def save(self, state: State, step: int, seconds: float) -> None:
        """Save the state before a step, and the seconds per run until then. A failure is not raised."""
        ...


class Unsaved:
    """A `StateSaver` that saves nothing."""

    def load(self, state: State) -> tuple[int, float]:
        return 0, 0.0

    def due(self, is_last: bool = False) -> bool:
        return False

    def save(self, state: State, step: int, seconds: float) -> None:
        return


UNSAVED = Unsaved()
