"""The conformance suite: what every update rule owes the lab, one small function per check.

Each check takes an `Optimizer`, and raises `Failed` with what was observed, what was expected, and a hint. The checks
call the rule directly, as the plain NumPy function it is; two of them also trace it, as the lab does.

    from optlab.testing.conformance import checks_for, run_check
    for check in checks_for(my_optimizer):
        run_check(check, my_optimizer)
"""

from __future__ import annotations

import functools
import itertools
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optlab.errors import TraceError, UserError
from optlab.optimizers.base import Optimizer
from optlab.signature import source, summary
from optlab.testing.ground import (
    BOWL,
    BUDGET,
    DIM,
    RUNS,
    START,
    STEPS,
    Array,
    Bowl,
    Failed,
    call,
    failed,
    initial,
    names,
    same,
    seven_runs,
    traced,
    update,
)

LEARNING_RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
ULPS = 64
"""How many units in the last place a traced step may be off; see `traced_equals_numpy`."""


@dataclass(frozen=True)
class Check:
    """A check, and the bug it is there for. `function` raises `Failed`."""

    name: str
    function: Callable[[Optimizer], None]
    catches: str


def checks_for(optimizer: Optimizer) -> tuple[Check, ...]:
    """The checks that apply to an optimizer: so far, all apply to all."""
    return CHECKS


def run_check(check: Check, optimizer: Optimizer) -> None:
    """Run one check.

    Raises:
        Failed: the optimizer does not pass, or raises an exception of its own, which becomes the `__cause__`.
    """
    try:
        with np.errstate(all="ignore"):  # as in the lab, where an overflow is data
            check.function(optimizer)
    except Failed:
        raise
    except TraceError as error:
        expected = "a rule made of NumPy operations, which the lab can trace"
        raise failed(optimizer, f"cannot be traced: {error}", expected, "the message says what to write") from error
    except Exception as error:
        raise failed(
            optimizer,
            f"raises {_with_line(error, optimizer)}",
            "an update for any finite x and g",
            "x, g and the state are arrays, here of a few numbers; t and the hyperparameters are single numbers",
        ) from error


def _with_line(error: Exception, optimizer: Optimizer) -> str:
    """The exception, and where it came from: the innermost line of the rule's own file, if it passed through it."""
    if isinstance(error, UserError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == source(optimizer.function)[0]]
    place = (own or frames)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"


# ---- the checks --------------------------------------------------------------------------------------------


def decreases_a_quadratic(optimizer: Optimizer) -> None:
    """Some learning rate at least halves the loss of a quadratic."""
    has_lr = "lr" in optimizer.signature.numbers
    first = BOWL.loss(START)
    finals = {lr: _final_loss(optimizer, {"lr": lr} if has_lr else {}) for lr in (LEARNING_RATES if has_lr else (0,))}
    best = min(finals, key=lambda lr: finals[lr])
    if not finals[best] < first / 2:
        at = f" at lr = {best:g}, its best of {len(finals)}" if has_lr else ""
        raise failed(
            optimizer,
            f"goes from loss {first:.4g} to {finals[best]:.4g} in {BUDGET} steps{at}",
            f"a loss below {first / 2:.4g} on a quadratic, at some learning rate",
            "look at the sign of the update: x - lr * ... goes down",
        )


def _final_loss(optimizer: Optimizer, numbers: dict[str, float]) -> float:
    values = initial(optimizer, START)
    for t in range(1, BUDGET + 1):
        values = update(optimizer, BOWL, values, t, **numbers)
    loss = float(BOWL.loss(values[0]))
    return loss if np.isfinite(loss) else np.inf


def batch_equals_row_by_row(optimizer: Optimizer) -> None:
    """Runs that are executed together have the same bits as each of them alone."""
    x, numbers = seven_runs(optimizer)
    together = list(traced(optimizer, x, numbers))
    for run in range(RUNS):
        alone = traced(optimizer, x[:, [run]], {name: column[[run]] for name, column in numbers.items()})
        for t, (many, one) in enumerate(zip(together, alone, strict=True)):
            for name, a, b in zip(names(optimizer), many, one, strict=True):
                if not same(a[..., run], b[..., 0]):
                    raise failed(
                        optimizer,
                        f"gives {name} = {a[..., run]} after step {t} among {RUNS} runs, {b[..., 0]} alone",
                        "the same bits, whatever other runs are in the sweep",
                        "does the rule use something from outside, a global, a closure, np.random?",
                    )


