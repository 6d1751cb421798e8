"""The cost and the back end of each sweep, determined before anything is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.containment import prints_aside
from optlab.errors import PluginError, UserError
from optlab.execution import fingerprint, runner, step
from optlab.execution.records import Sweep
from optlab.experiments.kinds import Plan
from optlab.plugins import code_location


@dataclass(frozen=True)
class Prospect:
    """The number of gradients of a sweep if no run diverges, and its back end with the reason."""

    gradients: int
    choice: runner.Choice


@prints_aside
def prospects(planned: Plan) -> list[Prospect]:
    """The prospect of each sweep of a plan.

    Raises:
        UserError: an objective or an update rule cannot be traced, or raises an exception.
    """
    graphs = [_checked(sweep) for sweep in planned.sweeps]
    return [
        Prospect(len(sweep) * sweep.steps * graph.grad_evals, runner.choose(sweep, graph))
        for sweep, graph in zip(planned.sweeps, graphs, strict=True)
    ]


def judging_gradients(planned: Plan, found: Sequence[Prospect]) -> int:
    """The number of gradients of the runs for judging, if no run diverges and no setting is chosen twice. One setting
    of each label is judged."""
    if planned.tuning is None:
        return 0
    pairs: dict[tuple[str, tuple[str, ...]], int] = {}
    for sweep, judged, prospect in zip(planned.sweeps, planned.tuning.judged, found, strict=True):
        pair, per_run = (sweep.label, sweep.titles), prospect.gradients // len(sweep)
        pairs[pair] = max(pairs.get(pair, 0), len(sweep.titles) * judged.seeds * per_run)
    return max(len(planned.tuning.table.trials), 1) * sum(pairs.values())


def _checked(sweep: Sweep) -> step.StepGraph:
    try:
        return step.build_for(sweep)
    except UserError:
        raise
    except Exception as error:
        functions = [plugin.function for plugin in fingerprint.plugins(sweep)]
        raise PluginError(code_location.complaint(error, functions, f"{sweep.label} on {sweep.titles[0]}")) from error
