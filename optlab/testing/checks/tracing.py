"""Checks of traced rules: the lab records the operations of a rule once, and executes them for many runs at once."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optlab import errors
from optlab.engine.graph import Graph
from optlab.engine.replay import Input, Program, compile
from optlab.execution import runner
from optlab.execution.records import Recording, Sweep
from optlab.execution.rule import Rule
from optlab.execution.runner.choice import choose, has_llvmlite
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule, schedule
from optlab.testing.batches import seven_runs, step_graph, traced
from optlab.testing.checks.base import CALLED, TRACED, Check, on_each_ground
from optlab.testing.ground import RUNS, STEPS, Ground, Skipped, call, failed, initial, names, same, update
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
def native_equals_traced(optimizer: Optimizer, ground: Ground) -> None:
    """Machine code gives the same numbers as NumPy, up to rounding, after some steps.

    It is compared in both forms: whole trajectories, as for test functions, and single steps, as for networks.
    """
    reasons = []
    for compare in (_compare_trajectories, _compare_steps):
        try:
            compare(optimizer, ground)
        except Skipped as skip:
            reasons.append(skip)
    if len(reasons) == 2:
        raise reasons[0]


def _compare_trajectories(optimizer: Optimizer, ground: Ground) -> None:
    sweep = _sweep(optimizer, ground)
    choice = choose(sweep, step_graph(optimizer, ground))
    if choice.backend != "native":
        raise Skipped(f"it is not compiled to machine code: {choice.why}")
    native, replay = (runner.run(replace(sweep, backend=backend)) for backend in ("native", "replay"))
    assert native.x is not None
    assert replay.x is not None
    for step, (a, b) in enumerate(zip(native.x, replay.x, strict=True)):
        running = step <= np.minimum(native.steps, replay.steps)  # values after the end of a run are undefined
        _compare_points(optimizer, step, a, b, running)


def _compare_steps(optimizer: Optimizer, ground: Ground) -> None:
    x, numbers = seven_runs(optimizer, ground)
    steps = traced(optimizer, ground, x, numbers, program=_compiled), traced(optimizer, ground, x, numbers)
    running = np.ones(RUNS, bool)
    for step, ((a, *_), (b, *_)) in enumerate(zip(*steps, strict=True)):
        a, b = a.reshape(-1, RUNS), b.reshape(-1, RUNS)
        _compare_points(optimizer, step, a, b, running)
        running &= np.isfinite(b).all(axis=0)


def _compiled(graph: Graph, inputs: Sequence[Input], runs: int) -> Program:
    if not has_llvmlite():
        raise Skipped("llvmlite is not installed")
    from optlab.engine.native.by_node import StepCode  # llvmlite takes a while to load
    from optlab.engine.native.ir import Unsupported

    try:
        return StepCode(graph, inputs).program(runs)
    except Unsupported as reason:
        raise Skipped(f"its steps are not compiled to machine code: {reason}") from None


def _compare_points(optimizer: Optimizer, step: int, native: Any, replay: Any, running: Any) -> None:
    """Compare x, shape (dim, runs), of the runs that have not ended."""
    unlike = ~np.isclose(native, replay, rtol=1e-9, atol=1e-12, equal_nan=True).all(axis=0) & running
    if unlike.any():
        run = int(np.argmax(unlike))
        raise failed(
            optimizer,
            f"gives x = {native[:, run]} after step {step} in machine code, {replay[:, run]} on NumPy",
            "the same numbers, up to rounding",
            "such a rule branches on the last bit: compare with a tolerance, not with ==",
        )


@on_each_ground
def fused_equals_traced(optimizer: Optimizer, ground: Ground) -> None:
    """Fused arithmetic, as in large sweeps, gives the same bits as the separate operations."""
    if not has_llvmlite():
        raise Skipped("llvmlite is not installed")
    x, numbers = seven_runs(optimizer, ground)
    apart = traced(optimizer, ground, x, numbers)
    for t, (one, other) in enumerate(zip(traced(optimizer, ground, x, numbers, program=_fused), apart, strict=True)):
        for name, a, b in zip(names(optimizer), one, other, strict=True):
            unlike = np.argwhere(~_same_entries(a, b))
            if len(unlike):
                run = unlike[0][-1]
                raise failed(
                    optimizer,
                    f"gives {name} = {a[..., run]} after step {t} when fused, {b[..., run]} operation by operation",
                    "the same bits",
                    "does it have a custom operation that draws random numbers or depends on earlier calls?",
                )


def _fused(graph: Graph, inputs: Sequence[Input], runs: int) -> Program:
    from optlab.engine.native.fused_ufuncs import fuse  # llvmlite takes a while to load

    fused = fuse(graph, inputs)
    if fused is graph:
        raise Skipped("nothing in it can be fused")
    return compile(fused, inputs, runs)


def _same_entries(a: Any, b: Any) -> Any:
    """Where the entries are equal, including the sign of zeros; any two NaN are equal."""
    return ((a == b) & (np.signbit(a) == np.signbit(b))) | ((a != a) & (b != b))


def _sweep(optimizer: Optimizer, ground: Ground) -> Sweep:
    """Seven runs on the bowl, on the native back end if possible."""
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
