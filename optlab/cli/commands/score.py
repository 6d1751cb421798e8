"""`optlab score`: the score of AlgoPerf."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optlab.cli.options import Plugins, TableFormat, Without, folders
from optlab.cli.sources import OthersResults, judges

if TYPE_CHECKING:
    from optlab.cli.formats import Shown


@judges
def score(
    results: Annotated[
        Path | None, typer.Argument(metavar="[RESULTS]", help="A folder of results, instead of a table.")
    ] = None,
    *,
    others: OthersResults,
    without: Without = [],
    ceiling: Annotated[
        float, typer.Option("--ceiling", metavar="RATIO", help="The largest ratio to the best that counts.")
    ] = 4.0,
    points: Annotated[
        int, typer.Option("--points", metavar="N", help="Ratios of the trapezoidal rule; 0 for the exact integral.")
    ] = 100,
    format: TableFormat = "table",
    plugins: Plugins = [],
) -> None:
    """Score optimizers as AlgoPerf does: the mean of the performance profile up to 4 times the best's cost."""
    from optlab.cli.formats import emit
    from optlab.results.profiles.captions import score_caption

    source = others.unless(results)
    if isinstance(source, Path):
        from optlab.api.run import load

        names = {}
        source = load(source, folders(plugins))
    else:
        names = {name: source.columns[name] for name in ("group", "label") if name in source.columns}
    frame = source.scores(ceiling=ceiling, points=points, without=without)
    meaning = score_caption(frame, ceiling)
    if frame["low"].isna().all():
        frame = frame.drop(columns=["low", "high"])
    emit(frame.rename(columns=names).to_dict("records"), _shown(frame, names, meaning), format)


def _shown(frame: Any, names: dict[str, str], meaning: str) -> list[Shown]:
    """A table for each group. What a score is stands below the last."""
    from optlab.cli.formats import Shown

    columns = [names.get("label", "optimizer"), "score>"] + ["5 % to 95 % of seeds>"] * ("low" in frame)
    groups = frame.groupby("group", sort=False) if "group" in frame else [("", frame)]
    shown = []
    for group, rows in groups:
        cells = [[row["label"], f"{row['score']:.4f}", *_interval(row)] for row in rows.to_dict("records")]
        shown.append(Shown(columns, cells, str(group)))
    return [*shown[:-1], replace(shown[-1], notes=[meaning])]


def _interval(row: dict[Any, Any]) -> list[str]:
    return [f"{row['low']:.4f} to {row['high']:.4f}"] if "low" in row else []
