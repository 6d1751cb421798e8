"""The output of a run at its end: the ranking or the map, counts, places of files, and failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from optlab.cli import ranks, strategies, tables
from optlab.cli.show import each_case, quoted, shown
from optlab.engine.containment import contained
from optlab.errors import UserError, counted, named
from optlab.execution.records import FAILURES
from optlab.experiments.choices import CASES_SHOWN
from optlab.plugins.code_location import complaint, is_built_in

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.api.pipeline import Outcome
    from optlab.cli.maps import MapSummary
    from optlab.experiments.kinds import Plan

UNRECORDED = "no steps were recorded ([record] points = 0): there are no pictures of losses and paths"

SEVERAL = 6
"""The largest number of differences between two experiments that is printed."""

SHOWN_STILL = 3
"""The most cases of an optimizer that are listed one by one for a loss that never changed."""


def print_outcome(done: Outcome, planned: Plan) -> None:
    """Print the ranking or the map, the counts, and where the files are."""
    console, results = tables.console(), done.results
    is_ranked = planned.kind.is_ranked
    if is_ranked:
        _comparison(console, results)
        _units(console, results)
    _summary(console, results, planned)
    _counts(console, results.manifest, planned)
    if is_ranked:
        _still(console, results)
    _elsewhere(console, results.manifest, planned)
    if is_ranked and not planned.is_recorded:
        console.print(tables.sentence(UNRECORDED))
    _places(console, done)


def _comparison(console: Console, results: ExperimentResults) -> None:
    """Print the rankings; with several numbers of trials, whose labels are many, the table of strategies."""
    from optlab.results import analysis

    if analysis.has_strategies(results.runs):
        strategies.print_strategies(console, results)
    else:
        ranks.print_rankings(console, results.judged(), results.manifest, CASES_SHOWN)


def _summary(console: Console, results: ExperimentResults, planned: Plan) -> None:
    """Print the summary of a kind of experiment: tables for the built-in maps, lines for a kind from a plugin."""
    from optlab.cli import maps

    summary = maps.SUMMARIES.get(planned.kind.name)
    if summary is not None:
        _maps(console, results, planned, summary)
    elif not is_built_in(planned.kind.function):
        for line in _lines(results, planned):
            console.print(Text(line), soft_wrap=True)


def _lines(results: ExperimentResults, planned: Plan) -> list[str]:
    """The summary lines of a kind from a plugin. If its code raises, one line with the error."""
    kind = planned.kind
    try:
        with contained():
            return [str(line) for line in kind.summary(results, planned)]
    except Exception as error:
        return [f"no summary of '{kind.name}': {complaint(error, [kind.function], kind.name)}"]


def _maps(console: Console, results: ExperimentResults, planned: Plan, summary: MapSummary) -> None:
    from optlab.results import notes

    panels, steps = results.panels, planned.sweeps[0].steps
    problems = dict.fromkeys(panel.problem for panel in panels)
    for problem in problems:
        columns, rows = summary.rows([panel for panel in panels if panel.problem == problem])
        table = tables.table(columns, rows, title=problem, spare=("grew>", "steps>"))
        console.print(table)
        failed = [panel for panel in panels if panel.problem == problem and panel.failed]
        for label in dict.fromkeys(panel.optimizer for panel in failed):
            same = [panel for panel in panels if panel.problem == problem and panel.optimizer == label]
            counts = sum(panel.failed for panel in same), sum(panel.loss.size for panel in same)
            console.print(Text(notes.failure(label, problem, *counts, results.manifest)), soft_wrap=True)
        console.print()
    for panel in panels:
        if advice := summary.advice(panel, steps):
            console.print(tables.sentence(f"{panel.title} on {panel.problem}: {advice}"))
    if summary.note:
        console.print(tables.sentence(summary.note))


def _counts(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """Print how many runs ended with which status."""
    from optlab.results import store

    judging = f" for tuning, and {planned.tuning.runs:,} for judging" if planned.tuning else ""
    tuning = planned.runs - (planned.tuning.runs if planned.tuning else 0)
    facts = f"{counted(tuning, 'run')} of {counted(planned.cells, 'cell')}{judging}: {store.outcomes(manifest)}"
    console.print(tables.sentence(facts))
    if planned.tuning and planned.tuning.shared:
        shared = f"{planned.tuning.shared:,} of the runs for tuning are also those of a larger number of trials"
        console.print(tables.sentence(f"{shared}, and were computed once"))
    if planned.repeats_saved:
        repeats = counted(planned.repeats_saved, "repeat")
        saved = f"deterministic cells ran once, not once per seed ({repeats} saved)"
        console.print(tables.sentence(saved))


def _units(console: Console, results: ExperimentResults) -> None:
    """Print the matrix of unit tests, if there are any."""
    from optlab.cli import units
    from optlab.results.analysis.units import UNITS

    if not results.runs["problem"].isin(UNITS).any():
        return
    console.print()
    try:
        units.print_units(console, results.units())
    except UserError as error:  # without a reference there are ranks nevertheless
        console.print(tables.sentence(str(error)))


def _still(console: Console, results: ExperimentResults) -> None:
    """Print which optimizers have runs whose loss never changed. No other output shows this.

    An optimizer with such runs in more than `SHOWN_STILL` cases has one line.
    """
    from optlab.results import analysis

    lines: list[tuple[str, str, int]] = []
    for label, rows in analysis.still(results.runs).groupby("label", sort=False):
        own = list(zip(rows["case"], rows["runs"], strict=True))
        if len(own) > SHOWN_STILL:
            more = f"{own[0][0]} and {counted(len(own) - 1, 'more case', 'more cases')}"
            own = [(more, int(rows["runs"].sum()))]
        lines += [(str(label), case, int(runs)) for case, runs in own]
    for label, case, runs in lines:
        what = f"{named(label)} on {case}: the loss of {counted(runs, 'run')} never changed"
        console.print(
            Text(f"{what}; the steps are too small to change x, or the function is flat there"), soft_wrap=True
        )


def _elsewhere(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """Print how many sweeps could not run on the native back end although the experiment requests it."""
    if planned.sweeps[0].backend != "native":
        return
    other = sum(sweep["backend"] != "native" for sweep in manifest["sweeps"])
    if other:
        failed = f"{other:,} of {counted(len(manifest['sweeps']), 'sweep')} could not run on native, as requested"
        console.print(tables.sentence(f"{failed}: optlab validate shows why"))


def _places(console: Console, done: Outcome) -> None:
    results = done.results
    if done.reused:
        console.print(tables.sentence("nothing was computed: these results exist already"))
    if done.retried:
        again = "what had ended with an error or a crash was tried again"
        console.print(tables.sentence(f"{counted(done.retried, 'run')} had failed before; {again}"))
    for what in done.damage:
        console.print(Text(what), soft_wrap=True)
    if done.replaced is not None:
        console.print(Text(_replaced(done.replaced)), soft_wrap=True)
    pictures = len(results.plots)
    made = (*["report.html"] * results.has_report(), "runs.parquet", "history/", "trajectories/", "manifest.json")
    files = ", ".join(name for name in made if (results.folder / name).exists())
    drawn = f", and {counted(pictures, 'picture')} in plots/" if pictures else ""
    console.print(Text(f"results in {shown(results.folder)}/: {files}{drawn}"), soft_wrap=True)
    if command := each_case(results):
        tables_of_each = f"optlab rank {quoted(str(shown(results.folder)))}"
        console.print(Text(f"the table of each problem: {tables_of_each}"), soft_wrap=True)
        console.print(Text(f"the pictures of one: {command}"), soft_wrap=True)


def _replaced(differences: Sequence[str]) -> str:
    """A sentence: earlier results were replaced, and how they differed."""
    more = len(differences) - SEVERAL
    shown = ", ".join(differences[:SEVERAL]) + (f" and {more} more" if more > 0 else "")
    return "replaced the results of another experiment of this name" + (f", which differed in {shown}" if shown else "")


def failed(results: ExperimentResults) -> Iterator[str]:
    """Which runs failed, and why: a line for each error, which may be that of several sweeps."""
    of: dict[str, list[str]] = {}
    for sweep in results.manifest["sweeps"]:
        if "error" in sweep:
            of.setdefault(sweep["error"], []).append(sweep["described"])
    for error, sweeps in of.items():
        more = f" and {len(sweeps) - 1:,} more" if len(sweeps) > 1 else ""
        yield f"{sweeps[0]}{more}: {error}"


def failures(results: ExperimentResults) -> None:
    """Print which runs failed, and the file with the tracebacks."""
    from optlab.results.store import ERRORS_LOG

    for sentence in failed(results):
        print(sentence, file=sys.stderr)
    log = shown(results.folder / ERRORS_LOG)
    only_errors = set(results.runs["status"]) & set(FAILURES) == {"error"}
    what = "ended with an error; tracebacks" if only_errors else "failed; reasons"
    print(f"{counted(results.failed, 'run')} {what}: {log}", file=sys.stderr)
