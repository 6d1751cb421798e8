"""The output of a run at its end: the ranking or the map, counts, places of files, and failures."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from optlab.cli import tables
from optlab.cli.show import shown
from optlab.engine.containment import contained
from optlab.errors import counted, short
from optlab.plugins.signature import complaint, is_built_in

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.api.pipeline import Outcome
    from optlab.cli.maps import MapSummary
    from optlab.experiments.plan import Plan

UNRECORDED = "no steps were recorded ([record] points = 0): there are no pictures of losses and paths"

SEVERAL = 6
"""The largest number of differences between two experiments that is printed."""


def print_outcome(done: Outcome, planned: Plan) -> None:
    """Print the ranking or the map, the counts, and where the files are."""
    console, results = tables.console(), done.results
    is_ranked = planned.kind.is_ranked
    if is_ranked:
        _rankings(console, results)
    _summary(console, results, planned)
    _counts(console, results.manifest, planned)
    if is_ranked:
        _still(console, results)
    _elsewhere(console, results.manifest, planned)
    if is_ranked and not planned.is_recorded:
        console.print(tables.sentence(UNRECORDED))
    _places(console, done)


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
            console.print(Text(_failure(label, problem, *counts, results.manifest)), soft_wrap=True)
        console.print()
    for panel in panels:
        if advice := summary.advice(panel, steps):
            console.print(tables.sentence(f"{panel.title} on {panel.problem}: {advice}"))
    if summary.note:
        console.print(tables.sentence(summary.note))


def _rankings(console: Console, results: ExperimentResults) -> None:
    from optlab.results import analysis

    runs = results.runs
    table = analysis.ranking(runs)
    table["gradients"] = runs.set_index("run")["grad_evals"].loc[table["run"]].to_numpy()  # of the displayed run
    shared = edges = False
    for case in dict.fromkeys(table["case"]):
        rows = table[table["case"] == case]
        console.print(_ranking(str(case), rows))
        for row in rows[rows["failed"] > 0].to_dict("records"):
            counts = row["failed"], row["n"] * row["cells"]
            console.print(Text(_failure(row["label"], row["case"], *counts, results.manifest)), soft_wrap=True)
        console.print()
        shared |= bool(_are_shared(rows["rank"]).any())
        edges |= bool((rows["at_edge"] != "").any())
    if table["case"].nunique() > 1:
        _overall(console, analysis.overall(runs), table["case"].nunique(), bool((table["cells"] > 1).any()))
    if shared:
        console.print(tables.sentence("= equal ranks: the final losses differ by no more than rounding"))
    if edges:
        console.print(tables.sentence("* the best value is at the edge of the grid: a better one may be outside"))
    if ((table["n"] > 1) & (table["cells"] > 1) & (table["failed"] == 0)).any():
        console.print(tables.sentence("settings were chosen on the seeds shown: all losses are slightly optimistic"))


def _are_shared(ranks: Any) -> Any:
    return ranks.notna() & ranks.duplicated(keep=False)


def _ranking(case: str, ranked: Any) -> tables.Fitted:
    repeated = bool((ranked["n"] > 1).any())
    ended = (ranked["failed"] == 0) & (ranked["median"] < float("inf"))  # a run that diverged stops early
    unequal = ranked.loc[ended, "gradients"].nunique() > 1  # some need more than one per step
    rows = []
    ranks = ranked["rank"].astype("string").fillna(tables.NONE) + _are_shared(ranked["rank"]).map(
        {True: "=", False: ""}
    )
    for rank, row in zip(ranks, ranked.to_dict("records"), strict=True):
        settings = row["settings"] + (" *" if row["at_edge"] else "")
        cells = [rank, row["label"], settings, _number(row["median"])]
        more = [_spread(row["low"], row["high"])] * repeated + [f"{row['gradients']:,}"] * unequal
        more.append(_share(row["diverged"]))
        if row["failed"]:
            cells, more = [tables.ERROR, row["label"], tables.NONE, tables.NONE], [tables.NONE] * len(more)
        rows.append([*cells, *more])
    spread, gradients, diverged = "10 % to 90 % of seeds>", "gradients>", _diverged(bool((ranked["cells"] > 1).any()))
    columns = ["rank>", "optimizer", "best settings", "final loss>"]
    columns += [spread] * repeated + [gradients] * unequal + [diverged]
    return tables.table(columns, rows, case, spare=[gradients, spread, diverged])


def _diverged(of_several: bool) -> str:
    """The name of the column with shares of diverged runs. With several cells, the shares are over all settings."""
    return "diverged, of all settings>" if of_several else "diverged>"


def _failure(label: str, case: str, failed: int, runs: int, manifest: Mapping[str, Any]) -> str:
    """The errors of an optimizer's runs on a problem, and the number of failed runs."""
    sweeps = [sweep for sweep in manifest["sweeps"] if sweep["label"] == label and case in sweep["cases"]]
    messages = dict.fromkeys(sweep["error"] for sweep in sweeps if "error" in sweep)
    count = f"{failed:,} of {counted(runs, 'run')}" if failed < runs else counted(runs, "run")
    return f"{tables.ERROR}: {label}, {count}: " + ("; ".join(messages) or "the message was not stored")


