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
from optlab.experiments.tuning.numbers import Portion, labels_of, portions_of

TUNING, JUDGING = "tuning", "judging"
"""The values of the column `phase`: the first pass, and the second."""

Choose = Callable[[Sequence[Done]], Ints]
"""Chooses settings: finished sweeps of the first pass -> for each case and label, the run with the chosen settings."""


@dataclass(frozen=True)
class JudgedRuns:
    """How the chosen settings of a sweep are run in the second pass.

    minima: the minimum for each title, from which targets are derived; None if they are not.
    drawn: the place of each run's setting among the points that were drawn; see `numbers.portions_of`.
    """

    recording: Recording
    seeds: int
    minima: Sequence[float | None] | None = None
    drawn: Ints | None = None


@dataclass(frozen=True)
class Tuning:
    """The passes of an experiment with `[tuning]`.

    table: the table of the file. steps: what the file says. seed: the root of the random streams of the second pass.
    judged: the second pass of each sweep of the first. portions: the runs of the first pass that belong to each label.
    runs, run_steps: the number of runs and of updates of the second pass.
    """

    table: TuningSpec
    steps: int
    seed: int
    judged: tuple[JudgedRuns, ...]
    portions: Sequence[Sequence[Portion]]
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
        numbers = max(len(spec.tuning.trials), 1)
        run_steps = numbers * sum(runs * steps for runs, steps in pairs.values())
        runs = numbers * sum(runs for runs, _ in pairs.values())
        portions = portions_of(sweeps, [one.drawn for one in judged], spec.tuning.trials)
        return Tuning(spec.tuning, spec.steps, spec.seed, tuple(judged), portions, runs, run_steps)

    @property
    def has_several_numbers(self) -> bool:
        """Whether several numbers of trials are compared."""
        return len(self.table.trials) > 1

    @property
    def tuning_runs(self) -> int:
        """The number of runs for tuning in the results, where several numbers of trials share runs."""
        return sum(len(portion.rows) for portions in self.portions for portion in portions)

    @property
    def shared(self) -> int:
        """How many of these are also runs of a larger number of trials, and are computed once."""
        computed = sum(len(set().union(*(portion.rows.tolist() for portion in portions))) for portions in self.portions)
        return self.tuning_runs - computed

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
        several = [self.table.trials] if self.has_several_numbers else []
        return [self.table.select, self.table.budget, self.seed, *itertools.chain(*recordings), *several]


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
        self._planned, self._tuning, self._choose = sweeps, tuning, choose

    def computed(self, compute: Compute) -> Iterator[Done]:
        sweeps = self.sweeps
        if self._tuning.table.budget == "seconds":
            sweeps = [replace(sweep, id=fingerprint.of_sweep(sweep)) for sweep in timing.with_equal_times(sweeps)]
        done = in_order(compute(sweeps))
        tried = [
            self._portion(portion, pair)
            for pair, portions in zip(done, self._tuning.portions, strict=True)
            for portion in portions
        ]
        self.sweeps = [sweep for sweep, _ in tried]
        yield from tried
        judging, judged_portions = self._second_pass([sweep for sweep, _ in done], self._choose(tried))
        for pair in compute(judging):
            for portion in judged_portions[pair[0].id]:
                judged = self._portion(portion, pair)
                self.sweeps = [*self.sweeps, judged[0]]
                yield judged

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        phases = [np.where(sweep.run < self._tuning.tuning_runs, TUNING, JUDGING) for sweep, _ in done]
        return {"phase": np.concatenate(phases), **self._columns_of_trials(done), **super().columns(done)}

    def _columns_of_trials(self, done: Sequence[Done]) -> dict[str, Any]:
        """With several numbers of trials: the number, and the label of the optimizer without it."""
        if not self._tuning.has_several_numbers:
            return {}
        bases = dict.fromkeys(sweep.label for sweep in self._planned)
        of_label = {
            label: (base, number)
            for base in bases
            for label, number in labels_of(base, self._tuning.table.trials).items()
        }
        rows = [of_label[sweep.label] for sweep, _ in done for _ in range(len(sweep))]
        names, numbers = zip(*rows, strict=True)
        return {"base": names, "trials": numbers}

    def _portion(self, portion: Portion, done: Done) -> Done:
        own = portion.of(done)
        self.computed_by[own[0].id] = done[0].id
        return own

    def _second_pass(self, sweeps: Sequence[Sweep], chosen: Ints) -> tuple[list[Sweep], dict[str, list[Portion]]]:
        """The runs with the settings of the chosen runs, with all seeds for judging, and the portions of each sweep.

        A setting that is chosen with several numbers of trials is run once.
        """
        judging: list[Sweep] = []
        of_sweep: dict[str, list[Portion]] = {}
        begin = self._tuning.tuning_runs
        for sweep, judged, tried in zip(sweeps, self._tuning.judged, self._tuning.portions, strict=True):
            picked = [(portion.label, portion.rows[np.isin(portion.runs, chosen)]) for portion in tried]
            settings = np.unique(np.concatenate([rows for _, rows in picked]))
            if not len(settings):
                continue
            seeds = np.tile(np.arange(judged.seeds), len(settings))
            judging.append(self._of(sweep, judged, settings.repeat(judged.seeds), seeds, begin))
            portions = of_sweep[judging[-1].id] = []
            for label, rows in picked:
                first = np.searchsorted(settings, rows) * judged.seeds
                places = np.add.outer(first, np.arange(judged.seeds)).ravel()
                portions += [Portion(label, places, begin)] * bool(len(rows))
                begin += len(places)
        return judging, of_sweep

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
