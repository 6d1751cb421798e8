"""Progress output on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Advance = Callable[[int], None]


@contextmanager
def progress(what: str, total: int, quiet: bool) -> Iterator[Advance]:
    """A progress bar on a terminal, otherwise a line per 10 %. Yields a function that takes the new progress."""
    if quiet:
        yield lambda done: None
    elif sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, force_interactive=True)
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def _lines(what: str, total: int) -> Advance:
    done, printed = 0, 0

    def advance(more: int) -> None:
        nonlocal done, printed
        done += more
        tenths = 10 * done // max(total, 1)
        if tenths > printed:
            printed = tenths
            print(f"{what}: {10 * tenths} %", file=sys.stderr, flush=True)

    return advance


def notice(sentence: str, quiet: bool) -> None:
    """Print a sentence about the progress."""
    if not quiet:
        print(sentence, file=sys.stderr, flush=True)
