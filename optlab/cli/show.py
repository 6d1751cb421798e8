"""What the commands print: progress on stderr, results on stdout. Names from users are never read as markup."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from optlab.engine.check import GradientCheck
    from optlab.pipeline import Prospect
    from optlab.plan import Plan
    from optlab.registry import Registry
    from optlab.store import Results

WIDE = 1000
"""Columns where there is no terminal to ask: nothing is cut off in a file or a pipe."""

Advance = Callable[[int], None]


def _console() -> Console:
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(width=width, highlight=False, emoji=False)


# ---- progress ------------------------------------------------------------------------------------------------------


@contextmanager
def progress(what: str, total: int, quiet: bool) -> Iterator[Advance]:
    """A live bar on a terminal, a line for every 10 % elsewhere. Yields a function that is told what was done."""
    if quiet:
        yield lambda done: None
    elif sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, force_interactive=True)
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def _lines(what: str, total: int) -> Advance:
    done, printed = 0, 0

    def advance(more: int) -> None:
        nonlocal done, printed
        done += more
        tenths = 10 * done // max(total, 1)
        if tenths > printed:
            printed = tenths
            print(f"{what}: {10 * tenths} %", file=sys.stderr, flush=True)

    return advance


# ---- the outcome of a run --------------------------------------------------------------------------------------------


def outcome(results: Results, planned: Plan, reused: bool) -> None:
    """The ranking or the map, the counts, and where the files are."""
    console = _console()
    if planned.map:
        _map(results, planned)
    else:
        _rankings(console, results)
    counts(console, results.manifest, planned)
    _places(console, results, reused)


def _map(results: Results, planned: Plan) -> None:
    from optlab.cli import maps
    from optlab.report.maps import panels_of

    maps.summary(panels_of(results, planned))


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


def _ranking(case: str, rows: Any) -> Table:
    table = _table(case)
    _columns(table, "rank>", "optimizer", "best settings", "final loss>")
    repeated = bool((rows["n"] > 1).any())
    unequal = rows["gradients"].nunique() > 1  # not every optimizer computes one per step
    _columns(
        table, *(["10 % to 90 % of seeds>"] if repeated else []), *(["gradients>"] if unequal else []), "diverged>"
    )
    for row in rows.to_dict("records"):
        settings = row["settings"] + (" *" if row["at_edge"] else "")
        spread = [f"{_number(row['low'])} to {_number(row['high'])}"] if repeated else []
        spent = [f"{row['gradients']:,}"] if unequal else []
        cells = [str(row["rank"]), row["label"], settings, _number(row["median"]), *spread, *spent]
        cells.append(_share(row["diverged"]))
        table.add_row(*map(Text, cells))
    return table


def _overall(rows: Any, cases: int) -> Table:
    table = _table(f"over all {cases} problems")
    _columns(table, "mean rank>", "optimizer", "wins>", "diverged>")
    for row in rows.to_dict("records"):
        cells = [f"{row['mean_rank']:.2f}", row["label"], str(row["wins"]), _share(row["diverged"])]
        table.add_row(*map(Text, cells))
    return table


def _table(title: str = "") -> Table:
    heading = Text(title, style="bold") if title else None
    return Table(title=heading, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _columns(table: Table, *names: str) -> None:
    """Add columns; numbers, marked by a >, are aligned to the right."""
    for name in names:
        table.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", overflow="fold")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _number(value: float) -> str:
    return "none finite" if value == float("inf") else f"{value:.3g}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def counts(console: Console, manifest: Mapping[str, Any], planned: Plan) -> None:
    """How the runs ended."""
    ended = ", ".join(f"{count} {status}" for status, count in manifest["statuses"].items() if count)
    console.print(f"{_count(planned.runs, 'run')} of {_count(planned.cells, 'cell')}: {ended}", markup=False)
    if planned.repeats_saved:
        console.print(
            f"cells without anything random in them were computed once ({planned.repeats_saved:,} repeats saved)"
        )


def _places(console: Console, results: Results, reused: bool) -> None:
    if reused:
        console.print("nothing was computed: these results were finished already", markup=False)
    pictures = len(results.plots)
    files = "runs.parquet, history/, trajectories/, manifest.json"
    drawn = f", and {_count(pictures, 'picture')} in plots/" if pictures else ""
    console.print(Text(f"results in {results.folder}/: {files}{drawn}"), soft_wrap=True)


def failures(results: Results) -> None:
    """Which runs failed, and where the tracebacks are."""
    from optlab.store import ERRORS_LOG

    count = results.manifest["statuses"]["error"]
    log = results.folder / ERRORS_LOG
    for entry in log.read_text(encoding="utf-8").split("==== ")[1:]:
        what, *_, last = entry.strip().splitlines()
        print(f"{what}: {last}", file=sys.stderr)
    print(f"{_count(count, 'run')} ended with an error; the tracebacks are in {log}", file=sys.stderr)


def gradient_check(where: str, check: GradientCheck, whole: bool) -> None:
    """The outcome at one point: a line, or the table where something is wrong or `whole` is asked for."""
    if check and not whole:
        methods = " and ".join(sorted({c.method for c in check.components}))
        sample = f", {len(check.components)} of {check.of} components" if len(check.components) < check.of else ""
        worst = max((c.error for c in check.components), default=0.0)
        print(f"{check.name} at {where}{sample}: right; largest difference {worst:.1e}, by {methods}")
    else:
        print(f"at {where}\n{check}")


# ---- the other commands ----------------------------------------------------------------------------------------------


def load_failures(known: Registry, quiet: bool) -> None:
    """Plugins that could not be loaded: a warning, since they stop only those who use them."""
    if not quiet:
        for source in known.failures:
            print(f"warning: not loaded: {source.error}", file=sys.stderr)


def files(paths: Sequence[Path]) -> None:
    for path in paths:
        print(path)


def size(planned: Plan, prospects: Sequence[Prospect]) -> None:
    """The size of a grid, in all and by sweep, and where each sweep will run, and why."""
    console = _console()
    table = _table(f"{planned.name}: the grid is right")
    _columns(table, "optimizer", "problem", "runs>", "steps>", "gradients>", "back end", "because")
    for sweep, prospect in zip(planned.sweeps, prospects, strict=True):
        problem = sweep.titles[0] + (f" and {len(sweep.titles) - 1} more" if len(sweep.titles) > 1 else "")
        cells = [sweep.label, problem, f"{len(sweep):,}", f"{sweep.steps:,}", f"{prospect.gradients:,}"]
        table.add_row(*map(Text, [*cells, prospect.choice.backend, prospect.choice.why]))
    console.print(table)
    console.print()
    totals = f"{planned.cells:,} cells, {planned.runs:,} runs, {len(planned.sweeps):,} sweeps"
    console.print(f"{totals}, {sum(p.gradients for p in prospects):,} gradient evaluations", markup=False)
    if planned.repeats_saved:
        console.print(f"({planned.repeats_saved:,} repeats of cells without anything random in them are left out)")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with a blank line below it; columns marked by a > are aligned to the right."""
    made = _table(title)
    _columns(made, *columns)
    for row in rows:
        made.add_row(*map(Text, row))
    console = _console()
    console.print(made)
    console.print()


def listing(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of plugins."""
    table = _table()
    _columns(table, "name", "options", "what it is", "from")
    for row in rows:
        options = ", ".join(f"{name}={_value(value)}" for name, value in row["options"].items())
        table.add_row(*map(Text, (row["name"], options, row["summary"], _short(row["file"]))))
    _console().print(table)


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _short(file: str) -> str:
    """A path as seen from here, and that of a built-in from the package."""
    path = Path(file)
    package = Path(__file__).parents[2]
    for base in (Path.cwd(), package):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return file


def sources(known: Registry) -> None:
    """What was loaded from where."""
    table = _table()
    _columns(table, "from", "kind", "adds")
    for source in known.sources:
        adds = Text(f"NOT LOADED: {source.error}", style="red") if source.error else Text(", ".join(source.names))
        table.add_row(Text(source.origin), Text(source.kind), adds)
    _console().print(table)
