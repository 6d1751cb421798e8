"""A rule keeps values between steps only in the state that it returns."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np

from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import Check, on_each_ground
from optlab.testing.ground import (
    STEPS,
    Ground,
    bases,
    by_design,
    failed,
    grounds,
    history,
    initial,
    names,
    same,
    update,
)
from optlab.testing.landscapes import Array

LONG = 30
"""The number of steps in which a state must change."""

HINT = "keep memory in the state (m=0.0 after x, g), not in a global, a closure or a default argument"


@on_each_ground
def has_no_hidden_state(optimizer: Optimizer, ground: Ground) -> None:
    """Steps of another run in between change nothing."""
    alone = history(optimizer, ground.bowl, ground.start)[1:]
    _compare(optimizer, alone, _interleaved(optimizer, ground), "when called for another run in between")


def _interleaved(optimizer: Optimizer, ground: Ground) -> list[list[Any]]:
    """[x, *state] after each step of the first of two runs that take their steps alternately."""
    runs = [initial(optimizer, start) for start in (ground.start, -ground.start)]
    first = []
    for t in range(1, STEPS + 1):
        runs = [update(optimizer, ground.bowl, values, t) for values in runs]
        first.append([np.array(value) for value in runs[0]])
    return first


@on_each_ground
def starts_afresh(optimizer: Optimizer, ground: Ground) -> None:
    """A second run equals the first one, including its initial state, whatever ran before."""
    first = history(optimizer, ground.bowl, ground.start)
    history(optimizer, ground.bowl, -ground.start, 2 * STEPS)
    _compare(
        optimizer, first, history(optimizer, ground.bowl, ground.start), "when run again after another run", first=0
    )


@on_each_ground
def continues_after_saving(optimizer: Optimizer, ground: Ground) -> None:
    """A run that continues from x and the state, saved to a file after any step, gives the same bits."""
    whole = history(optimizer, ground.bowl, ground.start)
    for stop in range(STEPS):
        values = _saved_and_loaded(whole[stop])
        for t in range(stop + 1, STEPS + 1):
            values = [np.array(v) for v in update(optimizer, ground.bowl, values, t)]
        _compare(optimizer, whole[-1:], [values], f"when continued from a file of step {stop}", first=STEPS)


def _saved_and_loaded(values: list[Array]) -> list[Array]:
    file = io.BytesIO()
    np.savez(file, *values)
    file.seek(0)
    with np.load(file) as saved:
        return [saved[key] for key in saved.files]


def every_state_changes(optimizer: Optimizer) -> None:
    """For each state there is a run in which it changes.

    The runs have the options that `every_hyperparameter_matters` tries. A state that a function initialises to nonzero
    values, such as a fixed matrix, may be constant.
    """
    idle = set(optimizer.signature.state)
    for ground, base in itertools.product(grounds(optimizer), bases(optimizer)):
        first, *later = history(optimizer, ground.bowl, ground.start, LONG, **base)
        for name, old, *new in zip(names(optimizer), first, *later, strict=True):
            is_constant = callable(optimizer.signature.state.get(name)) and np.any(old)
            if is_constant or not all(same(old, value) for value in new):
                idle.discard(name)
        if not idle:
            return
    name = next(name for name in optimizer.signature.state if name in idle)
    raise failed(
        optimizer,
        f"returns {name} unchanged in each of {LONG} steps",
        "a state that changes",
        f"is the new {name} computed and returned? A constant is a hyperparameter, after the *"
        + by_design("every_state_changes"),
    )


def _compare(optimizer: Optimizer, wanted: list[Any], found: list[Any], when: str, first: int = 1) -> None:
    for t, (one, other) in enumerate(zip(wanted, found, strict=True), start=first):
        for name, a, b in zip(names(optimizer), one, other, strict=True):
            if not same(a, b):
                raise failed(
                    optimizer,
                    f"gives {name} = {a} after step {t}, and {b} {when}",
                    "the same numbers from the same x, g and state",
                    HINT,
                )


CHECKS = (
    Check(
        "has_no_hidden_state", has_no_hidden_state, "state shared between runs: globals, closures, default arguments"
    ),
    Check("starts_afresh", starts_afresh, "a value is kept from the previous run"),
    Check("every_state_changes", every_state_changes, "the new state is not computed, or not returned"),
    Check("continues_after_saving", continues_after_saving, "a run that is interrupted and continued differs"),
)
