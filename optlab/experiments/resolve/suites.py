"""Replaces each `[[problem]]` table with the key `suite` by the problems of the suite.

The plan does this first, so that all later checks get problems only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from optlab.engine.containment import contained
from optlab.errors import PluginError, UserError
from optlab.experiments.document import Axis, ExperimentSpec, ProblemSpec, problem_of
from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.plugins.code_location import complaint, location
from optlab.plugins.registry import Registry
from optlab.plugins.signature import shown
from optlab.plugins.suites.base import NotInSuite


def expanded(spec: ExperimentSpec, registry: Registry, notes: Diagnostics) -> ExperimentSpec:
    """The experiment with the problems of each suite in place of the table of the suite."""
    if not any(problem.suite for problem in spec.problems):
        return spec
    problems = [
        one for table in spec.problems for one in (_problems(table, registry, notes) if table.suite else [table])
    ]
    return replace(spec, problems=tuple(problems))


def _problems(table: ProblemSpec, registry: Registry, notes: Diagnostics) -> Iterator[ProblemSpec]:
    """The problems of a suite. All keys of the table that are not options of the suite hold for each problem."""
    assert table.suite is not None
    if table.name != table.suite:
        notes.note((*table.path, "name"), "this table has a name and a suite; leave one of the two out")
        return
    suite = notes.found(registry.suite, table.suite, (*table.path, "suite"))
    if suite is None:
        return
    given: dict[str, Axis] = {**({"dim": table.dim} if table.dim else {}), **table.options}
    chosen: dict[str, Any] = {}
    for name, axis in given.items():
        try:
            suite.check(name, axis.values)
        except NotInSuite as error:
            place = (*table.path, name, error.position) if axis.listed else (*table.path, name)
            notes.note(place, str(error))
        except UserError as error:
            notes.note((*table.path, name), str(error))
        else:
            chosen[name] = axis.values
    if len(chosen) < len(given):
        return
    written = {
        f.name: getattr(table, f.name)
        for f in fields(ProblemSpec)
        if f.name not in ("name", "suite", "dim", "options", "path") and getattr(table, f.name) != f.default
    }
    try:
        with contained():
            tables = suite(**chosen)
    except UserError:
        raise
    except Exception as error:
        raise PluginError(complaint(error, [suite.function], location(suite.function))) from error
    if not tables:
        asked = ", ".join(f"{name}={shown(values)}" for name, values in chosen.items())
        notes.note((*table.path, "suite"), f"suite {suite.name} has no problem with {asked}")
    for one in tables:
        try:
            made = problem_of(one)
        except ValueError as error:
            where = f"{location(suite.function)}: suite '{suite.name}' returns an invalid table {dict(one)}"
            raise PluginError(f"{where}: {error}") from None
        yield replace(made, path=table.path, **written)
