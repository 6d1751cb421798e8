"""The hook specifications: what an installed package can add to the lab.

A drop-in file needs none of this: whatever it declares with a decorator is found. An installed package names a module
in the entry point group `optlab`, and that module implements any of these hooks with `@optlab.hookimpl`. Modules with
commands are named in the group `optlab.commands` instead. docs/packages.md shows a whole package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from optlab.experiments.kinds import Kind
    from optlab.plugins.optimizers.base import Optimizer
    from optlab.plugins.problems.base import Dataset, Problem
    from optlab.plugins.schedules.base import Schedule
    from optlab.plugins.transforms.base import Transform
    from optlab.results.store import Results

    FigureFunction = Callable[[Results], Mapping[str, Figure] | Iterable[tuple[str, Figure]]]

hookspec = pluggy.HookspecMarker("optlab")
hookimpl = pluggy.HookimplMarker("optlab")


@hookspec
def optlab_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """The optimizers this plugin adds, as `@optimizer` makes them."""


@hookspec
def optlab_problems() -> Iterable[Problem]:  # type: ignore[empty-body]
    """The problems this plugin adds, as `@problem` makes them."""


@hookspec
def optlab_schedules() -> Iterable[Schedule]:  # type: ignore[empty-body]
    """The schedules this plugin adds, as `@schedule` makes them."""


@hookspec
def optlab_transforms() -> Iterable[Transform]:  # type: ignore[empty-body]
    """The transforms this plugin adds, as `@transform` makes them."""


@hookspec
def optlab_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """The datasets this plugin adds, as `@dataset` makes them."""


@hookspec
def optlab_kinds() -> Iterable[Kind]:  # type: ignore[empty-body]
    """The kinds of experiment this plugin adds: instances of subclasses of `optlab.experiments.kinds.Kind`.

    A kind has a table of its own in experiment files, checks, passes, columns, pictures and a summary.
    """


@hookspec
def optlab_figures() -> Iterable[FigureFunction]:  # type: ignore[empty-body]
    """The pictures this plugin adds to every experiment: functions that make figures of its `Results`.

    Each returns figures by name, as a mapping or as pairs. The picture `NAME` is saved as `plots/extra_NAME.png` after
    the built-in ones. What a function raises is told, and costs that picture alone.
    """


@hookspec
def optlab_commands() -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
    """The subcommands of `optlab` this plugin adds: functions as Typer takes them, or Typer apps.

    The module is named in the entry point group `optlab.commands`, once for each command, and by the name of the
    command: so `optlab --help` lists it without loading the module, which happens when the command is called.
    """
