"""The stages of an experiment: TOML -> spec -> plan -> sweeps -> trajectories -> store -> frames -> pictures."""

from __future__ import annotations

import importlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optlab.api.importing import importing
from optlab.api.mending import mended
from optlab.api.passes import passes_of as passes_of
from optlab.api.preparing import Job as Job
from optlab.api.preparing import prepare as prepare
from optlab.api.redraw import copied as copied
from optlab.api.redraw import draw as draw
from optlab.api.redraw import draw_missing, is_complete
from optlab.api.redraw import replot as replot
from optlab.api.reuse import note_if_kept, noted, reuse_of
from optlab.api.watched import Notify, Progress
from optlab.api.watched import Watched as Watched
from optlab.api.watched import unwatched as unwatched
from optlab.engine.containment import prints_aside
from optlab.errors import DamagedResults, ResultsError
from optlab.execution import executors
from optlab.execution.cache import Reuse
from optlab.execution.records import STATUSES, Sweep, Trajectories
from optlab.execution.second_process import SecondProcess
from optlab.experiments import metrics
from optlab.experiments.cases import titled
from optlab.experiments.estimate import Prospect as Prospect
from optlab.experiments.estimate import prospects as prospects
from optlab.experiments.kinds.base import faults_of
from optlab.results import manifest
from optlab.results.selection import ALL, Selection
from optlab.results.sharing import sources

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.results.store import Writer


def finished(job: Job) -> ExperimentResults | None:
    """The results of an earlier run of the same experiment, if they are complete and undamaged and no run failed."""
    return _found(job)[0]


def _found(job: Job) -> tuple[ExperimentResults | None, Sequence[str]]:
    """The results of an earlier run of the same experiment; otherwise None and the damage of the folder."""
    from optlab.api import experiment_results
    from optlab.results import store

    try:
        results = experiment_results.of(store.load(job.folder), job.plan, job.registry)
    except DamagedResults as error:
        return None, [f"{error.what}; it was computed again"]
    except ResultsError:
        return None, ()
    is_same = results.manifest["experiment"] == job.plan.id and not results.failed
    return (results if is_same else None), ()


@prints_aside
def execute(
    job: Job,
    writer: Writer,
    progress: Progress = lambda run_steps: None,
    reuse: Reuse | None = None,
    notify: Notify = lambda sentence: None,
) -> ExperimentResults:
    """Run all sweeps and write the results. The earlier results in the folder stay valid until the end.

    `reuse` has the runs that are kept, by default those of `reuse_of`. `notify` is told about Ctrl-C.

    Raises:
        KeyboardInterrupt: after Ctrl-C. What was finished is kept in `reuse`.
    """
    from optlab.api import experiment_results

    done = []
    backends: dict[str, str] = {}
    reuse = reuse or reuse_of(job)
    plugin_files = sources.sources_of(job.plan, tomllib.loads(job.source), job.registry)
    with (
        note_if_kept(reuse),
        executors.draining(notify) as drain,
        executors.opened(job.asked, job.registry, drain) as execute_all,
        faults_of(job.plan.kind),
        closing(reuse),
    ):

        def compute(sweeps: Sequence[Sweep]) -> Iterator[tuple[Sweep, Trajectories]]:
            for sweep, trajectories, backend in reuse.computed(sweeps, execute_all, progress):
                backends[sweep.id] = backend
                yield sweep, trajectories

        passes = passes_of(job.plan)
        for sweep, trajectories in passes.computed(compute):
            writer.sweep(sweep, trajectories)
            done.append((sweep, trajectories.summary(metrics.columns(sweep, trajectories))))
        done.sort(key=lambda pair: pair[0].run[0])
        columns = passes.columns(done)
    backends |= {part: backends[whole] for part, whole in passes.computed_by.items()}
    counts = sum((Counter(STATUSES[s] for s in t.status.tolist()) for _, t in done), Counter())
    logs = {sweep.id: t.log for sweep, t in done if t.log}
    log = manifest.tracebacks(passes.sweeps, logs)
    about = manifest.about(job.plan, counts, backends, logs, passes.sweeps) | manifest.stopped(done) | passes.about
    about["executor"] = executors.name_of(job.asked)
    finished = writer.finish(done, job.source, log, about, columns, plugin_files.text() if plugin_files else "")
    return experiment_results.of(finished, job.plan, job.registry, reuse.graphs)


