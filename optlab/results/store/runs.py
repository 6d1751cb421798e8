"""The table of runs: one row per run, with its values and its outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from optlab.execution.records import STATUSES, STOPS, Sweep, Trajectories
from optlab.execution.rule import Key
from optlab.experiments import metrics

PREFIX = {
    "noise": "noise.",
    "hyperparameter": "hp.",
    "option": "opt.",
    "schedule": "schedule.",
    "transform": "transform.",
}
"""The prefix of the columns of numbers and choices, by owner."""


def runs_table(parts: Sequence[tuple[Sweep, Trajectories]], columns: Mapping[str, Any] = {}) -> pa.Table:
    """One row per run, in the order of the plan. `columns` are appended; their values are in the same order."""
    values_of_sweeps = [_values(sweep) for sweep, _ in parts]
    keys = dict.fromkeys(key for own in values_of_sweeps for key in own)
    names = {owner: [name for of, name in keys if of == owner] for owner in PREFIX}
    has_noise = any(sweep.case.noise is not None for sweep, _ in parts)
    has_stop = any(sweep.stop is not None for sweep, _ in parts)
    measures = [done.measures or metrics.columns(sweep, done) for sweep, done in parts]
    measured = dict.fromkeys(name for own in measures for name in own)
    tables = with_equal_types(
        [
            _with_measures(_runs_of(sweep, done, names, has_noise, has_stop), own, measured)
            for (sweep, done), own in zip(parts, measures, strict=True)
        ]
    )
    table = pa.concat_tables(tables, promote_options="permissive")
    runs = table["run"].to_numpy()
    if not (runs[:-1] < runs[1:]).all():
        table = table.take(pa.array(np.argsort(runs, kind="stable")))
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def _values(sweep: Sweep) -> dict[Key, Any]:
    """The choices of a sweep, and the columns of its numbers, by key."""
    of_case = {("option", name): value for name, value in sweep.case.all_choices.items()}
    return {**sweep.rule.all_choices, **of_case, **sweep.numbers}


def _runs_of(
    sweep: Sweep, done: Trajectories, names: Mapping[str, Sequence[str]], has_noise: bool, has_stop: bool
) -> pa.Table:
    """The rows of one sweep. `names` are the option names of all sweeps by owner, each of which makes a column."""
    runs, rule, values = len(sweep), sweep.rule, _values(sweep)

    def same(value: Any) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), runs)

    columns: dict[str, Any] = {
        "run": sweep.run,
        "case": _texts(sweep.title, sweep.titles),
        "problem": same(sweep.case.problem.name),
        "optimizer": same(rule.optimizer.name),
        "label": same(sweep.label),
        "seed": sweep.seed,
    }
    if has_noise:
        columns |= {name: same(sweep.case.noise_settings.get(name)) for name in ("noise", "noise.on")}
    for owner, prefix in PREFIX.items():
        for name in names[owner]:
            value = values.get((owner, name))
            columns[prefix + name] = value if isinstance(value, np.ndarray) else _choice_column(value, runs)
        if owner == "option":
            columns["schedule"] = same(rule.schedule.name if rule.schedule else None)
        if owner == "schedule":
            columns["transforms"] = same(", ".join(t.name for t in rule.transforms) or None)
    columns["precision"] = same(sweep.case.precision)
    columns["status"] = _texts(done.status, STATUSES)
    if has_stop:
        stopped = np.full(runs, -1) if done.stopped is None else done.stopped
        columns["stopped"] = _texts(pa.array(stopped, mask=stopped < 0), STOPS)
    for name in ("steps", "grad_evals", "first_loss", "final_loss", "best_loss", "seconds"):
        columns[name] = getattr(done, name)
    return pa.table(columns)


def _with_measures(table: pa.Table, measures: Mapping[str, Any], names: Iterable[str]) -> pa.Table:
    """The rows of one sweep with a column for each measure of all sweeps; null if the sweep does not have it."""
    for name in names:
        values = pa.array(measures[name]) if name in measures else pa.nulls(len(table), pa.float64())
        table = table.append_column(name, values)
    return table


def with_equal_types(tables: list[pa.Table]) -> list[pa.Table]:
    """The tables with one type per column. A column becomes texts if the types differ and are not all numbers."""
    for name in tables[0].column_names:
        kinds = {table.schema.field(name).type for table in tables} - {pa.null()}
        if len(kinds) > 1 and not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds):
            at = tables[0].column_names.index(name)
            tables = [table.set_column(at, name, table[name].cast(pa.string())) for table in tables]
    return tables


def _texts(numbers: Any, names: Sequence[str]) -> pa.Array:
    """A column of texts, given by their indices in `names`."""
    return pa.DictionaryArray.from_arrays(numbers, pa.array(names)).cast(pa.string())


def _choice_column(value: Any, runs: int) -> pa.Array:
    """A choice as a column. A list is written as JSON text, because a column has one type."""
    if isinstance(value, list | tuple):
        value = json.dumps(value)
    return pa.nulls(runs) if value is None else pa.repeat(pa.scalar(value), runs)
