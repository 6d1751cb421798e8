"""Replaces each `[[optimizer]]` table with a list of schedules by an optimizer for each of them.

The plan does this before all later checks, so that these get optimizers with at most one schedule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from optlab.experiments.document import ExperimentSpec, OptimizerSpec
from optlab.experiments.resolve.diagnostics import Diagnostics


def with_one_schedule(spec: ExperimentSpec, notes: Diagnostics) -> ExperimentSpec:
    """The experiment with an optimizer for each schedule of a list. The label of a table is followed by the name of the
    schedule, as in "Adam, cosine"."""
    return replace(spec, optimizers=tuple(one for table in spec.optimizers for one in _each(table, notes)))


def _each(table: OptimizerSpec, notes: Diagnostics) -> Iterator[OptimizerSpec]:
    at, written = (*table.path, "schedule"), table.schedules
    if len(written) < 2:
        yield replace(table, schedules=tuple(replace(one, path=at) for one in written))
        return
    names = [one.name for one in written]
    for n, one in enumerate(written):
        if one in written[:n]:
            first = written.index(one)
            notes.note((*at, n), f"schedule has {one.name} twice, at [{first}] and [{n}]; leave one out")
            continue
        same = names[:n].count(one.name)
        label = table.label and f"{table.label}, {one.name}" + (f" ({same + 1})" if same else "")
        yield replace(table, label=label, schedules=(replace(one, path=(*at, n)),))