def traced_equals_numpy(optimizer: Optimizer) -> None:
    """A traced step gives the numbers of the rule called directly, from the same x and state.

    To `ULPS` units in the last place of the largest number involved, not to the bit: over many runs, the engine adds
    the terms of a sum in another order. t and hyperparameters are NumPy numbers on both sides, since Python's
    `0.9**t` differs from NumPy's. Each step starts from the traced values, so that nothing builds up.
    """
    x, numbers = seven_runs(optimizer)
    history = list(traced(optimizer, x, numbers))
    for t, (before, after) in enumerate(itertools.pairwise(history), start=1):
        for run in range(RUNS):
            hyperparameters = {name: column[run] for name, column in numbers.items()}
            plain = update(optimizer, BOWL, [v[..., run] for v in before], t, **hyperparameters)
            for name, old, found, wanted in zip(names(optimizer), before, after, plain, strict=True):
                if not _close(found[..., run], wanted, old[..., run]):
                    raise failed(
                        optimizer,
                        f"gives {name} = {found[..., run]} in step {t} when traced, {wanted} when called",
                        "the same numbers both ways",
                        "the lab runs the rule once, to see its operations: what Python decides or counts is frozen",
                    )


def _close(found: Any, wanted: Any, before: Any) -> bool:
    finite = [np.abs(v[np.isfinite(v)]).max(initial=0) for v in map(np.asarray, (found, wanted, before))]
    return np.allclose(found, wanted, rtol=0, atol=ULPS * np.finfo(float).eps * max(finite), equal_nan=True)


def keeps_inputs(optimizer: Optimizer) -> None:
    """The arrays that the rule is given are the same afterwards."""
    values = initial(optimizer, START)
    for t in range(1, STEPS + 1):
        given = [*(np.array(v) for v in values), BOWL.grad(values[0])]
        before = [v.copy() for v in given]
        result = call(optimizer, BOWL, given[:-1], given[-1], np.float64(t))
        for name, old, new in zip([*names(optimizer), "g"], before, given, strict=True):
            if not same(old, new):
                raise failed(
                    optimizer,
                    f"changes its argument {name} in place, from {old} to {new}",
                    "arguments that are only read",
                    f"write {name} = {name} + ... in place of {name} += ... or {name}[...] = ...",
                )
        values = [np.array(v) for v in result]


def keeps_shape(optimizer: Optimizer) -> None:
    """x and each state come back in the shape they had."""
    for dim in (1, DIM + 1):
        bowl = Bowl.of(dim)
        values = initial(optimizer, bowl.centre + 1)
        for t in range(1, STEPS + 1):
            result = update(optimizer, bowl, values, t)
            for name, old, new in zip(names(optimizer), values, result, strict=True):
                if np.shape(new) != np.shape(old):
                    raise failed(
                        optimizer,
                        f"returns {name} of shape {np.shape(new)} where it was given {np.shape(old)}",
                        "the same shapes in and out",
                        "a sum, mean or norm over x is a single number; np.zeros_like(x) has the shape of x",
                    )
            values = result


def keeps_dtype(optimizer: Optimizer, dtype: str) -> None:
    """x and each state come back in the dtype they had, t and the hyperparameters being of that dtype too.

    As Python numbers they would be more lenient in `lr * g`, but not in `np.sqrt(1 - beta2**t) * g`, which is as right.
    """
    bowl = Bowl.of(DIM, dtype)
    values = initial(optimizer, START.astype(dtype))
    number = np.dtype(dtype).type
    numbers = {name: number(default) for name, default in optimizer.signature.numbers.items()}
    for t in range(1, STEPS + 1):
        result = call(optimizer, bowl, values, bowl.grad(values[0]), number(t), **numbers)
        for name, old, new in zip(names(optimizer), values, map(np.asarray, result), strict=True):
            if new.dtype != old.dtype:
                raise failed(
                    optimizer,
                    f"returns {name} as {new.dtype} where it was given {old.dtype}",
                    f"{old.dtype} in, {old.dtype} out",
                    "np.zeros(n), np.array(...), np.where(c, 1.0, 0.0) are float64; np.zeros_like and t, lr, ... adapt",
                )
        values = [np.array(value) for value in result]


