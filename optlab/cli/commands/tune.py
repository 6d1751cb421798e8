"""The command `tune`: which settings were chosen, and the same experiment with wider ranges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optlab.cli.options import folders
from optlab.cli.running import Running, runs

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

Results = Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder such as results/sgd_vs_adam.")]
Extend = Annotated[bool, typer.Option("--extend", help="Run the experiment again with wider ranges.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --extend: show the new ranges; write and run nothing.")]


@runs
def tune(results: Results, *, running: Running, extend: Extend = False, dry_run: DryRun = False) -> None:
    """Show the chosen settings and which are at the edge of their range; --extend goes on from there.

    With --extend, ranges and grids are widened where a chosen value is at the edge: by a factor of ten on a logarithmic
    scale, and by the width of the range on a linear one. The experiment keeps its name. Its new file and results are
    written to the folder extended/ next to the old results, or to --out DIR. The old results stay as they are.
    """
    from optlab.api import extend as extending
    from optlab.api.run import load
    from optlab.cli import show
    from optlab.errors import UserError

    if dry_run and not extend:
        raise UserError("--dry-run shows what --extend would run; write both")
    found = load(results, folders(running.plugins))
    if not extend:
        _print_chosen(found, results)
        return
    made = extending.extension(found, None if running.out == Running.out else running.out)
    for line in [*made.widened.changes, *made.widened.left]:
        typer.echo(line)
    if not made.widened.changes:
        typer.echo("nothing to extend: no chosen value is at the edge of a range that can be widened")
        return
    if dry_run:
        typer.echo(f"these ranges would be written to {show.shown(made.file)}")
        return
    made.write()
    typer.echo(f"experiment file: {show.shown(made.file)}\n")
    at_place = replace(running, out=made.folder)
    at_place.carry_out(at_place.prepared(made.file), made.file)


def _print_chosen(found: ExperimentResults, folder: Path) -> None:
    """Print the chosen settings of each optimizer on each problem."""
    from optlab.cli import tables
    from optlab.errors import UserError
    from optlab.results import analysis

    if not found.kind.is_ranked:
        raise UserError(f"{folder}: a map has no chosen settings")
    rows = [
        [row["case"], row["label"], row["settings"], f"{row['cells']:,}", row["at_edge"] or tables.NONE]
        for row in analysis.best(found.runs).to_dict("records")
    ]
    console = tables.console()
    console.print(tables.table(["problem", "optimizer", "chosen settings", "settings tried>", "at the edge"], rows))
    if any(row[-1] != tables.NONE for row in rows):
        console.print(tables.sentence(f"optlab tune {folder} --extend goes on with wider ranges"))
