"""How the sweeps of an experiment are executed, with `[tuning]` too."""

from __future__ import annotations

from collections.abc import Sequence

from optlab.execution.records import Ints, Sweep, Trajectories
from optlab.experiments import tuning
from optlab.experiments.kinds import Plan
from optlab.experiments.passes import Passes


def passes_of(planned: Plan) -> Passes:
    """How the sweeps of a plan are executed."""
    if planned.tuning is None:
        return planned.kind.passes(planned)
    from optlab.results import analysis, store

    select = planned.tuning.table.select

    def choose(done: Sequence[tuple[Sweep, Trajectories]]) -> Ints:
        runs = store.runs_table(done, Passes([]).columns(done)).to_pandas()
        return analysis.best(runs, select)["run"].to_numpy()

    return tuning.Tuned(planned.sweeps, planned.tuning, choose)
