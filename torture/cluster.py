"""A Dask cluster on this machine whose scheduler and workers are commands, which can be killed."""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from torture.commands import PATIENCE, Command

_LOCAL = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler, and workers with one thread each. All are killed at the end of the context."""

    def __init__(self, room: Path) -> None:
        self._room, self._file = room, room / "scheduler.json"
        room.mkdir()
        self._scheduler = self._start("dask_scheduler", "--port", "0")
        self._workers: list[Command] = []
        self.address = self._address()

    def _start(self, program: str, *more: str) -> Command:
        known = ("--scheduler-file", str(self._file))
        return Command(self._room, sys.executable, "-m", f"distributed.cli.{program}", *known, *_LOCAL, *more)

    def _address(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                return json.loads(self._file.read_text())["address"]
            except (OSError, ValueError):  # it is not yet written, or not completely
                time.sleep(0.1)
        raise TimeoutError("the scheduler of Dask does not start")

    def fill(self, number: int) -> None:
        """Start workers until there are so many, and wait until the scheduler knows them."""
        import distributed

        self._workers += [self._start("dask_worker", "--nthreads", "1", "--no-nanny")
                          for _ in range(number - len(self._workers))]  # fmt: skip
        with distributed.Client(self.address, set_as_default=False, timeout=PATIENCE) as client:
            client.wait_for_workers(number, timeout=PATIENCE)

    def kill_worker(self, rng: random.Random) -> None:
        self._workers.pop(rng.randrange(len(self._workers))).kill()

    def kill_scheduler(self) -> None:
        self._scheduler.kill()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        for command in (*self._workers, self._scheduler):
            command.kill()
