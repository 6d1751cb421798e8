"""The entries of the manifest on code, data and machine, and the differences between two experiments."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from optlab.errors import ResultsError
from optlab.execution import fingerprint
from optlab.execution.records import STATUSES, STOPS, Sweep, Trajectories
from optlab.execution.rule import Key, shown_as
from optlab.experiments.kinds import Plan
from optlab.plugins.code_location import is_built_in
from optlab.plugins.external import Foreign
from optlab.results import comparison, machine
from optlab.results.privacy import without_private


def stopped(done: Iterable[tuple[Sweep, Trajectories]]) -> dict[str, Any]:
    """How many runs stopped at each limit, as a key of the manifest. Empty without limits."""
    reasons = [trajectories.stopped for _, trajectories in done if trajectories.stopped is not None]
    if not reasons:
        return {}
    counts = np.bincount(np.concatenate(reasons) + 1, minlength=1 + len(STOPS))[1:]
    return {"stopped": dict(zip(STOPS, counts.tolist(), strict=True))}


def about(
    planned: Plan,
    counts: Mapping[str, int],
    backends: Mapping[str, str],
    logs: Mapping[str, str] = {},
    sweeps: Sequence[Sweep] | None = None,
) -> dict[str, Any]:
    """The facts needed to check and reproduce the numbers. They contain no names of persons or hosts.

    `sweeps` are all sweeps that were run; by default those of the plan. `backends` and `logs` have their ids as keys.
    The last line of a log is the error of the failed runs.
    """
    sweeps = planned.sweeps if sweeps is None else sweeps
    from importlib.metadata import version

    names = described(sweeps)
    return {
        "name": planned.name,
        "experiment": planned.id,
        "statuses": {status: counts.get(status, 0) for status in STATUSES},
        "cells": planned.cells,
        "runs": planned.runs,
        "repeats_saved": planned.repeats_saved,
        "sweeps": [
            {
                "id": s.id,
                "label": s.label,
                "cases": list(s.titles),
                "dim": s.case.dim,
                "runs": len(s),
                "backend": backends[s.id],
            }
            | ({"described": names[s.id], "error": _message(logs[s.id])} if s.id in logs else {})
            for s in sweeps
        ],
        "versions": {
            **fingerprint.versions(),
            **{name: version(name) for name in ("pandas", "pyarrow", "matplotlib")},
            **_foreign_versions(planned),
        },
        "planned": comparison.planned(planned),
        "hashes": hashes(planned),
        "origins": origins(planned),
        "machine": machine.here(),
        "blas": machine.blas(),
    }


def described(sweeps: Iterable[Sweep]) -> dict[str, str]:
    """The description of each sweep by id: its label, the choices that differ within the label, and its problems."""
    values: dict[tuple[str, Key], set[str]] = {}
    for sweep in sweeps:
        for key, value in sweep.rule.all_choices.items():
            values.setdefault((sweep.label, key), set()).add(str(value))
    names = {}
    for sweep in sweeps:
        choices = sweep.rule.all_choices.items()
        differing = [f"{shown_as(key)}={value}" for key, value in choices if len(values[sweep.label, key]) > 1]
        choices_shown = f" ({', '.join(differing)})" if differing else ""
        names[sweep.id] = f"{sweep.label}{choices_shown} on {', '.join(sweep.titles)}"
    return names


def _message(log: str) -> str:
    """The error of a sweep: the last line of its log."""
    return without_private(log.strip().splitlines()[-1])


def tracebacks(sweeps: Sequence[Sweep], logs: Mapping[str, str]) -> str:
    """The logs of failed sweeps as one text, each with the description of the sweep as its heading. `logs` is by id."""
    names = described(sweeps)
    failed = [sweep.id for sweep in sweeps if sweep.id in logs]
    return "\n".join(f"==== {names[id]}\n{without_private(logs[id])}" for id in failed)


def _foreign_versions(planned: Plan) -> dict[str, str]:
    """The version of each package whose optimizers the experiment uses."""
    optimizers = {sweep.rule.optimizer for sweep in planned.sweeps if isinstance(sweep.rule.optimizer, Foreign)}
    return dict(sorted(pair for optimizer in optimizers for pair in optimizer.versions.items()))


def hashes(planned: Plan) -> dict[str, str]:
    """The hash of every plugin and every dataset that the experiment uses, by kind and name."""
    found = {}
    splits: dict[str, set[str]] = {}
    for sweep in planned.sweeps:
        found |= {f"{type(p).__name__.lower()} {p.name}": fingerprint.of_plugin(p) for p in fingerprint.plugins(sweep)}
        if split := sweep.case.split:
            splits.setdefault(f"dataset {split.name}", set()).add(fingerprint.of_data(split))
    # one dataset may be split in several ways
    found |= {name: fingerprint.digest(sorted(each)) if len(each) > 1 else min(each) for name, each in splits.items()}
    if not is_built_in(planned.kind.function):
        found[f"kind {planned.kind.name}"] = fingerprint.of_plugin(planned.kind)
    return dict(sorted(found.items()))


def origins(planned: Plan) -> dict[str, str]:
    """The file of every plugin that is not built in, by kind and name."""
    used = {
        plugin for sweep in planned.sweeps for plugin in fingerprint.plugins(sweep) if not isinstance(plugin, Foreign)
    }
    dropped_in = [plugin for plugin in used if not is_built_in(plugin.function)]
    found = {f"{type(p).__name__.lower()} {p.name}": fingerprint.place_of(p) for p in dropped_in}
    if not is_built_in(planned.kind.function):
        found[f"kind {planned.kind.name}"] = fingerprint.place_of(planned.kind)
    return dict(sorted(found.items()))


def earlier(folder: Path, planned: Plan, source: str) -> tuple[list[str] | None, int]:
    """Compare an experiment with the finished one in its folder, before it is run.

    `source` is the text of the experiment.

    Returns:
        The differences if the folder has another finished experiment, otherwise None; and the number of failed runs if
        it has this experiment.
    """
    from optlab.results import store  # pandas takes a while to load

    try:
        manifest = store.read_manifest(folder)
        document = tomllib.loads((folder / store.SPEC).read_text(encoding="utf-8"))
    except (ResultsError, OSError, ValueError):  # unfinished or damaged
        return None, 0
    if manifest["experiment"] == planned.id:
        return None, store.failed(manifest)
    return differences(manifest, document, planned, tomllib.loads(source)), 0


def differences(
    earlier: Mapping[str, Any], its_document: Mapping[str, Any], planned: Plan, document: Mapping[str, Any]
) -> list[str]:
    """The differences between an experiment and an earlier one, given by its manifest and its document.

    The plans are compared, then the sources of plugins and the versions. An old manifest has no plan. In this case the
    documents are compared; sources and versions only if the documents are equal.
    """
    if "planned" not in earlier:
        return list(changes(its_document, document)) or _of_code(earlier, planned)
    return comparison.differences(earlier["planned"], comparison.planned(planned)) + _of_code(earlier, planned)


def _of_code(earlier: Mapping[str, Any], planned: Plan) -> list[str]:
    """The plugins with a changed source, and the packages with a changed version."""
    its, ours = earlier["hashes"], hashes(planned)
    changed = [name for name in ours if name in its and its[name] != ours[name]]
    found = [f"the source of {name}" for name in changed if name.split()[0] not in ("foreign", "dataset")]
    its_versions = earlier["versions"]
    foreign = {name: version for name, version in _foreign_versions(planned).items() if name in its_versions}
    versions = {**fingerprint.versions(), **foreign}  # a package of one experiment only shows as a changed optimizer
    return found + list(changes({name: its_versions.get(name) for name in versions}, versions))


def changes(before: Mapping[str, Any], after: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """The differences between two documents. Tables in arrays are matched by their names.

    >>> gd, adam = {"name": "gd", "lr": 0.1}, {"name": "adam"}
    >>> list(changes({"steps": 500, "optimizer": [gd]}, {"steps": 5, "optimizer": [gd | {"lr": 0.2}], "seed": 1}))
    ['steps (500 -> 5)', 'gd.lr (0.1 -> 0.2)', 'seed (unset -> 1)']
    >>> list(changes({"optimizer": [gd]}, {"optimizer": [gd, adam]}))
    ['optimizer (gd -> gd, adam)']
    """
    for key in {**before, **after}:
        old: Any = before.get(key)
        new: Any = after.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changes(old, new, f"{where}{key}.")
        elif _names(old) and _names(old) == _names(new):
            for old_table, new_table, name in zip(old, new, _names(old), strict=True):
                yield from changes(old_table, new_table, f"{where}{name}.")
        else:
            yield f"{where}{key} ({_shown(old)} -> {_shown(new)})"


def _names(value: Any) -> list[str]:
    """The names of the tables in an array; empty for any other value."""
    tables = isinstance(value, list) and all(isinstance(item, Mapping) and "name" in item for item in value)
    return [str(item["name"]) for item in value] if tables else []


def _shown(value: Any) -> str:
    if value is None:
        return "unset"
    return textwrap.shorten(", ".join(_names(value)) or str(value), 60, placeholder=" ...")
