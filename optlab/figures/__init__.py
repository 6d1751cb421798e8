"""Draws pictures from frames. Each module has one kind of figure: `draw(frame, axes, ...) -> axes` draws into the
caller's axes, and `figure(frame, ...) -> Figure` makes the complete figure, which `save` writes to a file.

    contour       trajectories on the level lines of a problem of two parameters
    surface       the same on a lit surface in three dimensions
    loss          the loss along the steps, median and band over seeds
    sensitivity   the final loss against the learning rate
    directional   the gradient at a point, and the slope in all directions
    ranks         the ranks on one case, with their intervals and the probability to be the first
    critical_difference
                  the mean ranks over several cases
    profile, data_profile, ecdf
                  the share of what was solved or reached within a cost; all three are a `staircase`
    ert           the expected cost of each target of a case
    strategies    trying several optimizers or tuning one
    best_of_k     the loss to be expected after k trials of a search for settings
    animation     balls that roll on a map or a surface, as GIF, WebP, animated PNG, SVG or MP4

`saving` saves many figures, with a second process.

Nothing here computes a statistic: the frames are those of `optlab.results.analysis`. pyplot is never imported (it costs
a second and keeps global state), so the functions can be used in any thread of any program.

Importing this package imports Matplotlib. The back end and style of the environment and the user's matplotlibrc have no
effect here; a matplotlibrc that Matplotlib cannot read is a `UserError`.
"""

from __future__ import annotations

import contextlib
import os
import sys

from optlab.errors import UserError


def _import_matplotlib() -> None:
    """Import Matplotlib without the back end that `MPLBACKEND` names.

    The import of Matplotlib fails if that back end is unknown: a terminal that was opened in a notebook inherits the
    name of a back end that only IPython provides. A known back end is set after the import, as Matplotlib would do,
    because the calling program may use pyplot.

    Raises:
        UserError: Matplotlib cannot read its configuration, or has no folder for its cache.
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
        with contextlib.suppress(ValueError):  # the back end is unknown; this package does not use it
            matplotlib.rcParams["backend"] = backend


_import_matplotlib()
