"""The only composer of the rooms: TOML -> spec -> plan -> sweeps -> trajectories -> store -> frames -> pictures."""

from __future__ import annotations

import platform
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import optlab
from optlab import executors, plan, registry, runner, signature, spec, step
from optlab.errors import PluginError, ResultsError, UserError
from optlab.plan import Plan
from optlab.records import STATUSES, Case, Floats, Recording, Sweep
from optlab.registry import Registry
from optlab.signature import Signature

if TYPE_CHECKING:
    from optlab.optimizers.base import Optimizer
    from optlab.problems.base import Problem
    from optlab.store import Results

FORMATS = ("png", "svg", "pdf")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Job:
    """An experiment that was found to be right, and the folder for its results."""

    source: str
    plan: Plan
    registry: Registry
    folder: Path


# ---- an experiment, step by step ------------------------------------------------------------------------------------


def prepare(
    experiment: str | Path | Mapping[str, Any],
    out: str | Path = "results",
    plugins: Iterable[str | Path] = ("plugins",),
) -> Job:
    """Read, check and plan an experiment. Nothing is run or written.

    Raises:
        SpecError: with all mistakes of the file at once.
        PluginError: two plugins share a name.
    """
    known = registry.load(plugins)
    if isinstance(experiment, Mapping):
        draft = spec.read_dict(experiment)
        planned = plan.make(draft, known)
        return Job(_as_toml(draft.document), planned, known, Path(out) / planned.name)
    path = Path(experiment)
    text = _read(path)
    planned = plan.make(spec.read(text, str(path)), known)
    return Job(text, planned, known, Path(out) / planned.name)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        near = sorted(str(p) for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise UserError(f"{path}: there is no such file" + (f"; there is {', '.join(near)}" if near else "")) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _as_toml(document: Mapping[str, Any]) -> str:
    import tomli_w

    return tomli_w.dumps(dict(document))


def finished(job: Job) -> Results | None:
    """The results of an earlier run of the very same experiment, if they are all there and undamaged."""
    from optlab import store

    try:
        results = store.load(job.folder)
    except ResultsError:
        return None
    return store.with_spec(results, job.source) if results.manifest["experiment"] == job.plan.id else None


def execute(job: Job, progress: Progress = lambda run_steps: None) -> Results:
    """Run all sweeps and write the results. What an earlier run left in the folder stays valid until the end."""
    logs: dict[str, str] = {}
    done = []
    with executors.threads() as pool:
        for sweep, trajectories in executors.execute(job.plan.sweeps, runner.run, pool, progress):
            from optlab import store  # its imports take a while, during which the pool computes

            store.write_sweep(job.folder, sweep, trajectories)
            done.append((sweep, trajectories))
            if trajectories.log:
                logs[f"{sweep.label} on {', '.join(sweep.titles)}"] = trajectories.log
    from optlab import store

    done.sort(key=lambda pair: pair[0].run[0])
    counts = sum((Counter(STATUSES[s] for s in t.status.tolist()) for _, t in done), Counter())
    log = "\n".join(f"==== {what}\n{text}" for what, text in sorted(logs.items()))
    store.finish(job.folder, done, job.source, log, _about(job, counts))
    return store.load(job.folder)


def _about(job: Job, counts: Mapping[str, int]) -> dict[str, Any]:
    """What one needs to know to trust the numbers and to get them again; nothing that names a person or a host."""
    from importlib.metadata import version

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "name": job.plan.name,
        "experiment": job.plan.id,
        "statuses": {status: counts.get(status, 0) for status in STATUSES},
        "cells": job.plan.cells,
        "runs": job.plan.runs,
        "repeats_saved": job.plan.repeats_saved,
        "sweeps": [
            {"id": s.id, "label": s.label, "cases": list(s.titles), "runs": len(s), "backend": "replay"}
            for s in job.plan.sweeps
        ],
        "versions": {
            "optlab": optlab.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "pandas", "pyarrow", "matplotlib")},
        },
        "machine": {"system": platform.system(), "architecture": platform.machine(), "byteorder": sys.byteorder},
        "blas": {"name": blas.get("name"), "version": blas.get("version"), "threads": 1},
    }


