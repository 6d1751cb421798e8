"""`optlab gallery`: the page of all optimizers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optlab.cli import completion
from optlab.cli.options import Plugins, Quiet, known
from optlab.errors import counted


def gallery(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Optimizers. Default: all.",
            autocompletion=completion.names("optimizers"),
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The page. Pictures are written to pictures/ next to it.")
    ] = (Path("gallery/optimizers.md")),
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:
    """Write a page of optimizers: equations, defaults, sources, paths over three surfaces, the conformance verdict."""
    from optlab.api import gallery as page
    from optlab.cli.progress import progress
    from optlab.testing.conformance import judgement

    found = known(plugins, quiet)
    chosen = [found.rule(name).name for name in names or found.optimizers]
    with progress("drawing", len(chosen), quiet) as advance:
        files = page.write(out, chosen, found, judgement, advance)
    if not quiet:
        typer.echo(f"{files[0]} and {counted(len(files) - 1, 'picture')} in {files[1].parent}/")
