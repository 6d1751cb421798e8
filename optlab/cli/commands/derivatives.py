"""The commands for derivatives: `explain` shows how one is computed, `gradcheck` checks one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optlab.cli import completion
from optlab.cli.guard import FAILED, UNDETERMINED
from optlab.cli.options import Plugins, known


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="What to explain; see above.",
            show_default=False,
            autocompletion=completion.names(
                *("optimizers", "problems", "schedules", "transforms"), others=("backprop", "directional", "schedules")
            ),
        ),
    ],
    more: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Values of variables, or options of a problem.",
            autocompletion=completion.names("transforms", "schedules", "problems"),
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="X,Y,...", help="The point. Default: the problem's start.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option("--direction", metavar="U,V,...", help="The direction u, for 'directional'.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the equations of an optimizer as LaTeX.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save the picture: .svg, .png or .pdf.")
    ] = None,
    animate: Annotated[
        Path | None,
        typer.Option(
            "--animate",
            metavar="FILE",
            help="Save an animation, values forward and then gradients backward: "
            ".gif, .webp, .png (animated), .mp4 or .svg.",
        ),
    ] = None,
    plugins: Plugins = [],
) -> None:
    """Show how a derivative or an update is computed, as text and, with -o, as a picture. WHAT is one of:

    \b
    an expression, with values    optlab explain "(x + y) * z" x=-2 y=5 z=-4
                                  its gates: values forward, gradients backward
    a problem                     optlab explain rosenbrock --at -1.5,2 b=10
                                  the same, at a point
    a function in a file          optlab explain FILE.py:NAME --at 1,2
                                  the same; NAME may also be a problem or an optimizer
    an optimizer                  optlab explain adam --latex
                                  its update rule as equations
    an optimizer and more         optlab explain adam clip_norm weight_decay cosine
                                  the rule with transforms and a schedule
    a transform                   optlab explain lookahead
                                  its effect on gradient descent
    a schedule                    optlab explain cosine warmup=50 steps=500
                                  the factor on the learning rate at each step
    schedules                     optlab explain schedules
                                  the factors of all schedules
    backprop [FILE.toml]          optlab explain backprop
                                  a network, forward and backward, step by step
    directional PROBLEM           optlab explain directional booth --at 1,2 --direction 1,1
                                  the directional derivative

    An expression consists of names, numbers, + - * / **, parentheses and functions such as exp and max. If it begins
    with a minus sign, write it last, after all options and --.
    """
    from optlab.cli import explain as explaining

    explaining.checked(output, animate)
    found = explaining.explain(what, more or [], at, direction, latex, known(plugins))
    typer.echo(found.latex if latex else found.text)
    if output is not None:
        found.save(output, "--output ")
        typer.echo(output)
    if animate is not None:
        found.animate(animate, "--animate ")
        typer.echo(animate)


def gradcheck(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A problem, or FILE.py:NAME, a function in a file.",
            autocompletion=completion.names("problems"),
        ),
    ],
    more: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Options.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="X,Y,...", help="The point. Default: the start and random points.")
    ] = None,
    points: Annotated[int, typer.Option("--points", min=0, help="Number of random points of the domain.")] = 5,
    components: Annotated[
        int,
        typer.Option("--components", min=1, help="Number of components to check in a long gradient."),
    ] = 50,
    plugins: Plugins = [],
) -> None:
    """Check a gradient against a complex step or an extrapolated difference.

    Exit status 1 if a component is wrong, 3 if no component is wrong but some could not be checked.
    """
    from optlab.cli import gradcheck as checking
    from optlab.cli import show

    status = 0
    for where, check in checking.checks(
        checking.GradcheckRequest(what, more or [], at, points, components), known(plugins)
    ):
        show.gradient_check(where, check, whole=at is not None)
        if check.wrong:
            status = FAILED
        elif check.undetermined and status == 0:
            status = UNDETERMINED
    if status:
        raise typer.Exit(status)