def has_no_hidden_state(optimizer: Optimizer) -> None:
    """Another run in between changes nothing: all a rule remembers is in the state it returns."""
    alone = _history(optimizer, [START])
    interleaved = _history(optimizer, [START, -START])
    for t, (one, other) in enumerate(zip(alone, interleaved, strict=True), start=1):
        for name, a, b in zip(names(optimizer), one, other, strict=True):
            if not same(a, b):
                raise failed(
                    optimizer,
                    f"gives {name} = {a} after step {t}, and {b} when called for another run in between",
                    "the same numbers from the same x, g and state",
                    "keep memory in the state (m=0.0 after x, g), not in a global, a closure or a default argument",
                )


def _history(optimizer: Optimizer, starts: list[Array]) -> list[list[Any]]:
    """[x, *state] after each step of the first of some runs that advance in turn."""
    runs = [initial(optimizer, start) for start in starts]
    history = []
    for t in range(1, STEPS + 1):
        runs = [update(optimizer, BOWL, values, t) for values in runs]
        history.append([np.array(value) for value in runs[0]])
    return history


def is_deterministic(optimizer: Optimizer) -> None:
    """The same call gives the same bits twice."""
    values = initial(optimizer, START)
    once, twice = ([np.array(v) for v in update(optimizer, BOWL, values, 1)] for _ in range(2))
    for name, a, b in zip(names(optimizer), once, twice, strict=True):
        if not same(a, b):
            raise failed(
                optimizer,
                f"gives {name} = {a}, and when called again with the same arguments {b}",
                "the same bits",
                "np.random or something that counts calls has no place in a rule",
            )


def finite_on_zero_gradient(optimizer: Optimizer) -> None:
    """Where there is no slope, x stays finite and the state a number, for as long as it takes.

    A state may be infinite ("the best loss so far" starts that way), but not NaN.
    """
    for start in (START, np.zeros(DIM)):
        values = initial(optimizer, start)
        for t in range(1, BUDGET + 1):
            values = update(optimizer, Bowl.flat(DIM), values, t)
            x, *state = values
            lost = [] if np.isfinite(x).all() else ["x"]
            lost += [n for n, v in zip(optimizer.signature.state, state, strict=True) if np.isnan(v).any()]
            if lost:
                raise failed(
                    optimizer,
                    f"gives {lost[0]} = {values[names(optimizer).index(lost[0])]} in step {t} with g = 0 everywhere",
                    "finite numbers",
                    "0 / 0 is NaN: add eps to the denominator, as in g / (np.linalg.norm(g) + eps)",
                )


def has_documented_hyperparameters(optimizer: Optimizer) -> None:
    """There is a docstring, a hyperparameter to sweep, and a usable default for each."""
    if not summary(optimizer.function):
        raise failed(
            optimizer,
            "has no docstring",
            "a first line that says what it is; `optlab list optimizers` shows it",
            f'"""{optimizer.name} (author, year)."""',
        )
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


CHECKS: tuple[Check, ...] = (
    Check("decreases_a_quadratic", decreases_a_quadratic, "the update has the wrong sign or length"),
    Check("batch_equals_row_by_row", batch_equals_row_by_row, "runs of one sweep influence each other"),
    Check("traced_equals_numpy", traced_equals_numpy, "what Python does at trace time is frozen, or cannot be traced"),
    Check("keeps_inputs", keeps_inputs, "x, the gradient or the state is changed in place"),
    Check("keeps_shape", keeps_shape, "a number where an array was, or broadcasting to a larger array"),
    *(
        Check(f"keeps_dtype[{dtype}]", functools.partial(keeps_dtype, dtype=dtype), "float32 silently becomes float64")
        for dtype in ("float64", "float32")
    ),
    Check(
        "has_no_hidden_state", has_no_hidden_state, "state shared between runs: globals, closures, default arguments"
    ),
    Check("is_deterministic", is_deterministic, "random numbers or counters inside the rule"),
    Check("finite_on_zero_gradient", finite_on_zero_gradient, "0 / 0 where the gradient vanishes"),
    Check("has_documented_hyperparameters", has_documented_hyperparameters, "nothing to sweep, or nothing to read"),
)
"""All checks, in the order they are run."""
