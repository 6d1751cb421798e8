"""What a check is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optlab.optimizers.base import Optimizer


@dataclass(frozen=True)
class Check:
    """A check, and the bug it is there for. `function` raises `Failed`, or `Skipped` where it cannot be made."""

    name: str
    function: Callable[[Optimizer], None]
    catches: str
