"""`optlab compare`: several results in one ranking and one set of pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optlab.cli.options import TABLE_FORMATS, Kinds, Plugins, TableFormat, Without, choice, folders
from optlab.experiments.choices import FORMATS

if TYPE_CHECKING:
    from optlab.api.compare import ComparedResults


def compare(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS", help="Folders of results, or packed files.")],
    by: Annotated[
        str, typer.Option("--by", metavar="METRIC", help="What is compared, such as test_accuracy.")
    ] = "final_loss",
    without: Without = [],
    format: TableFormat = TABLE_FORMATS[0],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="A folder for the pictures and the report; without it, none."
        ),
    ] = None,
    pictures: Annotated[str, typer.Option("--pictures", help="File format of pictures.", **choice(FORMATS))] = FORMATS[
        0
    ],
    kind: Kinds = [],
    plugins: Plugins = [],
) -> None:
    """Rank the optimizers of several results together, paired by seed, and draw them in one set of pictures."""
    from optlab.api import pipeline
    from optlab.api.compare import compare
    from optlab.cli import formats, ranks, show, tables
    from optlab.results.selection import Selection

    found = compare(*results, plugins=folders(plugins))
    judged = found.judged(by, without=without)
    if format == "table":
        ranks.print_rankings(tables.console(), judged, found.manifest)
        _print_sources(found, sys.stdout)
    else:
        records = [
            {**row, "results": ", ".join(found.sources[row["label"]])} for row in judged.ranking.to_dict("records")
        ]
        formats.emit(records, ranks.with_meanings(judged), format)
        _print_sources(found, sys.stderr)
    if output is not None:
        kinds = tuple(name.strip() for names in kind for name in names.split(","))
        chosen = Selection(without=tuple(without), kinds=kinds, by=None if by == "final_loss" else by)
        made = pipeline.copied(pipeline.draw(found, pictures, selection=chosen), output)
        show.files(made if kinds else [found.report().save(output / "report.html"), *made])


def _print_sources(found: ComparedResults, stream: Any) -> None:
    """Print from which results each label is, and what was left out or changed."""
    from optlab.cli.show import shown
    from optlab.errors import named

    for name, results in found.compared.items():
        labels = ", ".join(named(label) for label, sources in found.sources.items() if name in sources)
        print(f"{name} ({shown(results.place)}): {labels}", file=stream)
    for note in found.notes:
        print(f"note: {note}", file=stream)
