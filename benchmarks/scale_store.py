"""The store of runs, the folder of results and the plan: bytes, files and seconds for more and more sweeps."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import lab
from benchmarks.measure import shown
from benchmarks.scale_messages import Work
from benchmarks.tables import Table
from optlab.api import pipeline
from optlab.execution.cache import kept
from optlab.execution.cache.identity import Identities
from optlab.execution.cache.rows import rows_of
from optlab.execution.cache.store import RunStore, segments
from optlab.execution.runner import Graphs
from optlab.results.store import writing
from optlab.results.store.files import checksum
from optlab.results.store.manifest import HISTORY, MANIFEST, TRAJECTORIES

PUTS = 100
INDEXED = (100, 1_000, 10_000)
PLANNED = (10, 100, 1_000)
PUBLISHED = (10, 100, 1_000)


@dataclass
class Spent:
    """A subject, how many of it, and the figures of each round by name: seconds, or bytes where the name says so."""

    name: str
    number: int
    figures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, figure: float) -> None:
        self.figures.setdefault(name, []).append(figure)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - begin)

    def each(self, name: str) -> float:
        """The median of a figure, for one of the number."""
        return median(self.figures[name]) / self.number

    def shown(self, name: str, is_each: bool = True) -> str:
        if name not in self.figures:
            return ""
        value = self.each(name) if is_each else median(self.figures[name])
        return f"{value:,.0f}" if "bytes" in name or "files" in name else shown(value)


# ---- the store of runs -----------------------------------------------------------------------------------------------


def kept_runs(work: Work, puts: int, rounds: int) -> Spent:
    """Put a sweep into the store many times under other keys, and get each again. It is in the cache of the disk."""
    spent = Spent(work.name, puts)
    graphs = Graphs()
    arrays = {"rows": rows_of(work.sweep, graphs.of(work.sweep).numbers), **kept.as_arrays(work.answer.trajectories)}
    identity = Identities(graphs).of(work.sweep)
    assert identity is not None
    for _ in range(rounds):
        with TemporaryDirectory() as folder:
            store = RunStore(Path(folder))
            with spent.timed("put"):
                for n in range(puts):
                    store.journal.append(_key(n), identity.family, {"parts": dict(identity.parts)}, arrays)
            with spent.timed("close"):
                store.journal.close()
            spent.add("bytes", sum(one.size for one in segments(Path(folder))))
            again = RunStore(Path(folder))
            again.of_key(_key(0))
            with spent.timed("get"):
                for n in range(puts):
                    found = again.of_key(_key(n))[0].arrays()
                    del found["rows"]
                    kept.from_arrays(found)
    return spent


def _key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def index(entries: int, rounds: int) -> Spent:
    """Open a store with small entries: the first look-up reads the heads of all, each further one a dictionary."""
    spent, runs = Spent(f"{entries:,} entries", entries), {"status": np.zeros(1, np.uint8)}
    with TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        for n in range(entries):
            store.journal.append(_key(n), bytes(8), {"parts": {"code": "0" * 64}}, runs)
        store.journal.close()
        for _ in range(rounds):
            again = RunStore(Path(folder))
            with spent.timed("first look-up"):
                assert again.of_key(_key(0))
            with spent.timed("further look-up"):
                for n in range(entries):
                    again.of_key(_key(n))
    return spent


# ---- the folder of results -------------------------------------------------------------------------------------------


def tables_of(work: Work, rounds: int) -> Spent:
    """Write the tables of a sweep into a draft of results."""
    import pyarrow.parquet as pq

    spent = Spent(work.name, 1)
    for _ in range(rounds):
        with TemporaryDirectory() as folder, writing(Path(folder) / "results") as writer:
            with spent.timed("written"):
                writer.sweep(work.sweep, work.answer.trajectories)
            files = [path for path in Path(folder).rglob("*.parquet") if path.parent.name in (HISTORY, TRAJECTORIES)]
            spent.add("files", len(files))
            spent.add("bytes", sum(path.stat().st_size for path in files))
            with spent.timed("checksums"):
                for path in files:
                    checksum(path)
            with spent.timed("read"):
                for path in files:
                    pq.read_table(path)
    return spent


def document(sweeps: int) -> dict[str, Any]:
    """An experiment with a number of sweeps, each of a run with one step: every start has a sweep."""
    problems = [{"name": "rosenbrock", "start": [1.0 + n / sweeps, 0.5]} for n in range(sweeps)]
    return lab.document(problems, [{"name": "adam", "lr": 0.1}], steps=1, points=0)


def planned(sweeps: int, rounds: int) -> Spent:
    """Plan sweeps, and find out what the store has of each, which traces their rules. Nothing is run."""
    spent = Spent(f"{sweeps:,} sweeps", sweeps)
    for _ in range(rounds):
        with spent.timed("planned"):
            job = pipeline.prepare(document(sweeps), plugins=())
    tracemalloc.start()
    job = pipeline.prepare(document(sweeps), plugins=())
    spent.add("bytes of memory", tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    identities = Identities(Graphs())
    with spent.timed("key of a sweep"):
        for sweep in job.plan.sweeps:
            identities.of(sweep)
    return spent


def published(sweeps: int) -> Spent:
    """Run and publish an experiment with small sweeps, once."""
    spent = Spent(f"{sweeps:,} sweeps", sweeps)
    with TemporaryDirectory() as folder:
        job = pipeline.prepare(document(sweeps), out=folder, plugins=())
        with spent.timed("run and published"), writing(job.folder) as writer:
            pipeline.execute(job, writer)
        files = [path for path in job.folder.rglob("*") if path.is_file()]
        spent.add("files", len(files))
        spent.add("bytes of manifest", (job.folder / MANIFEST).stat().st_size)
        spent.add("bytes of all", sum(path.stat().st_size for path in files))
    return spent


# ---- tables ----------------------------------------------------------------------------------------------------------


def tables(found: dict[str, list[Spent]]) -> list[Table]:
    """The tables of what `measured` has found."""
    return [
        _table("The store of runs: one sweep, in one file with others", found["kept"], ("bytes", "put", "get")),
        _table("The tables of one sweep in a folder of results", found["tables"],
               ("files", "bytes", "written", "checksums", "read")),
        _table("The index of the store, per entry", found["index"], ("first look-up", "further look-up")),
        _table("Plan, per sweep", found["planned"], ("planned", "bytes of memory", "key of a sweep")),
        _table("Results of sweeps of one run and one step, in all", found["published"],
               ("run and published", "files", "bytes of manifest", "bytes of all"), is_each=False),
    ]  # fmt: skip


def _table(title: str, found: list[Spent], names: tuple[str, ...], is_each: bool = True) -> Table:
    return Table(title, ["", *names], [[one.name, *(one.shown(name, is_each) for name in names)] for one in found])


def measured(works: list[Work], rounds: int, scale: float) -> dict[str, list[Spent]]:
    """All figures by table."""

    def some(numbers: tuple[int, ...]) -> list[int]:
        return list(dict.fromkeys(max(2, int(n * scale)) for n in numbers))

    return {
        "kept": [kept_runs(work, some((PUTS,))[0], rounds) for work in works],
        "tables": [tables_of(work, rounds) for work in works],
        "index": [index(n, rounds) for n in some(INDEXED)],
        "planned": [planned(n, rounds) for n in some(PLANNED)],
        "published": [published(n) for n in some(PUBLISHED)],
    }
