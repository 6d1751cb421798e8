"""Computes sweeps again, or a share of their runs."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from optlab.api.watched import Progress
from optlab.execution import executors, runner
from optlab.execution.executors.choice import Execute
from optlab.execution.executors.local import Part
from optlab.execution.records import Sweep
from optlab.experiments.choices import BACKENDS
from optlab.experiments.passes import Done
from optlab.results.sharing import sampling


@dataclass(frozen=True)
class Repeat:
    """Computes a share of the runs of sweeps. `recorded`: the back ends that executed them before. `used`: now."""

    share: float
    recorded: Mapping[str, str]
    execute: Execute
    progress: Progress
    used: dict[str, str]

    def computed(self, sweeps: Sequence[Sweep]) -> Iterator[Done]:
        """The sweeps, with the trajectories of their sampled runs."""
        planned = {sweep.id: sweep for sweep in sweeps}
        for block, computed in executors.whole(self._parts([self._block(sweep) for sweep in sweeps])):
            yield planned[block.id], sampling.among_all(planned[block.id], computed, self.share)

    def _block(self, sweep: Sweep) -> Sweep:
        """The sampled runs of a sweep. Another back end might be faster for so few."""
        block, backend = sampling.block_of(sweep, self.share), self.recorded.get(sweep.id)
        is_free = len(block) == len(sweep) or backend not in BACKENDS
        return block if is_free else replace(block, backend=backend)

    def _parts(self, blocks: Sequence[Sweep]) -> Generator[Part, None, None]:
        for block, at, done, backend in self.execute(blocks, runner.Graphs(), self.progress):
            self.used[block.id] = backend
            yield block, at, done
