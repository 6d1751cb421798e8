"""Tries plugins out in a process of its own, before this process executes their code.

The process imports each drop-in file, plans the experiment, and evaluates and traces each problem. It says what it is
about to execute. If it ends or is held there, that file or plugin is withheld in this process, its runs get a status,
and another process tries the rest. Code that behaves only there is not found.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from optlab.api.announcing import OPTLAB, Announced, Around, Culprit, death_of
from optlab.engine.derivatives import value_and_grad
from optlab.errors import UserError
from optlab.execution.apart import POSSIBLE, Send, print_nothing
from optlab.execution.evaluation import Evaluation, whole_objective
from optlab.execution.executors.protocol import SweepLimits
from optlab.execution.records import Sweep
from optlab.execution.starts import starts
from optlab.experiments.kinds import Plan
from optlab.plugins import registry
from optlab.plugins.code_location import is_built_in
from optlab.plugins.registry import Folders, Registry, unexecuted
from optlab.plugins.withheld import Fate, withheld

_TABLES = ("problems", "optimizers", "schedules", "transforms", "datasets", "suites")

Planner = Callable[[Registry, Callable[[Registry], Registry]], Plan]
"""Plans an experiment with the plugins of a registry, and with those that an experiment in Python adds to it, after a
change of all these."""


@dataclass(frozen=True)
class Findings:
    """The files and the plugins that are not executed in this process, and why."""

    of: Mapping[Culprit, Fate] = field(default_factory=dict)

    def load(self, plugins: Folders | Registry, around: Around = contextlib.nullcontext) -> Registry:
        """All plugins. Files that are not executed are read. `around` makes the context of each import."""

        def imported(path: Path) -> ModuleType:
            file = os.path.realpath(path)
            if fate := self.of.get(("file", file)):
                return unexecuted.module_of(path, fate)
            with around(("file", file)):
                return registry.import_file(path)

        if isinstance(plugins, Registry):
            return plugins
        files = frozenset(what[1] for what in self.of if what[0] == "file")
        return replace(registry.load(plugins, imported), unexecuted=files)

    def withhold(self, known: Registry) -> Registry:
        """The registry, in which the functions of plugins that are not executed raise an exception."""
        fates = {what[:2]: (fate, what[2]) for what, fate in self.of.items() if what[0] != "file"}

        def changed(kind: str, plugin: Any) -> Any:
            found = fates.get((kind, plugin.name))
            return withheld(plugin, *found) if found else plugin

        return _changed(known, changed) if fates else known


def tried(plugins: Folders | Registry, planner: Planner, limits: SweepLimits) -> Findings:
    """What must not be executed in this process: it ends or holds another process.

    Args:
        planner: plans the experiment.
        limits: the time and the memory of each step.

    Raises:
        UserError: the other process ended, and it is not known because of which plugin.
    """
    findings = Findings()
    if not POSSIBLE:
        return findings
    work = functools.partial(_try, plugins, planner)
    while (death := death_of(functools.partial(work, findings), limits)) and death.is_of_plugin:
        if not death.what or death.what in findings.of:
            _, what, *_ = (*death.what, "", "a plugin")
            raise UserError(f"{what}: the code {death.fate.why}, while the experiment was planned")
        findings = Findings({**findings.of, death.what: death.fate})
    return findings


# ---- the other process -----------------------------------------------------------------------------------------------


def _try(plugins: Folders | Registry, planner: Planner, findings: Findings, send: Send) -> None:
    """Execute what this experiment executes in the process of optlab. What it prints is thrown away."""
    print_nothing()
    announced = Announced(send)
    known = findings.load(plugins, announced.around)
    with announced.around(OPTLAB), contextlib.suppress(Exception):  # mistakes are found again where they are said
        planned = planner(known, lambda known: _changed(findings.withhold(known), announced.plugin))
        for sweep in {sweep.titles: sweep for sweep in planned.sweeps}.values():
            problem = sweep.case.problem
            if not is_built_in(problem.function):
                with contextlib.suppress(Exception), announced.around(("problems", problem.name, "function")):
                    _evaluate(sweep)


def _evaluate(sweep: Sweep) -> None:
    """Evaluate a problem and its gradient at a start, at the known minima, and at the corners of its domain."""
    case = sweep.case
    points = [starts(case, sweep.root_seed, sweep.seed[:1])[:, 0], *case.problem.minima_at(case.dim, case.choices)]
    points += [] if case.problem.domain is None else [*case.problem.bounds(case.dim)]
    f = whole_objective(case)

    def slope(x: Any, **options: Any) -> Any:
        return np.sum(value_and_grad(lambda p: f(p, **options))(x)[1])

    options = {name: np.full(len(points), value) for name, value in sweep.options().items()}
    Evaluation.of(case, {"loss": f, "slope": slope}, options, len(points)).at(np.stack(points, axis=1))


def _changed(known: Registry, change: Callable[[str, Any], Any]) -> Registry:
    """The registry with other plugins."""
    tables = {
        kind: MappingProxyType({name: change(kind, plugin) for name, plugin in getattr(known, kind).items()})
        for kind in _TABLES
    }
    return replace(known, **tables)
