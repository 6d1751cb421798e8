"""The programs of the panels of a map, which compute the run of a pixel in the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optlab.errors import OptlabError
from optlab.execution.records import PixelGrid, Sweep
from optlab.execution.starts import starts
from optlab.execution.webassembly import program_of
from optlab.report.packing import packed_exactly


@dataclass
class Programs:
    """The programs of a map, one for each sweep; panels that differ in numbers only share one.

    sides: the hyperparameters along the sides. reasons: by the id of a sweep, why it cannot be computed.
    """

    sweeps: Sequence[Sweep]
    sides: tuple[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    programs: list[dict[str, Any]] = field(default_factory=list)

    def of_panels(self) -> Iterator[dict[str, Any]]:
        """For each panel, in the order of the plan, the index of its program with its numbers, or a reason.

        - `values`: the numbers of the program. `sides`: for each the side of the map that it is on (0 or 1), or None.
        - `start`: the start of a map of stability; in a map of basins a pixel is a start.
        """
        for sweep in self.sweeps:
            made = self._made(sweep)
            for run in self._firsts(sweep):
                yield {**made, **self._numbers(sweep, run, made["program"])}

    def _made(self, sweep: Sweep) -> dict[str, Any]:
        if sweep.id in self.reasons:
            return {"program": None, "reason": self.reasons[sweep.id]}
        try:
            program = program_of(sweep.block(slice(0, 1)), simd=False)
        except OptlabError as error:
            return {"program": None, "reason": str(error).partition("\n")[0]}
        self.programs.append({name: value for name, value in program.to_json().items() if name not in ("values", "x0")})
        return {"program": len(self.programs) - 1, "reason": ""}

    def _firsts(self, sweep: Sweep) -> list[int]:
        """The first pixel of each panel of a sweep."""
        if isinstance(sweep.case.start, PixelGrid):
            return list(range(0, len(sweep), len(sweep.case.start)))
        sides = [sweep.numbers["hyperparameter", name] for name in self.sides]
        return np.flatnonzero(np.logical_and(*(side == side.min() for side in sides))).tolist()

    def _numbers(self, sweep: Sweep, run: int, program: int | None) -> dict[str, Any]:
        if program is None:
            return {}
        keys = [(key["owner"], key["name"]) for key in self.programs[program]["numbers"]]
        found: dict[str, Any] = {"values": packed_exactly([sweep.numbers[key][run] for key in keys])}
        if isinstance(sweep.case.start, PixelGrid):
            return found
        start = starts(sweep.case, sweep.root_seed, sweep.seed[run : run + 1])[:, 0]
        on = [
            self.sides.index(name) if owner == "hyperparameter" and name in self.sides else None for owner, name in keys
        ]
        return {**found, "sides": on, "start": packed_exactly(start)}
