"""A rule that is called like a known one can be compared with it; unless it is, nothing has checked its formula."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from optlab.optimizers.base import Optimizer
from optlab.signature import is_built_in, summary
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
"""Rules that torch or optax have too, by their names in small letters."""

BY_NAME_ALONE: Mapping[str, tuple[str, ...]] = {
    "gd": ("torch:SGD", "optax:sgd"),
    "momentum": ("torch:SGD", "optax:sgd"),
    "nesterov": ("torch:SGD", "optax:sgd"),
    "sgd": ("torch:SGD", "optax:sgd"),
}
"""Those whose names are words that the docstrings of others have too."""


def formula_is_compared(optimizer: Optimizer) -> None:
    """A rule whose name, or the first line of whose docstring, is that of a known one declares a counterpart.

    Without one, all that the other checks say is that it is some optimizer, not that it is this one.
    """
    if is_built_in(optimizer.function):
        raise Skipped("the tests of the lab compare it")
    if optimizer.references:
        return
    known = namesake(optimizer)
    if known is None:
        raise Skipped("neither its name nor its docstring is that of a rule of torch or optax")
    counterparts = {**KNOWN, **BY_NAME_ALONE}[known]
    raise advised(
        optimizer,
        f"is called like {known}, and nothing has compared its formula with that of {known}",
        f"a counterpart that is declared; there is {' and '.join(counterparts)}",
        f'@optimizer(references={{"{counterparts[0]}": {{"lr": "lr", ...}}}}): its arguments, and what each is here',
    )


def namesake(optimizer: Optimizer) -> str | None:
    """The known rule that a name or a docstring points to: the longest of several.

    >>> from optlab.optimizers.amsgrad import amsgrad
    >>> namesake(amsgrad)
    'amsgrad'
    """
    called = _words(optimizer.name.replace("_", " "))
    by_name = [name for name in {**KNOWN, **BY_NAME_ALONE} if name in called]
    found = by_name or [name for name in KNOWN if name in _words(summary(optimizer.function))]
    return max(found, key=len, default=None)


def _words(text: str) -> set[str]:
    """The words of a text in small letters, and two that follow each other as one: "L-BFGS", "sign SGD"."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {*words, *map("".join, itertools.pairwise(words))}


CHECKS = (
    Check(
        "formula_is_compared",
        formula_is_compared,
        "a rule is called Adam, passes all checks, and is another one",
        needs=(),
    ),
)
