"""Checks of traced rules: the lab records the operations of a rule once, and executes them for many runs at once."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from optlab import errors
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule, schedule
from optlab.testing.batches import seven_runs, step_graph, traced
from optlab.testing.checks.base import CALLED, TRACED, Check, on_each_ground
from optlab.testing.checks.machine_code import fused_equals_traced, native_equals_traced
from optlab.testing.ground import RUNS, Ground, Skipped, call, failed, initial, names, same, update
from optlab.testing.landscapes import Bowl

ULPS = 64
"""The largest error of a traced step, in units in the last place; see `traced_equals_numpy`."""


SENSITIVE = 16
"""The largest error of a traced step, relative to the effect of rounding the arguments of the step."""


@on_each_ground
def traced_equals_numpy(optimizer: Optimizer, ground: Ground) -> None:
    """A traced step gives the same numbers as the rule called directly with the same x and state.

    The tolerance is `ULPS` units in the last place of the largest number: for many runs, the engine adds the terms of a
    sum in another order. t and the hyperparameters are NumPy numbers in both cases, as `0.9**t` differs between Python
    and NumPy. Each step starts from the traced values, so that errors do not accumulate. A step that amplifies the
    rounding of its arguments more than that, as roots of matrices do, may differ by as much.
    """
    _compare_with_numpy(optimizer, ground, None)


@on_each_ground
def follows_a_schedule(optimizer: Optimizer, ground: Ground) -> None:
    """lr may differ between runs and change in each step, as with a schedule."""
    if "lr" not in optimizer.signature.numbers:
        raise Skipped("it has no lr")
    _compare_with_numpy(optimizer, ground, _falling)


@schedule
def _falling(t: Any) -> Any:
    """A factor that decreases with the step."""
    return 1.0 / (1.0 + 0.5 * t)


def _compare_with_numpy(optimizer: Optimizer, ground: Ground, factor: Schedule | None) -> None:
    x, numbers = seven_runs(optimizer, ground)
    history = list(traced(optimizer, ground, x, numbers, factor))
    for t, (before, after) in enumerate(itertools.pairwise(history), start=1):
        for run in range(RUNS):
            hyperparameters = {name: column[run] for name, column in numbers.items()}
            if factor is not None:
                hyperparameters["lr"] = hyperparameters["lr"] * factor(np.float64(t))
            plain = update(optimizer, ground.bowl, [v[..., run] for v in before], t, **hyperparameters)
            for name, old, found, wanted in zip(names(optimizer), before, after, plain, strict=True):
                if not _close(found[..., run], wanted, old[..., run]) and not _is_rounding(
                    optimizer, ground, [v[..., run] for v in before], t, hyperparameters, name, found[..., run], wanted
                ):
                    raise failed(
                        optimizer,
                        f"gives {name} = {found[..., run]} in step {t} when traced, {wanted} when called",
                        "the same numbers both ways",
                        "the lab runs the rule once to record its operations: branches and counters of Python are "
                        "constant after that",
                    )


def _close(found: Any, wanted: Any, before: Any) -> bool:
    finite = [np.abs(v[np.isfinite(v)]).max(initial=0) for v in map(np.asarray, (found, wanted, before))]
    return np.allclose(found, wanted, rtol=0, atol=ULPS * np.finfo(float).eps * max(finite), equal_nan=True)


def _is_rounding(
    optimizer: Optimizer,
    ground: Ground,
    values: list[Any],
    t: int,
    hyperparameters: dict[str, Any],
    name: str,
    found: Any,
    wanted: Any,
) -> bool:
    """Whether the rule called directly differs as much if x and the state are perturbed in the last digits.

    Roots and inverses of matrices amplify such differences.
    """
    moved, (low, high) = np.zeros(np.shape(wanted)), (1 - 4 * np.finfo(float).eps, 1 + 4 * np.finfo(float).eps)
    for first, second in ((low, high), (high, low)):
        nudged = [np.array(v) * np.resize([first, second, high], np.shape(v)) for v in values]
        again = update(optimizer, ground.bowl, nudged, t, **hyperparameters)[names(optimizer).index(name)]
        moved = np.maximum(moved, np.abs(again - wanted))
    return bool(np.abs(found - wanted).max() <= SENSITIVE * moved.max())


@on_each_ground
def batch_equals_row_by_row(optimizer: Optimizer, ground: Ground) -> None:
    """Runs that are executed together give the same bits as each run alone."""
    x, numbers = seven_runs(optimizer, ground)
    together = list(traced(optimizer, ground, x, numbers))
    for run in range(RUNS):
        alone = traced(optimizer, ground, x[..., [run]], {name: column[[run]] for name, column in numbers.items()})
        for t, (many, one) in enumerate(zip(together, alone, strict=True)):
            _same_bits(
                optimizer, [a[..., run] for a in many], [b[..., 0] for b in one], t, f"among {RUNS} runs", "alone"
            )


@on_each_ground
def ignores_its_place_in_the_batch(optimizer: Optimizer, ground: Ground) -> None:
    """A run gives the same bits at any position among the other runs."""
    x, numbers = seven_runs(optimizer, ground)
    forwards = traced(optimizer, ground, x, numbers)
    backwards = traced(optimizer, ground, x[..., ::-1], {name: column[::-1] for name, column in numbers.items()})
    for t, (one, other) in enumerate(zip(forwards, backwards, strict=True)):
        for run in range(RUNS):
            turned = [b[..., RUNS - 1 - run] for b in other]
            _same_bits(optimizer, [a[..., run] for a in one], turned, t, f"as run {run}", f"as run {RUNS - 1 - run}")


def _same_bits(optimizer: Optimizer, one: list[Any], other: list[Any], t: int, where: str, elsewhere: str) -> None:
    for name, a, b in zip(names(optimizer), one, other, strict=True):
        if not same(a, b):
            raise failed(
                optimizer,
                f"gives {name} = {a} after step {t} {where}, {b} {elsewhere}",
                "the same bits, whatever other runs are in the sweep",
                "does the rule use a global, a closure or np.random?",
            )


@on_each_ground
def counts_its_gradients(optimizer: Optimizer, ground: Ground) -> None:
    """Each gradient that a step computes is used in its result, and there is at least one."""
    counted = step_graph(optimizer, ground).grad_evals
    if counted < 1:
        raise failed(
            optimizer,
            "uses no gradient",
            "at least one gradient per step",
            "g is the gradient at x; a rule without gradients can be exempt from this check",
        )
    calls = _Counting(ground.bowl)
    values = initial(optimizer, ground.start)
    call(optimizer, calls, values, ground.bowl.grad(ground.start), np.float64(1))
    unseen = call(optimizer, ground.bowl, values, np.full(ground.shape, np.nan), np.float64(1))
    calls.gradients += any(np.isnan(value).any() for value in unseen)
    if calls.gradients != counted:
        raise failed(
            optimizer,
            f"computes {errors.counted(calls.gradients, 'gradient')} in a step, but its result uses {counted}",
            "each gradient is used",
            "remove the call of grad or hvp whose result is not used",
        )


class _Counting:
    """A bowl that counts its gradients. A Hessian-vector product counts as two gradients."""

    def __init__(self, bowl: Bowl) -> None:
        self.bowl, self.gradients = bowl, 0

    def loss(self, p: Any) -> Any:
        return self.bowl.loss(p)

    def grad(self, p: Any) -> Any:
        self.gradients += 1
        return self.bowl.grad(p)

    def hvp(self, p: Any, v: Any) -> Any:
        self.gradients += 2
        return self.bowl.hvp(p, v)


NEEDS = (CALLED, TRACED)

CHECKS = (
    Check("traced_equals_numpy", traced_equals_numpy, "a value that Python computes while tracing", needs=NEEDS),
    Check("follows_a_schedule", follows_a_schedule, "lr is assumed to be constant", needs=NEEDS),
    Check("batch_equals_row_by_row", batch_equals_row_by_row, "runs of one sweep influence each other", needs=NEEDS),
    Check(
        "ignores_its_place_in_the_batch",
        ignores_its_place_in_the_batch,
        "the first run of a sweep is treated differently",
        needs=NEEDS,
    ),
    Check(
        "native_equals_traced",
        native_equals_traced,
        "a branch on the last bit, in which the back ends differ",
        needs=NEEDS,
    ),
    *(
        Check(
            f"fused_equals_traced[{precision}]",
            functools.partial(fused_equals_traced, precision=precision),
            "large sweeps give other numbers, or an error",
            needs=NEEDS,
        )
        for precision in ("float64", "float32")
    ),
    Check("counts_its_gradients", counts_its_gradients, "a gradient is computed but not used", needs=NEEDS),
)
