"""Runs finished results again, from what their folder holds alone, and compares every bit."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.api import pipeline
from optlab.api.pipeline import Job, Watched
from optlab.api.repeating import Repeat
from optlab.errors import ResultsError, UserError, counted
from optlab.execution import executors
from optlab.execution.executors.choice import PROCESSES, THREADS, name_of
from optlab.execution.executors.protocol import DEFAULT, Asked, SweepLimits
from optlab.experiments.kinds import Plan
from optlab.experiments.kinds.base import faults_of
from optlab.experiments.passes import Passes
from optlab.experiments.tuning import Tuned
from optlab.results import manifest as manifests
from optlab.results.sharing import sampling
from optlab.results.sharing.sources import Sources

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.results.sharing.differences import Difference


ENDED = ("timeout", "crashed")
"""The statuses of runs whose worker was ended, or ended itself."""


@dataclass(frozen=True)
class Reproduction:
    """The outcome of `optlab.reproduce`. It is true if all compared bits are equal.

    name: the results. runs: how many runs they have. compared: how many were run again and compared. different: how
    many of these differ. first: the first difference, with its run and step. largest: the largest relative difference
    of two numbers. failed: the messages of what failed now. here: what differs on this machine: versions, the
    processor, its vectors, BLAS, back ends. not_compared: what was not compared, and why.
    """

    name: str
    runs: int
    compared: int
    different: int = 0
    first: Difference | None = None
    largest: float = 0.0
    failed: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.different

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The outcome in sentences."""
        those = f"{self.compared:,} of {counted(self.runs, 'run')}"
        if self:
            yield f"{self.name}: compared {those}: all are equal bit for bit"
        elif self.compared:
            yield f"{self.name}: compared {those}: {self.different:,} of them differ"
        else:
            yield f"{self.name}: the experiment has another number of runs here, so that none was compared"
        if self.first is not None:
            yield f"first difference: {self.first}"
            yield f"largest relative difference: {self.largest:.2g}"
        for message in () if self else self.failed:
            yield f"failed now: {message}"
        for what in self.here:
            yield f"differs on this machine: {what}"
        if not self and not self.here and not self.failed:
            yield "nothing that the manifest records differs on this machine; a plugin may not be deterministic"
        for what in self.not_compared:
            yield f"not compared: {what}"


def reproduce(
    results: str | Path,
    sample: float = 1.0,
    *,
    trust: bool = False,
    watched: Watched = pipeline.unwatched,
    executor: str = "",
    workers: int | None = None,
    scheduler: str = "",
) -> Reproduction:
    """Run finished results again, from what their folder holds alone, and compare every bit.

    The experiment file and the files of plugins are those in the folder. Nothing is written. Times are not compared.

    The code of plugins in a folder of results is executed, with all rights of the user: use it for results that you
    trust. Meanwhile the working directory of the process is a temporary folder with these files.

    Args:
        results: the folder of results, or a packed file.
        sample: the share of the runs of each sweep that is run again, evenly spread, at least one.
        trust: whether the code of plugins in a packed file is executed, too.
        watched: shows progress, see `pipeline.carry_out`.
        executor: "threads", "processes" or "dask", or one that an installed package adds. Default: processes, with the
            limits of the experiment, if they made the results; otherwise threads.
        workers: the number of threads, processes or workers. Default: the number of cores.
        scheduler: the address of a Dask scheduler.

    Returns:
        Whether they are equal, and if not, the first run and step that differ and by how much.

    Raises:
        ResultsError: the results are missing or damaged, or cannot be run from what is in their folder.
        UserError: a packed file holds plugins, and `trust` is not set.
    """
    from optlab.api import experiment_results

    sampling.check(sample)
    found = experiment_results.load(results)
    if found.packed and not trust and (plugins := plugin_files(found)):
        raise UserError(f"{results}: {untrusted(plugins)}")
    return again(found, str(results), sample, watched, Asked(executor, workers, scheduler))


def plugin_files(found: ExperimentResults) -> list[str]:
    """The names of the files of plugins in some results."""
    return list(_held(found).files)


def untrusted(plugins: Sequence[str]) -> str:
    """The message that plugins of a packed file are not executed."""
    return (
        f"holds {counted(len(plugins), 'file')} of plugins ({', '.join(plugins)}), whose code was not executed; read "
        "them (sources.json in the file), and if you trust them, write --trust, in Python trust=True"
    )


def _held(found: ExperimentResults) -> Sources:
    from optlab.results import store

    if store.SOURCES not in found.manifest["files"]:
        return Sources()
    return Sources.read(found.file(store.SOURCES).read_text(encoding="utf-8"), f"{found.place}: {store.SOURCES}")


