"""The programs of the page: WebAssembly modules of the shown runs, for any start and hyperparameters.

A program of the page has

- `label`: the index of the label;
- `steps`: the number of steps of its runs;
- `starts`: the index of its starts in the list that `starts` of `Made` has for its case: those of the judged runs, that
  of the shown run first, as many as there is room for. `seeds`: the number of judged runs;
- `parameters`: the numbers that have sliders, see `sliders`;
- `variants`: the modules with and without the schedule and each transform, that of the experiment first; each has the
  names of its `parts` and the `program` for `kernel.js`;

or `label` and `reason`, a sentence that says why it cannot be computed.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

from optlab.errors import OptlabError, counted
from optlab.execution.records import Sweep
from optlab.execution.rule import Part, Rule
from optlab.execution.runner import Graphs
from optlab.execution.step import build_for
from optlab.execution.webassembly import program_of
from optlab.report.chosen_runs import sweep_of
from optlab.report.packing import packed_exactly
from optlab.report.rule import is_in_plane, rule_in_numbers
from optlab.report.sliders import slider
from optlab.results.analysis.judged import Judged
from optlab.results.analysis.phases import judged
from optlab.results.analysis.tuning import cell_ids
from optlab.results.profiles.of_results import Profiled

MOST = 60
"""The most modules of a page. Each takes about 30 ms and 2 kB, for a network 100 ms and 30 kB."""
LARGEST, ROOM = 200_000, 1_000_000
"""The most characters of one program, and of all."""
START_NUMBERS, ALL_START_NUMBERS = 10_000, 40_000
"""The most numbers of the starts of one case, 110 kB, and of all cases. The first start is always in the page."""
MOST_PARTS = 3
"""With more schedules and transforms than this, only all of them and none can be chosen."""

NO_ROOM = "It has no program in this page, which has room for those of the best optimizers only."


@dataclass
class Room:
    """What may still be put into the page; of the starts, the numbers of each case."""

    modules: int
    characters: int
    start_numbers: int

    def take(self, program: Mapping[str, Any]) -> bool:
        """Whether the program is in the page."""
        size = len(json.dumps(program))
        if size > min(LARGEST, self.characters) or not self.modules:
            return False
        self.modules, self.characters = self.modules - 1, self.characters - size
        return True


@dataclass
class Made:
    """The programs of a case, and the starts that they share."""

    programs: list[dict[str, Any]] = field(default_factory=list)
    starts: list[list[dict[str, str]]] = field(default_factory=list)

    def place(self, starts: list[dict[str, str]]) -> int:
        """The index of these starts. Usually all optimizers have the same."""
        if starts not in self.starts:
            self.starts.append(starts)
        return self.starts.index(starts)


def programs(results: Profiled, verdicts: Judged, titles: list[str], places: Mapping[str, int]) -> dict[str, Made]:
    """The programs of the cases `titles`, each in the order of its ranking. Those of the best labels come first if
    there is no room for all."""
    room = Room(MOST, ROOM, min(START_NUMBERS, ALL_START_NUMBERS // max(len(titles), 1)))
    runs = judged(results.runs)
    cells = pd.Series(cell_ids(runs), index=runs["run"])
    rows = {title: verdicts.ranking[verdicts.ranking["case"] == title].to_dict("records") for title in titles}
    found = {title: Made() for title in titles}
    sweeps: list[tuple[dict[str, Any], Sweep]] = []
    for of_place in itertools.zip_longest(*rows.values()):
        for title, row in zip(titles, of_place, strict=True):
            if row is None:
                continue
            found[title].programs.append(made := {"label": places[row["label"]]})
            try:
                if row["failed"]:
                    raise OptlabError("Its runs failed.")
                cell = (cells == cells[row["run"]]).to_numpy()
                sweep = sweep_of(results, runs[cell].sort_values("seed"))
                program, starts = _program(sweep, room, results.graphs)
                made.update(program | {"starts": found[title].place(starts)})
                sweeps.append((made, sweep))
            except (OptlabError, ImportError) as error:  # ImportError: this LLVM has no WebAssembly
                made["reason"] = str(error).partition("\n")[0]
    for made, sweep in sweeps:
        made["variants"] += _variants(sweep, room, results.graphs)
        made["parameters"] = _parameters(made["variants"], sweep)
    return found


def notes(found: Mapping[str, Made]) -> list[str]:
    """What is left out, in sentences."""
    left_out = sum(one.get("reason") == NO_ROOM for made in found.values() for one in made.programs)
    return [f"{counted(left_out, 'path')} cannot be computed in the page, which has no room for more programs"] * bool(
        left_out
    )


def _program(sweep: Sweep, room: Room, graphs: Graphs) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The program of a sweep, and the starts of its runs."""
    if not room.modules:
        raise OptlabError(NO_ROOM)
    made = _made(sweep, graphs)
    starts = made.pop("x0")[: max(room.start_numbers // sweep.case.dim, 1)]
    if not room.take(made):
        raise OptlabError(NO_ROOM)
    program = {
        "steps": sweep.steps,
        "seeds": len(sweep),
        "parameters": [],
        "variants": [{"parts": [part.plugin.name for part in sweep.rule.parts[1:]], "program": made}],
    }
    return program, [packed_exactly(start) for start in starts]


def _made(sweep: Sweep, graphs: Graphs) -> dict[str, Any]:
    """The program for `kernel.js`, with the rule in numbers if there are arrows. It takes the number of steps if the
    rule uses it."""
    counts = any("steps" in part.plugin.signature.supplied for part in sweep.rule.parts)
    build = partial(build_for, was_run=True, any_steps=True) if counts else graphs.of
    made = program_of(sweep, simd=False, build=build).to_json()
    return made | {"rule": rule_in_numbers(sweep)} if is_in_plane(sweep.case) else made


def _variants(sweep: Sweep, room: Room, graphs: Graphs) -> Iterator[dict[str, Any]]:
    """The modules of the rule without some of its schedule and transforms."""
    parts = sweep.rule.parts[1:]
    sizes = range(len(parts) - 1, -1, -1) if len(parts) <= MOST_PARTS else [0]
    for kept in itertools.chain.from_iterable(itertools.combinations(parts, size) for size in sizes):
        try:
            made = _made(replace(sweep, rule=_only(sweep.rule, kept)), graphs)
        except OptlabError:  # a transform may need another one
            continue
        del made["x0"]
        if room.take(made):
            yield {"parts": [part.plugin.name for part in kept], "program": made}


def _only(rule: Rule, kept: tuple[Part, ...]) -> Rule:
    """The rule with these of its schedule and transforms."""
    transforms = [part for part in kept if part.owner == "transform"]
    own = any(part.owner == "schedule" for part in kept)
    return replace(
        rule,
        schedule=rule.schedule if own else None,
        schedule_choices=rule.schedule_choices if own else {},
        transforms=tuple(part.plugin for part in transforms),
        transform_choices=tuple(part.choices for part in transforms),
    )


def _parameters(variants: list[dict[str, Any]], sweep: Sweep) -> list[dict[str, Any]]:
    """The numbers of the rule that a module takes."""
    taken = {(key["owner"], key["name"]) for one in variants for key in one["program"]["numbers"]}
    keyed = ((part, key) for part in sweep.rule.parts for key in part.keyed(part.plugin.signature.numbers))
    return [
        {"owner": key[0], **slider(part, key[1], float(sweep.numbers[key][0]))} for part, key in keyed if key in taken
    ]
