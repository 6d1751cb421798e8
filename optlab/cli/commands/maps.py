"""The commands for maps: `basins`, `stability`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from optlab.cli import completion
from optlab.cli.options import Steps, choice
from optlab.cli.running import OTHER_KINDS, Running, runs
from optlab.experiments.choices import BASINS, COLORS, STABILITY, STEPS

SIDES = ("x", "y")
"""The sides of a map."""


Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The folder of the results. Default: from the problem's name."),
]
MapProblem = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help="A problem, with options as in 'rosenbrock b=10'.",
        show_default=False,
        autocompletion=completion.names("problems"),
    ),
]
Settings = Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Hyperparameters of all optimizers.")]
Optimizers = Annotated[
    list[str],
    typer.Option(
        "--optimizer",
        metavar="OPTIMIZER",
        help="An optimizer, alone or as 'adam lr=0.1'. May be repeated.",
        autocompletion=completion.names("optimizers"),
    ),
]


@runs
def basins(
    problem: MapProblem,
    more: Settings = None,
    optimizer: Optimizers = ["momentum"],
    resolution: Annotated[int, typer.Option("--resolution", metavar="N", help="Pixels along each side.")] = BASINS,
    steps: Steps = STEPS,
    x: Annotated[str | None, typer.Option("--x", metavar="LOW:HIGH", help="Range of the first parameter.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="LOW:HIGH", help="Range of the second parameter.")] = None,
    name: Name = None,
    *,
    running: Running,
) -> None:
    """Map basins of attraction: every pixel is a start, its colour is the minimum in which the run ends.

    \b
    optlab basins himmelblau --optimizer momentum lr=0.01 beta=0.9
    optlab basins himmelblau --optimizer "gd lr=0.01" --optimizer "adam lr=0.3"

    NAME=VALUE outside quotes applies to all optimizers. A problem or an optimizer may be FILE.py:NAME,
    a function in a file. The map covers the problem's domain; --x and --y select other ranges.
    """
    from optlab.api import maps
    from optlab.cli import functions

    optimizers = _settled(optimizer, more)
    view = [text if text is None else maps.span(side, text) for side, text in (("--x", x), ("--y", y))]
    document = maps.basins_document(functions.given(problem), optimizers, resolution, steps, view[0], view[1], name)
    running.carry_out(running.prepared(document, typed=OTHER_KINDS))


@runs
def stability(
    problem: MapProblem,
    x: Annotated[
        str, typer.Option("--x", metavar="NAME=LOW:HIGH", help="The horizontal hyperparameter.", show_default=False)
    ],
    y: Annotated[
        str, typer.Option("--y", metavar="NAME=LOW:HIGH", help="The vertical hyperparameter.", show_default=False)
    ],
    more: Settings = None,
    optimizer: Optimizers = ["momentum"],
    log: Annotated[
        list[str], typer.Option("--log", help="An axis with a log scale. May be repeated.", **choice(SIDES))
    ] = [],
    resolution: Annotated[int, typer.Option("--resolution", metavar="N", help="Values along each side.")] = STABILITY,
    steps: Steps = STEPS,
    color: Annotated[str, typer.Option("--color", help="The quantity that is shown.", **choice(COLORS))] = COLORS[0],
    target: Annotated[
        float | None, typer.Option("--target", metavar="LOSS", help="With --color steps: the loss to reach.")
    ] = None,
    name: Name = None,
    *,
    running: Running,
) -> None:
    """Map where an optimizer is stable: the axes are two hyperparameters, the colour shows how the loss develops.

    \b
    optlab stability ellipsoid --x lr=0.0001:0.01 --y beta=0:0.99 --log x
    optlab stability rosenbrock --optimizer adam --x lr=0.001:1 --y beta1=0:0.99 --log x --color steps

    If the problem is quadratic and the rule is linear, the theoretical stability limit is drawn too. Another range is a
    new computation.
    """
    from optlab.api import maps
    from optlab.cli import functions

    optimizers = _settled(optimizer, more)
    across, up = maps.axis("--x", x, "x" in log), maps.axis("--y", y, "y" in log)
    where = functions.given(problem)
    document = maps.stability_document(where, optimizers, across, up, resolution, steps, color, target, name)
    running.carry_out(running.prepared(document, typed=OTHER_KINDS))


def _settled(optimizers: Sequence[str], more: Sequence[str] | None) -> list[dict[str, Any]]:
    """The tables of optimizers. Values after the name of an optimizer override those that apply to all."""
    from optlab.cli import functions
    from optlab.plugins import shorthand

    return [shorthand.values(more or []) | shorthand.table(functions.given(text)) for text in optimizers]
