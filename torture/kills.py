"""SIGKILL at random moments of `optlab run`, which replaces one experiment by another in the same folder."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from optlab.cli.app import main
from optlab.errors import ResultsError
from optlab.results import store
from tests import forked
from torture.rows import Row

TEXT = """\
name = "e"
steps = {steps}
[[problem]]
name = "sphere"
[[optimizer]]
name = "gd"
lr = [1e-4, 1e-3]
"""
STEPS = (20, 30)
KILLS = {"without pictures": 150, "with pictures and a report": 50}


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    forked._import_all()  # once, instead of in each process
    rng = random.Random(seed)
    for kind, number in KILLS.items():
        lab = Lab(room / kind, () if kind.startswith("with ") else ("--no-plots",))
        row = Row(f"SIGKILL of `optlab run` {kind} at a random moment")
        for n in range(max(1, int(number * scale))):
            lab.kill(row, rng, is_group=n % 2 > 0)
        lab.finish(row)
        yield row


class Lab:
    """A folder with two experiments of one name, both of which were run once."""

    def __init__(self, room: Path, options: Sequence[str]) -> None:
        self.room, self.options = room, options
        room.mkdir()
        self.folder = room / "results" / "e"
        for steps in STEPS:
            (room / f"{steps}.toml").write_text(TEXT.format(steps=steps))
            start = time.monotonic()
            assert wait(self.start(steps)) == 0
            self.seconds = time.monotonic() - start
            assert self.found() == steps

    def start(self, steps: int) -> int:
        """Fork, run the command in a process group of its own, and return the number of the process."""
        if child := os.fork():
            return child
        os.setsid()
        os.chdir(self.room)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        sys.argv = ["optlab", "run", f"{steps}.toml", "--quiet", *self.options]
        status = 1
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os._exit(status)

    def kill(self, row: Row, rng: random.Random, is_group: bool) -> None:
        """Start the experiment that is not in the folder, and kill it, or its whole process group."""
        before = self.found()
        process = self.start(STEPS[before == STEPS[0]])
        time.sleep(self.seconds * rng.uniform(0.5, 1.0))
        with suppress(ProcessLookupError):
            (os.killpg if is_group else os.kill)(process, signal.SIGKILL)
        status = wait(process)
        after, damage = self.found(), self.damage()
        if after is None or damage:
            row.violations.append(f"{row.fault}: {damage or 'the results are neither the earlier nor the later ones'}")
        else:
            self.seconds *= 1.1 if after == before else 0.9  # about half of the kills shall come after publication
            ended = "" if status == -signal.SIGKILL else " (the run had ended)"
            row.count(f"{'earlier' if after == before else 'later'} results complete{ended}")

    def found(self) -> int | None:
        """The number of steps of the experiment whose complete results are in the folder. No table is read here:
        this would start threads, and a process with threads cannot be forked safely."""
        try:
            return store.load(self.folder).manifest["planned"]["steps"]
        except ResultsError:
            return None

    def damage(self) -> str:
        try:
            return " ".join(store.load(self.folder).damaged_pictures())
        except ResultsError as error:
            return str(error)

    def finish(self, row: Row) -> None:
        """The next run must complete the results and leave no temporary file."""
        is_done = wait(self.start(STEPS[0])) == 0 and self.found() == STEPS[0]
        if not is_done or (left := sorted(file for file in names(self.folder) if "/." in f"/{file}")):
            row.violations.append(f"{row.fault}: after the next run there is {left if is_done else 'no result'}")


def wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
