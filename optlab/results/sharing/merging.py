"""Several results as one: one ranking, one set of pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from optlab.execution.records import STATUSES
from optlab.results.sharing import agreement
from optlab.results.sharing.agreement import Entry, Labels
from optlab.results.store import Results
from optlab.results.store import manifest as layout
from optlab.results.store.files import checksum, write_parquet, write_text
from optlab.results.store.runs import with_equal_types

APART = 1_000_000
"""Added to the seeds of each other seed of an experiment, so that runs with other random numbers are not paired."""


@dataclass(frozen=True)
class Merged:
    """Results that were merged.

    names: the names of the results. titles: the problems. sources: the names of the results that each label stands for,
    in the order of the labels. labels: by the names of the results, the new labels of their sweeps. notes: what is left
    out, which labels were changed, and what is not paired. refused: the metrics that cannot be compared, with the
    reasons.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    sources: dict[str, tuple[str, ...]]
    labels: dict[str, dict[str, str]]
    notes: tuple[str, ...]
    refused: dict[str, str]


def merge(loaded: Sequence[tuple[str, Results]], folder: Path) -> Merged:
    """Write several results into a folder as one.

    Raises:
        UserError: they cannot be compared; the message has the reason.
    """
    notes: list[str] = []
    entries = agreement.entries_of(loaded)
    agreement.check_ways(entries)
    titles = agreement.shared_titles(entries, notes)
    labels = agreement.distinct_labels(entries, titles, notes)
    roots = list(dict.fromkeys(entry.facts["seed"] for entry in entries))
    if len(roots) > 1:
        seeds = ", ".join(f"{entry.facts['seed']} in {entry.name}" for entry in entries)
        notes.append(f"the seeds of the experiments differ ({seeds}): runs are paired only where they are equal")
    refused = _refused(entries)
    if "area" in refused:
        notes.append(f"{refused['area']}: the points of curves and profiles differ, too")
    tables, sweeps, files, begin = [], [], dict[str, str](), 0
    for entry in entries:
        runs = pq.read_table(entry.results.file(layout.RUNS))
        shift = APART * roots.index(entry.facts["seed"])
        own = _renamed(runs, labels, entry, titles, begin, shift)
        tables.append(own)
        sweeps += _steps(entry, set(own["run"].to_pylist()), labels, titles, begin, folder)
        begin += int(runs["run"].to_numpy().max()) + 1
    write_parquet(folder / layout.RUNS, _joined(tables))
    write_text(folder / layout.SPEC, entries[0].results.spec.read_text(encoding="utf-8"))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        files[path.relative_to(folder).as_posix()] = checksum(path)
    about = _manifest(entries, tables, sweeps)
    write_text(folder / layout.MANIFEST, layout.sealed({**about, "files": files}))
    names = tuple(entry.name for entry in entries)
    of_sweeps = {entry.name: labels.of_sweeps(entry) for entry in entries}
    return Merged(names, tuple(titles), dict(labels.sources), of_sweeps, tuple(notes), refused)


def _refused(entries: Sequence[Entry]) -> dict[str, str]:
    """The metrics that cannot be compared, with the reasons."""
    found = {}
    if len({json.dumps(entry.facts["record"]) for entry in entries}) > 1:
        found["area"] = "other steps were recorded in the results ([record])"
    if len({json.dumps(entry.results.manifest.get("machine", {})) for entry in entries}) > 1:
        found["seconds"] = "the results were computed on different machines"
    return found


def _renamed(runs: pa.Table, labels: Labels, entry: Entry, titles: Sequence[str], begin: int, shift: int) -> pa.Table:
    """The runs that are kept, with their new numbers, labels and seeds."""
    new = labels.of[entry.name]
    shown, cases = runs["label"].to_pylist(), runs["case"].to_pylist()
    kept = [label in new and case in titles for label, case in zip(shown, cases, strict=True)]
    columns = {
        "run": pa.array(runs["run"].to_numpy() + begin),
        "label": pa.array([new.get(label) for label in shown], pa.string()),
        "seed": pa.array(runs["seed"].to_numpy() + shift),
    }
    if "base" in runs.column_names:
        bases = labels.of_sweeps(entry)
        columns["base"] = pa.array([bases.get(base) for base in runs["base"].to_pylist()], pa.string())
    for name, values in columns.items():
        runs = runs.set_column(runs.column_names.index(name), name, values)
    return runs.filter(pa.array(kept))


def _joined(tables: list[pa.Table]) -> pa.Table:
    """The tables below each other, with all columns of each. A column that one of them lacks is null there."""
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    whole = []
    for table in tables:
        columns = [table[name] if name in table.column_names else pa.nulls(len(table)) for name in names]
        whole.append(pa.table(columns, names=names))
    return pa.concat_tables(with_equal_types(whole), promote_options="permissive")


def _steps(
    entry: Entry, kept: set[int], labels: Labels, titles: Sequence[str], begin: int, folder: Path
) -> list[dict[str, Any]]:
    """Write the values along the steps of the runs that are kept. Returns their sweeps for the manifest."""
    sweeps = []
    for sweep in entry.results.manifest["sweeps"]:
        label, cases = labels.of[entry.name].get(sweep["label"]), [case for case in sweep["cases"] if case in titles]
        if label is None or not cases:
            continue
        new = hashlib.sha256(f"{entry.name}\0{sweep['id']}".encode()).hexdigest()[:16]
        for inner in (layout.HISTORY, layout.TRAJECTORIES):
            name = f"{inner}/{sweep['id']}.parquet"
            if name in entry.results.manifest["files"]:
                table = pq.read_table(entry.results.file(name))
                table = table.set_column(0, "run", pa.array(table["run"].to_numpy() + begin))
                at = np.isin(table["run"].to_numpy(), np.fromiter(kept, dtype=np.int64, count=len(kept)))
                (folder / inner).mkdir(exist_ok=True)
                write_parquet(folder / inner / f"{new}.parquet", table.filter(pa.array(at)))
        sweeps.append({**sweep, "id": new, "label": label, "cases": cases})
    return sweeps


def _manifest(entries: Sequence[Entry], tables: Sequence[pa.Table], sweeps: Sequence[Any]) -> dict[str, Any]:
    """The manifest of the merged results."""
    statuses = [status for table in tables for status in table["status"].to_pylist()]
    steps = max(entry.facts["steps"] for entry in entries)
    return {
        "format": layout.FORMAT,
        "name": " and ".join(entry.name for entry in entries),
        "experiment": hashlib.sha256(str([sweep["id"] for sweep in sweeps]).encode()).hexdigest()[:16],
        "statuses": {status: statuses.count(status) for status in STATUSES},
        "cells": sum(entry.results.manifest["cells"] for entry in entries),
        "runs": len(statuses),
        "repeats_saved": 0,
        "sweeps": sweeps,
        **{key: _of_all(entries, key) for key in ("versions", "hashes", "origins", "machine")},
        "planned": {"map": None, "steps": steps},
        layout.PICTURES: {},
        layout.DRAWN: [],
    }


def _of_all(entries: Sequence[Entry], key: str) -> dict[str, Any]:
    """What the manifests have under a key. Values that differ are a text with the names of the results."""
    found = {}
    for name in dict.fromkeys(name for entry in entries for name in entry.results.manifest.get(key, {})):
        tables = {entry.name: entry.results.manifest.get(key, {}) for entry in entries}
        values = {of: table[name] for of, table in tables.items() if name in table}
        first = next(iter(values.values()))
        is_same = all(value == first for value in values.values())
        found[name] = first if is_same else ", ".join(f"{value} ({of})" for of, value in values.items())
    return found
