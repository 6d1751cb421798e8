"""Draws finished results again. Pictures that need a plugin which is gone or has changed are left out."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optlab.api.watched import Progress, Watched
from optlab.engine.containment import prints_aside
from optlab.errors import PluginWarning, ResultsError, UserError
from optlab.execution.second_process import SecondProcess
from optlab.experiments.choices import FORMATS
from optlab.plugins.registry import Folders
from optlab.results.selection import ALL, Selection

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults


def is_complete(results: ExperimentResults, folder: Path, source: str, format: str | None) -> bool:
    """Whether nothing must be written: neither pictures in this format nor another text of the experiment file."""
    from optlab.results import store

    try:
        return (format is None or results.is_drawn(format)) and results.is_of(source) and not store.is_pending(folder)
    except ResultsError:  # another run has just replaced them
        return False


@prints_aside
def draw(
    results: ExperimentResults,
    format: str = "png",
    progress: Progress = lambda done: None,
    selection: Selection = ALL,
    with_report: bool = False,
    second: SecondProcess | None = None,
) -> list[Path]:
    """Draw the pictures of an experiment into `plots/`: those of each case, of all cases, and of plugins.

    Nothing is run again. Loss curves and sensitivity are drawn from the data alone. Contours need the problem. If its
    plugin is gone or has changed since the runs, they are left out, and a `PluginWarning` names it and its file.

    Args:
        with_report: whether the report is written, too.
        second: the process that saves the pictures, if it was started before.

    Returns:
        The files of the pictures.

    Raises:
        UserError: a selected label or case does not exist, or there is no picture of a selected kind.
        ResultsError: the results are a map, and a plugin has changed.
    """
    from optlab.figures.experiment import pictures

    check_format(format)
    if not results.kind.is_ranked:
        results.panels  # raises if a plugin of the runs is gone or has changed  # noqa: B018
    if reasons := results.origin.left_out:
        said = f"contours, surfaces and known minima are left out: {'; '.join(reasons)}"
        warnings.warn(said, PluginWarning, stacklevel=3)
    report = (lambda: results.report().text) if with_report else None
    return pictures.draw_all(results, format, progress, selection, report, second)


def copied(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Copy pictures into a folder, which is made if needed, in place of earlier ones. Returns their paths there."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(path, folder / path.name)) for path in paths]


def draw_missing(
    results: ExperimentResults,
    format: str,
    watched: Watched,
    selection: Selection,
    second: SecondProcess,
) -> Exception | None:
    """Draw the pictures and write the report, unless they exist. Returns the exception of the drawing, or None."""
    if is_drawn(results, format, selection):
        return None
    try:
        with watched("drawing", count(results)) as progress:
            draw(results, format, progress, selection, with_report=not results.has_report(), second=second)
    except Exception as error:
        return error
    return None


def is_drawn(results: ExperimentResults, format: str, selection: Selection) -> bool:
    """Whether there are all pictures and the report. With a selection, pictures are always drawn again."""
    return results.has_plots(format) and results.has_report() and not selection


def count(results: ExperimentResults) -> int:
    """The number of files that are drawn: the pictures, and the report if it does not exist yet."""
    from optlab.figures.experiment import pictures

    return pictures.count(results.plan, results.origin.figures) + (not results.has_report())


def check_format(format: str) -> None:
    if format not in FORMATS:
        raise UserError(f"the format of pictures must be one of {', '.join(FORMATS)}, not {format!r}")


def replot(
    folder: str | Path,
    plugins: Folders = ("plugins",),
    format: str = "png",
    only: Sequence[str] = (),
    top: int | None = None,
    without: Sequence[str] = (),
    kinds: Sequence[str] = (),
    x: str | None = None,
    by: str | None = None,
    cases: Sequence[str] = (),
) -> list[Path]:
    """Draw the pictures of a results folder again; see `draw`.

    Args:
        folder: the folder of one experiment.
        plugins: a folder with drop-in files, or several.
        format: "png", "svg" or "pdf".
        only: labels of the optimizers that are shown; all if empty.
        top: how many optimizers are in colour, the best by rank. Default: the number of colours.
        without: labels of optimizers that are left out of the comparison. Ranks and profiles are computed without them.
        kinds: the kinds of pictures, such as "loss"; the usual ones if empty. Pictures of other kinds stay.
        x: what the horizontal axes of curves count: "steps", "gradients" or "seconds". Default: the usual of the kind.
        by: the metric of ranks and of best-of-k curves. Default: the final loss, and what settings were chosen by.
        cases: the titles, or names of problems, of the cases whose pictures are drawn; see `figures`.

    Raises:
        UserError: there is no such label, kind, axis or case, or no picture of a requested kind.
        ResultsError: the folder is missing, unfinished or damaged; see also `draw`.
    """
    from optlab.api.experiment_results import load

    check_format(format)
    selection = Selection(tuple(only), top, tuple(without), tuple(kinds), x, by, tuple(cases))
    return draw(load(folder, plugins), format, selection=selection)
