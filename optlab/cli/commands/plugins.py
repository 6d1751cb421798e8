"""The commands for plugins: `list` and `plugins` show what there is, `new` begins one, `check` puts it to the test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from optlab import plugin_kinds
from optlab.cli import completion
from optlab.cli.guard import FAILED
from optlab.cli.options import AsJson, Plugins, choice, folders

LISTED = [kind.plural for kind in plugin_kinds.REGISTERED]
"""What there is to list."""

EXPERIMENT = "experiment"
BEGUN = [*(kind.name for kind in plugin_kinds.REGISTERED if kind.next), EXPERIMENT]
"""What can be begun."""


def list_(
    kind: Annotated[str, typer.Argument(help=f"What to list: {', '.join(LISTED)}.", **choice(LISTED, "KIND"))],
    plugins: Plugins = [],
    as_json: AsJson = False,
) -> None:
    """List what the lab knows: names, options with defaults, a line of documentation, the file."""
    from optlab import registry
    from optlab.cli import show

    known = registry.load(folders(plugins))
    rows = [registry.describe(plugin) for plugin in getattr(known, kind).values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        show.loaded(known, plugins)
        show.listing(rows)


def plugins_(plugins: Plugins = [], as_json: AsJson = False) -> None:
    """Show what was loaded from where, and what could not be loaded and why."""
    from dataclasses import asdict

    from optlab import registry
    from optlab.cli import show

    known = registry.load(folders(plugins))
    if as_json:
        typer.echo(json.dumps([asdict(source) for source in known.sources], indent=2))
    else:
        show.sources(known)


def check(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Drop-in files, or names.",
            show_default=False,
            autocompletion=completion.names(*(kind.plural for kind in plugin_kinds.CHECKED)),
        ),
    ],
    only: Annotated[
        list[str], typer.Option("--only", metavar="ID", help="Checks to run, as keeps_dtype or 'keeps_*'. Repeatable.")
    ] = [],
    strict: Annotated[bool, typer.Option("--strict", help="Let what is only advised fail too.")] = False,
    plugins: Plugins = [],
) -> None:
    """Put optimizers, transforms and schedules through the conformance suite; exit status 1 if one fails.

    \b
    optlab check plugins/lion.py
    optlab check adam --only "keeps_*"

    A check is passed, failed, skipped where it does not apply, or exempt: the rule declares that it fails, and why.
    What is said of docstrings, sources and ranges is advice, which fails with --strict, and for built-in rules.
    `pytest FILE` runs the same checks, and the file's own tests.
    """
    from optlab.cli import check as checking

    if not checking.run(checking.plugins(what, plugins), only, strict):
        raise typer.Exit(FAILED)


def new(
    kind: Annotated[
        str,
        typer.Argument(help=f"What to begin: {', '.join(BEGUN)}.", show_default=False, **choice(BEGUN, "KIND")),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)],
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="OPTIMIZER",
            help="Start from a copy of this optimizer.",
            autocompletion=completion.names("optimizers"),
        ),
    ] = None,
    plugins: Plugins = [],
) -> None:
    """Begin a plugin or an experiment: write a file that works and explains itself.

    \b
    optlab new optimizer my_momentum
    optlab new optimizer my_adam --from adam
    optlab new experiment my_grid

    A plugin is plugins/NAME.py, with a test; an experiment is experiments/NAME.toml.
    """
    from optlab import registry
    from optlab.cli import new as beginning

    folder = Path("experiments" if kind == EXPERIMENT else "plugins")
    path = beginning.write(kind, name, origin, folder, registry.load(folders(plugins)))
    typer.echo(f"{path} is written. What comes next:")
    for command in beginning.advice(kind, name, path):
        typer.echo(f"    {command}")
