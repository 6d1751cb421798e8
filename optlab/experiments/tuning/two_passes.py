"""Experiments with `[tuning]`: settings are chosen in a first pass, and only the chosen ones are judged in a second.

The two passes use different random numbers. The runs of the second pass have those of the same experiment without
`[tuning]`; those of the first pass are derived from another root (`randomness.root_of`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optlab.execution import fingerprint, step
from optlab.execution.randomness import root_of
from optlab.execution.records import Case, Ints, Recording, Sweep
from optlab.execution.rule import Rule
from optlab.experiments.document import ExperimentSpec, TuningSpec
from optlab.experiments.maps.targets import above_minima
from optlab.experiments.metrics import TO_TARGET
from optlab.experiments.passes import Compute, Done, Passes, in_order
from optlab.experiments.tuning import timing

TUNING, JUDGING = "tuning", "judging"
"""The values of the column `phase`: the first pass, and the second."""

Choose = Callable[[Sequence[Done]], Ints]
"""Chooses settings: finished sweeps of the first pass -> for each case and label, the run with the chosen settings."""


@dataclass(frozen=True)
class JudgedRuns:
    """How the chosen settings of a sweep are run in the second pass.

    minima: the minimum for each title, from which targets are derived; None if they are not.
    """

    recording: Recording
    seeds: int
    minima: Sequence[float | None] | None = None


@dataclass(frozen=True)
class Tuning:
    """The passes of an experiment with `[tuning]`.

    table: the table of the file. steps: what the file says. seed: the root of the random streams of the second pass.
    judged: the second pass of each sweep of the first. runs, run_steps: the number of runs and of updates of the second
    pass.
    """

    table: TuningSpec
    steps: int
    seed: int
    judged: tuple[JudgedRuns, ...]
    runs: int
    run_steps: int

    @staticmethod
    def of(spec: ExperimentSpec, sweeps: Sequence[Sweep], judged: Sequence[JudgedRuns]) -> Tuning:
        """The passes of an experiment with these sweeps in the first pass."""
        assert spec.tuning is not None
        pairs: dict[tuple[Any, ...], tuple[int, int]] = {}  # one setting of each title and label is judged
        for sweep, one in zip(sweeps, judged, strict=True):
            runs = len(sweep.titles) * one.seeds
            pairs[sweep.label, sweep.titles] = max(pairs.get((sweep.label, sweep.titles), (0, 0)), (runs, sweep.steps))
        run_steps = sum(runs * steps for runs, steps in pairs.values())
        runs = sum(runs for runs, _ in pairs.values())
        return Tuning(spec.tuning, spec.steps, spec.seed, tuple(judged), runs, run_steps)

    @property
    def budget(self) -> tuple[int, str]:
        """What each run may use at most, and the unit: "step" or "gradient". With a budget in seconds, these are the
        steps of the fastest optimizer."""
        return self.steps, "gradient" if self.table.budget == "gradients" else "step"

    @property
    def identity(self) -> list[Any]:
        """Everything that the results of the second pass depend on, apart from those of the first."""
        recordings = [(one.recording.steps, one.recording.evaluations, one.recording.trajectory, one.seeds)
                      for one in self.judged]  # fmt: skip
        return [self.table.select, self.table.budget, self.seed, *itertools.chain(*recordings)]


def steps_within(gradients: int, case: Case, rule: Rule) -> int:
    """The number of steps with at most this many gradients, at least one."""
    try:
        per_step = step.build(case, rule, gradients).grad_evals
    except Exception:  # an error in the user's code is reported when it is run
        per_step = 1
    return max(gradients // max(per_step, 1), 1)


def first_pass(sweep: Sweep, judged: JudgedRuns, select: str) -> Sweep:
    """The sweep on the random streams for tuning. It records only what the metric `select` needs."""
    steps, evaluations = sweep.recording.steps, sweep.recording.evaluations
    if select != "area":
        steps = steps[:0]
    if len(evaluations) and select not in ("best_loss", *TO_TARGET):
        evaluations = evaluations[[0, -1]]
    recording = Recording(steps, evaluations, trajectory=False)
    return with_target(replace(sweep, recording=recording, root_seed=root_of(sweep.root_seed, TUNING)), judged)


def with_target(sweep: Sweep, judged: JudgedRuns) -> Sweep:
    """The sweep with a target for each run, if targets are derived from the minima."""
    return sweep if judged.minima is None else replace(sweep, target=above_minima(sweep, judged.minima))


class Tuned(Passes):
    """Run all settings, choose one for each case and label, and run the chosen ones on the seeds for judging."""

    def __init__(self, sweeps: Sequence[Sweep], tuning: Tuning, choose: Choose) -> None:
        super().__init__(sweeps)
        self._tuning, self._choose = tuning, choose
        self._tuning_runs = sum(map(len, sweeps))

    def computed(self, compute: Compute) -> Iterator[Done]:
        if self._tuning.table.budget == "seconds":
            timed = timing.with_equal_times(self.sweeps)
            self.sweeps = [replace(sweep, id=fingerprint.of_sweep(sweep)) for sweep in timed]
        done = in_order(compute(self.sweeps))
        yield from done
        judging = self._second_pass(self._choose(done))
        self.sweeps = [*self.sweeps, *judging]
        yield from compute(judging)

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        phases = [np.where(sweep.run < self._tuning_runs, TUNING, JUDGING) for sweep, _ in done]
        return {"phase": np.concatenate(phases), **super().columns(done)}

    def _second_pass(self, chosen: Ints) -> list[Sweep]:
        """The runs with the settings of the chosen runs, with all seeds for judging."""
        sweeps: list[Sweep] = []
        begin = self._tuning_runs
        for sweep, judged in zip(self.sweeps, self._tuning.judged, strict=True):
            at = np.flatnonzero(np.isin(sweep.run, chosen)).repeat(judged.seeds)
            if len(at):
                seeds = np.tile(np.arange(judged.seeds), len(at) // judged.seeds)
                sweeps.append(self._of(sweep, judged, at, seeds, begin))
                begin += len(at)
        return sweeps

    def _of(self, sweep: Sweep, judged: JudgedRuns, at: Ints, seeds: Ints, begin: int) -> Sweep:
        recording = judged.recording
        if self._tuning.table.budget == "seconds":
            recording = timing.shortened(recording, self._tuning.steps, sweep.steps)
        found = replace(
            sweep,
            numbers={key: column[at] for key, column in sweep.numbers.items()},
            recording=recording,
            root_seed=self._tuning.seed,
            run=np.arange(begin, begin + len(at)),
            seed=seeds,
            title=sweep.title[at],
            target=None if sweep.target is None else sweep.target[at],
        )
        found = with_target(found, judged)
        return replace(found, id=fingerprint.of_sweep(found))
