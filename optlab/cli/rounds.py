"""The processes of `--watch`: one runs a command of optlab, and the next one waits with everything imported.

Each round is a process of its own, so that no module is stale and no effect of a plugin stays. Most of its time would
be imports: so the process of the next round is started before it is needed, and waits for a line on its stdin.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

import typer

from optlab.cli.guard import INTERRUPTED

BETWEEN, PATIENCE = 0.2, 10
"""Seconds that a round has to end after the first interrupt, and after the second."""

_PROGRAM = "from optlab.cli.rounds import wait; wait(); from optlab.cli.app import main; main()"


class Round:
    """A process that runs a command of optlab after `begin`.

    It has its own process group: the terminal sends Ctrl-C to the watcher only, which passes it to the round once.
    """

    def __init__(self, words: Sequence[str], is_captured: bool) -> None:
        command = [sys.executable, "-P", "-c", _PROGRAM, *words]
        sys.stdout.flush()
        self._stderr: IO[bytes] | None = tempfile.TemporaryFile() if is_captured else None  # noqa: SIM115
        self.process = subprocess.Popen(command, process_group=0, stdin=subprocess.PIPE, stderr=self._stderr)

    def begin(self) -> None:
        """Run the command."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError), self.process.stdin as stdin:  # broken: it was killed
            stdin.write(b"\n")

    def printed(self) -> str:
        """What the round has printed on stderr, if that is captured."""
        if self._stderr is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace").rstrip()

    def stop(self) -> int | None:
        """Interrupt the round as Ctrl-C does, pressed twice. Returns its exit status, or None if it had ended before.

        The first signal may let the round finish what it executes.
        """
        if self.process.poll() is not None:
            return None
        for patience in (BETWEEN, PATIENCE):
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(patience)
        self.process.kill()
        return self.process.wait()


class Rounds:
    """The rounds of a command. `is_captured`: whether a round keeps what it prints on stderr for `Round.printed`."""

    def __init__(self, words: Sequence[str], is_captured: bool) -> None:
        self._words, self._is_captured = words, is_captured
        self._next: Round | None = None

    def prepare(self) -> None:
        """Start the process of the next round, which waits."""
        if self._next is None:
            self._next = Round(self._words, self._is_captured)

    @contextmanager
    def running(self) -> Iterator[Round]:
        """A round that is stopped at the end of the block, after a change or Ctrl-C."""
        self.prepare()
        now, self._next = self._next, None
        assert now is not None
        now.begin()
        try:
            yield now
        except KeyboardInterrupt:
            if now.stop() == INTERRUPTED:  # the round has printed this already
                raise typer.Exit(INTERRUPTED) from None
            raise
        finally:
            now.stop()

    def close(self) -> None:
        """Stop the process that waits. It prints nothing: where its stderr is not captured, it is killed."""
        if self._next is None:
            return
        if not self._is_captured:
            self._next.process.kill()
        self._next.stop()


# ---- in the process of a round ---------------------------------------------------------------------------------------


def wait() -> None:
    """Wait for a line on stdin, and import meanwhile what the command of `sys.argv` needs. Exit if there is no line."""
    try:
        if not select.select([sys.stdin], [], [], 0)[0]:
            _warm(sys.argv[1])
        if not sys.stdin.readline():
            sys.exit()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _warm(command: str) -> None:
    """Import what a command needs. A page is made too, since much is imported and prepared at its first use."""
    if command == "play":
        from optlab.api.play import play

        play("sphere", "gd lr=0.1", steps=2, plugins=())
    else:
        import optlab.api.experiment_results
        import optlab.api.run  # noqa: F401
