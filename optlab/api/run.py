"""An experiment from Python: run it, or load its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.api import pipeline
from optlab.api.redraw import check_format
from optlab.execution.executors.protocol import Asked
from optlab.plugins.registry import Folders, Registry
from optlab.results.selection import Selection

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults


def run(
    experiment: str | Path | Mapping[str, Any],
    out: str | Path = "results",
    plots: bool = True,
    plugins: Folders | Registry = ("plugins",),
    format: str = "png",
    backend: str | None = None,
    only: Sequence[str] = (),
    top: int | None = None,
    executor: str = "",
    workers: int | None = None,
    scheduler: str = "",
) -> ExperimentResults:
    """Run an experiment, or reuse its finished results. Results of another experiment of the same name are replaced.

    Args:
        experiment: the path of a TOML file, or a dictionary of the same form. In a dictionary, an object that
            `@optimizer`, `@problem` or another decorator made may replace a name.
        out: the folder in which the folder of results is created.
        plots: whether to draw pictures.
        plugins: a folder with drop-in files, or several; or the registry of all plugins.
        format: "png", "svg" or "pdf".
        backend: "native", "replay" or "auto"; overrides the experiment's.
        only: labels of the optimizers that pictures show; all if empty.
        top: how many optimizers are in colour, the best by rank. Default: the number of colours.
        executor: "threads" (the default), "processes" or "dask", or one that an installed package adds; overrides the
            experiment's. The results are the same to the bit.
        workers: the number of threads, processes or workers. Default: the number of cores.
        scheduler: the address of a Dask scheduler, such as "tcp://127.0.0.1:8786".

    Returns:
        The results: `.runs`, `.history` and `.trajectories` are data frames, `.ranking()` is a data frame of the best
        settings, `.figure("loss")` a Matplotlib figure, `.plan` the plan of the runs, `.folder` the folder.

    Raises:
        SpecError: the experiment has mistakes; the message lists all.
        UserError: there is no such back end, format, or label of an optimizer.
        InUse: a run of another experiment is writing to the folder. One of the same experiment is waited for.
    """
    if plots:
        check_format(format)  # before an hour of work
    job = pipeline.prepare(experiment, out, plugins, backend, Asked(executor, workers, scheduler))
    done = pipeline.carry_out(job, format if plots else None, selection=Selection(tuple(only), top))
    if done.drawing_error is not None:
        raise done.drawing_error
    return done.results


def load(folder: str | Path, plugins: Folders = ("plugins",)) -> ExperimentResults:
    """The results in a folder or in a packed file, as `run` returned them.

    Plugins in a packed file are not loaded. Pictures that need one are left out, unless it is in `plugins`.

    Args:
        folder: the folder of one experiment, such as "results/mine", or a file that `optlab.pack` wrote.
        plugins: folders of drop-in files, which are loaded when the plan or a picture needs them.

    Raises:
        ResultsError: the results are missing or damaged, or a member of a packed file is refused.
    """
    from optlab.api import experiment_results

    return experiment_results.load(folder, plugins)
