"""Draws pictures and the report in a process of its own, which code of plugins may end or hold."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from optlab.api.announcing import OPTLAB, Announced, Culprit, Death, death_of
from optlab.api.redraw import count, draw, is_drawn
from optlab.api.watched import Watched
from optlab.errors import PluginWarning, UserError
from optlab.execution.apart import Send
from optlab.execution.executors.protocol import SECONDS, SweepLimits
from optlab.execution.fingerprint import place_of
from optlab.execution.records import Sweep
from optlab.experiments.kinds import Plan
from optlab.plugins.code_location import is_built_in, source
from optlab.plugins.external import Foreign
from optlab.plugins.withheld import fate_of, withheld
from optlab.results.selection import Selection

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

Change = Callable[[str, Any], Any]
"""What takes the place of a plugin, from its kind in the plural."""


def draw_apart(
    results: ExperimentResults, format: str, watched: Watched, selection: Selection, limits: SweepLimits
) -> Exception | None:
    """Draw the pictures and write the report, unless they exist. Returns the exception of the drawing, or None.

    If code of plugins ends the process or holds it for longer than the limit, and a minute, they are drawn again
    without this code, and what needs it is left out.
    """
    if is_drawn(results, format, selection):
        return None
    planned, errors = results.plan, list[Exception]()
    with watched("drawing", count(results)) as progress:

        def receive(value: int | Exception) -> None:
            if isinstance(value, Exception):
                errors.append(value)
            else:
                progress(value)

        while death := death_of(partial(_draw, results, planned, format, selection), limits, SECONDS, receive):
            if planned is (changed := _without(planned, death)):
                return UserError(f"pictures: the process that draws them {death.fate.why}")
            planned = changed
    return next(iter(errors), None)


def _draw(results: ExperimentResults, planned: Plan, format: str, selection: Selection, send: Send) -> None:
    announced = Announced(send)
    made = replace(results, planned=_changed(planned, announced.plugin))
    try:
        with announced.around(OPTLAB):
            draw(made, format, send, selection, with_report=not results.has_report())
    except Exception as error:
        send(_travelling(error))


def _travelling(error: Exception) -> Exception:
    """The exception, with its traceback as a note, or another one with its text if it cannot be sent."""
    if not isinstance(error, UserError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        kind = UserError if isinstance(error, UserError) else RuntimeError
        return kind("".join([str(error), *getattr(error, "__notes__", [])]))


def _without(planned: Plan, death: Death) -> Plan:
    """The plan without the code that ended the process, and a warning that names this code.

    The code is a plugin or all plugins of a file. If that is not known, it is all code of the user. If no code of the
    user ended the process, the plan is returned unchanged.
    """
    for what in (death.what, ()) if death.is_of_plugin else ():
        found: dict[str, None] = {}

        def change(kind: str, plugin: Any, what: Culprit = what, found: dict[str, None] = found) -> Any:
            if fate_of(plugin) or is_built_in(plugin.function) or not _is_culprit(kind, plugin, what):
                return plugin
            found[f"{place_of(plugin)}: the code of '{plugin.name}' {death.fate.why}"] = None
            return withheld(plugin, death.fate)

        changed = _changed(planned, change)
        if found:
            said = f"{'; '.join(found)}; pictures and the report are made without it"
            warnings.warn(said, PluginWarning, stacklevel=2)
            return changed
    return planned


def _is_culprit(kind: str, plugin: Any, what: Culprit) -> bool:
    if not what:
        return True
    if what[0] != "file":
        return (kind, plugin.name) == what[:2]
    return os.path.realpath(source(plugin.function)[0]) == what[1]


def _changed(planned: Plan, change: Change) -> Plan:
    """The plan with other plugins. Its sweeps keep their identity, and those that share a plugin share the other."""
    made: dict[tuple[str, int], Any] = {}

    def once(kind: str, plugin: Any) -> Any:
        key = (kind, id(plugin))
        made[key] = made.get(key) or change(kind, plugin)
        return made[key]

    return replace(planned, sweeps=tuple(_with_plugins(sweep, once) for sweep in planned.sweeps))


def _with_plugins(sweep: Sweep, change: Change) -> Sweep:
    rule, case = sweep.rule, sweep.case
    changed = replace(
        rule,
        optimizer=rule.optimizer if isinstance(rule.optimizer, Foreign) else change("optimizers", rule.optimizer),
        schedule=rule.schedule and change("schedules", rule.schedule),
        transforms=tuple(change("transforms", transform) for transform in rule.transforms),
    )
    return replace(sweep, rule=changed, case=replace(case, problem=change("problems", case.problem)))
