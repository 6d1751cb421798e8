"""Trajectories <-> files: Parquet tables and a manifest, each written whole or not at all.

Every file is written under a temporary name, synced, and renamed. The manifest comes last and holds the checksum of
each of the others, and of itself: a folder without one is unfinished, a file that does not match it is damaged. Tables
are written as Arrow tables, not through pandas, which would turn NaN into null.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optlab.errors import ResultsError
from optlab.records import STATUSES, Sweep, Trajectories

FORMAT = 1
"""The version of this layout, in the manifest."""

MANIFEST, SPEC, RUNS, ERRORS_LOG = "manifest.json", "spec.toml", "runs.parquet", "errors.log"
SEAL = "checksum"
"""The last key of the manifest."""


@dataclass(frozen=True)
class Results:
    """A finished results folder as data frames. `history` and `trajectories` are read when first asked for.

    `runs` has one row per run; `history` (run, step, loss, ...) and `trajectories` (run, step, x0, x1, ...) one row per
    recorded step of each run.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def runs(self) -> pd.DataFrame:
        return _frame(pq.read_table(self.folder / RUNS))

    def arrays(self, *columns: str) -> dict[str, Any]:
        """Some columns of `runs` as NumPy arrays: of very many runs, much sooner than all of the frame."""
        table = pq.read_table(self.folder / RUNS, columns=list(columns))
        return {name: table[name].to_numpy() for name in columns}

    @property
    def history(self) -> pd.DataFrame:
        return _frame(_together(self._files("history"), ("loss",)))

    @property
    def trajectories(self) -> pd.DataFrame:
        return _frame(_together(self._files("trajectories"), ("x0", "x1")))

    def _files(self, room: str) -> list[Path]:
        """What the manifest names; an interrupted run may have left other files beside."""
        return [self.folder / name for name in sorted(self.manifest["files"]) if name.startswith(f"{room}/")]

    @property
    def plots(self) -> list[Path]:
        """The pictures, in the order of their names."""
        return sorted((self.folder / "plots").glob("*"))

    def has_plots(self, format: str) -> bool:
        """Whether pictures of this format were drawn."""
        return any(path.suffix == f".{format}" for path in self.plots)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.manifest["statuses"].items() if n)
        return f"<results of {self.manifest['name']!r} in {self.folder}: {counts}>"


# ---- writing -----------------------------------------------------------------------------------------------------


def write_sweep(folder: Path, sweep: Sweep, done: Trajectories) -> None:
    """Write the history of a sweep's runs, and their trajectories if there are any."""
    keep = _recorded(sweep, done)
    _write_table(folder / "history" / f"{sweep.id}.parquet", _history(sweep, done, keep))
    if done.x is not None:
        _write_table(folder / "trajectories" / f"{sweep.id}.parquet", _trajectories(sweep, done, keep))


def _recorded(sweep: Sweep, done: Trajectories) -> Any:
    """Which entries (run, recorded step) exist: none after a run's last step, none of a run that failed."""
    steps = sweep.recording.steps
    return (steps[None, :] <= done.steps[:, None]) & (np.array(STATUSES)[done.status] != "error")[:, None]


def _history(sweep: Sweep, done: Trajectories, keep: Any) -> pa.Table:
    runs, steps = np.nonzero(keep)
    columns: dict[str, Any] = {
        "run": sweep.run[runs],
        "step": sweep.recording.steps[steps],
        "loss": done.loss.T[keep],
    }
    if done.metrics:
        position = np.full(sweep.steps + 1, -1)
        position[sweep.recording.evaluations] = np.arange(len(sweep.recording.evaluations))
        at = position[sweep.recording.steps][steps]
        for name, values in done.metrics.items():
            # Null where it was not evaluated, which is something else than NaN.
            columns[name] = pa.array(values[at, runs], mask=at < 0)
    return pa.table(columns)


def _trajectories(sweep: Sweep, done: Trajectories, keep: Any) -> pa.Table:
    assert done.x is not None
    runs, steps = np.nonzero(keep)
    columns = {"run": sweep.run[runs], "step": sweep.recording.steps[steps]}
    columns |= {f"x{i}": done.x[:, i, :].T[keep] for i in range(done.x.shape[1])}
    return pa.table(columns)


