"""What a check is, and where it is made."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.optimizers.base import Optimizer
from optlab.testing.ground import Skipped, grounds

CALLED, TRACED, FINITE = "returns_x_and_state", "can_be_traced", "makes_a_first_step"
"""The checks that others need."""


@dataclass(frozen=True)
class Check:
    """A check, and the bug it is there for. `function` raises `Failed`, or `Skipped` where it cannot be made.

    `needs` names checks without which it would only say again what they say: where one fails, it is skipped.
    """

    name: str
    function: Callable[[Optimizer], None]
    catches: str
    needs: tuple[str, ...] = (CALLED,)


def on_each_ground(check: Callable[..., None]) -> Callable[..., None]:
    """Make a check of (optimizer, ground) on a vector, and of a rule for tensors on a matrix too.

    It is skipped where it cannot be made on any of them. The check made of it takes `precision`, the type of x there.
    """

    @functools.wraps(check)
    def each(optimizer: Optimizer, precision: str = "float64", **about: Any) -> None:
        places, skipped = grounds(optimizer, precision), []
        for ground in places:
            try:
                check(optimizer, ground, **about)
            except Skipped as skip:
                skipped.append(skip)
        if len(skipped) == len(places):
            raise skipped[0]

    return each
