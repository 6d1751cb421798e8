"""One experiment on each executor with 1, 2 and 8 workers: the same tables to the bit."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from torture import experiment
from torture.commands import run
from torture.rows import Row
from torture.tables import tables

WORKERS = (2, 8, 1)


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    counts = WORKERS[: max(1, round(len(WORKERS) * scale))]
    file = experiment.write(room)
    expected = tables(experiment.reference(room, file))
    for executor in ("threads", "processes", "dask"):
        if executor == "dask" and not has_dask():
            continue
        yield compared(room, file, executor, counts, expected)


def has_dask() -> bool:
    """Whether Dask is installed. If not, this is said."""
    if importlib.util.find_spec("distributed"):
        return True
    print("left out what needs Dask: distributed is not installed (pip install 'optlab[dask]')", file=sys.stderr)
    return False


def compared(room: Path, file: Path, executor: str, counts: Sequence[int], expected: dict[str, str]) -> Row:
    """Run the experiment with each number of workers, and compare all tables."""
    row = Row(f'`executor = "{executor}"` with {", ".join(map(str, sorted(counts)))} workers')
    for count in counts:
        out = f"{executor}-{count}"
        ended = run(room, *experiment.words(file, out, f"--executor={executor}", f"--workers={count}"))
        if ended.status != 0:
            row.violations.append(f"{row.fault}: {count} workers: exit status {ended.status}: {ended.last}")
        elif differing := unequal(tables(room / out / "e"), expected):
            row.violations.append(f"{row.fault}: {count} workers: other bits in {', '.join(differing)}")
        else:
            row.count("tables equal to the bit")
    return row


def unequal(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """The names of the tables that differ, or that only one of the two has."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
