"""What an experiment will cost, and where it will run, told before anything is run."""

from __future__ import annotations

from dataclasses import dataclass

from optlab import identity, runner, signature, step
from optlab.containment import prints_aside
from optlab.errors import PluginError, UserError
from optlab.plan import Plan
from optlab.records import Sweep


@dataclass(frozen=True)
class Prospect:
    """What a sweep will cost: the gradients it computes if no run diverges. And where it will run, and why there."""

    gradients: int
    choice: runner.Choice


@prints_aside
def prospects(planned: Plan) -> list[Prospect]:
    """What each sweep of a plan will be.

    Raises:
        UserError: an objective or an update rule cannot be traced, or raises something itself.
    """
    graphs = [_checked(sweep) for sweep in planned.sweeps]
    return [
        Prospect(len(sweep) * sweep.steps * graph.grad_evals, runner.choose(sweep, graph))
        for sweep, graph in zip(planned.sweeps, graphs, strict=True)
    ]


def _checked(sweep: Sweep) -> step.StepGraph:
    try:
        return step.build_for(sweep)
    except UserError:
        raise
    except Exception as error:
        functions = [plugin.function for plugin in identity.plugins(sweep)]
        raise PluginError(signature.complaint(error, functions, f"{sweep.label} on {sweep.titles[0]}")) from error
