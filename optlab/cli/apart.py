"""The steps of a command in a process of its own. Its mistakes and errors end the command as in this process."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import typer

from optlab.cli.guard import FAILED, guarded
from optlab.execution.apart import POSSIBLE as POSSIBLE
from optlab.execution.apart import ProcessDied as ProcessDied
from optlab.execution.apart import Send, follow


@dataclass(frozen=True)
class _StepsEnded:
    """The steps ended with an exit status, and have printed why."""

    status: int


def followed(steps: Callable[[], Iterable[Any]], seconds: float, memory: float) -> Iterator[Any]:
    """The values of `steps()` in a process of its own, which may take `seconds` to each of them, and `memory` GB.

    Raises:
        ProcessDied: the process ended before its last step, or it had no more time.
        typer.Exit: the steps ended with this; its message is printed.
    """

    def work(send: Send) -> None:
        def send_all() -> None:
            for step in steps():
                send(step)

        try:
            guarded(send_all)()
        except typer.Exit as end:
            send(_StepsEnded(end.exit_code))
        except BaseException:
            traceback.print_exc()
            send(_StepsEnded(FAILED))

    for value in follow(work, lambda: seconds, int(memory * 1e9)):
        if isinstance(value, _StepsEnded):
            raise typer.Exit(value.status)
        yield value
