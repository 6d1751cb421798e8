"""Checks that the rule decreases the loss."""

from __future__ import annotations

import numpy as np

from optlab.errors import counted
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import CALLED, FINITE, Check, on_each_ground
from optlab.testing.ground import Ground, by_design, failed, history, initial, update, without_decay
from optlab.testing.landscapes import Array, Objective, Valley

LEARNING_RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@on_each_ground
def first_step_goes_downhill(optimizer: Optimizer, ground: Ground) -> None:
    """The first step goes downhill: its scalar product with the gradient is negative."""
    x, *_ = history(optimizer, ground.bowl, ground.start, 1, **without_decay(optimizer))[-1]
    g = ground.bowl.grad(ground.start)
    slope = float(np.sum(g * (x - ground.start)))
    if not slope < 0:
        raise failed(
            optimizer,
            f"takes the first step x - x_0 = {x - ground.start} where g = {g}: the product is {slope:.4g}",
            "a step at an obtuse angle to the gradient: the product is negative",
            "look at the sign; is the step computed from the new state, or from that before it?"
            + by_design("first_step_goes_downhill"),
        )


@on_each_ground
def converges_on_quadratic(optimizer: Optimizer, ground: Ground) -> None:
    """Some learning rate at least halves the loss."""
    _halves(optimizer, "quadratic", ground.bowl, ground.start, 200)


def converges_on_rosenbrock(optimizer: Optimizer) -> None:
    """Some learning rate at least halves the loss."""
    _halves(optimizer, "rosenbrock", Valley(), np.array([-1.5, 2.0]), 1000)


def _halves(optimizer: Optimizer, place: str, landscape: Objective, start: Array, budget: int) -> None:
    has_lr = "lr" in optimizer.signature.numbers
    target = float(landscape.loss(start)) / 2
    best, at = np.inf, LEARNING_RATES[0]
    for lr in LEARNING_RATES if has_lr else (0.0,):
        lowest = _lowest(optimizer, landscape, start, budget, {"lr": lr} if has_lr else {}, target)
        if lowest < target:
            return
        best, at = min((best, at), (lowest, lr))
    where = f" at lr = {at:g}, its best of {len(LEARNING_RATES)}" if has_lr else ""
    shape = f", for a matrix x of shape {start.shape}" if start.ndim > 1 else ""
    raise failed(
        optimizer,
        f"goes from loss {2 * target:.4g} to {best:.4g} in {counted(budget, 'step')}{where}{shape}",
        f"a loss below {target:.4g} on {place}, at some learning rate",
        "look at the sign of the update: x - lr * ... goes down",
    )


def _lowest(
    optimizer: Optimizer, landscape: Objective, start: Array, budget: int, numbers: dict[str, float], target: float
) -> float:
    """The loss after all steps, or the first loss below the target after a tenth of the steps."""
    values = initial(optimizer, start)
    loss = np.inf
    for t in range(1, budget + 1):
        values = update(optimizer, landscape, values, t, **numbers)
        loss = float(landscape.loss(values[0]))
        if not np.isfinite(loss):
            return np.inf
        if loss < target and 10 * t >= budget:
            break
    return loss


NEEDS = (CALLED, FINITE)

CHECKS = (
    Check(
        "first_step_goes_downhill",
        first_step_goes_downhill,
        "the update of the previous step, or the wrong sign",
        needs=NEEDS,
    ),
    Check("converges[quadratic]", converges_on_quadratic, "the update has the wrong length", needs=NEEDS),
    Check("converges[rosenbrock]", converges_on_rosenbrock, "the update has the wrong length", needs=NEEDS),
)
