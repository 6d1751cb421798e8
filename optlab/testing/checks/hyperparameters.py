"""Hyperparameters are there, documented, within their ranges, and each of them matters."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from optlab.optimizers.base import Optimizer
from optlab.signature import summary
from optlab.testing.around import Around
from optlab.testing.checks.base import CALLED, FINITE, Check, on_each_ground
from optlab.testing.ground import Ground, Skipped, advised, bases, by_design, failed, grounds, history, names, same

LONG = 30
"""Steps in which a hyperparameter shows what it does."""


def has_hyperparameters(optimizer: Optimizer) -> None:
    """There is a hyperparameter to sweep, and each has a usable default."""
    if not optimizer.signature.numbers:
        whole = [n for n, v in optimizer.signature.choices.items() if isinstance(v, int) and not isinstance(v, bool)]
        raise failed(
            optimizer,
            "has no hyperparameter that is a real number",
            "at least one keyword with a float as default, to sweep over",
            f"write {whole[0]}={optimizer.signature.choices[whole[0]]}.0" if whole else "*, lr=0.01",
        )
    for name, default in optimizer.signature.numbers.items():
        if not np.isfinite(default):
            raise failed(optimizer, f"has the default {name}={default}", "a finite default", "a value that works")


def names_its_source(optimizer: Optimizer) -> None:
    """The first line of the docstring says what the rule is and where it comes from, with the year."""
    first = summary(optimizer.function)
    if not re.search(r"\b(1[6-9]|20)\d\d\b", first):
        raise advised(
            optimizer,
            f"says in the first line of its docstring: {first!r}" if first else "has no docstring",
            "a first line that says what it is and whose, with the year; `optlab list optimizers` shows it",
            f'"""{optimizer.name} (author, year)."""',
        )


def documents_its_hyperparameters(optimizer: Optimizer) -> None:
    """The docstring speaks of every hyperparameter by its name."""
    text = inspect.getdoc(optimizer.function) or ""
    own = optimizer.plugin.signature if isinstance(optimizer, Around) and optimizer.plugin else optimizer.signature
    if missing := [name for name in own.options if not re.search(rf"\b{re.escape(name)}\b", text)]:
        raise advised(
            optimizer,
            f"does not say in its docstring what {', '.join(missing)} is",
            "a word on every hyperparameter",
            "a last line such as: lr: learning rate; beta: how much of its velocity the ball keeps per step",
        )


@on_each_ground
def holds_its_ranges(optimizer: Optimizer, ground: Ground) -> None:
    """The lab refuses what lies outside of a declared range, and at ends that lie inside the rule gives finite x."""
    signature = optimizer.signature
    if not signature.ranges:
        raise Skipped("it declares no ranges")
    for name, allowed in signature.ranges.items():
        for end, inside in ((allowed.low, allowed.with_low), (allowed.high, allowed.with_high)):
            outside = np.nextafter(end, -np.inf if end == allowed.low else np.inf) if inside else end
            if np.isfinite(outside) and allowed.text not in signature.out_of_range(optimizer.name, name, outside):
                raise advised(
                    optimizer,
                    f"is given {name}={outside} although its range is {allowed}",
                    "a value outside of the range is refused",
                    "an interval is written as [0, 1) or (0, inf)",
                )
            if not inside or not np.isfinite(end):
                continue
            value = int(end) if isinstance(signature.options[name], int) else float(end)
            x, *_ = history(optimizer, ground.bowl, ground.start, **{name: value})[-1]
            if not np.isfinite(x).all():
                raise advised(
                    optimizer,
                    f"gives x = {x} for {name}={value}, which lies in its range {allowed}",
                    "a finite x",
                    f"leave the end out, as with ( in place of [, if the rule divides by it: ranges={{{name!r}: ...}}",
                )


def every_hyperparameter_matters(optimizer: Optimizer) -> None:
    """For each hyperparameter there is a run in which another value changes something.

    It is tried with the other hyperparameters at their defaults, with those that are 0 raised, with an lr that makes x
    swing (what weighs gradients of one sign only may be lost in a sign), and with each choice between true and false
    made the other way.
    """
    idle = [
        name
        for name in optimizer.signature.numbers
        if not any(_matters(optimizer, ground, name, b) for ground in grounds(optimizer) for b in bases(optimizer))
    ]
    if idle:
        raise failed(
            optimizer,
            f"computes the same whatever {idle[0]} is",
            "x or the state depends on every hyperparameter",
            _of_idleness(optimizer, idle[0]) + by_design("every_hyperparameter_matters"),
        )


def _of_idleness(optimizer: Optimizer, name: str) -> str:
    """Why a hyperparameter may have no effect."""
    for ground in grounds(optimizer):
        path = history(optimizer, ground.bowl, ground.start)
        for state, first, last in zip(names(optimizer)[1:], path[0][1:], path[-1][1:], strict=True):
            if same(first, last):
                return f"{state} comes back as it was given: is the new one returned?"
    return f"{name} is forgotten in the rule, or overwritten, or has an effect on noisy gradients alone"


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
    Check("names_its_source", names_its_source, "nobody can tell which variant it is", needs=()),
    Check(
        "documents_its_hyperparameters",
        documents_its_hyperparameters,
        "a hyperparameter that only its author knows",
        needs=(),
    ),
    Check("holds_its_ranges", holds_its_ranges, "a range that includes what the rule cannot bear", (CALLED, FINITE)),
    Check(
        "every_hyperparameter_matters",
        every_hyperparameter_matters,
        "a hyperparameter is forgotten in the rule",
        (CALLED, FINITE),
    ),
)
