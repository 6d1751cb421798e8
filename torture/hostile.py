"""Plugins that hang, crash, or change the process, with `executor = "processes"` and limits: all other runs stay."""

from __future__ import annotations

import resource
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

import optlab
from optlab.errors import ResultsError
from torture.commands import OPTLAB, Command, Ended, run
from torture.rows import Row
from torture.tables import some

SECONDS = 15
"""The limit of a sweep. A worker process starts within it, beside other programs."""
PATIENCE = 80
SAFE = 4 << 30
"""The most memory of a process, if nothing else ends it: the machine is not to be filled."""

TEXT = """\
name = "e"
steps = 20
seeds = 2
executor = "processes"
limits = {{ seconds = {seconds}, memory = "500 MB" }}
[[problem]]
name = "beale"
start = "random"
[[problem]]
name = "mlp"
dataset = "xor"
hidden = [3]
batch_size = 8
{problem}
[[optimizer]]
name = "gd"
lr = [1e-4, 1e-3]
[[optimizer]]
name = "sgld"
[[optimizer]]
name = "plain"
{optimizer}
"""
PLAIN = '''
from optlab import optimizer

@optimizer
def plain(x, g, *, lr=0.01):
    """Gradient descent, from a file."""
    return x - lr * g
'''

KINDS = {
    "loops for ever": ("while True:\n    pass", {"timeout"}),
    "allocates without bound": (
        "kept = []\n"
        "try:\n    while True:\n        kept.append(np.ones(10_000_000))\n"
        "except MemoryError:\n"
        "    if len(kept) > 12:\n        os.kill(os.getpid(), signal.SIGKILL)\n"  # as the system does without a limit
        "    raise",
        {"crashed"},
    ),
    "reads from address 0": ("ctypes.string_at(0)", {"crashed"}),
    "calls os._exit": ("os._exit(0)", {"crashed"}),
    "calls sys.exit": ("sys.exit(0)", {"error"}),
    "prints {megabytes} MB": (
        "for _ in range(0 if begun else {megabytes}):\n    os.write(1, b'x' * 500_000)\n    print('x' * 500_000)",
        {"done"},
    ),
    "replaces functions of NumPy": (
        "for name in ('add', 'subtract', 'multiply', 'square', 'exp', 'tanh', 'matmul', 'sum', 'zeros', 'asarray'):\n"
        "    setattr(np, name, lambda *given, **more: 0.0)",
        {"done", "error", "crashed"},
    ),
    "seeds NumPy and changes its error state": ("np.random.seed(0)\nnp.seterr(all='raise')", {"done", "error"}),
    "changes the folder": ("os.chdir('/')", {"done", "error"}),
    "leaves threads behind": (
        "for _ in range(0 if begun else 8):\n    threading.Thread(target=time.sleep, args=(3600,)).start()",
        {"done", "error"},
    ),
    "empties sys.path and os.environ": ("sys.path.clear()\nos.environ.clear()", {"done", "error"}),
    "raises a BaseException": ("raise BaseException('on purpose')", {"error"}),
    "recurs without bound": (
        "sys.setrecursionlimit(10**9)\nagain = lambda: [again()]\nagain()",
        {"error", "crashed", "timeout"},
    ),
    "kills its process group": ("os.killpg(0, signal.SIGKILL)", {"crashed"}),
}
"""What a plugin does, and the statuses that its runs may have then."""

