"""Checks of what an optimizer declares: invariances, and counterparts in other packages."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.errors import counted
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import Check, on_each_ground
from optlab.testing.ground import STEPS, Ground, Skipped, failed, history

FACTOR = 1024.0
SHIFT = 16.0
TOLERANCE = 1e-5
"""The relative tolerance, which allows for an eps that is small compared to the gradients."""
FEW = 50
"""The number of steps of a comparison with other hyperparameters than the defaults."""
UNLIKE = "a different formula under this name: eps inside the root, a bias correction that is missing or applied twice"


@on_each_ground
def keeps_steps_when_scaled(optimizer: Optimizer, ground: Ground) -> None:
    """The steps stay the same, up to an eps, when the loss is multiplied by a positive number."""
    scaled = history(optimizer, replace(ground.bowl, curvature=FACTOR * ground.bowl.curvature), ground.start)
    _compare(optimizer, ground, [x for x, *_ in scaled], f"when the loss is multiplied by {FACTOR:g}")


@on_each_ground
def keeps_steps_when_moved(optimizer: Optimizer, ground: Ground) -> None:
    """The steps stay the same when x and the minimum are moved together."""
    moved = history(optimizer, replace(ground.bowl, centre=ground.bowl.centre + SHIFT), ground.start + SHIFT)
    _compare(optimizer, ground, [x - SHIFT for x, *_ in moved], f"when x and the minimum are moved by {SHIFT:g}")


def _compare(optimizer: Optimizer, ground: Ground, found: list[np.ndarray], when: str) -> None:
    wanted = [x for x, *_ in history(optimizer, ground.bowl, ground.start)]
    length = float(np.abs(wanted[STEPS] - ground.start).max())
    for t, (a, b) in enumerate(zip(wanted, found, strict=True)):
        if not np.allclose(a, b, rtol=0, atol=TOLERANCE * length):
            raise failed(
                optimizer,
                f"goes to x = {a} in {counted(t, 'step')}, and to {b} {when}",
                "the same steps, as it declares",
                "remove it from invariant=(...), or look for a place in the formula where g, or x, does not cancel",
            )


def matches_reference(optimizer: Optimizer, reference: str) -> None:
    """The steps equal those of the counterpart in another package: 1,000 steps with the defaults, then some with
    another value of each hyperparameter that the counterpart also has.
    """
    from optlab.testing import references  # imported late, as it loads the other package

    reason = references.missing(reference)
    if reason:
        raise Skipped(reason)
    _compare_with(optimizer, reference, {}, 1000, seeds=20)
    for options in references.variants(optimizer, reference):
        _compare_with(optimizer, reference, options, FEW, seeds=1)


def _compare_with(optimizer: Optimizer, reference: str, options: Mapping[str, Any], steps: int, seeds: int) -> None:
    from optlab.testing import parity_diagnosis, references

    error = references.compare(optimizer, reference, options, steps=steps, seeds=seeds)
    if not error <= references.TOLERANCE:
        given = " and ".join(f"{name} = {value}" for name, value in options.items())
        cause = parity_diagnosis.of_mismatch(optimizer, reference, options, min(steps, FEW))
        raise failed(
            optimizer,
            f"differs from {reference} by {error:.3g} of its size within {counted(steps, 'step')}"
            + (f" with {given}" if given else "")
            + f"{cause.begin}{cause.depends}",
            f"a relative difference of at most {references.TOLERANCE:g}",
            cause.hint,
        )


INVARIANCES = {
    "scale": Check("invariant[scale]", keeps_steps_when_scaled, "a factor on the loss does not cancel"),
    "translation": Check(
        "invariant[translation]", keeps_steps_when_moved, "the position of x matters, as with hidden weight decay"
    ),
}


def checks(optimizer: Optimizer) -> Iterator[Check]:
    """The checks for the declarations of an optimizer, one per declaration."""
    for name in optimizer.invariant:
        yield INVARIANCES[name]
    for reference in optimizer.references:
        compare = functools.partial(matches_reference, reference=reference)
        yield Check(f"matches_reference[{reference}]", compare, UNLIKE)
