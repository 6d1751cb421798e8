"""The paths of runs whose parameters were not recorded, computed again when the report is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from optlab.errors import OptlabError
from optlab.execution import runner
from optlab.execution.records import Recording, Sweep
from optlab.plugins.external import Foreign
from optlab.report.chosen_runs import sweep_of
from optlab.report.packing import spaced
from optlab.results.case_frames import CaseFrames
from optlab.results.profiles.of_results import Profiled

POINTS = 200
"""The most steps of a path whose parameters are kept."""
WORK = 200_000_000
"""The most work for all paths of a page, about a second; see `_work`."""


def paths(results: Profiled, frames: CaseFrames, labels: Collection[str], work: float) -> pd.DataFrame:
    """The paths of one case in the form of `frames.paths`: those of the best labels, as many as this much work allows.

    Labels whose runs cannot be computed again have none: those of other libraries, of plugins that have changed, and
    those whose code raises an exception.

    Args:
        frames: the frames of this case.
        labels: whose paths are wanted.
    """
    best = frames.best[frames.best["label"].isin(labels)].sort_values("shown_loss", kind="stable")
    found = []
    for label, run in zip(best["label"], best["run"], strict=True):
        sweep = _sweep(results, run)
        if sweep is None:
            continue
        work -= _work(sweep)
        if work < 0:
            break
        found.append(_path(str(label), sweep, results))
    return pd.concat([frames.paths, *found], ignore_index=True) if found else frames.paths


def _sweep(results: Profiled, run: int) -> Sweep | None:
    try:
        sweep = sweep_of(results, results.runs[results.runs["run"] == run])
    except OptlabError:
        return None
    return None if isinstance(sweep.rule.optimizer, Foreign) else sweep


def _work(sweep: Sweep) -> float:
    """The numbers that all steps of a run compute, and 60,000 numbers per step for the calls of NumPy."""
    case = sweep.case
    examples = 1 if case.split is None else case.batch_size or len(case.split.train_inputs)
    return sweep.steps * (60_000 + case.dim * examples)


def _path(label: str, sweep: Sweep, results: Profiled) -> pd.DataFrame:
    """The path of the run of a sweep. It is empty if its code raises an exception."""
    steps = spaced(sweep.steps + 1, POINTS)  # runs for tuning record no steps
    recorded = replace(sweep, recording=Recording(steps, sweep.recording.evaluations[:0], trajectory=True))
    done = runner.Runner([recorded], graphs=results.graphs)(recorded)
    count = 0 if done.x is None else int(np.searchsorted(steps, done.steps[0], side="right"))
    points = np.empty((0, sweep.case.dim)) if done.x is None else done.x[:count, :, 0]
    of_run = {"case": sweep.titles[int(sweep.title[0])], "label": label, "run": sweep.run[0], "step": steps[:count]}
    path = pd.DataFrame(points, columns=[f"x{i}" for i in range(sweep.case.dim)])
    return pd.concat([pd.DataFrame(of_run), path], axis=1)