def _overall(console: Console, ranked: Any, cases: int, of_several: bool) -> None:
    rows = []
    for row in ranked.to_dict("records"):
        mean = (
            tables.ERROR
            if row["failed"]
            else tables.NONE
            if math.isnan(row["mean_rank"])
            else f"{row['mean_rank']:.2f}"
        )
        diverged = tables.NONE if row["failed"] else _share(row["diverged"])
        rows.append([mean, row["label"], str(row["wins"]), diverged])
    columns = ["mean rank>", "optimizer", "wins>", _diverged(of_several)]
    console.print(tables.table(columns, rows, f"over all {counted(cases, 'problem')}", spare=columns[-1]))
    for row in ranked[ranked["failed"] > 0].to_dict("records"):
        where = f"runs of it failed on {row['failed']} of {counted(cases, 'problem')}"
        console.print(tables.sentence(f"{row['label']} is left out of the means over problems: {where}"))
    console.print()


def _number(value: float) -> str:
    return "none finite" if value == float("inf") else short(value)


def _spread(low: float, high: float) -> str:
    return tables.NONE if low == float("inf") else f"{_number(low)} to {_number(high)}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _counts(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """Print how many runs ended with which status."""
    ended = ", ".join(f"{count} {status}" for status, count in manifest["statuses"].items() if count)
    judging = f" for tuning, and {planned.tuning.runs:,} for judging" if planned.tuning else ""
    tuning = planned.runs - (planned.tuning.runs if planned.tuning else 0)
    facts = f"{counted(tuning, 'run')} of {counted(planned.cells, 'cell')}{judging}: {ended}"
    console.print(tables.sentence(facts))
    if planned.repeats_saved:
        repeats = counted(planned.repeats_saved, "repeat")
        saved = f"deterministic cells ran once, not once per seed ({repeats} saved)"
        console.print(tables.sentence(saved))


def _still(console: Console, results: ExperimentResults) -> None:
    """Print which optimizers have runs whose loss never changed. No other output shows this."""
    from optlab.results import analysis

    for row in analysis.still(results.runs).to_dict("records"):
        what = f"{row['label']} on {row['case']}: the loss of {counted(row['runs'], 'run')} never changed"
        console.print(
            Text(f"{what}; the steps are too small to change x, or the function is flat there"), soft_wrap=True
        )


def _elsewhere(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """Print how many sweeps could not run on the native back end although the experiment requests it."""
    if planned.sweeps[0].backend != "native":
        return
    other = sum(sweep["backend"] != "native" for sweep in manifest["sweeps"])
    if other:
        failed = f"{other:,} of {counted(len(planned.sweeps), 'sweep')} could not run on native, as requested"
        console.print(tables.sentence(f"{failed}: optlab validate shows why"))


def _places(console: Console, done: Outcome) -> None:
    results = done.results
    if done.reused:
        console.print(tables.sentence("nothing was computed: these results exist already"))
    if done.retried:
        again = "every run was computed again"
        console.print(tables.sentence(f"{counted(done.retried, 'run')} had ended with an error before: {again}"))
    for what in done.damage:
        console.print(Text(f"{what}; it was {'drawn' if done.reused else 'computed'} again"), soft_wrap=True)
    if done.replaced is not None:
        console.print(Text(_replaced(done.replaced)), soft_wrap=True)
    pictures = len(results.plots)
    made = ("runs.parquet", "history/", "trajectories/", "manifest.json")
    files = ", ".join(name for name in made if (results.folder / name).exists())
    drawn = f", and {counted(pictures, 'picture')} in plots/" if pictures else ""
    console.print(Text(f"results in {shown(results.folder)}/: {files}{drawn}"), soft_wrap=True)


def _replaced(differences: Sequence[str]) -> str:
    """A sentence: earlier results were replaced, and how they differed."""
    more = len(differences) - SEVERAL
    shown = ", ".join(differences[:SEVERAL]) + (f" and {more} more" if more > 0 else "")
    return "replaced the results of another experiment of this name" + (f", which differed in {shown}" if shown else "")


def failures(results: ExperimentResults) -> None:
    """Print which runs failed, and the file with the tracebacks."""
    from optlab.results.store import ERRORS_LOG

    for sweep in results.manifest["sweeps"]:
        if "error" in sweep:
            print(f"{sweep['described']}: {sweep['error']}", file=sys.stderr)
    log = shown(results.folder / ERRORS_LOG)
    print(f"{counted(results.failed, 'run')} ended with an error; tracebacks: {log}", file=sys.stderr)
