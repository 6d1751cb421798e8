"""Which runs of an experiment are kept for later experiments, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optlab.api.preparing import Job
from optlab.api.watched import Notify
from optlab.engine.containment import prints_aside
from optlab.errors import counted
from optlab.execution.cache import FOLDER, Reuse, RunStore
from optlab.execution.cache.addresses import Apart
from optlab.experiments.kinds import Plan


def reuse_of(job: Job) -> Reuse:
    """The store of runs in the folder of all results, for the sweeps of an experiment.

    Runs that end by a budget of time are not kept, because they are not reproducible.
    """
    tuning, limits = job.plan.tuning, job.asked.limits
    is_timed = tuning is not None and tuning.table.budget == "seconds"
    apart = Apart(*limits.of_each_call) if job.is_apart else None
    return Reuse(RunStore(job.folder.parent / FOLDER), lambda sweep: not is_timed, limits=limits, apart=apart)


@contextmanager
def note_if_kept(reuse: Reuse) -> Iterator[None]:
    """Add to an interrupt how many runs are kept, so that the next launch does not compute them."""
    try:
        yield
    except KeyboardInterrupt as error:
        if reuse.kept:
            kept = counted(reuse.kept, "run")
            error.add_note(f"results of earlier runs are intact; {kept} of this one are kept for the next launch")
        raise


@contextmanager
def noted(planned: Plan, reuse: Reuse, notify: Notify) -> Iterator[None]:
    """Say which runs are kept and why others are computed; at the end, also which were damaged or could not be kept."""
    for sentence in [*_prospect(planned, reuse), *reuse.faults()]:
        notify(sentence)
    yield
    for sentence in reuse.faults():
        notify(sentence)


@prints_aside
def _prospect(planned: Plan, reuse: Reuse) -> list[str]:
    return reuse.prospect(planned.sweeps)
