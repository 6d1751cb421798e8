"""The commands for experiment files and their results: `run`, `plot`, `validate`, `schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.options import (
    Along,
    By,
    Cases,
    Experiment,
    Kinds,
    OnBackend,
    Only,
    PictureFormat,
    PicturesFolder,
    Plugins,
    Quiet,
    Top,
    Without,
    folders,
)
from optlab.cli.running import Running, runs
from optlab.experiments.choices import FORMATS


@runs
def run(
    file: Experiment,
    *,
    running: Running,
    watch: Annotated[bool, typer.Option("--watch", help="Run again when the file or a plugin is saved.")] = False,
) -> None:
    """Run an experiment: results, pictures, a ranking. Finished results are not computed again."""
    if watch:
        from optlab.cli import watch as watching

        watching.watch(file, folders(running.plugins), running.as_options(), running.quiet)
    running.carry_out(running.prepared(file), file)


def plot(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or a packed file.")],
    plugins: Plugins = [],
    format: PictureFormat = FORMATS[0],
    only: Only = [],
    top: Top = None,
    without: Without = [],
    kind: Kinds = [],
    x: Along = None,
    by: By = None,
    problem: Cases = [],
    output: PicturesFolder = None,
    quiet: Quiet = False,
) -> None:
    """Draw the pictures of finished results again, without running anything."""
    from optlab.api import pipeline
    from optlab.api.run import load
    from optlab.cli import show
    from optlab.results.selection import Selection

    found = load(results, folders(plugins))
    kinds = tuple(name.strip() for names in kind for name in names.split(","))
    selection = Selection(tuple(only), top, tuple(without), kinds, x, by, tuple(problem))
    paths = pipeline.draw(found, format, selection=selection)
    if output is None and found.packed is not None:
        output = Path(f"{found.packed.stem}_plots")
    if output is not None:
        paths = pipeline.copied(paths, output)
    if not quiet:
        show.files(paths)
        if not kinds and not problem:
            show.pictures_of_each(found)
        show.boxes(found)


def validate(file: Experiment, plugins: Plugins = [], backend: OnBackend = None) -> None:
    """Check an experiment file; print the size of its grid and the back ends. Nothing is run or written."""
    from optlab.api import pipeline
    from optlab.cli import show

    job = pipeline.prepare(file, plugins=folders(plugins), backend=backend)
    show.loaded(job.registry, plugins, experiment=file)
    show.size(job.plan, pipeline.prospects(job.plan))


def schema() -> None:
    """Print the JSON Schema of experiment files, for editors."""
    from optlab.experiments import document
    from optlab.plugins import registry

    typer.echo(json.dumps(document.json_schema(registry.load().kinds.values()), indent=2))
