"""What a run prints when it is over: the ranking or the map, the counts, where the files are, and what failed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from optlab.cli import tables
from optlab.cli.show import shown

if TYPE_CHECKING:
    from optlab.pipeline import Outcome
    from optlab.plan import Plan
    from optlab.store import Results

NONE = "-"
"""What a table shows where there is no number."""

UNRECORDED = "nothing was recorded along the steps ([record] points = 0): there are no pictures of losses and paths"

SEVERAL = 6
"""Differences between two experiments that are shown."""


def tell(done: Outcome, planned: Plan) -> None:
    """The ranking or the map, the counts, and where the files are."""
    console, results = tables.console(), done.results
    if planned.map:
        _maps(console, results, planned)
    else:
        _rankings(console, results)
    _counts(console, results.manifest, planned)
    _elsewhere(console, results.manifest, planned)
    if not planned.map and not planned.is_recorded:
        console.print(UNRECORDED, markup=False)
    _places(console, done)


def _maps(console: Console, results: Results, planned: Plan) -> None:
    from optlab.cli import maps
    from optlab.report.maps import panels_of

    for table in maps.summaries(panels_of(results, planned)):
        console.print(table)
        console.print()


def _rankings(console: Console, results: Results) -> None:
    from optlab import analysis

    runs = results.runs
    table = analysis.ranking(runs)
    table["gradients"] = runs.set_index("run")["grad_evals"].loc[table["run"]].to_numpy()  # of the run that is shown
    edges = False
    for case in dict.fromkeys(table["case"]):
        rows = table[table["case"] == case]
        console.print(_ranking(str(case), rows))
        console.print()
        edges |= bool((rows["at_edge"] != "").any())
    if table["case"].nunique() > 1:
        console.print(_overall(analysis.overall(runs), table["case"].nunique()))
        console.print()
    if edges:
        console.print("* the best value lies on the edge of the grid: a better one may lie beyond it")
    if ((table["n"] > 1) & (table["cells"] > 1)).any():
        console.print("settings were chosen on the same seeds that are shown, which flatters all a little")


def _ranking(case: str, ranked: Any) -> tables.Fitted:
    repeated = bool((ranked["n"] > 1).any())
    unequal = ranked["gradients"].nunique() > 1  # not every optimizer computes one per step
    rows = []
    places = ranked["rank"].astype("string").fillna(NONE)
    for place, row in zip(places, ranked.to_dict("records"), strict=True):
        settings = row["settings"] + (" *" if row["at_edge"] else "")
        spread = [_spread(row["low"], row["high"])] if repeated else []
        spent = [f"{row['gradients']:,}"] if unequal else []
        cells = [place, row["label"], settings, _number(row["median"]), *spread, *spent]
        rows.append([*cells, _share(row["diverged"])])
    columns = ["rank>", "optimizer", "best settings", "final loss>"]
    columns += (["10 % to 90 % of seeds>"] if repeated else []) + (["gradients>"] if unequal else [])
    return tables.table([*columns, "diverged>"], rows, case)


def _overall(ranked: Any, cases: int) -> tables.Fitted:
    rows = [
        [
            NONE if math.isnan(row["mean_rank"]) else f"{row['mean_rank']:.2f}",
            row["label"],
            str(row["wins"]),
            _share(row["diverged"]),
        ]
        for row in ranked.to_dict("records")
    ]
    return tables.table(["mean rank>", "optimizer", "wins>", "diverged>"], rows, f"over all {cases} problems")


def _number(value: float) -> str:
    return "none finite" if value == float("inf") else f"{value:.3g}"


def _spread(low: float, high: float) -> str:
    return NONE if low == float("inf") else f"{_number(low)} to {_number(high)}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _counts(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """How the runs ended."""
    ended = ", ".join(f"{count} {status}" for status, count in manifest["statuses"].items() if count)
    console.print(f"{_count(planned.runs, 'run')} of {_count(planned.cells, 'cell')}: {ended}", markup=False)
    if planned.repeats_saved:
        console.print(
            f"cells without anything random in them were computed once ({planned.repeats_saved:,} repeats saved)"
        )


def _elsewhere(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """Which sweeps were to run in machine code, and could not."""
    if planned.sweeps[0].backend != "native":
        return
    other = sum(sweep["backend"] != "native" for sweep in manifest["sweeps"])
    if other:
        asked = f"{other:,} of {_count(len(planned.sweeps), 'sweep')} could not run on native, as was asked"
        console.print(f"{asked}: optlab validate says why", markup=False)


def _places(console: Console, done: Outcome) -> None:
    results = done.results
    if done.reused:
        console.print("nothing was computed: these results were finished already", markup=False)
    if done.retried:
        again = "every run was computed again"
        console.print(f"{_count(done.retried, 'run')} had ended with an error before: {again}", markup=False)
    for what in done.damage:
        console.print(Text(f"{what}; it was {'drawn' if done.reused else 'computed'} again"), soft_wrap=True)
    if done.replaced is not None:
        console.print(Text(_replaced(done.replaced)), soft_wrap=True)
    pictures = len(results.plots)
    rooms = ("runs.parquet", "history/", "trajectories/", "manifest.json")
    files = ", ".join(name for name in rooms if (results.folder / name).exists())
    drawn = f", and {_count(pictures, 'picture')} in plots/" if pictures else ""
    console.print(Text(f"results in {shown(results.folder)}/: {files}{drawn}"), soft_wrap=True)


def _replaced(differences: Sequence[str]) -> str:
    """That earlier results are gone, and in what they differed."""
    more = len(differences) - SEVERAL
    shown = ", ".join(differences[:SEVERAL]) + (f" and {more} more" if more > 0 else "")
    return "replaced the results of another experiment of this name" + (f", which differed in {shown}" if shown else "")


def failures(results: Results) -> None:
    """Which runs failed, and where the tracebacks are."""
    from optlab.store import ERRORS_LOG

    for sweep in results.manifest["sweeps"]:
        if "error" in sweep:
            print(f"{sweep['described']}: {sweep['error']}", file=sys.stderr)
    log = shown(results.folder / ERRORS_LOG)
    print(f"{_count(results.failed, 'run')} ended with an error; the tracebacks are in {log}", file=sys.stderr)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
