"""The panels of a map as they were recorded, also if plugins have changed since the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from optlab.errors import ResultsError
from optlab.execution.records import PixelGrid, Sweep
from optlab.execution.starts import starts
from optlab.experiments.kinds import Plan
from optlab.experiments.maps.panels import BasinMap, StabilityMap
from optlab.report.chosen_runs import changed_plugin
from optlab.results.profiles.of_results import Profiled
from optlab.results.store.runs import PREFIX

KINDS = ("basins", "stability")
Panel = BasinMap | StabilityMap


def panels(results: Profiled) -> tuple[Sequence[Panel], str]:
    """The panels of a map, and if there are none the reason.

    If plugins have changed, the panels have what was recorded, provided that the present plan has the same runs. They
    have no theory, and no known minimum of a problem that has changed.
    """
    if results.kind.name not in KINDS:
        return (), "this experiment is a map: its pictures are in the folder plots/"
    planned = results.origin.plan
    if planned is not None and results.origin.changed_plugins and _has_runs(planned, results.runs):
        return [_recorded(panel, results) for panel in planned.kind.panels(results, planned)], ""
    try:
        return results.panels, ""
    except ResultsError as error:
        return (), str(error).partition(": ")[2]


def reasons(results: Profiled, sweeps: Sequence[Sweep]) -> dict[str, str]:
    """By the id of a sweep, why its runs cannot be computed in the page; without those that may be."""
    failed = {sweep["id"]: "Its runs failed." for sweep in results.manifest["sweeps"] if "error" in sweep}
    changed = {sweep.id: why for sweep in sweeps if (why := changed_plugin(results.origin, sweep))}
    return failed | changed


def _recorded(panel: Panel, results: Profiled) -> Panel:
    if isinstance(panel, BasinMap):
        return panel
    return replace(panel, theory=None, minimum=None if results.origin.changed else panel.minimum)


def _has_runs(planned: Plan, runs: pd.DataFrame) -> bool:
    """Whether the runs of a plan have the recorded labels, titles, numbers and starts: a change may have moved them."""
    by_run = runs.set_index("run")
    try:
        return len(runs) == sum(map(len, planned.sweeps)) and all(
            _is_recorded(sweep, by_run.loc[sweep.run]) for sweep in planned.sweeps
        )
    except KeyError:  # a run or a number that is new
        return False


def _is_recorded(sweep: Sweep, rows: pd.DataFrame) -> bool:
    is_same = (rows["label"] == sweep.label).all() and (rows["case"] == np.array(sweep.titles)[sweep.title]).all()
    columns = {PREFIX[of] + name: values for (of, name), values in sweep.numbers.items()}
    if isinstance(sweep.case.start, PixelGrid):
        points = starts(sweep.case, sweep.root_seed, sweep.seed)
        columns |= {f"start.x{i}": points[i] for i in range(2)}
    return bool(is_same) and all(np.array_equal(rows[name].to_numpy(float), of) for name, of in columns.items())
