"""What runs in a worker: it executes a block of a sweep that another process has sent."""

from __future__ import annotations

import functools
import os
import pickle
import queue
import struct
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from optlab.errors import UserError
from optlab.execution import fingerprint
from optlab.execution.executors.local import Progress, Stopped, blocks
from optlab.execution.executors.protocol import Answer
from optlab.execution.executors.travel import Drop, Head, read
from optlab.execution.memory_limit import limit_memory
from optlab.execution.records import Sweep, Trajectories
from optlab.execution.runner import Runner
from optlab.plugins import registry
from optlab.plugins.registry import Registry

LENGTH = struct.Struct("<Q")
"""The length of an answer in a pipe, before the answer."""
KEPT = 16
"""The number of sweeps that a worker keeps loaded, traced and compiled."""


class OtherVersions(UserError):
    """A worker has other versions than the process that sent the sweep, so that results could differ."""


def compute(head: Head, begin: int, end: int, progress: Progress = lambda run_steps: None) -> Answer:
    """Execute the runs `begin` to `end` of a sweep. `progress` may raise an exception to stop it.

    Raises:
        OtherVersions: this process has other versions of Python, optlab or NumPy.
    """
    sweep, runner = _prepared(head)
    block = sweep.block(slice(begin, end))
    parts = blocks(block) if runner.divides(block) else [block]
    done = Trajectories.joined([runner(part, progress) for part in parts])
    faults = [] if sweep.savers is None else sweep.savers.faults.copy()
    if sweep.savers is not None:
        sweep.savers.faults.clear()
    return Answer(done, runner.backend(sweep), faults)


@functools.lru_cache(KEPT)
def _prepared(head: Head) -> tuple[Sweep, Runner]:
    own = fingerprint.versions()
    if differing := [name for name, version in head.versions.items() if own.get(name) != version]:
        said = "; ".join(
            f"{name} {own.get(name) or 'none'} instead of {head.versions[name] or 'none'}" for name in differing
        )
        raise OtherVersions(f"a worker has other versions, so its results could differ: {said}")
    sweep = read(head.sweep, _registry(head.drops))
    return sweep, Runner([sweep])


@functools.lru_cache(2)
def _registry(drops: tuple[Drop, ...]) -> Registry:
    unexecuted = {path for drop in drops for path in drop.unexecuted}

    def imported(path: Path) -> ModuleType:
        if os.path.realpath(path) in unexecuted:
            raise UserError(f"{path}: is not executed")
        return registry.import_file(path)

    return registry.load([_present(drop) for drop in drops], imported)


def _present(drop: Drop) -> str:
    """The folder of drop-in files, if it is here and has this content. Otherwise a copy in a temporary folder."""
    if Drop.of(drop.folder, drop.unexecuted) == drop:
        return drop.folder
    copy = Path(tempfile.mkdtemp(prefix="optlab-plugins-"))
    for name, text in drop.texts.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(text)
    return str(copy)


# ---- a worker process that reads from a pipe -------------------------------------------------------------------------


def serve(read_from: IO[bytes], write_to: IO[bytes]) -> None:
    """Answer messages from a pipe until it is closed. Then the process ends, even in the middle of a block."""
    waiting: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_receive, args=(read_from, waiting, stop), daemon=True).start()
    heads: dict[str, Head] = {}
    while True:
        kind, content = waiting.get()
        if kind == "head":
            heads[content.key] = content
        elif kind == "memory":
            limit_memory(content)
        else:
            key, begin, end = content
            answer = pickle.dumps(_outcome(heads[key], begin, end, stop), protocol=pickle.HIGHEST_PROTOCOL)
            write_to.write(LENGTH.pack(len(answer)) + answer)
            write_to.flush()


def _receive(read_from: IO[bytes], waiting: queue.SimpleQueue[tuple[str, Any]], stop: threading.Event) -> None:
    try:
        while True:
            message = pickle.load(read_from)
            stop.set() if message[0] == "stop" else waiting.put(message)
    except BaseException:  # the sender is gone, also in the middle of a message
        os._exit(0)


def _outcome(head: Head, begin: int, end: int, stop: threading.Event) -> Answer | BaseException:
    def watch(run_steps: int) -> None:
        if stop.is_set():
            raise Stopped

    try:
        return compute(head, begin, end, watch)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))  # the traceback itself cannot be pickled
        return error


def main() -> None:
    """The start of a worker process. Its own pipes are moved away from what plugins print."""
    read_from, write_to = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "rb"), (1, "wb")))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in ("r", "w", "w"))  # noqa: SIM115
    serve(read_from, write_to)
