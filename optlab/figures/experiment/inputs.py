"""What the pictures of an experiment show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from optlab.experiments.cases import Titled, WithoutProblem
from optlab.figures.style import Look
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection


@dataclass(frozen=True)
class PictureInputs:
    """What the pictures of an experiment show.

    cases: the cases that have pictures. count: the number of all cases. files: the last part of the file name, by the
    title of a case or `ALL_CASES`. labels: the labels that are compared. looks: the looks of the labels that are drawn.
    note: the note on the selection of optimizers, for subtitles.
    """

    results: Profiled
    selection: Selection
    cases: Sequence[Titled | WithoutProblem]
    count: int
    files: Mapping[str, str]
    labels: Sequence[str]
    looks: Mapping[str, Look]
    note: str

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs of these cases and labels."""
        runs, titles = self.results.runs, [case.title for case in self.cases]
        return runs[runs["label"].isin(self.labels) & runs["case"].isin(titles)].reset_index(drop=True)
