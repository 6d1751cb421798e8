"""Sweep -> Trajectories: execute the runs of a sweep step by step.

`protocol.py` defines a run and what is recorded of it; `finished.py` makes trajectories from that. `step_by_step.py`
executes one step of all runs after the other, in NumPy or in machine code by nodes. `on_llvm.py` executes whole
trajectories in machine code, and `on_external.py` the optimizers of other packages.
`choice.py` chooses one of them.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from optlab.engine.containment import contained, original
from optlab.engine.replay import Program, compile
from optlab.engine.saver import UNSAVED
from optlab.execution import fingerprint
from optlab.execution.records import Sweep, Trajectories
from optlab.execution.runner import on_external, on_llvm, step_by_step
from optlab.execution.runner.choice import Choice, choose, constants, has_llvmlite
from optlab.execution.runner.protocol import Progress
from optlab.execution.step import StepGraph, build_for
from optlab.plugins.code_location import complaint
from optlab.plugins.external import Foreign

WORTH_FUSING = 20_000_000
"""From this number of parameters times runs times steps, replay compiles fused arithmetic. Compilation takes about a
tenth of a second."""

WHOLE = 50_000_000
"""The most numbers in x and the state of all runs that machine code holds in memory. Larger sweeps run in blocks."""


class Graphs:
    """Step graphs. Sweeps with the same case, rule and steps, such as those of tuning and judging, share one.

    `was_run`: as for `step.build`.
    """

    def __init__(self, was_run: bool = False) -> None:
        self._was_run = was_run
        self._built: dict[Any, tuple[Sweep, StepGraph]] = {}

    def of(self, sweep: Sweep) -> StepGraph:
        """The step graph of a sweep; see `step.build`."""
        key = id(sweep.case), id(sweep.rule), sweep.steps, sweep.stop
        if key not in self._built:
            with np.errstate(all="ignore"):
                self._built[key] = (
                    sweep,
                    build_for(sweep, self._was_run),
                )  # the sweep keeps its case and rule, so that ids stay theirs
        return self._built[key][1]


class Runner:
    """Executes sweeps or blocks of them. Any number of threads may call it. Each sweep is traced and compiled once.

    `workers` is the total number of threads. They are divided among the sweeps: in machine code, several threads work
    on one sweep if there are fewer sweeps than threads. `graphs` has the step graphs of earlier sweeps.
    """

    def __init__(self, sweeps: Sequence[Sweep], workers: int = 1, graphs: Graphs | None = None) -> None:
        threads = -(-workers // max(1, len(sweeps)))
        graphs = graphs or Graphs()
        self._prepared = {sweep.id: _Prepared(sweep, threads, graphs) for sweep in sweeps}

    def __call__(self, block: Sweep, progress: Progress = lambda run_steps: None) -> Trajectories:
        """Execute a sweep or a block of it.

        If the user's code raises an exception (or calls sys.exit) while it is traced or in any step, all runs end with
        the status error, and `log` holds the traceback. Exceptions of `progress` and Ctrl-C are raised to the caller.
        """
        return self._prepared[block.id].run(block, progress)

    def divides(self, sweep: Sweep) -> bool:
        """Whether a sweep is to be executed in blocks.

        Machine code divides the work among threads itself, and needs blocks only if all runs take too much memory.
        """
        return self._prepared[sweep.id].divides()

    def backend(self, sweep: Sweep) -> str:
        """The name of the back end that executed a sweep: "none" if its code failed before the first step."""
        choice = self._prepared[sweep.id].__dict__.get("choice")
        return choice.backend if choice else "none"


def run(sweep: Sweep, progress: Progress = lambda run_steps: None) -> Trajectories:
    """Execute a sweep on one thread; see `Runner`."""
    return Runner([sweep])(sweep, progress)


class _Prepared:
    """A sweep, and the graphs and machine code that its blocks share. The first block makes them, the others wait."""

    def __init__(self, sweep: Sweep, threads: int, graphs: Graphs) -> None:
        self.sweep, self.threads, self._graphs = sweep, threads, graphs
        self._making = threading.Lock()

    @functools.cached_property
    def _graph(self) -> StepGraph:
        return self._graphs.of(self.sweep)

    @functools.cached_property
    def _on_replay(self) -> StepGraph:
        """The graph for replay. It is fused if the sweep is large enough, which does not change any bit."""
        sweep, graph = self.sweep, self._graph
        work = sweep.case.dim * len(sweep) * sweep.steps
        if sweep.backend == "replay" or work < WORTH_FUSING or not has_llvmlite():
            return graph
        from optlab.engine.native.fused_ufuncs import fuse  # llvmlite takes a while to load

        return replace(graph, graph=fuse(graph.graph, graph.inputs(constants(sweep, graph))))

    @functools.cached_property
    def choice(self) -> Choice:
        return choose(self.sweep, self._graph)

    @functools.cached_property
    def _kernel(self) -> on_llvm.Kernel:
        return on_llvm.kernel_for(self.sweep, self._graph, self.choice.quick)

    def divides(self) -> bool:
        try:
            with self._making, contained():
                return not self.choice.is_whole or self._graph.size * len(self.sweep) > WHOLE
        except Exception:  # an exception of the user's code: `run` raises it again and reports it
            return True

    def run(self, block: Sweep, progress: Progress) -> Trajectories:
        relay = _Relay(progress)
        try:
            with contained():
                return self._run(block, relay)
        except Exception as error:
            if relay.raised is not None:
                raise relay.raised from None
            progress(len(block) * block.steps - relay.reported)
            return self._failed(error, block)

    def _run(self, block: Sweep, progress: Progress) -> Trajectories:
        with self._making:
            kernel = self._kernel if self.choice.is_whole else None
            graph = self._on_replay if self.choice.backend == "replay" else self._graph
        saver = UNSAVED if block.savers is None else block.savers(block)
        if kernel is not None:
            return on_llvm.run(kernel, graph, block, progress, self.threads, saver)
        # One thread per matrix product, so that the result does not depend on the number of cores.
        if self.choice.backend == "foreign":  # its package may have loaded a library of its own by now
            with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
                return on_external.run(block, graph, progress)
        with np.errstate(all="ignore"), _loaded_libraries().limit(limits=1, user_api="blas"):
            return step_by_step.StepLoop(block, graph, self._program(block, graph), saver).run(progress)

    def _program(self, block: Sweep, graph: StepGraph) -> Program:
        """The program of a step for the runs of a block."""
        if self.choice.backend == "native":
            return graph.step_code.program(len(block))
        return compile(graph.graph, graph.inputs(constants(block, graph)), len(block))

    def _failed(self, error: BaseException, block: Sweep) -> Trajectories:
        """The trajectories of runs that failed with an exception. The last line of the log is the message for users."""
        error = original(error)
        functions = [plugin.function for plugin in fingerprint.plugins(block)]
        optimizer = block.rule.optimizer
        package = optimizer.package if isinstance(optimizer, Foreign) else "optlab"
        message = " ".join(complaint(error, functions, f"in {package}").splitlines())
        log = f"{''.join(traceback.format_exception(error))}\n{message}"
        return Trajectories.failed(len(block), len(block.recording.steps), log)


@functools.cache
def _loaded_libraries() -> ThreadpoolController:
    """The libraries for linear algebra, NumPy's among them. It takes ten milliseconds to find them."""
    return ThreadpoolController()


class _Relay:
    """Passes progress on. It keeps the number of reported run-steps, and the exception that `progress` raised.

    Such an exception is not an error of the user's code.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.reported = 0
        self.raised: BaseException | None = None

    def __call__(self, run_steps: int) -> None:
        self.reported += run_steps
        try:
            self._progress(run_steps)
        except BaseException as error:
            self.raised = error
            raise
