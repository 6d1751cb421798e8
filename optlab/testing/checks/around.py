"""What a transform or a schedule owes the lab beyond what a rule does."""

from __future__ import annotations

import numpy as np

from optlab.composition import Rule
from optlab.errors import UserError
from optlab.optimizers.adam import adam
from optlab.optimizers.base import Optimizer
from optlab.optimizers.gd import gd
from optlab.optimizers.lamb import lamb
from optlab.schedules.base import Schedule
from optlab.step import build
from optlab.testing.around import Around
from optlab.testing.checks.base import CALLED, TRACED, Check
from optlab.testing.ground import BUDGET, VECTOR, failed
from optlab.transforms.base import Transform

HORIZONS = (1, 2, 3, 100)


def goes_around_any_rule(optimizer: Optimizer) -> None:
    """The lab can put it around gradient descent, around Adam with its states, and around LAMB, a rule for tensors."""
    assert isinstance(optimizer, Around)
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
                f"cannot be put around {rule.name}: {error}",
                "a transform that fits around any rule",
                "one of the gradient returns g; one of the whole step calls step once, and returns the next x",
            ) from error


def is_a_factor(optimizer: Optimizer) -> None:
    """In steps 1, 2, 3 and the last, of 1, 2, 3 and 100 steps, it is one finite number, and not negative."""
    for horizon in HORIZONS:
        for t in sorted({step for step in (*HORIZONS, horizon) if step <= horizon}):
            factor = _factor(optimizer, t, horizon)
            if np.shape(factor) or not np.isfinite(factor) or factor < 0:
                raise failed(
                    optimizer,
                    f"gives {factor} in step {t} of {horizon}",
                    "one finite number that is not negative: the factor on the learning rate",
                    "t begins at 1, and steps may be 1: is there a division by t - 1 or by steps - 1? A rate below 0 "
                    "goes uphill: np.maximum(..., 0.0)",
                )


def every_option_of_a_schedule_matters(optimizer: Optimizer) -> None:
    """For each option there is another value with which the factor of some step of a long run is another one."""
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
                f"gives the same in 1,000 steps whatever {name} is",
                "a factor that depends on every option",
                f"{name} is forgotten in the formula, or overwritten",
            )


def _factor(optimizer: Optimizer, t: int, steps: int, **options: float) -> float:
    """What a schedule gives, called directly."""
    assert isinstance(optimizer, Around)
    schedule = optimizer.plugin
    assert isinstance(schedule, Schedule)
    supplied = {"steps": np.float64(steps)} if "steps" in schedule.signature.supplied else {}
    return schedule.function(np.float64(t), **supplied, **options)


TRANSFORM_CHECKS = (
    Check(
        "goes_around_any_rule",
        goes_around_any_rule,
        "it calls step twice or never, or returns what is no gradient",
        needs=(CALLED, TRACED),
    ),
)
SCHEDULE_CHECKS = (
    Check("is_a_factor", is_a_factor, "a division by zero at the first or the last step, or a rate below zero"),
    Check(
        "every_option_matters",
        every_option_of_a_schedule_matters,
        "an option is forgotten in the formula",
        needs=(CALLED,),
    ),
)