_FOR_DRAWING = ("optlab.figures.experiment.pictures", "optlab.report.page", "scipy.special")
"""The modules that are imported during the runs, because they take a second."""

MANY_CASES = 3
"""From this number of cases on, a second process saves the pictures: about three of each."""


@dataclass(frozen=True)
class Outcome:
    """The results of an experiment, and how they came about.

    reused: whether the results of an earlier run were used. replaced: the differences from a replaced experiment,
    as text; None if none was replaced. retried: the number of failed runs in earlier results of this experiment.
    drawing_error: the exception of the drawing. The results are complete nevertheless; print them before raising it.
    damage: a sentence about each damaged file because of which the experiment was run or drawn again.
    """

    results: ExperimentResults
    reused: bool
    replaced: Sequence[str] | None = None
    retried: int = 0
    drawing_error: Exception | None = None
    damage: Sequence[str] = ()


def carry_out(
    job: Job,
    format: str | None = None,
    watched: Watched = unwatched,
    selection: Selection = ALL,
    notify: Notify = lambda sentence: None,
) -> Outcome:
    """Run an experiment, or reuse its finished results, and draw it. Only one process writes to a folder at a time.

    If nothing must be written, no lock is taken.

    Args:
        format: the file format of pictures; None for no pictures.
        watched: a function of the name and the size of a task. It returns a context that yields a function, which is
            called with the progress.
        selection: the optimizers that pictures show. With a selection, pictures are always drawn again.
        notify: receives sentences about runs that are kept from earlier experiments.

    Raises:
        InUse: a run of another experiment is writing to the folder. One of the same experiment is waited for.
        UserError: pictures are requested but Matplotlib cannot be used, or a selected label does not exist. This is
            checked before anything is run.
    """
    from optlab.results import store

    selection.check(job.plan.labels, is_ranked=job.plan.kind.is_ranked)
    with store.note_if_complete(job.folder, job.plan.id):
        results = finished(job)
        if results is not None and not selection and is_complete(results, job.folder, job.source, format):
            store.finish_killed(job.folder)
            return Outcome(results, reused=True)
        with store.writing(job.folder, job.plan.id, lambda: _waiting(watched)) as writer:
            return _written(job, writer, format, watched, selection, notify)


@contextmanager
def _waiting(watched: Watched) -> Iterator[None]:
    with watched("waiting for another run of this experiment", 1) as progress:
        yield
        progress(1)


def _written(
    job: Job, writer: Writer, format: str | None, watched: Watched, selection: Selection, notify: Notify
) -> Outcome:
    """Run or reuse an experiment and draw it, while holding the lock of its folder."""
    from optlab.api import experiment_results
    from optlab.results import store

    results, damage = _found(job)  # again, now that no other process can write
    reused, (replaced, retried) = results is not None, manifest.earlier(job.folder, job.plan, job.source)
    with SecondProcess("optlab.figures.saving") as second:
        if results is None:
            results = _run(job, writer, format, watched, second, notify)
        else:
            results = experiment_results.of(writer.with_spec(results, job.source), job.plan, job.registry)
        damaged = results.damaged_pictures() if format else {}
        if not format:
            drawing_error = None
        elif job.is_apart:
            from optlab.api.drawing_apart import draw_apart  # takes time to load, and most experiments run in threads

            drawing_error = draw_apart(results, format, watched, selection, job.asked.limits)
        else:
            drawing_error = draw_missing(results, format, watched, selection, second)
    if drawing_error is not None:
        drawing_error.add_note(store.complete_in(job.folder))
    elif damaged:
        damage = mended(results, damaged, job.folder)
    return Outcome(results, reused, replaced, retried, drawing_error, damage)


def _run(
    job: Job, writer: Writer, format: str | None, watched: Watched, second: SecondProcess, notify: Notify
) -> ExperimentResults:
    """Run an experiment. If it is to be drawn, what drawing needs is loaded meanwhile."""
    if format:
        if not job.is_apart and len([*titled(job.plan)]) >= MANY_CASES:
            second.start()  # it loads Matplotlib while this process does
        importlib.import_module("optlab.figures")  # fails before the runs if Matplotlib is missing
    reuse = reuse_of(job)
    # Code of the user is traced in forks, where a lock of an import that another thread holds would be held for ever.
    loading, noting = importing(_FOR_DRAWING if format and not job.is_apart else ()), noted(job.plan, reuse, notify)
    with loading, noting, watched("running", job.plan.run_steps) as progress:
        return execute(job, writer, progress, reuse, notify)
