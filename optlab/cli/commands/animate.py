"""`optlab animate`: balls that roll on a map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optlab.cli import completion
from optlab.cli.options import Only, Plugins, Quiet, Top, Without, choice, folders, known
from optlab.experiments.choices import FPS, FRAMES, VIEWS, WIDTH

if TYPE_CHECKING:
    from optlab.figures.animation.player import Animation


def animate(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RESULTS|PROBLEM",
            help="A folder such as results/sgd_vs_adam, or a problem, with options as in 'rosenbrock b=10'.",
            show_default=False,
            autocompletion=completion.names("problems"),
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="A file that ends in .gif, .webp, .png (animated), .mp4 "
                     "or .svg."),
    ] = Path("animation.gif"),
    problem: Annotated[
        str | None,
        typer.Option("--problem", metavar="PROBLEM", help="With RESULTS: the problem, by its name or its title."),
    ] = None,
    only: Only = [],
    top: Top = None,
    without: Without = [],
    optimizer: Annotated[
        list[str],
        typer.Option("--optimizer", metavar="OPTIMIZER", help="With PROBLEM: an optimizer, alone or as 'adam lr=0.1'. "
                     "May be repeated. Default: gd, momentum, rmsprop, adam.",
                     autocompletion=completion.names("optimizers")),
    ] = [],
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="With PROBLEM: steps per run. Default: 200.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="X,Y", help="With PROBLEM: the start, a point or 'random'.")
    ] = None,
    view: Annotated[str, typer.Option("--view", help="A map from above, or a surface in three dimensions.",
                                      **choice(VIEWS))] = "map",
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="The number of frames.")] = FRAMES,
    fps: Annotated[int, typer.Option("--fps", metavar="N", help="Frames per second.")] = FPS,
    width: Annotated[int, typer.Option("--width", metavar="N", help="The width in pixels.")] = WIDTH,
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Animate optimizers on a problem of two parameters: one ball each, all at the same step.

    \b
    optlab animate results/sgd_vs_adam --problem beale -o beale.gif
    optlab animate himmelblau --optimizer "momentum lr=0.01" --optimizer "adam lr=0.3" -o balls.svg
    optlab animate results/sgd_vs_adam --problem rosenbrock --view surface -o valley.webp

    The steps per frame grow in proportion to the time, and the picture shows the number of the step.
    """
    from optlab.figures.animation.player import checked

    checked(output, "--output ")
    size = {"view": view, "frames": frames, "fps": fps, "width": width}
    if Path(what).is_dir() or what.endswith(".zip"):
        _refuse({"--optimizer": optimizer, "--steps": steps, "--start": start}, "a problem", "a folder of results")
        made = _of_results(Path(what), problem, only, top, without, plugins, size)
    else:
        selected = {"--problem": problem, "--only": only, "--top": top, "--without": without}
        _refuse(selected, "a folder of results", "a problem")
        made = _of_problem(what, optimizer, steps, start, plugins, size)
    made.save(output)
    if not quiet:
        typer.echo(output)


def _of_results(folder: Path, problem: str | None, only: Sequence[str], top: int | None, without: Sequence[str],
                plugins: list[Path], size: dict[str, Any]) -> Animation:  # fmt: skip
    from optlab.api.run import load

    found = load(folder, folders(plugins))
    return found.animate(problem, only=only, top=top, without=without, how="--problem ", **size)


def _of_problem(what: str, optimizers: Sequence[str], steps: int | None, start: str | None, plugins: list[Path],
                size: dict[str, Any]) -> Animation:  # fmt: skip
    from optlab.api import animate as animating
    from optlab.cli import functions
    from optlab.cli.running import OTHER_KINDS, as_typed

    rules = [functions.given(text) for text in optimizers] or animating.OPTIMIZERS
    number = animating.STEPS if steps is None else steps
    at = functions.start(start)
    with as_typed(OTHER_KINDS):
        return animating.animate(functions.given(what), rules, steps=number, start=at, plugins=known(plugins), **size)


def _refuse(given: dict[str, object], where: str, here: str) -> None:
    """Raise UserError for options that apply to the other kind of subject only."""
    from optlab.errors import UserError

    for option, value in given.items():
        if value:
            raise UserError(f"{option} applies to {where}, not to {here}; see optlab animate --help")
