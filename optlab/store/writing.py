"""Trajectories -> files: a table for each sweep as it is done, and what makes a finished experiment of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optlab.records import Sweep, Trajectories
from optlab.store.files import checksum, replacing, write_parquet, write_table, write_text
from optlab.store.manifest import ERRORS_LOG, FORMAT, MANIFEST, RUNS, SPEC, sealed
from optlab.store.results import Results
from optlab.store.runs import runs_table
from optlab.store.steps import history, trajectories


def write_sweep(folder: Path, sweep: Sweep, done: Trajectories) -> None:
    """Write the history of a sweep's runs, and their trajectories if there are any."""
    write_table(folder / "history" / f"{sweep.id}.parquet", history(sweep, done))
    if done.x is not None:
        write_table(folder / "trajectories" / f"{sweep.id}.parquet", trajectories(sweep, done))


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
        write_parquet(runs, runs_table(parts, columns))
        write_text(text, spec)
        write_text(errors, log)
        files = {SPEC: checksum(text), RUNS: checksum(runs)}
        files |= {path.relative_to(folder).as_posix(): checksum(path) for path in sweeps}
        write_text(seal, sealed({"format": FORMAT, **about, "files": files}))
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
        write_text(text, spec)
        manifest = {**results.manifest, "files": {**results.manifest["files"], SPEC: checksum(text)}}
        write_text(seal, sealed(manifest))
    return Results(folder, manifest)


def _sweep_files(folder: Path) -> Iterator[Path]:
    for room in ("history", "trajectories"):
        yield from (folder / room).glob("*.parquet")
