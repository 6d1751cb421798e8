"""The table `[basins]`: a map of starts. Every pixel is a start, and shows the minimum that its run reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, PlainValidator

from optlab.execution.records import Ints, Sweep, Trajectories
from optlab.execution.starts import starts
from optlab.experiments.choices import BASINS as RESOLUTION
from optlab.experiments.document import values
from optlab.experiments.kinds import pixels
from optlab.experiments.kinds.base import Key, Kind, Plan
from optlab.experiments.maps import basins, checks, panels
from optlab.experiments.passes import Compute, Done, Passes, in_order, reached

if TYPE_CHECKING:
    from optlab.experiments.document import ExperimentSpec
    from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes
    from optlab.results.store import Results

MIN_RANGE, MAX_RANGE, MIN_SHARE = 1e-280, 1e300, 1e-12
"""Limits of the range of an axis, absolute and relative to its ends; Matplotlib cannot draw axes beyond them."""


def _range(value: Any) -> tuple[float, float]:
    lo, hi = values.bounds(value)
    least = max(MIN_RANGE, MIN_SHARE * max(abs(lo), abs(hi)))
    if not least <= hi - lo <= MAX_RANGE:
        bound = f"at least {least:g}" if hi - lo < least else f"at most {MAX_RANGE:g}"
        raise ValueError(f"must be [lo, hi] with a distance of {bound}, not [{lo}, {hi}]")
    return lo, hi


_Bounds = Annotated[tuple[float, float] | None, PlainValidator(_range, json_schema_input_type=tuple[float, float])]


@dataclass(frozen=True)
class BasinsSpec:
    """A map of starts: every pixel of a rectangle is a start, and its colour is the minimum that the run reaches."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    resolution: Annotated[pixels.Resolution, Field(description="pixels along each side")] = RESOLUTION
    x: Annotated[_Bounds, Field(description="the range of the first parameter; default: the domain")] = None
    y: Annotated[_Bounds, Field(description="the range of the second parameter")] = None


class BasinsKind(Kind):
    """A map of starts: the minimum that each run reaches, and in how many steps."""

    name = "basins"
    table = BasinsSpec
    times = 2
    is_ranked = False

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return pixels.unrecorded(document)

    def checked(
        self,
        table: BasinsSpec,
        spec: ExperimentSpec,
        cases: Sequence[CaseAxes],
        rules: Sequence[RuleAxes],
        notes: Diagnostics,
    ) -> list[CaseAxes]:
        pixels.note_seeds(spec, notes)
        pixels.note_noise(spec, notes)
        pixels.note_stop(spec, notes)
        return checks.on_grid({"x": table.x, "y": table.y}, table.resolution, spec, cases, notes)

    def sweep(self, table: BasinsSpec, sweep: Sweep) -> Sweep:
        return replace(sweep, recording=replace(sweep.recording, final_x=True))

    def largest(self, table: BasinsSpec, spec: ExperimentSpec) -> tuple[Key, str]:
        return ("basins", "resolution"), f"each map has {table.resolution**2:,} pixels"

    def passes(self, planned: Plan) -> Passes:
        return _Twice(planned.sweeps)

    def panels(self, results: Results, planned: Plan) -> list[panels.BasinMap]:
        return panels.basin_maps(planned.sweeps, results.arrays(*panels.BASINS), results.manifest["minima"])

    def panel_counts(self, planned: Plan) -> dict[str, int]:
        return panels.counts(planned.sweeps, lambda sweep: planned.table.resolution**2)


class _Twice(Passes):
    """Compute every run twice. The first pass finds the minimum in which a run ends. The second pass, which is bitwise
    equal, counts the steps until the run reaches the level of that minimum."""

    def __init__(self, sweeps: Sequence[Sweep]) -> None:
        super().__init__(sweeps)
        self._numbers: list[Ints] = []

    def computed(self, compute: Compute) -> Iterator[Done]:
        done = in_order(compute([basins.with_last_steps(sweep) for sweep in self.sweeps]))
        found = basins.minima_of(done)
        self.about = {"minima": basins.described(found)}
        self._numbers = [basins.numbers(sweep, trajectories, found) for sweep, trajectories in done]
        sweeps = sorted(self.sweeps, key=lambda sweep: int(sweep.run[0]))
        both = list(zip(sweeps, done, self._numbers, strict=True))
        again = in_order(compute([basins.with_targets(sweep, first, n, found) for sweep, (_, first), n in both]))
        for (sweep, (_, first), number), (_, second) in zip(both, again, strict=True):
            recorded = dict(loss=second.loss, x=second.x, metrics=second.metrics)
            yield sweep, replace(first, **recorded, reached=_counted(first, second, number))

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        """The start and the end of each run, the number of its minimum, and the step at which the run reached it."""
        first = np.concatenate([starts(sweep.case, sweep.root_seed, sweep.seed) for sweep, _ in done], axis=1)
        last = np.concatenate([basins.ends(sweep, trajectories) for sweep, trajectories in done], axis=1)
        columns: dict[str, Any] = {f"start.x{i}": first[i] for i in range(2)} | {f"end.x{i}": last[i] for i in range(2)}
        columns["minimum"] = np.concatenate(self._numbers)
        columns["reached"] = np.concatenate([reached(sweep, trajectories) for sweep, trajectories in done])
        return columns


def _counted(first: Trajectories, second: Trajectories, number: Ints) -> Ints | None:
    """The steps that the second pass counted. A run at a minimum reached it at its last step at the latest, even if a
    back end rounds the final loss differently from the losses along the steps."""
    if second.reached is None:
        return None
    return np.where((number >= 0) & (second.reached < 0), first.steps, second.reached)


BASINS = BasinsKind()
