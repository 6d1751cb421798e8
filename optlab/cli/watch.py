"""`optlab run --watch`, `race --watch` and `play --watch`: run again whenever the experiment or a plugin is saved.

Every run is a separate process (a round), so that no module is stale and no effect of a plugin stays in the watcher.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import typer

from optlab.cli.guard import INTERRUPTED

PERIOD = 0.5
"""Seconds between two checks of the files."""

PATIENCE = 10
"""Seconds that an interrupted round has to end."""

Seen = dict[Path, tuple[int, int, int]]


def watch(file: Path, folders: Sequence[Path], options: Sequence[str], quiet: bool) -> None:
    """Run an experiment with some options, and again after each change; see `repeat`."""
    from optlab.experiments.document.text import text_of

    text_of(file)  # a file missing at the start is a mistake; later an editor may be replacing it
    repeat(["run", *options, "--", str(file)], [file], folders, quiet)


def repeat(
    words: Sequence[str],
    files: Sequence[Path],
    folders: Sequence[Path],
    quiet: bool,
    told: Callable[[int | None], None] = lambda status: None,
    log: Path | None = None,
) -> None:
    """Run a command of optlab, and again after each change of a file or of a module below the folders.

    Only Ctrl-C ends it. A round that finds a mistake prints it and ends; watching continues. A change stops a round
    that is still running.

    Args:
        told: called with None when a round begins, and with its exit status when it has ended.
        log: the file for what a round prints on stderr. Default: stderr.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)  # so that the round is stopped too
    command = [sys.executable, "-P", "-c", "from optlab.cli.app import main; main()", *words]
    watched = f"watching {_listed([*files, *folders])}; Ctrl-C ends"

    def ended(status: int) -> None:
        told(status)
        if not quiet:
            typer.echo(watched, err=True)

    look = partial(snapshot, files, folders)
    seen = look()
    while True:
        told(None)
        with _running(command, log) as round_:
            now = _change(round_, look, seen, ended)
        now = _settled(look, now)
        changed = [path for path in {**seen, **now} if seen.get(path) != now.get(path)]
        seen = now
        _clear()
        if not quiet:
            typer.echo(f"changed: {_listed(changed)}", err=True)


def typed(options: Mapping[str, Any]) -> list[str]:
    """Options as words of a command line, without the options that are not set."""
    lists = [(name, value if isinstance(value, list) else [value]) for name, value in options.items()]
    return [f"--{name}={value}" for name, values in lists for value in values if value is not None]


def snapshot(files: Sequence[Path], folders: Sequence[Path]) -> Seen:
    """Inode, time and size of the files and of every module below the folders, to detect changes."""
    paths = [*files, *(path for folder in folders for path in _modules(folder))]
    seen = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # removed, perhaps only while an editor replaces it
            continue
        seen[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return seen


def _modules(folder: Path) -> Iterator[Path]:
    for where, inside, files in os.walk(folder):
        inside[:] = [name for name in inside if not name.startswith((".", "__pycache__"))]
        yield from (Path(where, name) for name in files if name.endswith(".py"))


def _change(
    round_: subprocess.Popen[bytes], look: Callable[[], Seen], seen: Seen, ended: Callable[[int], None]
) -> Seen:
    """Wait until the snapshot differs from `seen`. Call `ended` with the exit status if the round ends before that."""
    is_over = False
    while (now := look()) == seen:
        if is_over:
            time.sleep(PERIOD)
            continue
        with suppress(subprocess.TimeoutExpired):
            status = round_.wait(PERIOD)
            is_over = True
            ended(status)
    return now


def _settled(look: Callable[[], Seen], now: Seen) -> Seen:
    """Wait until two snapshots are equal: an editor may save many files, or one file in parts."""
    while True:
        time.sleep(PERIOD / 5)
        before, now = now, look()
        if now == before:
            return now


@contextmanager
def _running(command: Sequence[str], log: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """A round that is stopped at the end of the block, after a change or Ctrl-C.

    It has its own process group: the terminal sends Ctrl-C to the watcher only, which passes it to the round once.
    """
    sys.stdout.flush()
    with log.open("wb") if log else nullcontext() as stderr:
        round_ = subprocess.Popen(command, process_group=0, stderr=stderr)
    try:
        yield round_
    except KeyboardInterrupt:
        if _stop(round_) == INTERRUPTED:  # the round has printed this already
            raise typer.Exit(INTERRUPTED) from None
        raise
    finally:
        _stop(round_)


def _stop(round_: subprocess.Popen[bytes]) -> int | None:
    """Interrupt a round as Ctrl-C does. Returns its exit status, or None if it had ended before."""
    if round_.poll() is not None:
        return None
    round_.send_signal(signal.SIGINT)
    try:
        return round_.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        round_.kill()
        return round_.wait()


def _leave(number: int, _frame: Any) -> None:
    raise typer.Exit(128 + number)


def _clear() -> None:
    """Clear the terminal; without a terminal, print a blank line."""
    typer.echo("\x1b[2J\x1b[H" if sys.stdout.isatty() else "", nl=not sys.stdout.isatty())


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
