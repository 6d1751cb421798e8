"""The runs that the page shows, as a sweep that can be compiled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import UserError
from optlab.execution import fingerprint
from optlab.execution.records import Sweep
from optlab.results.profiles.of_results import Profiled
from optlab.results.replanning import Origin
from optlab.results.store.runs import PREFIX


def sweep_of(results: Profiled, runs: pd.DataFrame) -> Sweep:
    """The sweep of the plan that has the choices of the runs of one cell, with their numbers and seeds.

    Raises:
        UserError: there is none, or a plugin of it is gone or has changed since the runs. The message is the reason.
    """
    planned, row = results.origin.available, runs.iloc[0]
    if planned is None:
        raise UserError("; ".join(results.origin.reasons))
    label = row["base"] if "base" in row else row["label"]
    for sweep in planned.sweeps:
        names = (sweep.label, sweep.rule.optimizer.name)
        if names == (label, row["optimizer"]) and row["case"] in sweep.titles and _has_choices(sweep, row):
            break
    else:
        raise UserError("; ".join(results.origin.reasons) or "the plan has no such runs")
    if why := changed_plugin(results.origin, sweep):
        raise UserError(why)
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


def changed_plugin(origin: Origin, sweep: Sweep) -> str:
    """A message if a plugin of a sweep has changed since the runs, otherwise an empty text."""
    used = {f"{type(plugin).__name__.lower()} {plugin.name}" for plugin in fingerprint.plugins(sweep)}
    return next((origin.changed_plugins[name] for name in sorted(used & set(origin.changed_plugins))), "")


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
