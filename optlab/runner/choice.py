"""Which back end executes a sweep, and why. The choice depends on the whole sweep, never on the block at hand."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from optlab.engine.native.expressions import Expressions, Unsupported
from optlab.engine.native.lowering import lowered
from optlab.foreign import Foreign
from optlab.records import Sweep
from optlab.step import StepGraph

# Seconds, seen on a machine with 8-wide vectors at 2.6 GHz; only their ratios matter, and only roughly.
_COMPILATION, _COMPILATION_EACH, _NATIVE_EACH = 0.012, 1.2e-4, 6e-11
_QUICK, _QUICK_EACH, _QUICK_NATIVE_EACH = 0.006, 5e-5, 1e-10
_CALL, _REPLAY_EACH = 5e-7, 4e-10


@dataclass(frozen=True)
class Choice:
    """`native`, `replay` or `foreign`, and the reason, in words that follow "because".

    `quick`: machine code that is made sooner and runs longer. It computes the same bits.
    """

    backend: str
    why: str
    quick: bool = False


def choose(sweep: Sweep, graph: StepGraph) -> Choice:
    """The back end for a sweep: the one asked for where it can, the one that is done sooner where none was."""
    if isinstance(sweep.optimizer, Foreign):
        return Choice("foreign", f"it is an optimizer of {sweep.optimizer.package}")
    if sweep.backend == "replay":
        return Choice("replay", "it was asked for")
    if sweep.case.split is not None:
        return Choice("replay", "it trains a network")
    if sweep.case.precision != "float64":
        return Choice("replay", f"it computes in {sweep.case.precision}")
    if graph.draws:
        return Choice("replay", "it draws random numbers")
    if not has_llvmlite():
        return Choice("replay", "llvmlite is not installed")
    try:
        expressions = expressions_of(graph)
    except Unsupported as reason:
        return Choice("replay", str(reason))
    if sweep.backend == "native":
        return Choice("native", "it was asked for")
    return _sooner(sweep, graph, expressions)


def has_llvmlite() -> bool:
    """Whether there is a compiler. Without one everything runs on NumPy."""
    return importlib.util.find_spec("llvmlite") is not None


def expressions_of(graph: StepGraph) -> Expressions:
    """The step graph as machine code computes it. Raises `Unsupported` where the native back end has no rule for it."""
    carried = len(graph.graph.outputs) - 1
    return lowered(graph.graph, carried, range(carried))


def _sooner(sweep: Sweep, graph: StepGraph, expressions: Expressions) -> Choice:
    count = len(expressions.needed)
    work = expressions.work * len(sweep) * sweep.steps
    full = _COMPILATION + _COMPILATION_EACH * count + _NATIVE_EACH * work
    quick = _QUICK + _QUICK_EACH * count + _QUICK_NATIVE_EACH * work
    native = min(full, quick)
    replay = _CALL * len(graph.graph.nodes) * sweep.steps + _REPLAY_EACH * work
    why = f"about {_time(min(native, replay))}, not {_time(max(native, replay))}"
    return Choice("native", why, quick < full) if native < replay else Choice("replay", why)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.0f} s"
