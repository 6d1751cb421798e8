"""SIGKILL of `optlab run` within its sweeps: what is continued has the bits of what was computed at once."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from optlab.execution.cache.segments import CHECKPOINT, SAVING
from torture import experiment
from torture.commands import PATIENCE, Command
from torture.equal import unequal
from torture.rows import Row
from torture.tables import tables

KILLS, STEPS = {"threads": 30, "processes": 10, "dask": 10}, 3000

OFTEN = """\
from functools import partial
from optlab.api import reuse
from optlab.cli.app import main
reuse.Reuse = partial(reuse.Reuse, interval=0.02)
main()
"""
"""`optlab`, with fifty checkpoints each second instead of one each minute, if they do not take too long."""


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    rng, file = random.Random(seed), experiment.write(room, STEPS)
    expected = tables(experiment.reference(room, file))
    for executor, number in KILLS.items():
        row, left = Row(f'SIGKILL of `optlab run` within its sweeps, `executor = "{executor}"`'), round(number * scale)
        out = 0
        while left > 0:
            left -= killed(room, file, f"{executor}-{(out := out + 1)}", executor, rng, row, expected)
        yield row


def killed(
    room: Path, file: Path, out: str, executor: str, rng: random.Random, row: Row, expected: dict[str, str]
) -> int:
    """Run an experiment, and kill it after a checkpoint again and again until it has ended. The number of kills."""
    kills = 0
    while True:
        words = experiment.words(file, out, f"--executor={executor}", "--workers=2")
        command, begun = Command(room, sys.executable, "-c", OFTEN, *words), time.time()
        if _has_saved(command, room / out / ".optlab-cache", begun):
            time.sleep(rng.uniform(0.0, 1.0))
        is_over = command.process.poll() is not None
        command.kill()
        ended = command.ended()
        if kills:
            row.count("continued" if "continued at step" in ended.said else "no block was begun")
        if is_over:
            break
        kills += 1
    if ended.status != 0:
        row.violations.append(f"{row.fault}: exit status {ended.status}: {ended.last}")
    elif differing := unequal(tables(room / out / "e"), expected):
        row.violations.append(f"{row.fault}: other bits in {', '.join(differing)}")
    elif left := [
        path.name for path in (room / out / ".optlab-cache").iterdir() if path.suffix in (CHECKPOINT, SAVING)
    ]:
        row.violations.append(f"{row.fault}: left behind: {', '.join(left)}")
    return max(kills, 1)


def _has_saved(command: Command, store: Path, begun: float) -> bool:
    """Wait for a checkpoint of this command. False if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while command.process.poll() is None and time.monotonic() < deadline:
        if any(path.stat().st_mtime > begun for path in store.glob(f"*{CHECKPOINT}")):
            return True
        time.sleep(0.01)
    return False
