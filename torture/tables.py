"""The tables of results without the measured times, as texts that differ if any bit differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import optlab

TIMES = "seconds"


def tables(folder: Path) -> dict[str, str]:
    """A digest of each file with recorded steps, and of the table of runs without its measured times."""
    found = {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*.parquet"))
    }
    runs = pq.read_table(folder / "runs.parquet")
    kept = runs.drop_columns([name for name in runs.column_names if name == TIMES]).combine_chunks()
    with pa.BufferOutputStream() as stream:
        with pa.ipc.new_stream(stream, kept.schema) as writer:
            writer.write_table(kept)
        found["runs.parquet"] = hashlib.sha256(stream.getvalue()).hexdigest()
    return found


def some(folder: Path, is_meant: Callable[[pd.DataFrame], pd.Series]) -> str:
    """A digest of the rows of some runs in all tables. The runs are numbered anew, because others may be missing."""
    results = optlab.load(folder, plugins=())
    runs = results.runs[is_meant(results.runs)]
    numbers = {run: number for number, run in enumerate(runs["run"])}
    made = hashlib.sha256()
    for table in (runs, results.history, results.trajectories):
        rows = table[table["run"].isin(numbers)].drop(columns=TIMES, errors="ignore")
        for name, column in rows.assign(run=rows["run"].map(numbers)).items():
            made.update(f"\0{name}\0".encode())
            is_text = column.dtype.kind not in "iufb"
            made.update(repr(column.tolist()).encode() if is_text else column.to_numpy().tobytes())
    return made.hexdigest()
