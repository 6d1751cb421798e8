"""The outcome of an experiment with several numbers of trials: a table of strategies in place of many rankings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from optlab.cli import tables

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

NAMES = {"all": "try all, use the best", "one": "tune one, the mean"}


def print_strategies(console: Console, results: ExperimentResults) -> None:
    """Print what trying all optimizers and tuning one of them lead to, with each number of trials."""
    from optlab.results import analysis
    from optlab.results.analysis import sentences

    within = analysis.groups_of(results.runs)
    table = analysis.strategies(results.runs, within=within)
    rows = [
        [*([sentences.group_name(row[within])] if within else []), f"{row['trials']:,}", NAMES[row["strategy"]],
         f"{row['settings']:,}", f"{100 * row['place']:.0f} %", f"{row['difference']:+.2f}",
         f"{row['low']:+.2f} to {row['high']:+.2f}"]
        for row in table[table["strategy"].isin(list(NAMES))].to_dict("records")
    ]  # fmt: skip
    columns = ["trials>", "strategy", "settings tried>", "place>", "difference>", "90 % interval>"]
    console.print(
        tables.table([within, *columns] if within else columns, rows, "trying several optimizers, or tuning one")
    )
    console.print(tables.sentence(sentences.strategies_text(table, within)))
    console.print(
        tables.sentence("place: the share of all that are better; all are the optimizers with each number of trials")
    )
    console.print(tables.sentence("optlab rank RESULTS ranks all of them"))
    console.print()