def runs_table(parts: Sequence[tuple[Sweep, Trajectories]], columns: Mapping[str, Any] = {}) -> pa.Table:
    """One row per run, in the order of the plan; `columns` are further ones, in that order."""
    hyperparameters = _union(names for sweep, _ in parts for names in (sweep.settings, sweep.hyperparameters))
    options = _union(names for sweep, _ in parts for names in (sweep.case.settings, sweep.options))
    scheduled = _union(names for sweep, _ in parts for names in (sweep.schedule_settings, sweep.schedule_numbers))
    transformed = _union(
        names for sweep, _ in parts for names in (_choices_of_transforms(sweep), sweep.transform_numbers)
    )
    names = (hyperparameters, options, scheduled, transformed)
    tables = _alike([_runs_of(sweep, done, *names) for sweep, done in parts])
    table = pa.concat_tables(tables, promote_options="permissive")
    runs = table["run"].to_numpy()
    if not (runs[:-1] < runs[1:]).all():
        table = table.take(pa.array(np.argsort(runs, kind="stable")))
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def _alike(tables: list[pa.Table]) -> list[pa.Table]:
    """The tables with one kind of value per column: texts where sweeps do not agree on numbers, texts or booleans."""
    for name in tables[0].column_names:
        kinds = {table.schema.field(name).type for table in tables} - {pa.null()}
        if len(kinds) > 1 and not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds):
            at = tables[0].column_names.index(name)
            tables = [table.set_column(at, name, table[name].cast(pa.string())) for table in tables]
    return tables


def _union(groups: Any) -> list[str]:
    return list(dict.fromkeys(name for names in groups for name in names))


def _choices_of_transforms(sweep: Sweep) -> dict[str, Any]:
    settings = zip(sweep.transforms, sweep.transform_settings, strict=True)
    return {f"{transform.name}.{name}": value for transform, own in settings for name, value in own.items()}


def _runs_of(
    sweep: Sweep,
    done: Trajectories,
    hyperparameters: list[str],
    options: list[str],
    scheduled: list[str],
    transformed: list[str],
) -> pa.Table:
    runs = len(sweep)

    def same(value: Any) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), runs)

    columns: dict[str, Any] = {
        "run": sweep.run,
        "case": _named(sweep.title, sweep.titles),
        "problem": same(sweep.case.problem.name),
        "optimizer": same(sweep.optimizer.name),
        "label": same(sweep.label),
        "seed": sweep.seed,
    }
    groups = (
        ("hp.", hyperparameters, sweep.hyperparameters, sweep.settings),
        ("opt.", options, sweep.options, sweep.case.settings),
        ("schedule.", scheduled, sweep.schedule_numbers, sweep.schedule_settings),
        ("transform.", transformed, sweep.transform_numbers, _choices_of_transforms(sweep)),
    )
    for prefix, names, numbers, choices in groups:
        for name in names:
            columns[prefix + name] = numbers[name] if name in numbers else _setting(choices.get(name), runs)
        if prefix == "opt.":
            columns["schedule"] = same(sweep.schedule.name if sweep.schedule else None)
        if prefix == "schedule.":
            columns["transforms"] = same(", ".join(t.name for t in sweep.transforms) or None)
    columns["status"] = _named(done.status, STATUSES)
    for name in ("steps", "grad_evals", "first_loss", "final_loss", "best_loss", "seconds"):
        columns[name] = getattr(done, name)
    return pa.table(columns)


def _named(numbers: Any, names: Sequence[str]) -> pa.Array:
    """A column of texts, given by their numbers."""
    return pa.DictionaryArray.from_arrays(numbers, pa.array(names)).cast(pa.string())


def _setting(value: Any, runs: int) -> pa.Array:
    """A choice as a column: lists as JSON text, since a column has one type."""
    if isinstance(value, list | tuple):
        value = json.dumps(value)
    return pa.nulls(runs) if value is None else pa.repeat(pa.scalar(value), runs)


