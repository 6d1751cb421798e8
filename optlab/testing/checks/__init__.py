"""The checks of the conformance suite, by theme. Each is a small function; its docstring is its requirement."""

from __future__ import annotations

from collections.abc import Mapping

from optlab.testing.checks import (
    basics,
    convergence,
    declared,
    hyperparameters,
    namesakes,
    numbers,
    purity,
    shapes,
    state,
    tracing,
    wrappers,
)
from optlab.testing.checks.base import Check

THEMES: Mapping[str, tuple[Check, ...]] = {
    "basics": basics.CHECKS,
    "convergence": convergence.CHECKS,
    "purity": purity.CHECKS,
    "state": state.CHECKS,
    "shapes and types": shapes.CHECKS,
    "tracing and batches": tracing.CHECKS,
    "numbers": numbers.CHECKS,
    "hyperparameters": hyperparameters.CHECKS,
    "names": namesakes.CHECKS,
}

CHECKS: tuple[Check, ...] = tuple(check for checks in THEMES.values() for check in checks)
"""The checks that apply to all optimizers, in the order in which they run."""

__all__ = ["CHECKS", "THEMES", "Check", "declared", "wrappers"]
