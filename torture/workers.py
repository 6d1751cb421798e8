"""SIGKILL of worker processes, of a worker of Dask, and of its scheduler, at random moments of `optlab run`."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd

import optlab
from torture import experiment
from torture.cluster import Cluster
from torture.commands import OPTLAB, PATIENCE, Command, Ended, run
from torture.equal import has_dask, unequal
from torture.rows import Row
from torture.tables import some, tables

ONCE, TWICE, OF_DASK, OF_SCHEDULER = 30, 5, 8, 6
"""How often a worker is killed, the same block is killed twice, a worker of Dask, and its scheduler."""

BEGUN = "running: "
"""What the command prints when it has a first result."""


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    rng, lab = random.Random(seed), Lab(room)
    yield lab.once(rng, max(1, round(ONCE * scale)))
    yield lab.twice(rng, max(1, round(TWICE * scale)))
    if has_dask():
        yield lab.worker_of_dask(rng, max(1, round(OF_DASK * scale)))
        yield lab.scheduler(rng, max(1, round(OF_SCHEDULER * scale)))


class Lab:
    """An experiment, and the results that threads have computed.

    `_seconds` is the time in which kills come. It is adapted so that most of them come before the end of the runs.
    """

    def __init__(self, room: Path, steps: int = 100, values: int = 4) -> None:
        self.room, self.file = room, experiment.write(room, steps, values)
        self.folder = experiment.reference(room, self.file)
        self.expected = tables(self.folder)
        self._seconds, self._started = 3.0, 0

    def once(self, rng: random.Random, number: int) -> Row:
        """Kill one of two workers. Its block is executed again, so that nothing is lost."""
        row = Row("SIGKILL of a worker process at a random moment")
        for _ in range(number):
            command, out = self._start("--executor=processes", "--workers=2")
            first = _first_worker(command)
            time.sleep(self._seconds * rng.uniform(0.0, 1.0))
            running = command.workers()
            is_late = not (running and _kill(rng.choice(running)))
            self._seconds *= 0.9 if is_late or not first else 1.05
            self._count(row, command.ended(), out, is_late)
        return row

    def twice(self, rng: random.Random, number: int) -> Row:
        """Kill the only worker, and the one that then tries the same block. Only this sweep is lost, with `crashed`."""
        row = Row("SIGKILL of a worker process and of the one that tries its block again")
        for _ in range(number):
            command, out = self._start("--executor=processes", "--workers=1")
            first = _first_worker(command)
            time.sleep(self._seconds * rng.uniform(0.2, 0.8))
            is_late = not (first and _kill(first))
            second = None if is_late else _first_worker(command, first)
            time.sleep(rng.uniform(0.0, 0.5))
            is_late = not (second and _kill(second))
            ended = command.ended()
            if is_late:
                self._count(row, ended, out, is_late)
            elif fault := self._lost(ended, out):
                row.violations.append(f"{row.fault}: {fault}")
            else:
                row.count("one sweep crashed and named, the others equal; equal after the next run")
        return row

    def worker_of_dask(self, rng: random.Random, number: int) -> Row:
        """Kill one of two workers of a cluster. The other one executes its blocks."""
        row = Row("SIGKILL of a worker of a Dask cluster at a random moment")
        with Cluster(self.room / "cluster") as cluster:
            seconds = self._usual(cluster)
            for _ in range(number):
                cluster.fill(2)
                command, out = self._start(f"--scheduler={cluster.address}")
                command.has_said(BEGUN)
                time.sleep(seconds * rng.uniform(0.0, 0.9))
                is_late = command.process.poll() is not None
                cluster.kill_worker(rng)
                self._count(row, command.ended(), out, is_late)
        return row

    def scheduler(self, rng: random.Random, number: int) -> Row:
        """Kill the scheduler of a cluster, while results of another experiment are in the folder."""
        row = Row("SIGKILL of the scheduler of a Dask cluster at a random moment")
        other = experiment.write(self.room, 5, 2)
        before = tables(experiment.reference(self.room, other))
        seconds = 0.0
        for n in range(number):
            out = f"scheduler-{n}"
            assert run(self.room, *experiment.words(other, out)).status == 0
            with Cluster(self.room / f"cluster-{n}") as cluster:
                cluster.fill(2)
                seconds = seconds or self._usual(cluster)
                command, _ = self._start(f"--scheduler={cluster.address}", out=out)
                command.has_said(BEGUN)
                time.sleep(seconds * rng.uniform(0.0, 0.9))
                is_late = command.process.poll() is not None
                cluster.kill_scheduler()
                ended = command.ended()
            self._count_without_scheduler(row, ended, out, before, is_late)
        return row

    def _usual(self, cluster: Cluster) -> float:
        """The seconds that the runs take on a cluster."""
        cluster.fill(2)
        command, _ = self._start(f"--scheduler={cluster.address}")
        command.has_said(BEGUN)
        start = time.monotonic()
        ended = command.ended()
        assert ended.status == 0, ended.said
        return time.monotonic() - start

    def _start(self, *more: str, out: str = "") -> tuple[Command, str]:
        """Start the experiment, by default in a folder of its own, in which no runs are kept."""
        self._started += 1
        out = out or f"out-{self._started}"
        return Command(self.room, OPTLAB, *experiment.words(self.file, out, *more)), out

    def _count(self, row: Row, ended: Ended, out: str, is_late: bool) -> None:
        """Count a run that must have all results."""
        if ended.status != 0:
            row.violations.append(f"{row.fault}: {_how(ended)}{_logged(self.room / out / 'e')}")
        elif differing := unequal(tables(self.room / out / "e"), self.expected):
            row.violations.append(f"{row.fault}: other bits in {', '.join(differing)}")
        else:
            row.count("tables equal to the bit" + " (the run had ended)" * is_late)

    def _lost(self, ended: Ended, out: str) -> str:
        """What is wrong after the loss of one sweep; empty if it is named and all others are there."""
        folder = self.room / out / "e"
        if ended.status != 1:
            return _how(ended)
        runs = optlab.load(folder, plugins=()).runs
        crashed = runs[runs["status"] == "crashed"]
        if len(set(zip(crashed["case"], crashed["label"], strict=True))) != 1:
            return f"{len(crashed)} runs crashed"
        case, label = crashed.iloc[0][["case", "label"]]

        def is_other(runs: pd.DataFrame) -> pd.Series:
            return (runs["case"] != case) | (runs["label"] != label)

        if some(folder, is_other) != some(self.folder, is_other):
            return "other runs changed"
        if "ended (SIGKILL)" not in (folder / "errors.log").read_text():
            return "not named in errors.log"
        again = run(self.room, *experiment.words(self.file, out, "--executor=processes"))
        return _how(again) if again.status != 0 or tables(folder) != self.expected else ""

    def _count_without_scheduler(self, row: Row, ended: Ended, out: str, before: dict[str, str], is_late: bool) -> None:
        found = tables(self.room / out / "e")
        if ended.status == 0 and found == self.expected:
            row.count("tables equal to the bit" + " (the run had ended)" * is_late)
        elif ended.status and found == before and "Traceback" not in ended.said:
            row.count("an error in one line, earlier results complete")
        else:
            state = "earlier results complete" if found == before else "earlier results replaced"
            row.violations.append(f"{row.fault}: {_how(ended)}; {state}")


def _how(ended: Ended) -> str:
    if ended.status is None:
        return f"the command hung: {ended.last}"
    return f"exit status {ended.status}: {ended.last}"


def _logged(folder: Path) -> str:
    """What the log of errors says last."""
    log = folder / "errors.log"
    return f" ({log.read_text().strip().splitlines()[-1]})" if log.is_file() else ""


def _first_worker(command: Command, after: int = 0) -> int:
    """The first worker that is not `after`, as soon as there is one; 0 if the command ends before."""
    deadline = time.monotonic() + PATIENCE
    while command.process.poll() is None and time.monotonic() < deadline:
        if found := [process for process in command.workers() if process != after]:
            return found[0]
        time.sleep(0.01)
    return 0


def _kill(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        return True
    return False
