"""The commands. Each reads its arguments, calls the pipeline, and hands what comes back to `show`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optlab.cli.guard import FAILED, guarded

if TYPE_CHECKING:
    from optlab.pipeline import Job

app = typer.Typer(
    name="optlab",
    help="A lab for experimenting with gradient-descent optimizers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """What pictures are saved as."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


class Backend(StrEnum):
    """What executes the steps."""

    auto = "auto"
    native = "native"
    replay = "replay"


class Side(StrEnum):
    """The sides of a map."""

    x = "x"
    y = "y"


class Color(StrEnum):
    """What the colours of a map of stability stand for."""

    final_loss = "final_loss"
    steps = "steps"


class Kind(StrEnum):
    """What there is to list."""

    optimizers = "optimizers"
    problems = "problems"
    schedules = "schedules"
    transforms = "transforms"
    datasets = "datasets"


Plugins = Annotated[
    list[Path],
    typer.Option("--plugins", metavar="DIR", help="A folder of drop-in files, besides ./plugins. May be repeated."),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the folder with the results is made.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
PictureFormat = Annotated[Format, typer.Option("--format", help="What pictures are saved as.")]
OnBackend = Annotated[
    Backend | None,
    typer.Option(help="What executes the steps, whatever the file says.", show_default=False),
]
Experiment = Annotated[Path, typer.Argument(metavar="FILE", help="An experiment file (TOML).")]
NoPlots = Annotated[bool, typer.Option("--no-plots", help="Draw no pictures.")]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The folder of the results; by default the problem's.")
]
MapProblem = Annotated[
    str, typer.Argument(metavar="PROBLEM", help="A problem, with options as in 'rosenbrock b=10'.", show_default=False)
]
Settings = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Hyperparameters, of every optimizer.")
]
Optimizers = Annotated[
    list[str],
    typer.Option("--optimizer", metavar="OPTIMIZER", help="An optimizer, alone or as 'adam lr=0.1'. May be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def folders(more: list[Path]) -> list[Path]:
    """The folders that drop-in files come from."""
    from optlab.errors import UserError

    for folder in more:
        if not folder.is_dir():
            raise UserError(f"--plugins {folder}: there is no such folder")
    return [Path("plugins"), *more]


def _version(asked: bool) -> None:
    if asked:
        import optlab

        typer.echo(f"optlab {optlab.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """A lab for experimenting with gradient-descent optimizers."""


@app.command()
@guarded
def run(
    file: Experiment,
    out: Out = Path("results"),
    plugins: Plugins = [],
    no_plots: NoPlots = False,
    format: PictureFormat = Format.png,
    backend: OnBackend = None,
    quiet: Quiet = False,
    watch: Annotated[bool, typer.Option("--watch", help="Run again when the file or a plugin is saved.")] = False,
) -> None:
    """Run an experiment: results, pictures, a ranking. What is finished already is not run again."""
    from optlab import pipeline

    if watch:
        from optlab.cli import watch as watching

        options = ["--out", str(out), "--format", format.value, *(f"--plugins={folder}" for folder in plugins)]
        options += [f"--backend={backend.value}"] if backend else []
        options += ["--no-plots"] * no_plots + ["--quiet"] * quiet
        watching.watch(file, folders(plugins), options, quiet)
    carry_out(pipeline.prepare(file, out, folders(plugins), backend and backend.value), no_plots, format, quiet)


def carry_out(job: Job, no_plots: bool, format: Format, quiet: bool) -> None:
    """Run an experiment that was found to be right, draw it, and say what came of it."""
    from optlab import pipeline
    from optlab.cli import show

    show.load_failures(job.registry, quiet)
    results = pipeline.finished(job)
    reused = results is not None
    if results is None:
        with show.progress("running", job.plan.run_steps, quiet) as advance:
            results = pipeline.execute(job, advance)
    if not no_plots and not results.has_plots(format.value):
        from optlab.report import pictures

        with show.progress("drawing", pictures.count(job.plan), quiet) as advance:
            pipeline.draw(results, job.plan, format.value, advance)
    if not quiet:
        show.outcome(results, job.plan, reused)
    if any(results.manifest["statuses"][status] for status in ("error", "timeout", "crashed")):
        show.failures(results)
        raise typer.Exit(FAILED)


@app.command()
@guarded
def basins(
    problem: MapProblem,
    more: Settings = None,
    optimizer: Optimizers = ["momentum"],
    resolution: Annotated[int, typer.Option("--resolution", metavar="N", help="Pixels along each side.")] = 512,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Steps per run.")] = 500,
    x: Annotated[str | None, typer.Option("--x", metavar="LOW:HIGH", help="Range of the first parameter.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="LOW:HIGH", help="Range of the second one.")] = None,
    name: Name = None,
    out: Out = Path("results"),
    plugins: Plugins = [],
    no_plots: NoPlots = False,
    format: PictureFormat = Format.png,
    backend: OnBackend = None,
    quiet: Quiet = False,
) -> None:
    """Map which minimum is reached from where: every pixel is a start, coloured by where the run from it ends.

    \b
    optlab basins himmelblau --optimizer momentum lr=0.01 beta=0.9
    optlab basins himmelblau --optimizer "gd lr=0.01" --optimizer "adam lr=0.3"

    NAME=VALUE alone is for every optimizer. The pixels fill the problem's domain; --x and --y show a part of it.
    """
    from optlab import atlas, pipeline

    optimizers = [atlas.settings(more or []) | atlas.table(one) for one in optimizer]
    view = [text if text is None else atlas.span(side, text) for side, text in (("--x", x), ("--y", y))]
    document = atlas.basins_document(problem, optimizers, resolution, steps, view[0], view[1], name)
    carry_out(pipeline.prepare(document, out, folders(plugins), backend and backend.value), no_plots, format, quiet)


@app.command()
@guarded
def stability(
    problem: MapProblem,
    x: Annotated[
        str, typer.Option("--x", metavar="NAME=LOW:HIGH", help="The hyperparameter across.", show_default=False)
    ],
    y: Annotated[str, typer.Option("--y", metavar="NAME=LOW:HIGH", help="The one upwards.", show_default=False)],
    more: Settings = None,
    optimizer: Optimizers = ["momentum"],
    log: Annotated[list[Side], typer.Option("--log", help="A side with equal ratios. May be repeated.")] = [],
    resolution: Annotated[int, typer.Option("--resolution", metavar="N", help="Values along each side.")] = 256,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Steps per run.")] = 500,
    color: Annotated[Color, typer.Option("--color", help="What is shown.")] = Color.final_loss,
    target: Annotated[
        float | None, typer.Option("--target", metavar="LOSS", help="With steps: the loss to come to.")
    ] = None,
    name: Name = None,
    out: Out = Path("results"),
    plugins: Plugins = [],
    no_plots: NoPlots = False,
    format: PictureFormat = Format.png,
    backend: OnBackend = None,
    quiet: Quiet = False,
) -> None:
    """Map where an optimizer is stable: two hyperparameters along the sides, coloured by what becomes of the loss.

    \b
    optlab stability ellipsoid --x lr=0.0001:0.01 --y beta=0:0.99 --log x
    optlab stability rosenbrock --optimizer adam --x lr=0.001:1 --y beta1=0:0.99 --log x --color steps

    Where the problem is quadratic and the rule linear, the limit that theory gives is drawn too. A narrower range is
    computed anew.
    """
    from optlab import atlas, pipeline

    optimizers = [atlas.settings(more or []) | atlas.table(one) for one in optimizer]
    sides = "".join(side.value for side in log)
    document = atlas.stability_document(problem, optimizers, x, y, sides, resolution, steps, color.value, target, name)
    carry_out(pipeline.prepare(document, out, folders(plugins), backend and backend.value), no_plots, format, quiet)


@app.command()
@guarded
def plot(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, as results/sgd_vs_adam.")],
    plugins: Plugins = [],
    format: PictureFormat = Format.png,
    quiet: Quiet = False,
) -> None:
    """Draw the pictures of finished results again, without running anything."""
    from optlab import pipeline
    from optlab.cli import show

    paths = pipeline.replot(results, folders(plugins), format.value)
    if not quiet:
        show.files(paths)


@app.command()
@guarded
def validate(file: Experiment, plugins: Plugins = [], backend: OnBackend = None) -> None:
    """Check an experiment file, and print the size of its grid and what would run where. Nothing is run or written."""
    from optlab import pipeline
    from optlab.cli import show

    job = pipeline.prepare(file, plugins=folders(plugins), backend=backend and backend.value)
    show.load_failures(job.registry, quiet=False)
    show.size(job.plan, pipeline.prospects(job.plan))


@app.command("list")
@guarded
def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")], plugins: Plugins = [], as_json: AsJson = False
) -> None:
    """List what the lab knows: names, options with defaults, a line of documentation, the file."""
    from optlab import registry
    from optlab.cli import show

    known = registry.load(folders(plugins))
    rows = [registry.describe(plugin) for plugin in getattr(known, kind.value).values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        show.load_failures(known, quiet=False)
        show.listing(rows)


@app.command("plugins")
@guarded
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


@app.command()
@guarded
def explain(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="What to explain; see above.", show_default=False)],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Values of names, or options of a problem.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="X,Y,...", help="The point; by default a problem's start.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option("--direction", metavar="U,V,...", help="The direction, for directional.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="An optimizer's equations as LaTeX.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save the picture: .svg, .png or .pdf.")
    ] = None,
    plugins: Plugins = [],
) -> None:
    """Show what is behind a derivative, as text and, with -o, as a picture. WHAT is one of:

    \b
    an expression, with values    optlab explain "(x + y) * z" x=-2 y=5 z=-4
                                  its gates: values forward, gradients backward
    a problem                     optlab explain rosenbrock --at -1.5,2 b=10
                                  the same, at a point
    a function in a file          optlab explain FILE.py:NAME --at 1,2
                                  the same; or a problem or an optimizer in a file
    an optimizer                  optlab explain adam --latex
                                  its update rule as equations
    an optimizer and more         optlab explain adam clip_norm weight_decay cosine
                                  the rule with transforms and a schedule around it
    a transform                   optlab explain lookahead
                                  what it makes of gradient descent
    a schedule, or schedules      optlab explain cosine warmup=50 steps=500
                                  the factor on the learning rate; of all of them
    backprop [FILE.toml]          optlab explain backprop
                                  a network, forward and backward, step by step
    directional PROBLEM           optlab explain directional booth --at 1,2 --direction 1,1
                                  the directional derivative

    An expression is made of names, numbers, + - * / **, parentheses and functions such as exp and max. One that begins
    with a minus sign goes after --, behind all options.
    """
    from optlab import registry
    from optlab.cli import explain as explaining
    from optlab.cli import show

    explaining.checked(output)
    known = registry.load(folders(plugins))
    show.load_failures(known, quiet=False)
    found = explaining.explain(explaining.Asked(what, more or [], at, direction, latex), known)
    typer.echo(found.text)
    if output is not None:
        found.save(output)
        typer.echo(output)


@app.command()
@guarded
def gradcheck(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A problem, or FILE.py:NAME, a function in a file.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Options.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="X,Y,...", help="The point; by default the start and random ones.")
    ] = None,
    points: Annotated[int, typer.Option("--points", min=0, help="How many random points of the domain.")] = 5,
    components: Annotated[
        int, typer.Option("--components", min=1, help="How many components of a long gradient.")
    ] = 50,
    plugins: Plugins = [],
) -> None:
    """Check a gradient against a complex step or an extrapolated difference; exit status 1 if it is wrong."""
    from optlab import registry
    from optlab.cli import gradcheck as checking
    from optlab.cli import show

    known = registry.load(folders(plugins))
    show.load_failures(known, quiet=False)
    wrong = False
    for where, check in checking.checks(checking.Asked(what, more or [], at, points, components), known):
        show.gradient_check(where, check, whole=at is not None)
        wrong |= not check
    if wrong:
        raise typer.Exit(FAILED)


@app.command()
@guarded
def schema() -> None:
    """Print the JSON Schema of experiment files, for editors."""
    from optlab import spec

    typer.echo(json.dumps(spec.json_schema(), indent=2))


from optlab.cli import bench, gallery, race  # noqa: E402, F401 - their commands register themselves with `app`


def main() -> None:
    """The entry point of the `optlab` command."""
    app()
