"""What becomes of exceptions: the user's mistakes are printed without a traceback, our own bugs keep theirs."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable
from typing import Any

import typer

FAILED, MISTAKE, INTERRUPTED = 1, 2, 130
"""Exit statuses: some run failed; the user's mistake; Ctrl-C."""

_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
}


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command that ends with the right status and message whatever happens in it."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from optlab.errors import UserError

        try:
            command(*args, **kwargs)
        except UserError as error:
            stop(str(error), MISTAKE)
        except OSError as error:
            if error.errno not in _DISK:
                raise
            stop(f"{error.filename or 'the results'}: {error.strerror}; what was there before is intact", FAILED)
        except KeyboardInterrupt:
            stop("interrupted; results of earlier runs are intact", INTERRUPTED)

    return run


def stop(message: str, status: int) -> None:
    """Print a message on stderr and end with a status."""
    sys.stdout.flush()
    typer.echo(message, err=True)
    raise typer.Exit(status)
