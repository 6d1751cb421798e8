"""`optlab rank`: the ranking of finished results, or of others' results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optlab.cli.options import TABLE_FORMATS, Plugins, TableFormat, Without, folders
from optlab.cli.sources import OthersResults, judges

if TYPE_CHECKING:
    from optlab.results.analysis import Judged
    from optlab.results.imported.table import TableResults

BY = "final_loss"


@judges
def rank(
    results: Annotated[
        Path | None, typer.Argument(metavar="[RESULTS]", help="A folder such as results/sgd_vs_adam, or a packed file.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="METRIC", help="What is compared, such as test_accuracy.")] = BY,
    *,
    others: OthersResults,
    without: Without = [],
    format: TableFormat = TABLE_FORMATS[0],
    plugins: Plugins = [],
) -> None:
    """Rank the optimizers of finished results, or of others' results in a table, without running anything."""
    from optlab.cli import formats, ranks, tables
    from optlab.errors import UserError

    source = others.unless(results, takes_problems=True)
    if isinstance(source, Path):
        from optlab.api.run import load

        found = load(source, folders(plugins))
        judged = _of_problems(found.judged(by, without=without), others.problem)
        if format == "table":
            ranks.print_rankings(tables.console(), judged, found.manifest, has_overall=not others.problem)
        else:
            formats.emit(judged.ranking.to_dict("records"), ranks.with_meanings(judged), format)
    elif by != BY:
        raise UserError("--by: names a metric of results; --cost names the column of a table")
    else:
        _rank_table(source, without, format)


def _of_problems(judged: Judged, problems: Sequence[str]) -> Judged:
    """The verdicts on some problems, by their names or titles; on all of them if none is named."""
    from optlab.results.selection import Selection

    cases = judged.runs["case"]
    chosen = Selection(cases=tuple(problems)).chosen(list(dict.fromkeys(cases)))
    return replace(judged, runs=judged.runs[cases.isin(chosen)].reset_index(drop=True))


def _rank_table(source: TableResults, without: Sequence[str], format: str) -> None:
    """Print the ranking of others' results, with a part for each group."""
    from optlab.cli import formats, ranks, tables

    judged = source.judged(without=without)
    if format == "table":
        for group, one in judged.items():
            if group:
                print(f"{source.columns['group']}: {group}\n")
            ranks.print_rankings(tables.console(), one, {})
        return
    shown = [
        replace(table, title=f"{group}: {table.title}" if group else table.title)
        for group, one in judged.items()
        for table in ranks.with_meanings(one)
    ]
    names = {"group": source.columns.get("group", "group")}
    formats.emit(source.ranking(without=without).rename(columns=names).to_dict("records"), shown, format)