def gradient_evaluations(planned: Plan) -> list[int]:
    """How many gradients each sweep will compute, if no run diverges.

    Raises:
        UserError: an objective or an update rule cannot be traced, or raises something itself.
    """
    return [len(sweep) * sweep.steps * _checked(sweep).grad_evals for sweep in planned.sweeps]


def _checked(sweep: Sweep) -> step.StepGraph:
    try:
        return _graph(sweep)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        plugins = [p for p in (sweep.case.problem, sweep.optimizer, sweep.schedule) if p is not None]
        files = {signature.source(plugin.function)[0] for plugin in plugins}
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else f"{sweep.label} on {sweep.titles[0]}"
        raise PluginError(f"{where}: {type(error).__name__}: {error}") from error


def _graph(sweep: Sweep) -> step.StepGraph:
    rule = step.Rule(sweep.optimizer, sweep.settings, sweep.schedule, sweep.schedule_settings)
    return step.build(sweep.case, rule, sweep.steps)


# ---- pictures -------------------------------------------------------------------------------------------------------


def draw(results: Results, planned: Plan, format: str = "png", progress: Progress = lambda done: None) -> list[Path]:
    """All pictures of an experiment, into `plots/`: contours, loss curves, sensitivity. Nothing is run again."""
    from optlab.report import pictures

    if format not in FORMATS:
        raise UserError(f"pictures come as {', '.join(FORMATS)}, not {format!r}")
    return pictures.draw_all(results, planned, format, progress)


def replot(folder: str | Path, plugins: Iterable[str | Path] = ("plugins",), format: str = "png") -> list[Path]:
    """Draw the pictures of a results folder again.

    Raises:
        ResultsError: the folder is missing, unfinished or damaged.
        SpecError: a plugin that the experiment used is not there any more.
    """
    from optlab import store

    results = store.load(Path(folder))
    job = prepare(results.folder / store.SPEC, results.folder.parent, plugins)
    return draw(results, job.plan, format)


# ---- from Python ----------------------------------------------------------------------------------------------------


def run(
    experiment: str | Path | Mapping[str, Any],
    out: str | Path = "results",
    plots: bool = True,
    plugins: Iterable[str | Path] = ("plugins",),
    format: str = "png",
) -> Results:
    """Run an experiment, or find that it was run already.

    Args:
        experiment: the path of a TOML file, or a dictionary of the same form.
        out: the folder in which the folder of results is made.
        plots: whether to draw pictures.
        plugins: folders with drop-in files.
        format: png, svg or pdf.

    Returns:
        The results: `.runs`, `.history`, `.trajectories` are data frames, `.folder` is where the files are.

    Raises:
        SpecError: the experiment has mistakes; all are named.
    """
    job = prepare(experiment, out, plugins)
    results = finished(job) or execute(job)
    if plots and not results.has_plots(format):
        draw(results, job.plan, format)
    return results


def load(folder: str | Path) -> Results:
    """The results in a folder, as `run` returned them. Raises `ResultsError` where they are missing or damaged."""
    from optlab import store

    return store.load(Path(folder))


@dataclass(frozen=True)
class Minimization:
    """One run: the last `x` and its `loss`; `losses` and the `path` of x, one entry per step from the start (step 0) to
    the last, or to the step at which the run diverged."""

    x: Floats
    loss: float
    status: str
    steps: int
    losses: Floats
    path: Floats
    grad_evals: int


