"""Why a rule differs from its counterpart: from which step on, and on which hyperparameters that depends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.errors import UserError
from optlab.optimizers.base import Optimizer
from optlab.testing import references

LOOK_AT = {
    "eps": "is it inside of the root in one and outside in the other, or added before a bias correction?",
    "decay": "is it added to g before the averages, or taken from x after them; times lr or not; of the old x?",
    "beta": "is the bias correction there, once, with the power t? Which average does it weigh, and with 1 - beta?",
    "momentum": "is the buffer updated before it is used? Does the step look ahead (Nesterov)?",
}
"""What to look at in the formula, by a part of the name of a hyperparameter."""


@dataclass(frozen=True)
class Cause:
    """What is known of a mismatch: how it begins and on what it depends, as the end of a sentence, and a hint."""

    begin: str = ""
    depends: str = ""
    hint: str = "eps in or outside of the root, bias corrections, where weight decay goes, the order of the updates"


def of_mismatch(optimizer: Optimizer, reference: str, options: Mapping[str, Any], steps: int) -> Cause:
    """Why a rule may differ from its counterpart with these options.

    The first step that differs tells the formula from what is remembered. A hyperparameter that makes the difference go
    when it has no effect, being 0, is the one to look at; if none does alone, two are tried. Where `options` are given,
    the rules are the same without them, and they are what to look at.
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
    hint = Cause.hint if begin == 1 else "what is remembered from step to step: is each new state used, and returned?"
    return Cause(f", from step {begin} on", hint=hint)


def _neutral(optimizer: Optimizer, reference: str) -> Iterator[dict[str, float]]:
    """Hyperparameters that both have without their effect, one by one, then two at a time."""
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
    except (UserError, ArithmeticError, ValueError):  # of a value that one of them does not bear
        return True


def _listed(values: Mapping[str, float]) -> str:
    return " and ".join(f"{name} = {value:g}" for name, value in values.items())


def _hint(names: Sequence[str]) -> str:
    said = [text for part, text in LOOK_AT.items() if any(part in name for name in names)]
    return f"look at {' and '.join(names)}: {' '.join(said) or 'where does it stand in the formula?'}"
