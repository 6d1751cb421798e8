"""Hyperparameters exist, are documented, have valid ranges, and each of them has an effect."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.signature import summary
from optlab.testing.checks.base import CALLED, FINITE, Check, on_each_ground
from optlab.testing.ground import Ground, Skipped, advised, bases, by_design, failed, grounds, history, names, same
from optlab.testing.wrapped_descent import WrappedDescent

LONG = 30
"""The number of steps in which a hyperparameter must show an effect."""


def has_hyperparameters(optimizer: Optimizer) -> None:
    """There is a hyperparameter to sweep, and each has a finite default."""
    if not optimizer.signature.numbers:
        whole = [n for n, v in optimizer.signature.choices.items() if isinstance(v, int) and not isinstance(v, bool)]
        raise failed(
            optimizer,
            "has no hyperparameter that is a real number",
            "at least one keyword argument with a float as default, to sweep over",
            f"write {whole[0]}={optimizer.signature.choices[whole[0]]}.0" if whole else "*, lr=0.01",
        )
    for name, default in optimizer.signature.numbers.items():
        if not np.isfinite(default):
            raise failed(optimizer, f"has the default {name}={default}", "a finite default", "use a value that works")


def names_its_source(optimizer: Optimizer) -> None:
    """The first line of the docstring names the rule and its source, with the year."""
    first = summary(optimizer.function)
    if not re.search(r"\b(1[6-9]|20)\d\d\b", first):
        raise advised(
            optimizer,
            f"says in the first line of its docstring: {first!r}" if first else "has no docstring",
            "a first line with its name and its source, with the year; `optlab list optimizers` shows this line",
            f'"""{optimizer.name} (author, year)."""',
        )


def documents_its_hyperparameters(optimizer: Optimizer) -> None:
    """The docstring explains every hyperparameter by its name."""
    text = inspect.getdoc(optimizer.function) or ""
    own = (
        optimizer.plugin.signature
        if isinstance(optimizer, WrappedDescent) and optimizer.plugin
        else optimizer.signature
    )
    if missing := [name for name in own.options if not re.search(rf"\b{re.escape(name)}\b", text)]:
        raise advised(
            optimizer,
            f"does not explain in its docstring what {', '.join(missing)} is",
            "an explanation of every hyperparameter",
            "add a last line such as: lr: learning rate; beta: share of the velocity that is kept per step",
        )


@on_each_ground
def holds_its_ranges(optimizer: Optimizer, ground: Ground) -> None:
    """The lab refuses values outside a declared range, and the rule gives a finite x at the ends inside the range."""
    signature = optimizer.signature
    if not signature.ranges:
        raise Skipped("it declares no ranges")
    for name, allowed in signature.ranges.items():
        for end, inside in ((allowed.low, allowed.with_low), (allowed.high, allowed.with_high)):
            outside = np.nextafter(end, -np.inf if end == allowed.low else np.inf) if inside else end
            if np.isfinite(outside) and allowed.text not in signature.out_of_range(optimizer.name, name, outside):
                raise advised(
                    optimizer,
                    f"accepts {name}={outside} although its range is {allowed}",
                    "values outside the range are refused",
                    "write an interval as [0, 1) or (0, inf)",
                )
            if not inside or not np.isfinite(end):
                continue
            value = int(end) if isinstance(signature.options[name], int) else float(end)
            x, *_ = history(optimizer, ground.bowl, ground.start, **{name: value})[-1]
            if not np.isfinite(x).all():
                raise advised(
                    optimizer,
                    f"gives x = {x} for {name}={value}, which is in its range {allowed}",
                    "a finite x",
                    f"leave the end out, with ( instead of [, if the rule divides by it: ranges={{{name!r}: ...}}",
                )


def every_hyperparameter_matters(optimizer: Optimizer) -> None:
    """For each hyperparameter there is a run in which another value changes the result.

    Runs are tried with the defaults of the other hyperparameters, with nonzero values for those that are 0, with an lr
    that makes x oscillate (the weight of an average of gradients has no effect on its sign if all have the same sign),
    and with each boolean option inverted.
    """
    idle = [
        name
        for name in optimizer.signature.numbers
        if not any(_matters(optimizer, ground, name, b) for ground in grounds(optimizer) for b in bases(optimizer))
    ]
    if idle:
        raise failed(
            optimizer,
            f"computes the same values whatever {idle[0]} is",
            "x or the state depends on every hyperparameter",
            _why_without_effect(optimizer, idle[0]) + by_design("every_hyperparameter_matters"),
        )


def _why_without_effect(optimizer: Optimizer, name: str) -> str:
    """The hint for a hyperparameter without effect."""
    for ground in grounds(optimizer):
        path = history(optimizer, ground.bowl, ground.start)
        for state, first, last in zip(names(optimizer)[1:], path[0][1:], path[-1][1:], strict=True):
            if same(first, last):
                return f"{state} is returned unchanged: is the new {state} returned?"
    return f"{name} is not used in the rule, or is overwritten, or has an effect only with noisy gradients"


def _matters(optimizer: Optimizer, ground: Ground, name: str, base: dict[str, Any]) -> bool:
    default = base.get(name, optimizer.signature.numbers[name])
    before = history(optimizer, ground.bowl, ground.start, LONG, **base)
    for value in (default / 2, default * 2, default + 0.1, default - 0.1, default + 1, default * 1e-3, default * 1e6):
        if value == default or optimizer.signature.out_of_range(optimizer.name, name, value):
            continue
        after = history(optimizer, ground.bowl, ground.start, LONG, **{**base, name: value})
        if not all(
            same(a, b) for one, other in zip(before, after, strict=True) for a, b in zip(one, other, strict=True)
        ):
            return True
    return False


CHECKS = (
    Check("has_hyperparameters", has_hyperparameters, "nothing to sweep over", needs=()),
    Check("names_its_source", names_its_source, "it is not clear which variant it is", needs=()),
    Check(
        "documents_its_hyperparameters",
        documents_its_hyperparameters,
        "a hyperparameter that is not explained",
        needs=(),
    ),
    Check("holds_its_ranges", holds_its_ranges, "a range with values that make x infinite or NaN", (CALLED, FINITE)),
    Check(
        "every_hyperparameter_matters",
        every_hyperparameter_matters,
        "a hyperparameter is not used in the rule",
        (CALLED, FINITE),
    ),
)