HEAD = """
import ctypes, os, signal, sys, threading, time
import numpy as np
from optlab import optimizer, problem
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise

begun = False

def harm():
    global begun
{harm}
    begun = True
"""
RULE = '''
@optimizer
def hostile(x, g, *, lr=0.01):
    """Gradient descent, and more."""
    {body}
'''
PLACES = {
    "a rule, while it is traced": RULE.format(body="harm(); return x - lr * g"),
    "an operation, in a step": """
def noticed(x):
    harm()
    return x * 1.0

OPERATION = elementwise("noticed", noticed, lambda g, y, x: g)
"""
    + RULE.format(body="return x - lr * apply(OPERATION, g)"),
    "a problem": '''
@problem(dim=2, start=[1.0, 1.0], domain=[-2.0, 2.0])
def hostile(x):
    """A sphere, and more."""
    harm()
    return x[0] ** 2 + x[1] ** 2
''',
    "a file, while it is imported": RULE.format(body="return x - lr * g") + "\nharm()\n",
}


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    megabytes = max(1, int(1000 * scale))
    kinds = dict(list(KINDS.items())[:: max(1, round(1 / scale))])
    expected = _reference(room / "without")
    for number, place in enumerate(PLACES):
        row = Row(f'hostile code in {place}, with `executor = "processes"` and limits')

        def tried(kind: str, place: str = place, number: int = number) -> str:
            return outcome(room / f"{number} {kind}", kind, place, megabytes, expected)

        with ThreadPoolExecutor(2) as pool:
            for kind, found in zip(kinds, pool.map(tried, kinds), strict=True):
                if found.startswith("!"):
                    row.violations.append(f"{place}: {kind.format(megabytes=megabytes)}: {found[1:]}")
                else:
                    row.count(found)
        yield row


def _reference(room: Path) -> str:
    """The digest of the runs of an experiment without a hostile plugin."""
    _write(room, "", "", "")
    ended = run(room, "run", "e.toml", "--no-plots", "--workers", "2")
    assert ended.status == 0, ended.said
    return some(room / "results" / "e", _is_innocent)


def _is_innocent(runs: pd.DataFrame) -> pd.Series:
    return (runs["optimizer"] != "hostile") & (runs["problem"] != "hostile")


def _write(room: Path, problem: str, optimizer: str, plugin: str) -> None:
    (room / "plugins").mkdir(parents=True)
    (room / "plugins" / "plain.py").write_text(PLAIN)
    if plugin:
        (room / "plugins" / "hostile.py").write_text(plugin)
    (room / "e.toml").write_text(TEXT.format(seconds=SECONDS, problem=problem, optimizer=optimizer))


def outcome(room: Path, kind: str, place: str, megabytes: int, expected: str) -> str:
    """Run an experiment with one hostile plugin. What was found, or a violation, which begins with "!"."""
    code, allowed = KINDS[kind]
    harm = textwrap.indent(code.replace("{megabytes}", str(megabytes)), "    ")
    table = '[[{}]]\nname = "hostile"'
    is_problem = place == "a problem"
    _write(room, table.format("problem") * is_problem, table.format("optimizer") * (not is_problem),
           HEAD.replace("{harm}", harm) + PLACES[place])  # fmt: skip
    command = Command(room, OPTLAB, "run", "e.toml", "--no-plots", "--workers", "2", before=_limit)
    return _judged(command.ended(PATIENCE), room / "results" / "e", allowed, expected)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (SAFE, SAFE))


def _judged(ended: Ended, folder: Path, allowed: set[str], expected: str) -> str:
    if ended.status is None:
        return f"!the command was held: {ended.last}"
    if ended.status == 2 and "hostile.py" in ended.said:
        return "refused before anything ran, and named"
    try:
        runs = optlab.load(folder, plugins=()).runs
    except ResultsError:
        return f"!the command ended with status {ended.status} and no results: {ended.last}"
    statuses = set(runs["status"][~_is_innocent(runs)].replace("diverged", "done"))  # both are results
    if some(folder, _is_innocent) != expected:
        others = sorted(set(runs["status"][_is_innocent(runs)]))
        return f"!other runs changed (their statuses: {', '.join(others)})"
    if not statuses <= allowed:
        return f"!the status is {', '.join(sorted(statuses))}"
    log = folder / "errors.log"
    if statuses != {"done"} and not (ended.status == 1 and log.is_file() and "hostile" in log.read_text()):
        return f"!not named (exit status {ended.status})"
    if statuses == {"done"} and ended.status != 0:
        return f"!all runs are done, and the exit status is {ended.status}: {ended.last}"
    return f"{' and '.join(sorted(statuses))}, all other runs equal"
