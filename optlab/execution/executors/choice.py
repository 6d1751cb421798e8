"""Executors by name."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from optlab.errors import UnknownName, UserError, did_you_mean
from optlab.execution import runner
from optlab.execution.executors.drain import Drain
from optlab.execution.executors.local import Progress, execute, threads, workers
from optlab.execution.executors.protocol import Asked, Pool
from optlab.execution.executors.timed import Timed
from optlab.execution.records import Sweep, Trajectories
from optlab.plugins.external import Foreign
from optlab.plugins.registry import Registry

THREADS, PROCESSES, DASK = EXECUTORS = ("threads", "processes", "dask")
GROUP = "optlab.executors"
"""The entry points of further executors: functions of an `Asked`, which return a context with a `Pool`."""

WORTH_PROCESSES = 50_000
"""From this number of runs times steps, processes execute the optimizers of other packages. A step takes 50 to 500 us,
and a process that loads torch three seconds."""

BlockDone = tuple[Sweep, int, Trajectories, str]
"""A sweep, the place of the first of its runs that are done, their trajectories, and the name of the back end."""
Execute = Callable[[Sequence[Sweep], runner.Graphs, Progress], Iterator[BlockDone]]
"""Executes sweeps: yields their blocks as soon as each is done."""


def names() -> tuple[str, ...]:
    """The names of all executors."""
    return THREADS, PROCESSES, DASK, *(point.name for point in importlib.metadata.entry_points(group=GROUP))


def name_of(asked: Asked) -> str:
    """The name of the executor that is asked for; "" if nothing is."""
    return asked.name or (DASK if asked.scheduler else PROCESSES if asked.limits else "")


@contextmanager
def opened(asked: Asked, known: Registry, drain: Drain | None = None) -> Iterator[Execute]:
    """The executor with this name, until the end of the context. After a request of `drain`, it begins nothing more.

    Raises:
        UnknownName: there is no such executor. MissingPackage: it is not installed.
        UserError: it cannot do what was asked, or its scheduler cannot be reached.
    """
    name = name_of(asked)
    if asked.scheduler and name != DASK:
        raise UserError(f'a scheduler is for executor = "dask", not for "{name}"')
    drain = drain or Drain()
    if not name:
        with _by_itself(asked, known, drain) as by_itself:
            yield by_itself
        return
    if name == THREADS:
        with _in_threads(asked, drain) as local:
            yield local
        return
    with _elsewhere(name, asked, known, drain) as elsewhere:
        yield elsewhere


@contextmanager
def _by_itself(asked: Asked, known: Registry, drain: Drain) -> Iterator[Execute]:
    """Threads, and processes for the optimizers of other packages, whose Python code threads would execute in turn.

    Processes are started if these have much to do, and only for what can be sent to them.
    """
    with ExitStack() as stack:
        here = stack.enter_context(_in_threads(asked, drain))

        def executed(sweeps: Sequence[Sweep], graphs: runner.Graphs, progress: Progress, /) -> Iterator[BlockDone]:
            away = [sweep for sweep in sweeps if isinstance(sweep.rule.optimizer, Foreign)]
            if (asked.workers or workers()) < 2 or sum(len(sweep) * sweep.steps for sweep in away) < WORTH_PROCESSES:
                away = []
            away = [sweep for sweep in away if _can_travel(sweep, known)]
            travelling = {sweep.id for sweep in away}
            if len(away) < len(sweeps):
                yield from here([sweep for sweep in sweeps if sweep.id not in travelling], graphs, progress)
            if away:
                elsewhere = stack.enter_context(_elsewhere(PROCESSES, asked, known, drain))
                yield from elsewhere(away, graphs, progress)

        yield executed


def _can_travel(sweep: Sweep, known: Registry) -> bool:
    from optlab.execution.executors.travel import written

    try:
        return bool(written(sweep, known))
    except Exception:  # whatever the objects of users do when they are pickled
        return False


@contextmanager
def _elsewhere(name: str, asked: Asked, known: Registry, drain: Drain) -> Iterator[Execute]:
    from optlab.execution.executors.remote import Remote

    with _pool(name, asked) as pool, threads(pool.parallel) as waiting:

        def executed(sweeps: Sequence[Sweep], graphs: runner.Graphs, progress: Progress, /) -> Iterator[BlockDone]:
            task = Remote(sweeps, pool, known, asked.limits)
            for sweep, at, done in execute(sweeps, task, waiting, progress, pool.parallel, drain):
                yield sweep, at, done, task.backend(sweep)

        yield executed


@contextmanager
def _in_threads(asked: Asked, drain: Drain) -> Iterator[Execute]:
    if asked.limits.memory is not None:
        raise UserError('limits.memory needs executor = "processes": threads share their memory')
    count, seconds = asked.workers or workers(), asked.limits.seconds
    with threads(count) as pool:

        def executed(sweeps: Sequence[Sweep], graphs: runner.Graphs, progress: Progress, /) -> Iterator[BlockDone]:
            own = runner.Runner(sweeps, count, graphs)
            task = Timed(own, seconds) if asked.limits else own
            for sweep, at, done in execute(sweeps, task, pool, progress, count, drain):
                yield sweep, at, done, own.backend(sweep)

        yield executed


def _pool(name: str, asked: Asked) -> AbstractContextManager[Pool]:
    if name == PROCESSES:
        from optlab.execution.executors.processes import Processes

        return Processes(asked)
    if name == DASK:
        from optlab.execution.executors.dask import Cluster

        return Cluster(asked)
    points = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    if name not in points:
        raise UnknownName(
            f"there is no executor {name!r}{did_you_mean(name, names())}; there are: {', '.join(names())}"
        )
    return points[name].load()(asked)
