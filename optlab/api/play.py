"""A page to play with, in one call: what a report shows, without an experiment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optlab.api import pipeline
from optlab.api.maps import Table, several
from optlab.api.pipeline import Watched
from optlab.api.race import COURSE, race_document
from optlab.api.report import Report
from optlab.errors import UserError
from optlab.experiments.choices import GENTLE_RATES, STEPS
from optlab.plugins import registry
from optlab.plugins.external import Foreign
from optlab.plugins.problems.base import Problem
from optlab.plugins.registry import Folders, Registry
from optlab.plugins.shorthand import table

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.execution.records import Sweep

OPTIMIZERS = ("gd", "momentum", "adagrad", "rmsprop", "adam")
"""The default optimizers of a page."""
RECORDED = 1_000
"""The most steps that are recorded for the page."""
PARAMETERS = 5_000_000
"""The most parameters of all runs and recorded steps together that are recorded, for the loss around the paths."""
COLUMNS = 2_000
"""The most parameters of all sweeps that are recorded. A table with more columns takes longer to write and to read than
the best runs take a second time, unless an optimizer of another library makes them."""
STEPS_ON_DATA, RATES_ON_DATA = 50, "1e-3:1:4"
"""The default steps, which are also the most recorded steps, and the default learning rates if a problem is trained on
data, as networks are: a step takes milliseconds, and has thousands of parameters."""


def play(
    problems: Table | Sequence[Table] = COURSE,
    optimizers: Table | Sequence[Table] = OPTIMIZERS,
    *,
    steps: int | None = None,
    seeds: int = 1,
    start: str | Sequence[float] | None = None,
    lr: str | None = None,
    plugins: Folders | Registry = ("plugins",),
) -> Report:
    """Run optimizers on problems, and show them as a report. No results are kept.

    An optimizer without an `lr` is run with a grid of learning rates, and shown at the best by its final loss.

    Args:
        problems: one or several, as for `optlab.race`. Those with more than two parameters have the
            loss around the paths in place of the surface.
        optimizers: one or several: texts with hyperparameters such as `"adam lr=0.1"`, tables, objects that
            `@optimizer` made, or plain functions of this form.
        steps: the number of updates per run. Default: 500, or 50 if a problem is trained on data.
        seeds: the number of repeats of cells with anything random.
        start: the start of all runs, `"random"` or a point. Default: the start of each problem.
        lr: the learning rates to try, as LOW:HIGH:NUM: NUM values from LOW to HIGH at equal ratios. Default: nine
            from 1e-4 to 1, or four from 1e-3 to 1 if a problem is trained on data.
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
        return results.report(landscapes=True)


def play_document(
    problems: Table | Sequence[Table],
    optimizers: Table | Sequence[Table],
    steps: int | None,
    seeds: int,
    start: str | Sequence[float] | None,
    lr: str | None,
    known: Registry,
) -> dict[str, Any]:
    """The experiment of a page as a document. Steps and learning rates that are None have the defaults of `play`."""
    has_data = any(_trains_on_data(problem, known) for problem in several(problems))
    steps = steps if steps is not None else STEPS_ON_DATA if has_data else STEPS
    lr = lr if lr is not None else RATES_ON_DATA if has_data else GENTLE_RATES
    document = race_document(optimizers, problems, steps, seeds, start, lr, None, "play", known)
    return {**document, "record": {"points": max(0, min(steps, STEPS_ON_DATA if has_data else RECORDED)) + 1}}


def _trains_on_data(problem: Table, known: Registry) -> bool:
    named = table(problem).get("name")
    if isinstance(named, str):
        try:
            named = known.problem(named)
        except UserError:  # reported when the experiment is read
            return False
    return isinstance(named, Problem) and named.trains_on_data


@contextmanager
def played(
    document: Mapping[str, Any], known: Registry, watched: Watched = pipeline.unwatched
) -> Iterator[ExperimentResults]:
    """The results of an experiment, which are removed at the end of the block. `watched` gets the progress."""
    with tempfile.TemporaryDirectory() as folder:
        job = pipeline.prepare(document, folder, known)
        if _records_parameters(job.plan.sweeps, document["record"]["points"]):
            record = {**document["record"], "trajectories": True}
            job = pipeline.prepare({**document, "record": record}, folder, known)
        yield pipeline.carry_out(job, watched=watched).results


def _records_parameters(sweeps: Sequence[Sweep], points: int) -> bool:
    """Whether parameters are recorded, and not computed again when the page is written."""
    wide = [sweep for sweep in sweeps if sweep.case.dim != 2]
    if not wide or points * sum(len(sweep) * sweep.case.dim for sweep in sweeps) > PARAMETERS:
        return False
    is_narrow = sum(sweep.case.dim for sweep in wide) <= COLUMNS
    return is_narrow or any(isinstance(sweep.rule.optimizer, Foreign) for sweep in wide)
