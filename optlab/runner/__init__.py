"""Sweep -> Trajectories: the runs of a sweep, step by step, on one of two back ends, and nothing else.

`protocol.py` says what a run is, and what is recorded of it. `replayed.py` makes the steps in NumPy, `compiled.py` in
machine code, and `foreign.py` lets optimizers of other packages make them; `choice.py` decides which of them does.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from optlab import identity
from optlab.containment import contained, original
from optlab.evaluation import is_constant
from optlab.foreign import Foreign
from optlab.records import Sweep, Trajectories
from optlab.runner import compiled, foreign, replayed
from optlab.runner.choice import Choice, choose, has_llvmlite
from optlab.runner.protocol import Progress
from optlab.signature import complaint
from optlab.step import StepGraph, build_for

WORTH_FUSING = 20_000_000
"""Parameters times runs times steps from which it pays to compile arithmetic for replay: about a tenth of a second."""

WHOLE = 50_000_000
"""Numbers in x and the state of all runs beyond which machine code gets blocks too: the memory for them."""


class Runner:
    """Executes these sweeps, or blocks of them, from any number of threads. Each sweep is traced and compiled once.

    `workers` is the number of threads in all: the fewer sweeps there are, the more work on one in machine code.
    """

    def __init__(self, sweeps: Sequence[Sweep], workers: int = 1) -> None:
        threads = -(-workers // max(1, len(sweeps)))
        self._prepared = {sweep.id: _Prepared(sweep, threads) for sweep in sweeps}

    def __call__(self, block: Sweep, progress: Progress = lambda run_steps: None) -> Trajectories:
        """Execute a sweep or a block of it.

        An exception in the user's code, while it is traced or in any step, sys.exit included, makes all runs end with
        the status error, and its traceback goes into `log`. Whatever `progress` raises is passed on, and so is Ctrl-C.
        """
        return self._prepared[block.id].run(block, progress)

    def divides(self, sweep: Sweep) -> bool:
        """Whether a sweep is better executed in blocks: not in machine code, which divides the work itself, unless all
        runs at once take too much memory."""
        return self._prepared[sweep.id].divides()

    def backend(self, sweep: Sweep) -> str:
        """What executed a sweep: nothing, if its code failed before the first step."""
        choice = self._prepared[sweep.id].__dict__.get("choice")
        return choice.backend if choice else "none"


def run(sweep: Sweep, progress: Progress = lambda run_steps: None) -> Trajectories:
    """Execute a sweep on one thread; see `Runner`."""
    return Runner([sweep])(sweep, progress)


class _Prepared:
    """A sweep, and what all its blocks share. The first one that comes makes it, the others wait."""

    def __init__(self, sweep: Sweep, threads: int) -> None:
        self.sweep, self.threads = sweep, threads
        self._making = threading.Lock()

    @functools.cached_property
    def _graph(self) -> StepGraph:
        with np.errstate(all="ignore"):
            return build_for(self.sweep)

    @functools.cached_property
    def _on_replay(self) -> StepGraph:
        """The graph as replay gets it: fused, where there is enough to do. That changes no bit."""
        sweep, graph = self.sweep, self._graph
        work = sweep.case.dim * len(sweep) * sweep.steps
        if sweep.backend == "replay" or work < WORTH_FUSING or not has_llvmlite():
            return graph
        from optlab.engine.native.fused import fuse  # llvmlite takes a while to load

        inputs = graph.inputs([is_constant(sweep.numbers[key]) for key in graph.numbers])
        return replace(graph, graph=fuse(graph.graph, inputs))

    @functools.cached_property
    def choice(self) -> Choice:
        return choose(self.sweep, self._graph)

    @functools.cached_property
    def _kernel(self) -> compiled.Kernel:
        return compiled.kernel_for(self.sweep, self._graph, self.choice.quick)

    def divides(self) -> bool:
        try:
            with self._making, contained():
                return self.choice.backend != "native" or self._graph.memory * len(self.sweep) > WHOLE
        except Exception:  # of the user's code: it will be raised again, and reported, by `run`
            return True

    def run(self, block: Sweep, progress: Progress) -> Trajectories:
        relay = _Relay(progress)
        try:
            with contained():
                return self._run(block, relay)
        except Exception as error:
            if relay.raised is not None:
                raise relay.raised from None
            progress(len(block) * block.steps - relay.told)
            return self._failed(error, block)

    def _run(self, block: Sweep, progress: Progress) -> Trajectories:
        with self._making:
            kernel = self._kernel if self.choice.backend == "native" else None
            graph = self._on_replay if self.choice.backend == "replay" else self._graph
        if kernel is not None:
            return compiled.run(kernel, graph, block, progress, self.threads)
        # One thread per product: the result must not depend on how many cores the machine has.
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            if self.choice.backend == "foreign":
                return foreign.run(block, graph, progress)
            return replayed.Loop(block, graph).run(progress)

    def _failed(self, error: BaseException, block: Sweep) -> Trajectories:
        """What is left of a sweep whose code raised: the traceback, and in its last line what the user is told."""
        error = original(error)
        functions = [plugin.function for plugin in identity.plugins(block)]
        optimizer = block.rule.optimizer
        package = optimizer.package if isinstance(optimizer, Foreign) else "optlab"
        said = " ".join(complaint(error, functions, f"in {package}").splitlines())
        log = f"{''.join(traceback.format_exception(error))}\n{said}"
        return Trajectories.failed(len(block), len(block.recording.steps), log)


class _Relay:
    """Hands progress on. It remembers what was told, and what was raised there: that is no fault of the user's code."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.told = 0
        self.raised: BaseException | None = None

    def __call__(self, run_steps: int) -> None:
        self.told += run_steps
        try:
            self._progress(run_steps)
        except BaseException as error:
            self.raised = error
            raise
