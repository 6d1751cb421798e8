"""The programs of a case: WebAssembly modules of the runs that the page shows, for any start and hyperparameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import OptlabError, UserError
from optlab.execution import fingerprint
from optlab.execution.records import Sweep
from optlab.execution.webassembly import program_of
from optlab.report.packing import packed_exactly
from optlab.report.rule import is_in_plane, rule_in_numbers
from optlab.report.sliders import slider
from optlab.results.analysis.judged import Judged
from optlab.results.analysis.phases import judged
from optlab.results.analysis.tuning import cell_ids
from optlab.results.profiles.of_results import Profiled
from optlab.results.store.runs import PREFIX


def programs(results: Profiled, verdicts: Judged, title: str, places: Mapping[str, int]) -> list[dict[str, Any]]:
    """For each row of the ranking of the case `title` a program as JSON, or the reason why there is none.

    A program has

    - `label`: the index of the label;
    - `steps`: the number of steps of its runs;
    - `starts`: the starts of the judged runs, that of the shown run first;
    - `parameters`: the numbers that have sliders, each with its key, value, default, allowed range and slider;
    - `variants`: the modules, that of the experiment first, each with the names of its schedule and transforms;
    - or `reason`, a sentence.
    """
    runs = judged(results.runs)
    cells = cell_ids(runs)
    of_run = {run: place for place, run in enumerate(runs["run"])}
    found = []
    for row in verdicts.ranking[verdicts.ranking["case"] == title].to_dict("records"):
        label = {"label": places[row["label"]]}
        if row["failed"]:
            found.append({**label, "reason": "its runs failed"})
            continue
        place = of_run[row["run"]]
        try:
            found.append({**label, **_program(results, runs[cells == cells[place]].sort_values("seed"))})
        except (OptlabError, ImportError) as error:  # ImportError: this LLVM has no WebAssembly
            found.append({**label, "reason": str(error).partition("\n")[0]})
    return found


def _program(results: Profiled, runs: pd.DataFrame) -> dict[str, Any]:
    """The program of the runs of one cell. Raises `UserError` with the reason why there is none."""
    sweep = _sweep(results, runs)
    for name in sorted(_plugins(sweep) & set(results.origin.changed_plugins)):
        raise UserError(results.origin.changed_plugins[name])
    program = program_of(sweep, simd=False)
    known = {key for key in program.numbers if key[0] in ("hyperparameter", "schedule", "transform")}
    made = program.to_json() | ({"rule": rule_in_numbers(sweep)} if is_in_plane(sweep.case) else {})
    starts = made.pop("x0")
    return {
        "steps": sweep.steps,
        "starts": [packed_exactly(start) for start in starts],
        "parameters": [
            {"owner": owner, **slider(part, name, float(sweep.numbers[owner, name][0]))}
            for part in sweep.rule.parts
            for owner, name in part.keyed(part.plugin.signature.numbers)
            if (owner, name) in known
        ],
        "variants": [{"schedule": None, "transforms": [], "program": made}],
    }


def _plugins(sweep: Sweep) -> set[str]:
    return {f"{type(plugin).__name__.lower()} {plugin.name}" for plugin in fingerprint.plugins(sweep)}


def _sweep(results: Profiled, runs: pd.DataFrame) -> Sweep:
    """The sweep of the plan that has the choices of these runs, with their numbers and seeds."""
    planned, row = results.origin.plan, runs.iloc[0]
    if planned is None:
        raise UserError(results.origin.why)
    label = row["base"] if "base" in row else row["label"]
    for sweep in planned.sweeps:
        if sweep.label == label and row["case"] in sweep.titles and _has_choices(sweep, row):
            break
    else:
        raise UserError("the experiment file has no such runs any more")
    count = len(runs)
    return replace(
        sweep,
        numbers={(of, name): np.full(count, row[PREFIX[of] + name], dtype=float) for of, name in sweep.numbers},
        root_seed=sweep.root_seed if planned.tuning is None else planned.tuning.seed,
        run=runs["run"].to_numpy(),
        seed=runs["seed"].to_numpy(),
        title=np.full(count, sweep.titles.index(row["case"])),
        target=None,
    )


def _has_choices(sweep: Sweep, row: pd.Series) -> bool:
    choices = {**sweep.rule.all_choices, **{("option", name): value for name, value in sweep.case.all_choices.items()}}
    names = {"schedule": sweep.rule.schedule.name if sweep.rule.schedule else None,
             "transforms": ", ".join(transform.name for transform in sweep.rule.transforms) or None}  # fmt: skip
    written = {PREFIX[of] + name: value for (of, name), value in choices.items()} | names
    return all(_is(value, row[column]) for column, value in written.items())


def _is(value: Any, stored: Any) -> bool:
    """Whether a choice is the one in a cell of the table of runs, which has lists as JSON."""
    if value is None:
        return bool(pd.isna(stored))
    if isinstance(value, list | tuple):
        value = json.dumps(value)
    return bool(value == stored) or str(value) == str(stored)
