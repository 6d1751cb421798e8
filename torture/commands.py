"""Commands of optlab in sessions of their own, which are ended with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OPTLAB = str(Path(sys.executable).with_name("optlab"))
PATIENCE = 240.0
"""The seconds after which a command counts as one that hangs. Other programs may share the machine."""
_MARK = "OPTLAB_TORTURE"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (None if it hung and was killed), and what it printed.

    `said` is the end of stderr, and `printed` that of stdout.
    """

    status: int | None
    said: str
    printed: str = ""

    @property
    def last(self) -> str:
        """The last line that it printed."""
        return (self.said.strip().splitlines() or [""])[-1]


class Command:
    """A running command. Its processes are found by an environment variable, also those in other sessions."""

    def __init__(self, room: Path, *words: str, before: Callable[[], None] | None = None) -> None:
        room.mkdir(parents=True, exist_ok=True)
        self._mark = f"{_MARK}={uuid.uuid4().hex}"
        self._said, self._printed = (room / f".{self._mark}.{name}" for name in ("err", "out"))
        name, value = self._mark.split("=")
        with open(self._said, "wb") as said, open(self._printed, "wb") as printed:
            self.process = subprocess.Popen(
                words, cwd=room, stdin=subprocess.DEVNULL, stdout=printed, stderr=said,
                env=os.environ | {name: value}, start_new_session=True, preexec_fn=before,
            )  # fmt: skip

    def workers(self) -> list[int]:
        """The running processes that the command itself has started, the oldest first."""
        own = str(self.process.pid)
        return [process for process in self._processes() if process != self.process.pid and _parent(process) == own]

    def has_said(self, text: str) -> bool:
        """Wait until the command has printed a text to stderr. False if it ends before."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self._said.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def ended(self, seconds: float = PATIENCE) -> Ended:
        """Wait for the end. After this time the command is killed. What it has left running is killed too."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        return Ended(status, _taken(self._said), _taken(self._printed))

    def kill(self) -> None:
        """End all processes of the command."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()

    def _processes(self) -> list[int]:
        mark = self._mark.encode()
        return [number for number in sorted(_numbers()) if mark in _read(f"/proc/{number}/environ").split(b"\0")]


def run(room: Path, *words: str, seconds: float = PATIENCE) -> Ended:
    """Run `optlab` with these words, and wait for its end."""
    return Command(room, OPTLAB, *words).ended(seconds)


def _taken(path: Path) -> str:
    """The last part of a file, which is removed."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 20_000))
        text = file.read().decode(errors="replace")
    path.unlink()
    return text


def _numbers() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path: str) -> bytes:
    """The content of a file of a process, which may have ended."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _parent(process: int) -> str:
    fields = _read(f"/proc/{process}/stat").decode(errors="replace").rpartition(")")[2].split()
    return fields[1] if len(fields) > 1 and fields[0] != "Z" else ""