def again(
    found: ExperimentResults,
    name: str,
    share: float,
    watched: Watched = pipeline.unwatched,
    asked: Asked = DEFAULT,
) -> Reproduction:
    """Run loaded results again and compare them; see `reproduce`. `name` is their name for messages."""
    from optlab.results.sharing import machines
    from optlab.results.sharing.differences import compare

    with _planned_again(found, name, _executor(found, asked)) as (job, folder):
        facts = found.manifest
        here = manifests.differences(facts, {}, job.plan, {}) if "planned" in facts else []
        if job.plan.runs != facts["runs"]:
            return Reproduction(name, facts["runs"], 0, facts["runs"], here=tuple(here))
        passes = _passes(job, found, share)
        backends: dict[str, str] = {}
        with (
            watched("running", _run_steps(job.plan, share)) as progress,
            faults_of(job.plan.kind),
            contextlib.chdir(folder),
            executors.opened(_without_limits(job.asked), job.registry) as execute,
        ):
            repeat = Repeat(share, _backends(facts), execute, progress, backends)
            done = list(passes.computed(repeat.computed))
            computed = sampling.computed_parts(done)
            columns = (passes if share == 1 else Passes([])).columns(computed)
        backends |= {part: backends[whole] for part, whole in passes.computed_by.items()}
        compared = compare(found, computed, columns)
        here += machines.differences(facts, [backends[sweep.id] for sweep in passes.sweeps])
        left_out = _left_out(job.plan, share, sum(len(sweep) for sweep, _ in computed) - compared.runs)
        failed = dict.fromkeys(one.log.strip().splitlines()[-1] for _, one in computed if one.log)
        return Reproduction(
            name, facts["runs"], compared.runs, len(compared.different), compared.first, compared.largest,
            tuple(failed), tuple(here), tuple(left_out),
        )  # fmt: skip


def _executor(found: ExperimentResults, asked: Asked) -> Asked:
    """What is asked for, with an executor. Plugins that could not end or hold optlab before cannot do it now."""
    usual = PROCESSES if found.manifest.get("executor") == PROCESSES or _ended(found) else THREADS
    return replace(asked, name=name_of(asked) or usual)


def _without_limits(asked: Asked) -> Asked:
    """Limits decide about no number. Only processes keep all of them."""
    return asked if asked.name == PROCESSES else replace(asked, limits=SweepLimits())


def _ended(found: ExperimentResults) -> list[str]:
    """How many runs ended with their worker, for each such status."""
    counts = found.manifest["statuses"]
    return [f"{counts[status]:,} {status}" for status in ENDED if counts.get(status)]


def _backends(facts: Mapping[str, Any]) -> dict[str, str]:
    """The back ends that executed the sweeps, by id."""
    return {sweep["id"]: sweep["backend"] for sweep in facts["sweeps"]}


def _run_steps(planned: Plan, share: float) -> int:
    """The number of updates of the sampled runs, for the progress."""
    own = sum(len(sampling.places(len(sweep), share)) * sweep.steps for sweep in planned.sweeps)
    times = planned.kind.times if share == 1 else 1
    return times * own + round(share * (planned.tuning.run_steps if planned.tuning else 0))


@contextmanager
def _planned_again(found: ExperimentResults, name: str, asked: Asked) -> Iterator[tuple[Job, Path]]:
    """The experiment of results, planned with the plugin files that they hold, and the folder of these files.

    Raises:
        ResultsError: the experiment cannot be planned.
    """
    held = _held(found)
    cannot = f"{name}: cannot be run from what these results hold"
    for key, why in held.absent.items():
        raise ResultsError(f"{cannot}: {key} {why}")
    if asked.name != PROCESSES and (ended := _ended(found)):
        raise ResultsError(f"{cannot} without processes: {', '.join(ended)}: such runs would hang or end others, too")
    if found.manifest.get("planned", {}).get("tuning") and _budget(found) == "seconds":
        raise ResultsError(f'{cannot}: with budget = "seconds", the numbers of steps were measured as times')
    with tempfile.TemporaryDirectory(prefix="optlab-") as folder:
        folders = held.write(Path(folder))
        try:
            with contextlib.chdir(folder):  # plugins may read files of the working directory
                job = pipeline.prepare(found.spec, plugins=folders, backend=_backend(found), asked=asked)
        except ResultsError:
            raise
        except UserError as error:
            raise ResultsError(f"{cannot}: {str(error).splitlines()[0]}{_origin(found, held)}") from None
        yield job, Path(folder)


def _backend(found: ExperimentResults) -> str | None:
    """The back end that was asked for, in the file or on the command line."""
    return found.manifest.get("planned", {}).get("backend")


def _budget(found: ExperimentResults) -> str:
    return found.manifest["planned"]["tuning"].get("budget", "steps")


def _origin(found: ExperimentResults, held: Sources) -> str:
    """A hint for results of an earlier version, which hold no files of plugins."""
    origins = found.manifest.get("origins", {})
    if held or not origins:
        return ""
    return f"; they hold no files of plugins ({', '.join(origins)}), run the experiment again to store them"


def _passes(job: Job, found: ExperimentResults, share: float) -> Passes:
    """The passes of the experiment. With a sample, the settings for judging are those of the stored results."""
    planned = job.plan
    if share == 1:
        return pipeline.passes_of(planned)
    if planned.tuning is None:
        return Passes(planned.sweeps)
    from optlab.results import analysis
    from optlab.results.analysis.phases import PHASE, tuned

    chosen = analysis.best(tuned(found.runs).drop(columns=PHASE), planned.tuning.table.select)["run"].to_numpy()
    return Tuned(planned.sweeps, planned.tuning, lambda _: chosen)


def _left_out(planned: Plan, share: float, timed: int) -> Iterator[str]:
    """What was not compared, and why. `timed` is the number of runs that stopped at a limit of seconds."""
    if share < 1 and type(pipeline.passes_of(planned)) is not Passes:
        yield "what depends on all runs, such as which settings were chosen; without a sample it is"
    if timed:
        yield f"{counted(timed, 'run')} that reached a limit of seconds"
