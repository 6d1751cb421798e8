"""Diagnosis of a difference from the counterpart: the first step that differs, and the hyperparameters involved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.errors import UserError
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing import references

LOOK_AT = {
    "eps": "is it inside the root in one rule and outside in the other, or added before a bias correction?",
    "decay": "is it added to g before the averages, or subtracted from x after them; times lr or not; of the old x?",
    "beta": "is the bias correction applied exactly once, with the power t? Is the average weighted with 1 - beta?",
    "momentum": "is the buffer updated before it is used? Does the step look ahead (Nesterov)?",
}
"""Hints on the formula, by a part of the name of a hyperparameter."""


@dataclass(frozen=True)
class Cause:
    """The diagnosis of a mismatch: its first step and its hyperparameters, as the end of a sentence, and a hint."""

    begin: str = ""
    depends: str = ""
    hint: str = "look at eps inside or outside the root, bias corrections, weight decay, the order of the updates"


def of_mismatch(optimizer: Optimizer, reference: str, options: Mapping[str, Any], steps: int) -> Cause:
    """The probable cause of the difference between a rule and its counterpart with these options.

    A difference in the first step is in the formula; a later one may be in the state. A hyperparameter is suspected if
    the difference vanishes when it is 0 and so has no effect; if there is none, pairs are tried. If `options` are
    given, the rules agree without them, so the options are suspected.
    """
    apart = references.errors(optimizer, reference, options, steps=steps, seeds=2) > references.TOLERANCE
    if not apart.any():
        return Cause(f", after the first {steps}")
    begin = int(np.argmax(apart)) + 1
    if options:  # at the defaults there is no difference
        return Cause(f", from step {begin} on", hint=_hint(list(options)))
    for neutral in _neutral(optimizer, reference):
        if not _differs(optimizer, reference, neutral, steps):
            return Cause(f", from step {begin} on", f", and not at all with {_listed(neutral)}", _hint(list(neutral)))
    hint = Cause.hint if begin == 1 else "look at the state: is each new state used, and returned?"
    return Cause(f", from step {begin} on", hint=hint)


def _neutral(optimizer: Optimizer, reference: str) -> Iterator[dict[str, float]]:
    """Values without effect for the hyperparameters that both rules have: for each alone, then for each pair."""
    signature = optimizer.signature
    least = {}
    for name in signature.numbers:
        if name in references.handed_over(optimizer, reference) - {"lr"}:
            fits = [v for v in (0.0, 1e-300) if not signature.out_of_range(optimizer.name, name, v)]
            least |= {name: fits[0]} if fits else {}
    for size in (1, 2):
        for names in itertools.combinations(least, size):
            neutral = {name: least[name] for name in names}
            arguments = references.arguments_of(optimizer, reference, neutral)[1]
            if not references.refuses(reference, arguments):
                yield neutral


def _differs(optimizer: Optimizer, reference: str, options: Mapping[str, Any], steps: int) -> bool:
    try:
        return bool(references.errors(optimizer, reference, options, steps=steps, seeds=1).max() > references.TOLERANCE)
    except (UserError, ArithmeticError, ValueError):  # one of the two rules does not accept a value
        return True


def _listed(values: Mapping[str, float]) -> str:
    return " and ".join(f"{name} = {value:g}" for name, value in values.items())


def _hint(names: Sequence[str]) -> str:
    hints = [text for part, text in LOOK_AT.items() if any(part in name for name in names)]
    return f"look at {' and '.join(names)}: {' '.join(hints) or 'where is it used in the formula?'}"
