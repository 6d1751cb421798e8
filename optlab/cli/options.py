"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optlab.experiments.choices import AXES, BACKENDS, EXECUTORS, FORMATS, PICTURES

if TYPE_CHECKING:
    from optlab.plugins.registry import Registry


def choice(names: Sequence[str], metavar: str | None = None) -> dict[str, Any]:
    """Typer arguments for a value from a list of names. The error for another value suggests the closest name."""

    def parse(text: str) -> str:
        from optlab.errors import did_you_mean

        if text not in names:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(names)}{did_you_mean(text, names)}")
        return text

    return {"parser": parse, "metavar": metavar or f"[{'|'.join(names)}]", **completed(names)}


def completed(names: Sequence[str]) -> dict[str, Any]:
    """Typer arguments that complete a value from a list of names."""
    return {"autocompletion": lambda incomplete: [name for name in names if name.startswith(incomplete)]}


Experiment = Annotated[Path, typer.Argument(metavar="FILE", help="An experiment file (TOML).")]
Steps = Annotated[int, typer.Option("--steps", metavar="N", help="Steps per run.")]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", help="Repeats of random cells.")]
Start = Annotated[
    str | None, typer.Option("--start", metavar="X,Y,...", help="The start of all runs: a point, or 'random'.")
]
Rates = Annotated[
    str, typer.Option("--lr", metavar="LOW:HIGH:NUM", help="Learning rates to try where an optimizer has no lr.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the folder of results is created.")]
Plugins = Annotated[
    list[Path],
    typer.Option("--plugins", metavar="DIR", help="Another folder of drop-in files, after ./plugins. May be repeated."),
]
NoPlots = Annotated[bool, typer.Option("--no-plots", help="Draw no pictures.")]
PictureFormat = Annotated[str, typer.Option("--format", help="File format of pictures.", **choice(FORMATS))]
TABLE_FORMATS = ("table", "csv", "json", "markdown", "latex")
TableFormat = Annotated[
    str,
    typer.Option("--format", help="Format; csv and json have all digits and columns.", **choice(TABLE_FORMATS)),
]
TableFile = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="Others' results: CSV or Parquet, or a folder of COCO or IOH."),
]
SolverColumn = Annotated[str | None, typer.Option("--solver", metavar="COLUMN", help="The column of the solvers.")]
ProblemColumn = Annotated[
    list[str],
    typer.Option("--problem", metavar="COLUMN", help="The column of the problems. With RESULTS, `optlab rank` prints "
                 "only this problem, by its name or its title in tables. May be repeated."),
]  # fmt: skip
SeedColumn = Annotated[str | None, typer.Option("--seed", metavar="COLUMN", help="The column that numbers the runs.")]
CostColumn = Annotated[str | None, typer.Option("--cost", metavar="COLUMN", help="The column of costs.")]
GroupColumn = Annotated[str | None, typer.Option("--group", metavar="COLUMN", help="Values of it are compared apart.")]
Better = Annotated[
    str | None,
    typer.Option("--better", help="Which values of a table are better. Default: lower.", **choice(("lower", "higher"))),
]
Target = Annotated[
    float | None, typer.Option("--target", metavar="VALUE", help="For COCO and IOH: success, above the minimum.")
]
OnBackend = Annotated[
    str | None,
    typer.Option("--backend", help="The back end that runs the steps; overrides the file.", **choice(BACKENDS)),
]
OnExecutor = Annotated[
    str,
    typer.Option("--executor", metavar="NAME", help="Where sweeps are executed: threads, processes, dask. Overrides "
                 "the file.", **completed(EXECUTORS)),
]  # fmt: skip
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="The number of threads, processes or workers. Default: one on "
                 "each core.", show_default=False),
]  # fmt: skip
Scheduler = Annotated[
    str, typer.Option("--scheduler", metavar="ADDRESS", help="The Dask scheduler, such as tcp://127.0.0.1:8786.")
]
Only = Annotated[
    list[str],
    typer.Option("--only", metavar="LABEL", help="Show only this optimizer in pictures. May be repeated."),
]
Top = Annotated[
    int | None,
    typer.Option("--top", metavar="N", min=1, help="Show the best N in colour, the others thin and grey. Default: 8.",
                 show_default=False),
]  # fmt: skip
Without = Annotated[
    list[str],
    typer.Option("--without", metavar="LABEL", help="Leave this optimizer out of the comparison. May be repeated."),
]
Kinds = Annotated[
    list[str],
    typer.Option("--kind", metavar="KIND", help=f"Draw only these pictures: {', '.join(PICTURES)}. May be repeated, or "
                 "several with commas. Default: the usual ones.", **completed(PICTURES)),
]  # fmt: skip
Cases = Annotated[
    list[str],
    typer.Option("--problem", metavar="PROBLEM", help="Draw the pictures of this problem only, by its name or its "
                 "title in tables. May be repeated."),
]  # fmt: skip
By = Annotated[
    str | None,
    typer.Option("--by", metavar="METRIC", help="The metric of ranks and best-of-k curves, such as test_accuracy.",
                 show_default=False),
]  # fmt: skip
Along = Annotated[
    str | None,
    typer.Option("--x", help="What the horizontal axes of curves count. Default: steps in loss curves.",
                 show_default=False, **choice(AXES)),
]  # fmt: skip
PicturesFolder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="The folder of the pictures. Default: plots/ in the folder of "
                 "results; for a packed file, its name with _plots."),
]  # fmt: skip
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def folders(more: Sequence[Path]) -> list[Path]:
    """The folders of drop-in files."""
    from optlab.errors import UserError

    for folder in more:
        if not folder.is_dir():
            raise UserError(f"--plugins {folder}: there is no such folder")
    return [Path("plugins"), *more]


def known(plugins: Sequence[Path], quiet: bool = False) -> Registry:
    """The registry of all plugins. Unless quiet, plugins that could not be loaded are printed as warnings."""
    from optlab.cli import show
    from optlab.plugins import registry

    found = registry.load(folders(plugins))
    show.load_failures(found, quiet)
    return found