def finish(
    folder: Path,
    parts: Sequence[tuple[Sweep, Trajectories]],
    spec: str,
    log: str,
    about: Mapping[str, Any],
    columns: Mapping[str, Any] = {},
) -> None:
    """Make a finished experiment of the sweeps that were written, in place of what the folder held until now.

    `columns` are further columns of the table of runs, in the order of the plan.

    All is written before anything is replaced, so that a full disk leaves the earlier results as they were.
    """
    ids = {sweep.id for sweep, _ in parts}
    sweeps = sorted(path for path in _sweep_files(folder) if path.stem in ids)
    with replacing(folder / RUNS, folder / SPEC, folder / ERRORS_LOG, folder / MANIFEST) as (runs, text, errors, seal):
        _write_parquet(runs, runs_table(parts, columns))
        _write(text, spec)
        _write(errors, log)
        files = {SPEC: _checksum(text), RUNS: _checksum(runs)}
        files |= {path.relative_to(folder).as_posix(): _checksum(path) for path in sweeps}
        _write(seal, _sealed({"format": FORMAT, **about, "files": files}))
        shutil.rmtree(folder / "plots", ignore_errors=True)  # they no longer show what is in the folder
    leftovers = [p for p in folder.glob("**/.*.tmp") if p.is_file()]  # of a process that was killed
    for path in {*_sweep_files(folder), *leftovers} - {*sweeps}:
        path.unlink()
    if not log:
        (folder / ERRORS_LOG).unlink()


def with_spec(results: Results, spec: str) -> Results:
    """The same results under another text of the same experiment, such as one with another comment."""
    folder = results.folder
    if (folder / SPEC).read_bytes() == spec.encode():
        return results
    with replacing(folder / SPEC, folder / MANIFEST) as (text, seal):
        _write(text, spec)
        manifest = {**results.manifest, "files": {**results.manifest["files"], SPEC: _checksum(text)}}
        _write(seal, _sealed(manifest))
    return Results(folder, manifest)


def _sealed(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest, which ends with a checksum of all the rest."""
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    return json.dumps({**rest, SEAL: hashlib.sha256(json.dumps(rest).encode()).hexdigest()}, indent=2) + "\n"


def _sweep_files(folder: Path) -> Iterator[Path]:
    for room in ("history", "trajectories"):
        yield from (folder / room).glob("*.parquet")


@contextlib.contextmanager
def replacing(*paths: Path) -> Iterator[list[Path]]:
    """Temporary paths beside `paths`, which replace them, in this order, once all went well."""
    temporaries: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix + ".tmp", dir=path.parent)
            os.close(handle)
            temporaries.append(Path(name))
        yield temporaries
        for temporary in temporaries:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
        for temporary, path in zip(temporaries, paths, strict=True):
            os.replace(temporary, path)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())  # verbatim, line ends included


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_table(path: Path, table: pa.Table) -> None:
    with replacing(path) as (temporary,):
        _write_parquet(temporary, table)


def _write_parquet(path: Path, table: pa.Table) -> None:
    """Floats hardly repeat: a dictionary of them takes longer than all the rest. Byte by byte they are smaller."""
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    encodings: dict[str, Any] = {
        "use_dictionary": [name for name in table.column_names if name not in floats],
        "use_byte_stream_split": floats,
    }
    pq.write_table(table, path, compression="zstd", compression_level=1, write_page_checksum=True, **encodings)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- reading -----------------------------------------------------------------------------------------------------


def load(folder: Path) -> Results:
    """The results in a folder, every file checked against the manifest.

    Raises:
        ResultsError: the folder is missing, unfinished or damaged; the message names the file.
    """
    if not folder.is_dir():
        raise ResultsError(f"{folder}: there is no such results folder")
    manifest = _manifest(folder)
    for name, checksum in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise ResultsError(f"{path}: is missing; run the experiment again")
        if _checksum(path) != checksum:
            raise ResultsError(f"{path}: is damaged (its checksum is not the manifest's); run the experiment again")
    return Results(folder, manifest)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ResultsError(f"{folder}: holds no finished results ({MANIFEST} is missing); run the experiment again")
    try:
        text = path.read_bytes().decode()
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise ResultsError(f"{path}: has format {manifest['format']}, and this optlab reads format {FORMAT}")
        if text != _sealed(manifest):
            raise ValueError(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ResultsError(f"{path}: is damaged; run the experiment again") from None
    return manifest


def _together(paths: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    """The tables of all sweeps as one; `columns` are those that it has even where there is none."""
    tables = [pq.read_table(path) for path in paths]
    if not tables:
        kinds = {"run": pa.int64(), "step": pa.int64()} | dict.fromkeys(columns, pa.float64())
        return pa.schema(kinds.items()).empty_table()
    return pa.concat_tables(tables, promote_options="default").sort_by([("run", "ascending"), ("step", "ascending")])


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()
