"""The type of a check, and a decorator that runs a check on several test functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.ground import Skipped, grounds

CALLED, TRACED, FINITE = "returns_x_and_state", "can_be_traced", "makes_a_first_step"
"""The checks that other checks need."""


@dataclass(frozen=True)
class Check:
    """A check, and the bug that it finds. `function` raises `Failed`, or `Skipped` if the check cannot be made.

    `needs` names checks whose failure would only be reported again. If one of them fails, this check is skipped.
    """

    name: str
    function: Callable[[Optimizer], None]
    catches: str
    needs: tuple[str, ...] = (CALLED,)


def on_each_ground(check: Callable[..., None]) -> Callable[..., None]:
    """Run a check of (optimizer, ground) on a vector, and for rules for tensors also on a matrix.

    The check is skipped if it is skipped on all of them. The returned check also takes `precision`, the dtype of x.
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
