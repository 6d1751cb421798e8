"""A rule is a pure function: it has no side effects and depends on its arguments only."""

from __future__ import annotations

import itertools
import os
import random
import warnings
from typing import Any

import numpy as np

from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import Check, on_each_ground
from optlab.testing.ground import STEPS, Ground, Skipped, call, failed, history, initial, names, same, update


@on_each_ground
def keeps_inputs(optimizer: Optimizer, ground: Ground) -> None:
    """The rule does not change the arrays that are passed to it."""
    values = initial(optimizer, ground.start)
    for t in range(1, STEPS + 1):
        given = [*(np.array(v) for v in values), ground.bowl.grad(values[0])]
        before = [v.copy() for v in given]
        result = call(optimizer, ground.bowl, given[:-1], given[-1], np.float64(t))
        for name, old, new in zip([*names(optimizer), "g"], before, given, strict=True):
            if not same(old, new):
                raise failed(
                    optimizer,
                    f"changes its argument {name} in place, from {old} to {new}",
                    "arguments that are only read",
                    f"write {name} = {name} + ... instead of {name} += ... or {name}[...] = ...",
                )
        values = [np.array(v) for v in result]


@on_each_ground
def keeps_no_reference(optimizer: Optimizer, ground: Ground) -> None:
    """Arguments and returned arrays can be overwritten by the caller: a later call does not use them.

    A rule may return an argument unchanged, as in `return x - lr * g, g`. The state is then the array of the caller.
    """
    kept: list[Any] = []
    right = history(optimizer, ground.bowl, ground.start)
    for t, (before, wanted) in enumerate(itertools.pairwise(right), start=1):
        given = [v.copy() for v in before]
        g = ground.bowl.grad(given[0])
        result = call(optimizer, ground.bowl, given, g, np.float64(t))
        for name, found, expected in zip(names(optimizer), result, wanted, strict=True):
            if not same(found, expected):
                raise failed(
                    optimizer,
                    f"gives {name} = {found} in step {t} after earlier arrays were overwritten, not {expected}",
                    "arrays of an earlier call are not used again",
                    "an array kept in a global, a closure or a default argument belongs into the state",
                )
            if any(isinstance(found, np.ndarray) and np.shares_memory(found, old) for old in kept):
                raise failed(
                    optimizer,
                    f"returns {name} in step {t} in an array that it returned before",
                    "a new array from each call",
                    "out=buffer with a buffer outside the rule changes the results of earlier calls",
                )
        kept += [v for v in result if isinstance(v, np.ndarray)]
        for array in [*given, g, *result]:
            if isinstance(array, np.ndarray) and array.flags.writeable and array.dtype.kind == "f":
                array[...] = np.nan


@on_each_ground
def leaves_the_process_alone(optimizer: Optimizer, ground: Ground) -> None:
    """NumPy's error state and print options, random states, warning filters, environment and current folder stay the
    same.

    The rule is called under two error states, as a rule that sets one of them changes the other.
    """
    for state in ("ignore", "call"):
        with np.errstate(all=state, call=lambda kind, flag: None):
            before = _process()
            update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)
            after = _process()
        if changed := [what for what, value in after.items() if value != before[what]]:
            raise failed(
                optimizer,
                f"changes {changed[0]}",
                "a call that changes nothing in the process",
                "use `with np.errstate(...)`, which restores the state, and draw random numbers from an argument rng",
            )


def _process() -> dict[str, Any]:
    return {
        "np.geterr()": np.geterr(),
        "np.get_printoptions()": repr(np.get_printoptions()),
        "the state of np.random": repr(np.random.get_state()),  # noqa: NPY002
        "the state of random": random.getstate(),
        "the filters of warnings": list(warnings.filters),
        "os.environ": dict(os.environ),
        "the current folder": os.getcwd(),
    }


@on_each_ground
def is_deterministic(optimizer: Optimizer, ground: Ground) -> None:
    """The same call gives the same bits twice."""
    values = initial(optimizer, ground.start)
    once, twice = ([np.array(v) for v in update(optimizer, ground.bowl, values, 1)] for _ in range(2))
    for name, a, b in zip(names(optimizer), once, twice, strict=True):
        if not same(a, b):
            raise failed(
                optimizer,
                f"gives {name} = {a}, and when called again with the same arguments {b}",
                "the same bits",
                "do not use np.random or anything that counts calls in a rule",
            )


@on_each_ground
def ignores_the_error_state(optimizer: Optimizer, ground: Ground) -> None:
    """With ordinary numbers there is no division by zero and no invalid operation, even if the result is not used.

    So a strict error state changes nothing. Underflow is harmless and allowed.
    """
    values = initial(optimizer, ground.start)
    for t in range(1, STEPS + 1):
        quiet = update(optimizer, ground.bowl, values, t)
        try:
            with np.errstate(all="raise", under="ignore"):
                strict = update(optimizer, ground.bowl, values, t)
        except FloatingPointError as error:
            raise failed(
                optimizer,
                f"has a floating-point error in step {t} with ordinary numbers: {error}",
                "the same numbers under np.errstate(all='raise')",
                "np.where computes both branches; make the unused branch valid, for example with np.maximum(d, eps)",
            ) from error
        for name, a, b in zip(names(optimizer), quiet, strict, strict=True):
            if not same(a, b):
                raise failed(
                    optimizer,
                    f"gives {name} = {a} in step {t}, and {b} under np.errstate(all='raise')",
                    "the same numbers whatever the error state",
                    "do not use np.geterr() in the rule",
                )
        values = quiet


@on_each_ground
def takes_any_kind_of_t(optimizer: Optimizer, ground: Ground) -> None:
    """t may be a Python number, a NumPy number or a zero-dimensional array, which the rule does not write to.

    The results may differ in the last digits, as Python and NumPy compute powers differently.
    """
    if "t" not in optimizer.signature.supplied:
        raise Skipped("it has no argument t")
    values = initial(optimizer, ground.start)
    for t in (1, 7):
        wanted = update(optimizer, ground.bowl, values, t)
        for kind in (t, np.float64(t), np.array(float(t)), np.array(t)):
            g = ground.bowl.grad(values[0])
            found = call(optimizer, ground.bowl, [np.array(v) for v in values], g, kind)
            if float(kind) != t:
                raise failed(optimizer, f"changes t in place, from {t} to {kind}", "a t that is only read", "t = t + 1")
            for name, a, b in zip(names(optimizer), wanted, found, strict=True):
                if not np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True):
                    raise failed(
                        optimizer,
                        f"gives {name} = {b} for t = {kind!r}, and {a} for np.float64({t})",
                        "the same numbers for the same step",
                        "only compute with t: no isinstance, no //, no indexing by t",
                    )


CHECKS = (
    Check("keeps_inputs", keeps_inputs, "x, the gradient or the state is changed in place"),
    Check("keeps_no_reference", keeps_no_reference, "an array of an earlier call is used again, or returned again"),
    Check("leaves_the_process_alone", leaves_the_process_alone, "np.seterr, np.random.seed, os.chdir in a rule"),
    Check("is_deterministic", is_deterministic, "random numbers or counters inside the rule"),
    Check("ignores_the_error_state", ignores_the_error_state, "0 / 0 or sqrt(-1) with ordinary numbers, then hidden"),
    Check("takes_any_kind_of_t", takes_any_kind_of_t, "t is assumed to be an int, or changed in place"),
)
