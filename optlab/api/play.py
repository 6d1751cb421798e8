"""A page to play with, in one call: what a report shows, without an experiment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optlab.api import pipeline
from optlab.api.maps import Table
from optlab.api.pipeline import Watched
from optlab.api.race import COURSE, race_document
from optlab.api.report import Report
from optlab.experiments.choices import GENTLE_RATES, STEPS
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Registry

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

OPTIMIZERS = ("gd", "momentum", "adagrad", "rmsprop", "adam")
"""The default optimizers of a page."""
RECORDED = 1_000
"""The most steps that are recorded for the page."""


def play(
    problems: Table | Sequence[Table] = COURSE,
    optimizers: Table | Sequence[Table] = OPTIMIZERS,
    *,
    steps: int = STEPS,
    seeds: int = 1,
    start: str | Sequence[float] | None = None,
    lr: str = GENTLE_RATES,
    plugins: Folders | Registry = ("plugins",),
) -> Report:
    """Run optimizers on problems, and show them as a report. No results are kept.

    An optimizer without an `lr` is run with a grid of learning rates, and shown at the best by its final loss.

    Args:
        problems: one or several, as for `optlab.race`. Those without two parameters have curves and no surface.
        optimizers: one or several: texts with hyperparameters such as `"adam lr=0.1"`, tables, or objects that
            `@optimizer` made.
        steps: the number of updates per run.
        seeds: the number of repeats of cells with anything random.
        start: the start of all runs, `"random"` or a point. Default: the start of each problem.
        lr: the learning rates to try, as LOW:HIGH:NUM: NUM values from LOW to HIGH at equal ratios.
        plugins: folders of drop-in files, or the registry of all plugins.

    Returns:
        The page. A notebook shows it; `.save("valley.html")` writes it.

    Raises:
        SpecError: an unknown name or option.
        UserError: a text that is not a name with values, or an invalid range of learning rates.

    >>> play("beale", ["gd", "adam lr=0.1"], steps=20)
    Report(name='play')
    """
    known = plugins if isinstance(plugins, Registry) else registry.load(plugins)
    with played(play_document(problems, optimizers, steps, seeds, start, lr, known), known) as results:
        return results.report()


def play_document(
    problems: Table | Sequence[Table],
    optimizers: Table | Sequence[Table],
    steps: int,
    seeds: int,
    start: str | Sequence[float] | None,
    lr: str,
    known: Registry,
) -> dict[str, Any]:
    """The experiment of a page as a document."""
    document = race_document(optimizers, problems, steps, seeds, start, lr, None, "play", known)
    return {**document, "record": {"points": min(steps, RECORDED) + 1}}


@contextmanager
def played(
    document: Mapping[str, Any], known: Registry, watched: Watched = pipeline.unwatched
) -> Iterator[ExperimentResults]:
    """The results of an experiment, which are removed at the end of the block. `watched` gets the progress."""
    with tempfile.TemporaryDirectory() as folder:
        job = pipeline.prepare(document, folder, known)
        yield pipeline.carry_out(job, watched=watched).results
