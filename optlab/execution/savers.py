"""What makes a `StateSaver` for each block of a sweep, on any worker."""

from __future__ import annotations

from typing import Any, Protocol

from optlab.engine.saver import StateSaver


class Savers(Protocol):
    """Makes a `StateSaver` for a block, which is a `Sweep`. It can be pickled.

    - `faults`: what could not be saved or loaded, as sentences.
    - `spent`: the seconds that a sweep which is continued took before.
    """

    faults: list[str]
    spent: float

    def __call__(self, block: Any) -> StateSaver: ...
