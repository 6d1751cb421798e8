"""Whether the rule goes downhill, and how far."""

from __future__ import annotations

import functools

import numpy as np

from optlab.optimizers.base import Optimizer
from optlab.testing.checks.base import Check
from optlab.testing.ground import (
    BOWL,
    START,
    Array,
    Landscape,
    Valley,
    failed,
    history,
    initial,
    update,
    without_decay,
)

LEARNING_RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
PLACES: dict[str, tuple[Landscape, Array, int]] = {
    "quadratic": (BOWL, START, 200),
    "rosenbrock": (Valley(), np.array([-1.5, 2.0]), 1000),
}
"""Where it is tried: the function, the start, and the number of steps in which the loss is to be halved."""


def first_step_goes_downhill(optimizer: Optimizer) -> None:
    """The first step from rest follows the gradient it was given, downwards."""
    x, *_ = history(optimizer, BOWL, START, 1, **without_decay(optimizer))[-1]
    slope = float(np.sum(BOWL.grad(START) * (x - START)))
    if not slope < 0:
        raise failed(
            optimizer,
            f"takes the first step x - x_0 = {x - START} where g = {BOWL.grad(START)}: the product is {slope:.4g}",
            "a step at an obtuse angle to the gradient: the product is negative",
            "look at the sign, and whether the step is made of the new state or of that before it",
        )


def converges(optimizer: Optimizer, place: str) -> None:
    """Some learning rate at least halves the loss."""
    ground, start, budget = PLACES[place]
    has_lr = "lr" in optimizer.signature.numbers
    target = float(ground.loss(start)) / 2
    best, at = np.inf, LEARNING_RATES[0]
    for lr in LEARNING_RATES if has_lr else (0.0,):
        lowest = _lowest(optimizer, ground, start, budget, {"lr": lr} if has_lr else {}, target)
        if lowest < target:
            return
        best, at = min((best, at), (lowest, lr))
    where = f" at lr = {at:g}, its best of {len(LEARNING_RATES)}" if has_lr else ""
    raise failed(
        optimizer,
        f"goes from loss {2 * target:.4g} to {best:.4g} in {budget} steps{where}",
        f"a loss below {target:.4g} on {place}, at some learning rate",
        "look at the sign of the update: x - lr * ... goes down",
    )


def _lowest(
    optimizer: Optimizer, ground: Landscape, start: Array, budget: int, numbers: dict[str, float], target: float
) -> float:
    """The loss at the end, or the first below the target after a tenth of the steps."""
    values = initial(optimizer, start)
    loss = np.inf
    for t in range(1, budget + 1):
        values = update(optimizer, ground, values, t, **numbers)
        loss = float(ground.loss(values[0]))
        if not np.isfinite(loss):
            return np.inf
        if loss < target and 10 * t >= budget:
            break
    return loss


CHECKS = (
    Check("first_step_goes_downhill", first_step_goes_downhill, "the update of the step before, or the wrong sign"),
    *(
        Check(f"converges[{place}]", functools.partial(converges, place=place), "the update has the wrong length")
        for place in PLACES
    ),
)
