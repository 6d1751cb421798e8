"""The commands for plugins: `list` and `plugins` show them, `new` writes the first file, `check` tests them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli import completion
from optlab.cli.guard import FAILED
from optlab.cli.options import AsJson, Plugins, choice, folders
from optlab.plugins import kinds

LISTED = [kind.plural for kind in kinds.REGISTERED]
"""The kinds that `optlab list` accepts."""

EXPERIMENT = "experiment"
CREATED = [*(kind.name for kind in kinds.REGISTERED if kind.next), EXPERIMENT]
"""The kinds that `optlab new` accepts."""


def list_(
    kind: Annotated[str, typer.Argument(help=f"What to list: {', '.join(LISTED)}.", **choice(LISTED, "KIND"))],
    plugins: Plugins = [],
    as_json: AsJson = False,
) -> None:
    """List the available plugins of a kind: names, options with defaults, one line of documentation, the file."""
    from optlab.cli import show
    from optlab.plugins import registry

    known = registry.load(folders(plugins))
    rows = [registry.describe(plugin) for plugin in getattr(known, kind).values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        show.loaded(known, plugins)
        show.listing(rows)


def plugins_(plugins: Plugins = [], as_json: AsJson = False) -> None:
    """Show which plugins were loaded from which file or package, and which could not be loaded and why."""
    from dataclasses import asdict

    from optlab.cli import show
    from optlab.plugins import registry

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
            help="Drop-in files, folders of them, or names of plugins.",
            show_default=False,
            autocompletion=completion.names(*(kind.plural for kind in kinds.CHECKED)),
        ),
    ],
    only: Annotated[
        list[str],
        typer.Option("--only", metavar="ID", help="Checks to run: keeps_dtype or 'keeps_*'. Repeatable."),
    ] = [],
    strict: Annotated[bool, typer.Option("--strict", help="Count advice as a failure.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=0.1, help="The most time for each check, and for loading.")
    ] = 60.0,
    memory: Annotated[
        float, typer.Option("--memory", metavar="GB", min=0.01, help="The most memory, on Linux only.")
    ] = 4.0,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Check in the process of the command, as for a debugger.")
    ] = False,
    plugins: Plugins = [],
) -> None:
    """Run the conformance suite on optimizers, transforms and schedules; exit status 1 if a check fails.

    \b
    optlab check plugins/lion.py
    optlab check adam --only "keeps_*"

    A check is passed, failed, skipped (it does not apply), or exempt (the rule declares that it fails, and why).
    Checks of docstrings, sources and ranges give advice; they fail with --strict, and for built-in rules.
    `pytest FILE` runs the same checks and the tests in the file.

    Plugins are loaded and checked in a process of their own (not on Windows). If one hangs, crashes or needs too much
    memory, its check fails, its other checks are not made, and the next plugin follows.
    """
    from optlab.cli import apart
    from optlab.cli.check_steps import CheckReport, Step

    def steps() -> Iterator[Step]:
        from optlab.cli import check as checking

        return checking.steps(what, plugins, only, strict, report.begun)

    report, is_ended = CheckReport(), False
    while not is_ended:
        try:
            report.add(steps() if in_process or not apart.POSSIBLE else apart.followed(steps, seconds, memory))
            is_ended = True
        except apart.ProcessDied as death:
            report.add_death(death)
    if not report.end():
        raise typer.Exit(FAILED)


def new(
    kind: Annotated[
        str,
        typer.Argument(help=f"What to create: {', '.join(CREATED)}.", show_default=False, **choice(CREATED, "KIND")),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, and the file's.", show_default=False)],
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
    """Create a plugin or an experiment: write a working file with explanations in comments.

    \b
    optlab new optimizer my_momentum
    optlab new optimizer my_adam --from adam
    optlab new experiment my_grid

    A plugin is written to plugins/NAME.py, with a test; an experiment to experiments/NAME.toml.
    """
    from optlab.cli import new as creating
    from optlab.plugins import registry

    folder = Path("experiments" if kind == EXPERIMENT else "plugins")
    path = creating.write(kind, name, origin, folder, registry.load(folders(plugins)))
    typer.echo(f"{path} is written. Next steps:")
    for command in creating.advice(kind, name, path):
        typer.echo(f"    {command}")
