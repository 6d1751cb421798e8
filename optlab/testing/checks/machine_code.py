"""Checks of machine code: the same rule in another form gives the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.replay import Input, Program, compile
from optlab.execution import runner
from optlab.execution.records import Recording, Sweep
from optlab.execution.rule import Rule
from optlab.execution.runner.choice import choose, has_llvmlite
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.batches import seven_runs, step_graph, traced
from optlab.testing.checks.base import on_each_ground
from optlab.testing.ground import RUNS, STEPS, Ground, Skipped, failed, names


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
