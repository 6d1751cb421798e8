"""Which runs of an experiment are kept for later experiments, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optlab.api.watched import Notify
from optlab.engine.containment import prints_aside
from optlab.errors import counted
from optlab.execution import fingerprint
from optlab.execution.cache import FOLDER, Reuse, RunStore
from optlab.execution.executors.choice import PROCESSES
from optlab.execution.executors.protocol import Asked
from optlab.execution.records import Sweep
from optlab.experiments.kinds import Plan


def reuse_of(planned: Plan, root: Path, asked: Asked) -> Reuse:
    """The store of runs in the folder of all results, for the sweeps of an experiment.

    Runs that end by a budget of time are not kept, because they are not reproducible. With processes, the user's code
    is not traced in this process, which it could harm; its runs are not kept either.
    """
    is_timed = planned.tuning is not None and planned.tuning.table.budget == "seconds"

    def keeps(sweep: Sweep) -> bool:
        if is_timed:
            return False
        return asked.name != PROCESSES or fingerprint.are_built_in(sweep)

    return Reuse(RunStore(root / FOLDER), keeps, is_limited=bool(asked.limits))


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
