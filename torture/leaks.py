"""`optlab.run` again and again in one process: memory, open files and threads do not grow.

`python -m torture.leaks FOLDER SECONDS SEED` is that process. It prints a line of JSON after every few runs.
"""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from torture.rows import Row

SECONDS = 600.0
WARM_UP = 0.25
"""The first part of the time, in which caches are filled: they have a largest size."""
ALLOWED = {"MB": 16.0, "files": 0, "Python threads": 0, "threads": 8}
"""The growth that is allowed, from the first to the last fifth of the rest. Memory is for the allocator. Arrow has a
pool of 8 threads, which start when they are first needed; Python does not know them."""
EVERY, CLEARED = 2, 50

PLUGINS = {
    "mine": '''
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.1):
    """Gradient descent."""
    return x - lr * g
''',
    "failing": '''
from optlab import optimizer

@optimizer
def failing(x, g, *, lr=0.1):
    """Raises an exception."""
    raise ZeroDivisionError("on purpose")
''',
}


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    seconds = SECONDS * scale
    command = [sys.executable, "-m", "torture.leaks", str(room), str(seconds), str(seed)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, timeout=2 * seconds + 300)
    row = Row(f"`optlab.run` in one process for {seconds:.0f} s, with and without pictures")
    if done.returncode != 0:
        row.violations.append(f"{row.fault}: exit status {done.returncode}")
    judge(row, [json.loads(line) for line in done.stdout.splitlines()], seconds)
    yield row


def judge(row: Row, measured: list[dict[str, float]], seconds: float) -> None:
    """Compare the first and the last fifth of what was measured after the warm-up, by their medians."""
    after = [one for one in measured if one["time"] > WARM_UP * seconds] or measured[-1:]
    count = max(1, len(after) // 5)
    first, last = (
        {key: statistics.median(one[key] for one in part) for key in after[0]}
        for part in (after[:count], after[-count:])
    )
    grown = {key: f"{first[key]:.0f} to {last[key]:.0f}" for key in first}
    for key, allowed in ALLOWED.items():
        if last[key] - first[key] > allowed:
            row.violations.append(
                f"{row.fault}: {key} grow from {grown[key]} in {last['runs'] - first['runs']:.0f} runs"
            )
    runs = int(measured[-1]["runs"])
    row.outcomes[f"runs; {grown['MB']} MB of memory, {grown['files']} open files, {grown['threads']} threads"] = runs


# ---- the process -----------------------------------------------------------------------------------------------------


def document(chance: random.Random) -> dict:
    """A small experiment, of one of five names."""
    network = {"name": "mlp", "dataset": "xor", "hidden": [chance.choice([2, 3])], "batch_size": 8}
    noisy = {"name": "beale", "start": "random", "noise": {"kind": "normal", "scale": 0.1}}
    functions = [{"name": "rosenbrock", "dim": chance.randint(2, 6)}, {"name": "sphere", "start": "random"}]
    rules = [{"name": "adam", "schedule": "cosine"}, {"name": "gd", "lr": [1e-3, 1e-2]}, {"name": "sgld"},
             {"name": "momentum", "transforms": ["clip_norm"]}, {"name": "mine"}]  # fmt: skip
    failing = [{"name": "failing"}] if chance.random() < 0.1 else []
    return {
        "name": f"e{chance.randrange(5)}",
        "steps": chance.choice([10, 50]),
        "seed": chance.randrange(10**6),
        "seeds": 2,
        "problem": chance.sample([*functions, noisy, network], 2),
        "optimizer": chance.sample(rules, 2) + failing,
        "backend": chance.choice(["auto", "auto", "replay"]),
    }


def repeat(room: Path, seconds: float, chance: random.Random) -> None:
    """Run experiments until the time is over, and print what the process has after every few."""
    import optlab
    from optlab.errors import UserError

    (room / "plugins").mkdir()
    for name, text in PLUGINS.items():
        (room / "plugins" / f"{name}.py").write_text(text)
    os.chdir(room)
    start, runs = time.monotonic(), 0
    while runs < 2 * EVERY or time.monotonic() - start < seconds:
        with suppress(UserError):  # some back ends refuse some problems
            optlab.run(document(chance), plots=chance.random() < 0.2).ranking()
        runs += 1
        if runs % EVERY == 0:
            print(json.dumps({"time": time.monotonic() - start, "runs": runs} | own()), flush=True)
        if runs % CLEARED == 0:
            shutil.rmtree("results")


def own() -> dict[str, float]:
    """What this process has: memory in MB, open files, threads."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as sizes:
        pages = int(sizes.read().split()[1])
    files, threads = (len(os.listdir(f"/proc/self/{name}")) for name in ("fd", "task"))
    memory, of_python = pages * os.sysconf("SC_PAGE_SIZE") / 1e6, threading.active_count()
    return {"MB": memory, "files": files, "Python threads": of_python, "threads": threads}


if __name__ == "__main__":
    repeat(Path(sys.argv[1]), float(sys.argv[2]), random.Random(int(sys.argv[3])))
