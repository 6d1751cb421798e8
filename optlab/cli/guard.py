"""Turns exceptions into messages and exit statuses. Mistakes of the user print no traceback; bugs of optlab do."""

from __future__ import annotations

import errno
import functools
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer

FAILED, MISTAKE, UNDETERMINED, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses: a run or a check failed; a mistake of the user; a check gave no answer; Ctrl-C."""

_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EIO, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
}


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command that turns every exception into a message and an exit status."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from optlab.engine.containment import contained
        from optlab.errors import UserError

        try:
            with _warnings_in_a_line(), contained():
                command(*args, **kwargs)
        except UserError as error:
            stop(str(error), MISTAKE)
        except Exception as error:
            if message := _plugin_error(error):
                stop(message, MISTAKE)
            if not isinstance(error, OSError) or error.errno not in _DISK:
                raise
            what = f"{error.filename or 'the results'}: {error.strerror}"
            stop(f"{what}; {_state(error) or 'what was there before is intact'}", FAILED)
        except KeyboardInterrupt as error:
            _ignore_further_signals()
            stop(f"interrupted; {_state(error) or 'results of earlier runs are intact'}", INTERRUPTED)

    return run


def as_ctrl_c(number: int, frame: FrameType | None) -> None:
    """Handle SIGTERM as Ctrl-C, also where Ctrl-C is ignored, as in a background process of a shell."""
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, frame)


def _ignore_further_signals() -> None:
    """So that the message is printed whole. Only in a process that is the command, which ends now."""
    if signal.getsignal(signal.SIGTERM) is as_ctrl_c:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _plugin_error(error: Exception) -> str:
    """`file:line: what` if code of a drop-in file raised the exception, otherwise an empty text."""
    from optlab.engine.containment import described
    from optlab.plugins.registry import DROP_IN

    frames = list(traceback.walk_tb(error.__traceback__))
    frame, line = frames[-1]
    if not str(frame.f_globals.get("__name__")).startswith(DROP_IN):
        return ""
    return f"{frame.f_code.co_filename}:{line}: {described(error)}"


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Print each warning about a plugin once, on one line, without the file and line of optlab's code."""
    from optlab.errors import PluginWarning

    with warnings.catch_warnings():
        warnings.simplefilter("default", PluginWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, PluginWarning):
                typer.echo(f"warning: {message}", err=True)
            else:
                usual(message, category, *place, **more)

        warnings.showwarning = show
        yield


def _state(error: BaseException) -> str:
    """The notes on the state of the results, which the store adds to an exception."""
    return "; ".join(getattr(error, "__notes__", []))


def stop(message: str, status: int) -> None:
    """Print a message on stderr and end with a status."""
    sys.stdout.flush()
    typer.echo(message, err=True)
    raise typer.Exit(status)
