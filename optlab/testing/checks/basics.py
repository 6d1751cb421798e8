"""What all other checks need: the rule can be called, and the lab can trace it."""

from __future__ import annotations

from optlab.optimizers.base import Optimizer
from optlab.testing.batches import step_graph
from optlab.testing.checks.base import CALLED, TRACED, Check, on_each_ground
from optlab.testing.ground import Ground, initial, update


@on_each_ground
def returns_x_and_state(optimizer: Optimizer, ground: Ground) -> None:
    """The rule can be called, and as many values come back as the signature has: x, then each state."""
    update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)  # `call` counts them


@on_each_ground
def can_be_traced(optimizer: Optimizer, ground: Ground) -> None:
    """The lab sees the operations of the rule when it runs it once on values that stand for numbers."""
    step_graph(optimizer, ground)


CHECKS = (
    Check(CALLED, returns_x_and_state, "a state is forgotten in the return, or the return itself", needs=()),
    Check(
        TRACED,
        can_be_traced,
        "what no graph can hold: Python decides by a number, an array is written to",
        needs=(CALLED,),
    ),
)
