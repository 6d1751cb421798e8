"""The lab runs the rule once, to see its operations, and executes these for many runs at once."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optlab import runner, wording
from optlab.composition import Rule
from optlab.engine.graph import Graph
from optlab.engine.replay import Input
from optlab.optimizers.base import Optimizer
from optlab.records import Recording, Sweep
from optlab.runner.choice import choose, has_llvmlite
from optlab.schedules.base import Schedule, schedule
from optlab.testing.batches import seven_runs, step_graph, traced
from optlab.testing.checks.base import CALLED, TRACED, Check, on_each_ground
from optlab.testing.ground import RUNS, STEPS, Ground, Skipped, call, failed, initial, names, same, update
from optlab.testing.landscapes import Bowl

ULPS = 64
"""How many units in the last place a traced step may be off; see `traced_equals_numpy`."""


SENSITIVE = 16
"""By how much more than a rounding of its arguments does a step may differ when traced."""


@on_each_ground
def traced_equals_numpy(optimizer: Optimizer, ground: Ground) -> None:
    """A traced step gives the numbers of the rule called directly, from the same x and state.

    To `ULPS` units in the last place of the largest number involved, not to the bit: over many runs, the engine adds
    the terms of a sum in another order. t and hyperparameters are NumPy numbers on both sides, since Python's
    `0.9**t` differs from NumPy's. Each step starts from the traced values, so that nothing builds up. A step that makes
    more than that of a rounding of its arguments, as roots of matrices do, may be off by as much.
    """
    _compare_with_numpy(optimizer, ground, None)


@on_each_ground
def follows_a_schedule(optimizer: Optimizer, ground: Ground) -> None:
    """lr may differ between runs and change in each step, as a schedule makes it."""
    if "lr" not in optimizer.signature.numbers:
        raise Skipped("it has no lr")
    _compare_with_numpy(optimizer, ground, _falling)


@schedule
def _falling(t: Any) -> Any:
    """Fall with the step."""
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
                        "the lab runs the rule once, to see its operations: what Python decides or counts is frozen",
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
    """Whether the rule called directly differs as much where x and the state are rounded otherwise.

    Roots and inverses of matrices make much of the last digits of what they are given.
    """
    moved, (low, high) = np.zeros(np.shape(wanted)), (1 - 4 * np.finfo(float).eps, 1 + 4 * np.finfo(float).eps)
    for first, second in ((low, high), (high, low)):
        nudged = [np.array(v) * np.resize([first, second, high], np.shape(v)) for v in values]
        again = update(optimizer, ground.bowl, nudged, t, **hyperparameters)[names(optimizer).index(name)]
        moved = np.maximum(moved, np.abs(again - wanted))
    return bool(np.abs(found - wanted).max() <= SENSITIVE * moved.max())


@on_each_ground
def batch_equals_row_by_row(optimizer: Optimizer, ground: Ground) -> None:
    """Runs that are executed together have the same bits as each of them alone."""
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
    """A run has the same bits whichever place among the others it has."""
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
                "does the rule use something from outside, a global, a closure, np.random?",
            )


@on_each_ground
def native_equals_traced(optimizer: Optimizer, ground: Ground) -> None:
    """Machine code gives the numbers of NumPy, up to rounding, after some steps."""
    sweep = _sweep(optimizer, ground)
    choice = choose(sweep, step_graph(optimizer, ground))
    if choice.backend != "native":
        raise Skipped(f"it is not made into machine code: {choice.why}")
    native, replay = (runner.run(replace(sweep, backend=backend)) for backend in ("native", "replay"))
    assert native.x is not None
    assert replay.x is not None
    for step, (a, b) in enumerate(zip(native.x, replay.x, strict=True)):
        goes_on = step <= np.minimum(native.steps, replay.steps)  # what stands after the end of a run is meaningless
        unlike = ~np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True).all(axis=0) & goes_on
        if unlike.any():
            run = int(np.argmax(unlike))
            raise failed(
                optimizer,
                f"gives x = {a[:, run]} after step {step} in machine code, {b[:, run]} on NumPy",
                "the same numbers, up to rounding",
                "a rule that differs this much jumps on the last bit: compare with a tolerance, not with ==",
            )


@on_each_ground
def fused_equals_traced(optimizer: Optimizer, ground: Ground) -> None:
    """Arithmetic that is fused, as in large sweeps, gives the bits that it gives operation by operation."""
    if not has_llvmlite():
        raise Skipped("llvmlite is not installed")
    x, numbers = seven_runs(optimizer, ground)
    apart = traced(optimizer, ground, x, numbers)
    for t, (one, other) in enumerate(zip(traced(optimizer, ground, x, numbers, None, _fused), apart, strict=True)):
        for name, a, b in zip(names(optimizer), one, other, strict=True):
            unlike = np.argwhere(~_same_entries(a, b))
            if len(unlike):
                run = unlike[0][-1]
                raise failed(
                    optimizer,
                    f"gives {name} = {a[..., run]} after step {t} when fused, {b[..., run]} operation by operation",
                    "the same bits",
                    "does it have an operation of its own that draws random numbers, or remembers earlier calls?",
                )


def _fused(graph: Graph, inputs: Sequence[Input]) -> Graph:
    from optlab.engine.native.fused import fuse  # llvmlite takes a while to load

    fused = fuse(graph, inputs)
    if fused is graph:
        raise Skipped("nothing in it can be fused")
    return fused


def _same_entries(a: Any, b: Any) -> Any:
    """Where the entries are equal, with the same sign; all NaN are alike."""
    return ((a == b) & (np.signbit(a) == np.signbit(b))) | ((a != a) & (b != b))


def _sweep(optimizer: Optimizer, ground: Ground) -> Sweep:
    """Seven runs on the bowl, to be made into machine code where that is possible."""
    none = np.empty(0, dtype=np.int64)
    run = np.arange(RUNS)
    rule = Rule(optimizer, dict(optimizer.signature.choices))
    return Sweep(
        id="conformance",
        case=ground.case,
        rule=rule,
        numbers=rule.parts[0].keyed(seven_runs(optimizer, ground)[1]),
        label=optimizer.name,
        steps=STEPS,
        recording=Recording(np.arange(STEPS + 1), none, trajectory=True),
        root_seed=0,
        run=run,
        seed=run,
        titles=("bowl",),
        title=np.zeros(RUNS, dtype=np.int64),
        backend="native",
    )


@on_each_ground
def counts_its_gradients(optimizer: Optimizer, ground: Ground) -> None:
    """The gradients that one step asks for are those that its result needs, and one at least."""
    counted = step_graph(optimizer, ground).grad_evals
    if counted < 1:
        raise failed(
            optimizer,
            "uses no gradient",
            "at least one gradient per step",
            "g is the gradient at x; a rule without one can be exempt from this check",
        )
    asked = _Counting(ground.bowl)
    values = initial(optimizer, ground.start)
    call(optimizer, asked, values, ground.bowl.grad(ground.start), np.float64(1))
    unseen = call(optimizer, ground.bowl, values, np.full(ground.shape, np.nan), np.float64(1))
    asked.gradients += any(np.isnan(value).any() for value in unseen)
    if asked.gradients != counted:
        raise failed(
            optimizer,
            f"asks for {wording.counted(asked.gradients, 'gradient')} in a step, of which its result needs {counted}",
            "each gradient is used",
            "take out the call of grad or hvp whose result is not used",
        )


class _Counting:
    """A bowl, counting what is asked of it. A Hessian times a vector costs two gradients."""

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
    Check("traced_equals_numpy", traced_equals_numpy, "what Python does at trace time is frozen", needs=NEEDS),
    Check("follows_a_schedule", follows_a_schedule, "lr is taken for one constant number", needs=NEEDS),
    Check("batch_equals_row_by_row", batch_equals_row_by_row, "runs of one sweep influence each other", needs=NEEDS),
    Check(
        "ignores_its_place_in_the_batch",
        ignores_its_place_in_the_batch,
        "the first run of a sweep is special",
        needs=NEEDS,
    ),
    Check(
        "native_equals_traced", native_equals_traced, "the last bit decides, and back ends differ in it", needs=NEEDS
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
    Check("counts_its_gradients", counts_its_gradients, "a gradient is computed and thrown away", needs=NEEDS),
)
