"""What the pictures of an experiment show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from optlab.experiments.cases import Titled, WithoutProblem
from optlab.figures.style import Look
from optlab.results.analysis.judged import Judged
from optlab.results.case_frames import CaseFrames
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection


@dataclass(frozen=True)
class PictureInputs:
    """What the pictures of an experiment show.

    cases: the cases that have pictures. count: the number of all cases. files: the last part of the file name, by the
    title of a case or `ALL_CASES`. labels: the labels that are compared. looks: the looks of the labels that are drawn.
    note: the note on the selection of optimizers, for subtitles. judged: the verdicts on all runs by the final loss.
    """

    results: Profiled
    selection: Selection
    cases: Sequence[Titled | WithoutProblem]
    count: int
    files: Mapping[str, str]
    labels: Sequence[str]
    looks: Mapping[str, Look]
    note: str
    judged: Judged

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs of these cases and labels."""
        runs, titles = self.results.runs, [case.title for case in self.cases]
        kept = runs["label"].isin(self.labels) & runs["case"].isin(titles)
        return runs if kept.all() else runs[kept].reset_index(drop=True)

    @property
    def frames(self) -> CaseFrames:
        """The data of `runs`."""
        is_all = self.runs is self.results.runs
        return self.results.frames if is_all else CaseFrames.of(self.results, self.runs)

    def judged_by(self, metric: str, select: str) -> Judged:
        """The verdicts on `runs` by a metric. `select` is the metric by which settings were chosen."""
        is_known = metric == self.judged.by and select == self.judged.select and self.runs is self.results.runs
        return self.judged if is_known else Judged.of(self.runs, metric, select=select)
