"""`optlab race`: a comparison without an experiment file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from optlab.cli import completion
from optlab.cli.options import Rates, Seeds, Start, Steps, folders
from optlab.cli.running import OTHER_KINDS, Running, runs
from optlab.experiments.choices import SEEDS, STEPS


@runs
def race(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Optimizers, with values as in 'adam beta1=0.8'.",
            show_default=False,
            autocompletion=completion.names("optimizers"),
        ),
    ],
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on",
            metavar="PROBLEM,...",
            help="Problems, with options as in 'rosenbrock b=10'. Default: four problems of two parameters.",
            show_default=False,
            autocompletion=completion.names("problems"),
        ),
    ] = None,
    steps: Steps = STEPS,
    seeds: Seeds = SEEDS,
    start: Start = None,
    lr: Rates = "1e-4:10:11",
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule",
            metavar="SCHEDULE",
            help="A schedule, with options as in 'cosine warmup=50'.",
            autocompletion=completion.names("schedules"),
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The folder of the results.")] = "race",
    watch: Annotated[bool, typer.Option("--watch", help="Race again when a plugin is saved.")] = False,
    *,
    running: Running,
) -> None:
    """Compare optimizers on a few problems, without an experiment file: rankings, loss curves, paths.

    \b
    optlab race gd momentum adam
    optlab race "momentum beta=0.5" "adam lr=0.1" --on rosenbrock,himmelblau --start random

    An optimizer without an lr is run with several, and is shown at the one with the best final loss. The file
    results/race/spec.toml is the experiment file of the race; it can be changed and run with optlab run.
    """
    from optlab.api import race as races
    from optlab.cli import functions
    from optlab.experiments.resolve.starts import A_POINT
    from optlab.plugins import registry

    if watch:
        from optlab.cli import watch as watching

        options = {"on": on, "steps": steps, "seeds": seeds, "start": start, "lr": lr, "schedule": schedule}
        again = ["race", *watching.typed(options | {"name": name}), *running.as_options(), "--", *names]
        watching.repeat(again, functions.files([*names, *separate(on or [])]), folders(running.plugins), running.quiet)
    known = registry.load(folders(running.plugins))
    problems = [functions.given(text) for text in separate(on)] if on else races.COURSE
    rules = [functions.given(text) for text in gathered(names)]
    document = races.race_document(rules, problems, steps, seeds, functions.start(start), lr, schedule, name, known)
    job = running.prepared(
        document,
        known,
        {
            A_POINT: "--start 1,2",
            **OTHER_KINDS,
            "it is an optimizer": "it is an optimizer; write it before --on",
            "it is a problem": "it is a problem; write it after --on",
        },
    )
    if not running.quiet and (note := _tuning(document)):
        typer.echo(note)
    running.carry_out(job)


def gathered(words: Sequence[str]) -> list[str]:
    """Names with their values. Settings that follow a name as separate words are joined to it.

    >>> gathered(["momentum", "lr=0.1", "beta=0.5", "adam lr=0.2", "gd"])
    ['momentum lr=0.1 beta=0.5', 'adam lr=0.2', 'gd']
    """
    found: list[str] = []
    for word in words:
        if found and "=" in word and " " not in word:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def separate(texts: Sequence[str]) -> list[str]:
    """The parts of texts that are separated by commas. Commas in brackets do not separate.

    >>> separate(["sphere, ellipsoid condition=[10,100]", "beale"])
    ['sphere', 'ellipsoid condition=[10,100]', 'beale']
    """
    return [part.strip() for text in texts for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _tuning(document: Mapping[str, Any]) -> str:
    """The optimizers whose learning rates are tuned, as a sentence; empty if there are none."""
    from optlab.api import race as races

    names = races.tuned(document)
    if not names:
        return ""
    return f"learning rates tuned by the final loss: {', '.join(names)}\n"
