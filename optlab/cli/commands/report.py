"""`optlab report`: finished results as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.options import Plugins, Quiet, folders


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or a packed file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            *("--output", "-o"),
            metavar="FILE",
            help="The page. Default: report.html in the folder; for a packed file, its name with .html.",
        ),
    ] = None,
    landscapes: Annotated[
        bool,
        typer.Option("--landscapes", help="Compute paths of networks again for the loss around them; takes seconds."),
    ] = False,
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:
    """Write finished results as one HTML page: surfaces with paths, curves, ranking. It needs no network."""
    from optlab.api.run import load
    from optlab.cli.show import shown
    from optlab.errors import check_output
    from optlab.results import store

    if output:
        check_output(output, "--output ")
    found = load(results, folders(plugins))
    page = found.report(landscapes)
    if output is None and found.packed is not None:
        output = Path(f"{found.packed.stem}.html")
    path = page.save(output) if output else store.write_report(found, page.text)
    if not quiet:
        typer.echo(shown(path))