def minimize(
    objective: Problem | Callable[..., Any] | str,
    optimizer: Optimizer | str,
    x0: Any = None,
    steps: int = 1000,
    *,
    plugins: Iterable[str | Path] = ("plugins",),
    **hyperparameters: Any,
) -> Minimization:
    """One run of an optimizer, in a notebook.

    Args:
        objective: a function of one array in plain NumPy, or a problem or its name.
        optimizer: an optimizer or its name.
        x0: the start; a problem has its own.
        steps: how many updates to make.
        hyperparameters: of the optimizer, by name.

    Raises:
        UserError: an unknown name, or a value of the wrong type.
        TraceError: the function cannot be traced.

    >>> import numpy as np
    >>> result = minimize(lambda x: np.sum((x - 3.0) ** 2), "gd", x0=[0.0, 10.0], steps=100, lr=0.1)
    >>> result.x.round(6).tolist(), result.status
    ([3.0, 3.0], 'done')
    """
    known = registry.load(plugins) if isinstance(objective, str) or isinstance(optimizer, str) else None
    if isinstance(objective, str):
        assert known is not None
        objective = known.problem(objective)
    if isinstance(optimizer, str):
        assert known is not None
        optimizer = known.optimizer(optimizer)
    case, shape = _case(objective, x0)
    sweep = _single(case, optimizer, steps, hyperparameters)
    _graph(sweep)  # a fault in the user's code is raised here
    done = runner.run(sweep)
    last = int(done.steps[0])
    assert done.x is not None
    path = done.x[: last + 1, :, 0].reshape(last + 1, *shape)
    return Minimization(
        x=path[-1],
        loss=float(done.final_loss[0]),
        status=STATUSES[done.status[0]],
        steps=last,
        losses=done.loss[: last + 1, 0],
        path=path,
        grad_evals=int(done.grad_evals[0]),
    )


def _case(objective: Any, x0: Any) -> tuple[Case, tuple[int, ...]]:
    from optlab.problems.base import Problem

    if isinstance(objective, Problem):
        if objective.trains_on_data:
            raise UserError(f"{objective.name} is trained on data; use optlab.run, which brings the dataset")
        if x0 is None and objective.start is None:
            raise UserError(f"{objective.name} has no start of its own; give x0")
        start = _point(objective.start if x0 is None else x0)
        return Case(objective, start.size, start.ravel(), dict(objective.signature.choices)), start.shape
    if x0 is None:
        raise UserError("a function has no start of its own; give x0")
    start = _point(x0)
    nothing = Signature({}, {}, {}, ())
    name = getattr(objective, "__name__", "objective")

    def flat(x: Any) -> Any:
        return objective(x.reshape(start.shape))

    problem = Problem(name, flat, nothing, None, start.ravel(), (), start.size, None, {})
    return Case(problem, start.size, start.ravel()), start.shape


def _point(x0: Any) -> Floats:
    try:
        return np.array(x0, dtype=float)
    except (TypeError, ValueError) as error:
        raise UserError(f"x0 is a number or an array of numbers: {error}") from None


def _single(case: Case, optimizer: Optimizer, steps: int, given: Mapping[str, Any]) -> Sweep:
    """A sweep of one run that records everything."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise UserError(f"steps is a whole number from 1 on, not {steps!r}")
    settings, numbers = dict(optimizer.signature.choices), dict(optimizer.signature.numbers)
    for name, value in given.items():
        if name in numbers:
            numbers[name] = signature.as_number(optimizer.name, name, value)
        elif name in settings:
            settings[name] = value
        else:
            raise signature.unknown_option(optimizer.name, name, optimizer.signature.options)
    one = np.zeros(1, dtype=np.int64)
    everything = np.arange(steps + 1)
    return Sweep(
        id="",
        case=case,
        optimizer=optimizer,
        settings=settings,
        schedule=None,
        schedule_settings={},
        label=optimizer.name,
        steps=int(steps),
        recording=Recording(everything, np.empty(0, dtype=np.int64), trajectory=True),
        root_seed=0,
        run=one,
        seed=one,
        options={name: np.array([value]) for name, value in case.problem.signature.numbers.items()},
        hyperparameters={name: np.array([value]) for name, value in numbers.items()},
        schedule_numbers={},
        titles=(case.problem.name,),
        title=one,
    )
