"""A rule with the name of a known rule should be compared with it. No other check verifies its formula."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from optlab.plugins.code_location import is_built_in
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.signature import summary
from optlab.testing.checks.base import Check
from optlab.testing.ground import Skipped, advised

KNOWN: Mapping[str, tuple[str, ...]] = {
    "acprop": ("optax:contrib.acprop",),
    "adabelief": ("optax:adabelief",),
    "adadelta": ("torch:Adadelta", "optax:adadelta"),
    "adafactor": ("torch:Adafactor", "optax:adafactor"),
    "adagrad": ("torch:Adagrad", "optax:adagrad"),
    "adam": ("torch:Adam", "optax:adam"),
    "adamax": ("torch:Adamax", "optax:adamax"),
    "adamw": ("torch:AdamW", "optax:adamw"),
    "adan": ("optax:adan",),
    "ademamix": ("optax:contrib.ademamix",),
    "adopt": ("optax:contrib.adopt",),
    "amsgrad": ("torch:Adam", "optax:amsgrad"),
    "fromage": ("optax:fromage",),
    "lamb": ("optax:lamb",),
    "lars": ("optax:lars",),
    "lbfgs": ("torch:LBFGS", "optax:lbfgs"),
    "lion": ("optax:lion",),
    "madgrad": ("optax:contrib.madgrad",),
    "muon": ("torch:Muon", "optax:contrib.muon"),
    "nadam": ("torch:NAdam", "optax:nadam"),
    "novograd": ("optax:novograd",),
    "prodigy": ("optax:contrib.prodigy",),
    "radam": ("torch:RAdam", "optax:radam"),
    "rmsprop": ("torch:RMSprop", "optax:rmsprop"),
    "rprop": ("torch:Rprop", "optax:rprop"),
    "signsgd": ("optax:sign_sgd",),
    "signum": ("optax:signum",),
    "sm3": ("optax:sm3",),
    "sophia": ("optax:contrib.sophia",),
    "yogi": ("optax:yogi",),
}
"""Rules that torch or optax also have, by their names in lower case."""

BY_NAME_ALONE: Mapping[str, tuple[str, ...]] = {
    "gd": ("torch:SGD", "optax:sgd"),
    "momentum": ("torch:SGD", "optax:sgd"),
    "nesterov": ("torch:SGD", "optax:sgd"),
    "sgd": ("torch:SGD", "optax:sgd"),
}
"""Rules that are recognised by name only, as the docstrings of other rules contain their names too."""


def formula_is_compared(optimizer: Optimizer) -> None:
    """A rule declares a counterpart if its name, or the first line of its docstring, contains the name of a known rule.

    The other checks show that it is a working optimizer, but not that it has the formula of this rule.
    """
    if is_built_in(optimizer.function):
        raise Skipped("it is compared in the tests of optlab")
    if optimizer.references:
        return
    known = namesake(optimizer)
    if known is None:
        raise Skipped("neither its name nor its docstring names a rule of torch or optax")
    counterparts = {**KNOWN, **BY_NAME_ALONE}[known]
    raise advised(
        optimizer,
        f"has the name of {known}, but its formula is not compared with that of {known}",
        f"a declared counterpart; there is {' and '.join(counterparts)}",
        f'write @optimizer(references={{"{counterparts[0]}": {{"lr": "lr", ...}}}}), with the hyperparameter for each '
        "argument of the counterpart",
    )


def namesake(optimizer: Optimizer) -> str | None:
    """The known rule that a name or a docstring contains. If there are several, the longest name.

    >>> from optlab.plugins.optimizers.amsgrad import amsgrad
    >>> namesake(amsgrad)
    'amsgrad'
    """
    words = _words(optimizer.name.replace("_", " "))
    by_name = [name for name in {**KNOWN, **BY_NAME_ALONE} if name in words]
    found = by_name or [name for name in KNOWN if name in _words(summary(optimizer.function))]
    return max(found, key=len, default=None)


def _words(text: str) -> set[str]:
    """The words of a text in lower case, and each pair of adjacent words joined, as for "L-BFGS" or "sign SGD"."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {*words, *map("".join, itertools.pairwise(words))}


CHECKS = (
    Check(
        "formula_is_compared",
        formula_is_compared,
        "a rule has the name Adam and passes all checks, but has another formula",
        needs=(),
    ),
)
