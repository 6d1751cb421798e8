"""From frames to pictures: one kind of figure per module, each with `draw(frame, axes, ...) -> axes` for a picture of
one's own and `figure(frame, ...) -> Figure` for the finished one, which `save` writes to a file.

    contour       trajectories on the level lines of a problem of two parameters
    loss          the loss along the steps, median and band over seeds
    sensitivity   the final loss against the learning rate
    directional   the gradient at a point, and the slope in all directions

Nothing here computes a statistic: the frames are those of `optlab.analysis`. pyplot is never imported (it costs a
second and keeps global state), so the functions can be used in any thread of any program.

Importing this package imports Matplotlib. What the environment and the user's matplotlibrc say of its back end and of
its style does not matter here; a file that Matplotlib itself cannot read is a `UserError`.
"""

from __future__ import annotations

import contextlib
import os
import sys

from optlab.errors import UserError


def _import_matplotlib() -> None:
    """Import Matplotlib without the back end that `MPLBACKEND` names.

    Matplotlib refuses to be imported where it does not know that back end: a terminal that was opened in a notebook
    inherits a name that only IPython's package knows. A back end that it knows is set afterwards, as Matplotlib would
    have done, because the program around us may use pyplot.

    Raises:
        UserError: Matplotlib cannot read its configuration, or finds no place for its cache.
    """
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"Matplotlib cannot be imported ({type(error).__name__}: {error}): mend or remove the matplotlibrc that it "
            "reads (in this folder, or where MATPLOTLIBRC or MPLCONFIGDIR point to), or draw no pictures (--no-plots)"
        ) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with contextlib.suppress(ValueError):  # not known here; nothing here needs it
            matplotlib.rcParams["backend"] = backend


_import_matplotlib()
