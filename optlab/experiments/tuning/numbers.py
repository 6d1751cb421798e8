"""Several numbers of trials in one experiment, as in `trials = [0, 25, 50, 75]`.

Each number of trials is compared under a label of its own, such as "adam, 25 trials". Its settings are the first ones
of the largest number, and its runs for tuning are runs of these. All runs are computed once; a *portion* of them
belongs to each label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from optlab.errors import counted
from optlab.execution import fingerprint
from optlab.execution.records import Ints, Sweep, Trajectories
from optlab.experiments.passes import Done


def labels_of(label: str, trials: Sequence[int]) -> dict[str, int]:
    """The label of each number of trials. A single number, or none, has the label of the optimizer.

    >>> labels_of("adam", [0, 25])
    {'adam, defaults': 0, 'adam, 25 trials': 25}
    """
    if len(trials) < 2:
        return {label: trials[0] if trials else 0}
    return {f"{label}, {counted(number, 'trial') if number else 'defaults'}": number for number in trials}


@dataclass(frozen=True)
class Portion:
    """Some runs of a computed sweep, under a label of their own.

    rows: their places in the sweep. begin: the number of the first of them in the results.
    """

    label: str
    rows: Ints
    begin: int

    @property
    def runs(self) -> Ints:
        """Their numbers in the results."""
        return np.arange(self.begin, self.begin + len(self.rows))

    def of(self, done: Done) -> Done:
        """The portion of a finished sweep and of its trajectories."""
        sweep, trajectories = done
        if self.label == sweep.label:  # the only portion, which is all of it
            return done
        own = replace(sweep.block(self.rows), label=self.label, run=self.runs)
        return replace(own, id=fingerprint.of_sweep(own)), taken(trajectories, self.rows)


def taken(trajectories: Trajectories, rows: Ints) -> Trajectories:
    """Those of some of the runs, by their places."""
    own = {f.name: getattr(trajectories, f.name) for f in fields(Trajectories)}
    arrays = {name: value[..., rows] for name, value in own.items() if isinstance(value, np.ndarray)}
    by_name = {
        name: {key: value[..., rows] for key, value in own[name].items()} for name in ("metrics", "measures")
    }  # fmt: skip
    return replace(trajectories, **arrays, **by_name)


def portions_of(sweeps: Sequence[Sweep], drawn: Sequence[Ints | None], trials: Sequence[int]) -> list[list[Portion]]:
    """The portions of each sweep for tuning.

    Args:
        drawn: for each run of each sweep, the place of its setting among the points that were drawn, from 1; 0 are the
            defaults. It is None if no points are drawn.
        trials: the numbers of trials.
    """
    begin, found = 0, []
    for sweep, places in zip(sweeps, drawn, strict=True):
        own = []
        for label, rows in _rows(sweep, places, trials):
            if len(rows):
                own.append(Portion(label, rows, begin))
                begin += len(rows)
        found.append(own)
    return found


def _rows(sweep: Sweep, drawn: Ints | None, trials: Sequence[int]) -> Iterator[tuple[str, Ints]]:
    """The label of each number of trials, and the runs with its settings."""
    for label, number in labels_of(sweep.label, trials).items():
        if drawn is None or len(trials) < 2:
            yield label, np.arange(len(sweep))
        else:
            yield label, np.flatnonzero((drawn > 0) & (drawn <= number) if number else drawn == 0)
