"""A sweep as a WebAssembly module with its numbers, for `optlab/report/web/kernels/kernel.js`.

The module computes what machine code computes: whole trajectories of a rule on a case, from any start and with any
numbers. The choices and the dimension are fixed; so is the number of steps that a schedule gets, unless the step graph
has it as a number.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from optlab.errors import OptlabError
from optlab.execution.evaluation import is_constant
from optlab.execution.records import Sweep
from optlab.execution.rule import STEPS, Key
from optlab.execution.runner.choice import obstacle
from optlab.execution.runner.protocol import CHUNK
from optlab.execution.starts import starts
from optlab.execution.step import StepGraph, build_for
from optlab.plugins.external import Foreign

if TYPE_CHECKING:
    from optlab.engine.native.webassembly.by_node import NodeLayout
    from optlab.engine.native.webassembly.module import WasmLayout


LARGEST_NETWORK = 2_000
"""The most parameters of a network. Larger ones are too slow for a page, and their data too large."""


class NotPortable(OptlabError):
    """A sweep that has no WebAssembly module. The message is the reason, a sentence."""


@dataclass(frozen=True)
class WasmProgram:
    """The module of a sweep.

    - `code`, `layout`: the module. In the layout, `uniform` and `columns` are indices of `numbers`. A network has a
      module of another kind, with a `NodeLayout`; its `inputs` are the step number and then `numbers`.
    - `numbers`: the keys of the numbers that the module takes, in order: the step graph's, and for each entry of an
      array that is looked up the key of the number that it is looked up by.
    - `looked_up`: how many of the last numbers are such entries.
    - `initial`: each entry of the state before the first step: a number, or {"x": the index of an entry of x}.
    - `values`: the values of `numbers` in the sweep, each with one entry per run, or with one entry if all are equal.
    - `x0`: the start of each run, shape (runs, dim).
    """

    code: bytes
    layout: WasmLayout | NodeLayout
    numbers: tuple[Key, ...]
    looked_up: int
    initial: tuple[float | dict[str, int], ...]
    values: tuple[tuple[float, ...], ...]
    x0: tuple[tuple[float, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """The program as `kernel.js` reads it. It fits into JSON: numbers that are not finite are strings."""
        return {
            "code": base64.b64encode(self.code).decode(),
            "layout": asdict(self.layout),
            "is_network": not hasattr(self.layout, "uniform"),
            "dim": self.layout.dim,
            "numbers": [{"owner": owner, "name": name} for owner, name in self.numbers],
            "looked_up": self.looked_up,
            "initial": [one if isinstance(one, dict) else _plain(one) for one in self.initial],
            "values": [[_plain(value) for value in column] for column in self.values],
            "x0": [[_plain(value) for value in point] for point in self.x0],
        }


def program_of(
    sweep: Sweep,
    trail: bool = True,
    simd: bool = True,
    own_numbers: bool = False,
    build: Callable[[Sweep], StepGraph] = build_for,
) -> WasmProgram:
    """The WebAssembly module of a sweep.

    Args:
        sweep: its case and rule are compiled. Its starts and numbers are only returned.
        trail: whether the module records x.
        simd: whether it has vector instructions, which compute two runs at once. Without them it is as exact.
        own_numbers: whether each run of one call may have its own value of each number. Otherwise only those that
            differ in the sweep may differ, which makes the module faster.
        build: a function of the sweep that returns its step graph.

    Raises:
        NotPortable: the sweep cannot be compiled.
        TraceError, PluginError: as `step.build`.
    """
    if isinstance(sweep.rule.optimizer, Foreign):
        raise _because(f"it is an optimizer of {sweep.rule.optimizer.package}")
    if sweep.case.split and sweep.case.batch_size:
        raise _because("it trains on minibatches")
    if sweep.case.split and sweep.case.dim > LARGEST_NETWORK:
        raise _because(f"it has more than {LARGEST_NETWORK:,} parameters")
    graph = build(sweep)
    if why := obstacle(sweep, graph):
        raise _because(why)
    known = {**sweep.numbers, STEPS: np.full(len(sweep), float(sweep.steps))}
    columns = [known[key] for key in graph.numbers]
    uniform = [is_constant(column) and not own_numbers for column in columns]
    from optlab.engine.native.ir import Unsupported  # llvmlite takes a while to load

    try:
        code, layout = _network(graph) if sweep.case.split else _function(graph, uniform, trail, simd)
    except Unsupported as reason:
        raise _because(str(reason)) from None
    by = [] if sweep.case.split else [position - graph.first_number for position in graph.spread.by()]
    if by:
        columns += graph.spread.entries({graph.first_number + n: column for n, column in enumerate(columns)})
    return WasmProgram(
        code=code,
        layout=layout,
        numbers=(*graph.numbers, *(graph.numbers[n] for n in by)),
        looked_up=len(by),
        initial=_initial(graph),
        values=tuple(tuple(column[:1].tolist() if is_constant(column) else column.tolist()) for column in columns),
        x0=tuple(map(tuple, starts(sweep.case, sweep.root_seed, sweep.seed).T.tolist())),
    )


def _function(graph: StepGraph, uniform: list[bool], trail: bool, simd: bool) -> tuple[bytes, WasmLayout]:
    """The module of a test function. Its layout has indices of numbers in place of positions of inputs."""
    from optlab.engine.native.webassembly.module import module

    inputs = graph.inputs(uniform)
    inputs += [inputs[position] for position in graph.spread.by()]
    made = module(graph.spread.graph, inputs, CHUNK, trail, simd)
    first, layout = graph.first_number, made.layout
    uniform_, columns = (tuple(n - first for n in positions) for positions in (layout.uniform, layout.columns))
    return made.code, replace(layout, uniform=uniform_, columns=columns)


def _network(graph: StepGraph) -> tuple[bytes, NodeLayout]:
    from optlab.engine.native.webassembly.by_node import module_by_node

    return module_by_node(graph.graph, graph.carried)


def _because(why: str) -> NotPortable:
    return NotPortable(f"It has no WebAssembly module because {why}.")


def _initial(graph: StepGraph) -> tuple[float | dict[str, int], ...]:
    initial = graph.initial
    found: list[float | dict[str, int]] = []
    for var in initial.outputs:
        if var in initial.constants:
            found.extend(np.ravel(initial.constants[var]).astype(float).tolist())
        elif var in initial.inputs:
            found.extend({"x": n} for n in range(math.prod(var.shape)))
        else:
            raise NotPortable(
                "It has no WebAssembly module because its state before the first step is computed from x."
            )
    return tuple(found)


def _plain(value: float) -> float | str:
    """A number for JSON."""
    return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
