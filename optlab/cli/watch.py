"""`optlab run --watch`, `race --watch` and `play --watch`: run again whenever the experiment or a plugin is saved.

Every run is a separate process, see `rounds`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import typer

from optlab.cli.rounds import Round, Rounds

PERIOD = 0.1
"""Seconds between two checks of the files."""

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
    told: Callable[[int | None, str], None] | None = None,
) -> None:
    """Run a command of optlab, and again after each change of a file or of a module below the folders.

    Only Ctrl-C ends it. A round that finds a mistake prints it and ends; watching continues. A change stops a round
    that is still running.

    Args:
        told: called with None when a round begins, and with its exit status when it has ended, and with what it has
            printed on stderr. Without it, a round prints on stderr.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)  # so that the round is stopped too
    rounds = Rounds(words, is_captured=told is not None)
    tell = told or (lambda status, printed: None)
    watched = f"watching {_listed([*files, *folders])}; Ctrl-C ends"

    def ended(round_: Round) -> None:
        tell(round_.process.returncode, round_.printed())
        if not quiet:
            typer.echo(watched, err=True)
        rounds.prepare()

    look = partial(snapshot, files, folders)
    seen = look()
    with closing(rounds):
        while True:
            tell(None, "")
            with rounds.running() as round_:
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


def _change(round_: Round, look: Callable[[], Seen], seen: Seen, ended: Callable[[Round], None]) -> Seen:
    """Wait until the snapshot differs from `seen`. Call `ended` with the round if it ends before that."""
    is_over = False
    while (now := look()) == seen:
        if is_over:
            time.sleep(PERIOD)
            continue
        with suppress(subprocess.TimeoutExpired):
            round_.process.wait(PERIOD)
            is_over = True
            ended(round_)
    return now


def _settled(look: Callable[[], Seen], now: Seen) -> Seen:
    """Wait until two snapshots are equal: an editor may save many files, or one file in parts."""
    while True:
        time.sleep(PERIOD)
        before, now = now, look()
        if now == before:
            return now


def _leave(number: int, _frame: Any) -> None:
    raise typer.Exit(128 + number)


def _clear() -> None:
    """Clear the terminal; without a terminal, print a blank line."""
    typer.echo("\x1b[2J\x1b[H" if sys.stdout.isatty() else "", nl=not sys.stdout.isatty())


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
