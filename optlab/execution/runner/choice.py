"""Which back end executes a sweep, and why. All blocks of a sweep use the same back end."""

from __future__ import annotations

import functools
import importlib.util
import math
from dataclasses import dataclass

from optlab.engine.graph import Graph
from optlab.engine.native.ir import Expressions, Unsupported
from optlab.engine.native.lowering import lowered
from optlab.engine.nodes import Node
from optlab.execution.evaluation import is_constant
from optlab.execution.records import Sweep
from optlab.execution.step import StepGraph
from optlab.plugins.external import Foreign

# Seconds, measured on a machine with 8-wide vectors at 2.6 GHz. Only their rough ratios matter.
_COMPILATION, _COMPILATION_EACH, _NATIVE_EACH = 0.012, 1.2e-4, 6e-11
_QUICK, _QUICK_EACH, _QUICK_NATIVE_EACH = 0.006, 5e-5, 1e-10
_CALL, _REPLAY_EACH, _REDUCED_EACH = 5e-7, 4e-10, 2.5e-8
_ROW, _ROW_ON_REPLAY, _RECORDED_EACH = 2e-7, 2e-6, 5e-9
_COMPILATION_BY_NODES, _COMPILATION_EACH_NODE = 0.02, 1e-3  # some sweeps share the code: those of tuning and judging
_NODES_EACH, _NODES_OUT_OF_CACHE = 1e-10, 3.5e-10
_CALL_ON_RUNS, _CALL_EACH_MATRIX, _REPLAYED_NODES_EACH = 2.5e-6, 2e-7, 5.5e-10
_IN_CACHE = 250_000
"""The most numbers that are read again and again without waiting for memory."""
_LANES = 8
"""The lanes of a vector on that machine. One run takes as long as a full vector of runs."""
_OF_MATHEMATICS = ("cbrt", "hypot", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sigmoid")
_OF_ANGLES = ("sin", "cos", "tan", "sinh", "cosh", "tanh")
_SIMPLE_OPERATIONS = (
    dict.fromkeys((*_OF_MATHEMATICS, *_OF_ANGLES, *(f"arc{name}" for name in (*_OF_ANGLES, "tan2"))), 10)
    | dict.fromkeys(("remainder", "fmod", "floor_divide"), 60)
    | {"power": 50, "logaddexp": 25}
)
"""The time of slow operations in machine code, in simple operations. In NumPy it is less by the factor `_IN_NUMPY`."""
_IN_NUMPY = 3


@dataclass(frozen=True)
class Choice:
    """The back end (`native`, `replay` or `foreign`), and the reason as words that follow "because".

    `is_whole`: whether machine code computes whole trajectories. Otherwise it computes one step of all runs. `quick`:
    whether it is optimised less, so that it is compiled faster and runs slower. Its bits are equal.
    """

    backend: str
    why: str
    is_whole: bool = False
    quick: bool = False


def choose(sweep: Sweep, graph: StepGraph) -> Choice:
    """The back end for a sweep: the requested one if it supports the sweep, or the faster one if none was requested."""
    optimizer = sweep.rule.optimizer
    if isinstance(optimizer, Foreign):
        return Choice("foreign", f"it is an optimizer of {optimizer.package}")
    if sweep.backend == "replay":
        return Choice("replay", "it was requested")
    if why := _obstacle_to_all(sweep):
        return Choice("replay", why)
    try:
        if not _is_whole(sweep, graph):
            return _by_nodes(sweep, graph)
        expressions = expressions_of(graph)
    except Unsupported as reason:
        return Choice("replay", str(reason))
    if sweep.backend == "native":
        return Choice("native", "it was requested", is_whole=True)
    return _faster(sweep, graph, expressions)


def _is_whole(sweep: Sweep, graph: StepGraph) -> bool:
    """Whether machine code can compute whole trajectories: nothing new comes from outside at each step."""
    return sweep.case.split is None and sweep.case.noise is None and not graph.draws


def _obstacle_to_all(sweep: Sweep) -> str:
    if sweep.case.precision != "float64":
        return f"it computes in {sweep.case.precision}"
    return "" if has_llvmlite() else "llvmlite is not installed"


def obstacle(sweep: Sweep, graph: StepGraph) -> str:
    """Why a sweep has no machine code for whole trajectories of a test function, whatever its operations are, or "" if
    nothing is known to be in the way."""
    if why := _obstacle_to_all(sweep):
        return why
    if sweep.case.noise is not None:
        return "its problem has noise"
    return "it draws random numbers" if graph.draws else ""


@functools.cache
def has_llvmlite() -> bool:
    """Whether llvmlite, the compiler, is installed. Without it everything runs on NumPy. Python looks in all folders
    of `sys.path` for it, which takes milliseconds on some file systems."""
    return importlib.util.find_spec("llvmlite") is not None


def expressions_of(graph: StepGraph) -> Expressions:
    """The step graph lowered for machine code. Raises `Unsupported` if the native back end has no rule for a node."""
    carried = graph.carried
    return lowered(graph.spread.graph, carried, range(carried))


def _faster(sweep: Sweep, graph: StepGraph, expressions: Expressions) -> Choice:
    count, slow = len(expressions.needed), _slow_operations(expressions)
    work_per_run = (expressions.work + slow) * sweep.steps
    full = _COMPILATION + _COMPILATION_EACH * count
    full += _NATIVE_EACH * work_per_run * _whole_vectors(len(sweep), _LANES * expressions.copies)
    quick = _QUICK + _QUICK_EACH * count + _QUICK_NATIVE_EACH * work_per_run * _whole_vectors(len(sweep), _LANES)
    rows, numbers = len(sweep.recording.steps), len(sweep) * (1 + sweep.case.dim * sweep.recording.trajectory)
    native = min(full, quick) + rows * (_ROW + _RECORDED_EACH * numbers)
    in_numpy = (expressions.work + slow / _IN_NUMPY) * len(sweep)
    time_per_step = _CALL * len(graph.graph.nodes) + _REPLAY_EACH * in_numpy + _REDUCED_EACH * _reduced(graph.graph)
    replay = time_per_step * sweep.steps
    replay += rows * (_ROW_ON_REPLAY + _RECORDED_EACH * numbers)
    return _chosen(native, replay, is_whole=True, quick=quick < full)


def constants(sweep: Sweep, graph: StepGraph) -> list[bool]:
    """For each number of the graph, whether all runs have the same value."""
    return [is_constant(sweep.numbers[key]) for key in graph.numbers]


def _by_nodes(sweep: Sweep, graph: StepGraph) -> Choice:
    """Machine code for one step of all runs, or replay."""
    code = graph.step_code
    if sweep.backend == "native":
        return Choice("native", "it was requested")
    work, nodes = sum(map(_work, graph.graph.nodes)), graph.graph.nodes
    each = _NODES_EACH if code.vectors * _LANES <= _IN_CACHE else _NODES_OUT_OF_CACHE
    native = _COMPILATION_BY_NODES + _COMPILATION_EACH_NODE * len(nodes)
    native += sweep.steps * (_CALL + each * work * _whole_vectors(len(sweep), _LANES))
    per_run = _CALL_EACH_MATRIX * len(nodes) if any(node.op.kind == "matmul" for node in nodes) else 0.0
    per_run += _REPLAYED_NODES_EACH * work
    return _chosen(native, sweep.steps * (_CALL_ON_RUNS * len(nodes) + per_run * len(sweep)))


def _work(node: Node) -> float:
    """The number of operations on single numbers of a node, in one run."""
    size = math.prod(node.output.shape)
    if node.op.kind == "matmul":
        return size * node.inputs[0].shape[-1]
    if node.op.kind == "reduce":
        return math.prod(node.inputs[0].shape)
    return 0 if node.op.kind == "view" else size * _SIMPLE_OPERATIONS.get(node.op.name, 1)


def _chosen(native: float, replay: float, **how: bool) -> Choice:
    faster, slower = _time(min(native, replay)), _time(max(native, replay))
    other = "replay" if native < replay else "native"
    why = f"{faster}, on {other} {slower.removeprefix('about ')}" if faster != slower else f"{faster} either way"
    return Choice("native", why, **how) if native < replay else Choice("replay", why)


def _reduced(graph: Graph) -> int:
    """The number of entries per run that NumPy reduces. The time per entry hardly depends on the number of runs."""
    return sum(math.prod(node.inputs[0].shape) for node in graph.nodes if node.op.kind == "reduce")


def _slow_operations(expressions: Expressions) -> int:
    """The extra time of slow operations in a step, in simple operations."""
    times = ((_SIMPLE_OPERATIONS.get(expressions.ops[i], 1) - 1, i) for i in expressions.needed)
    return sum(more * expressions.lengths.get(i, 1) for more, i in times)


def _whole_vectors(runs: int, lanes: int) -> int:
    """The number of runs, rounded up to whole vectors of lanes."""
    return -(-runs // lanes) * lanes


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return "less than 1 ms"
    return f"about {seconds * 1e3:.0f} ms" if seconds < 1 else f"about {seconds:.0f} s"
