"""The additional requirements for transforms and schedules."""

from __future__ import annotations

import numpy as np

from optlab.errors import UserError
from optlab.execution.rule import Rule
from optlab.execution.step import build
from optlab.plugins.optimizers.adam import adam
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.optimizers.gd import gd
from optlab.plugins.optimizers.lamb import lamb
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.transforms.base import Transform
from optlab.testing.checks.base import CALLED, TRACED, Check
from optlab.testing.ground import BUDGET, VECTOR, failed
from optlab.testing.wrapped_descent import WrappedDescent

HORIZONS = (1, 2, 3, 100)


def goes_around_any_rule(optimizer: Optimizer) -> None:
    """It can be combined with gradient descent, with Adam, which has states, and with LAMB, a rule for tensors."""
    assert isinstance(optimizer, WrappedDescent)
    transform = optimizer.plugin
    assert isinstance(transform, Transform)
    for rule in (gd, adam, lamb):
        choices = rule.signature.choices
        around = Rule(rule, choices, transforms=(transform,), transform_choices=(transform.signature.choices,))
        try:
            build(VECTOR.case, around, BUDGET)
        except UserError as error:
            raise failed(
                optimizer,
                f"cannot be combined with {rule.name}: {error}",
                "a transform that can be combined with any rule",
                "a transform of the gradient returns g; one of the whole step calls step once and returns the next x",
            ) from error


def is_a_factor(optimizer: Optimizer) -> None:
    """The factor is one finite, nonnegative number, in steps 1, 2, 3 and the last step of 1, 2, 3 and 100 steps."""
    for horizon in HORIZONS:
        for t in sorted({step for step in (*HORIZONS, horizon) if step <= horizon}):
            factor = _factor(optimizer, t, horizon)
            if np.shape(factor) or not np.isfinite(factor) or factor < 0:
                raise failed(
                    optimizer,
                    f"gives {factor} in step {t} of {horizon}",
                    "one finite number that is not negative: the factor on the learning rate",
                    "t begins at 1, and steps may be 1: is there a division by t - 1 or by steps - 1? A negative rate "
                    "increases the loss: use np.maximum(..., 0.0)",
                )


def every_option_of_a_schedule_matters(optimizer: Optimizer) -> None:
    """For each option there is another value that changes the factor in some step of a long run."""
    for name, default in optimizer.signature.numbers.items():
        if name == "lr":
            continue
        candidates = [default / 2, default * 2, default + 0.1, default - 0.1, default + 1, 10 * default + 10]
        values = [v for v in candidates if not optimizer.signature.out_of_range(optimizer.name, name, v)]
        steps = range(1, 1001)
        before = [_factor(optimizer, t, 1000) for t in steps]
        if all(before == [_factor(optimizer, t, 1000, **{name: v}) for t in steps] for v in values):
            raise failed(
                optimizer,
                f"gives the same factors in 1,000 steps whatever {name} is",
                "a factor that depends on every option",
                f"{name} is not used in the formula, or is overwritten",
            )


def _factor(optimizer: Optimizer, t: int, steps: int, **options: float) -> float:
    """The factor of a schedule, called directly."""
    assert isinstance(optimizer, WrappedDescent)
    schedule = optimizer.plugin
    assert isinstance(schedule, Schedule)
    supplied = {"steps": np.float64(steps)} if "steps" in schedule.signature.supplied else {}
    return schedule.function(np.float64(t), **supplied, **options)


TRANSFORM_CHECKS = (
    Check(
        "goes_around_any_rule",
        goes_around_any_rule,
        "it calls step twice or never, or returns something that is not a gradient",
        needs=(CALLED, TRACED),
    ),
)
SCHEDULE_CHECKS = (
    Check("is_a_factor", is_a_factor, "a division by zero in the first or the last step, or a negative rate"),
    Check(
        "every_option_matters",
        every_option_of_a_schedule_matters,
        "an option is not used in the formula",
        needs=(CALLED,),
    ),
)
