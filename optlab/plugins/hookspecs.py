"""The hook specifications: what an installed package can add to optlab.

A drop-in file does not need hooks: everything that it declares with a decorator is found. An installed package names a
module in the entry point group `optlab`. That module implements any of these hooks with `@optlab.hookimpl`. A module
with commands is named in the group `optlab.commands` instead. docs/packages.md shows a complete package.
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
    from optlab.plugins.suites.base import Suite
    from optlab.plugins.transforms.base import Transform
    from optlab.results.store import Results

    FigureFunction = Callable[[Results], Mapping[str, Figure] | Iterable[tuple[str, Figure]]]

hookspec = pluggy.HookspecMarker("optlab")
hookimpl = pluggy.HookimplMarker("optlab")


@hookspec
def optlab_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """The optimizers that this plugin adds, made with `@optimizer`."""


@hookspec
def optlab_problems() -> Iterable[Problem]:  # type: ignore[empty-body]
    """The problems that this plugin adds, made with `@problem`."""


@hookspec
def optlab_schedules() -> Iterable[Schedule]:  # type: ignore[empty-body]
    """The schedules that this plugin adds, made with `@schedule`."""


@hookspec
def optlab_transforms() -> Iterable[Transform]:  # type: ignore[empty-body]
    """The transforms that this plugin adds, made with `@transform`."""


@hookspec
def optlab_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """The datasets that this plugin adds, made with `@dataset`."""


@hookspec
def optlab_suites() -> Iterable[Suite]:  # type: ignore[empty-body]
    """The suites that this plugin adds, made with `@suite`."""


@hookspec
def optlab_kinds() -> Iterable[Kind]:  # type: ignore[empty-body]
    """The kinds of experiment that this plugin adds: instances of subclasses of `optlab.experiments.kinds.Kind`.

    A kind has its own table in experiment files, checks, passes, columns, pictures and a summary.
    """


@hookspec
def optlab_figures() -> Iterable[FigureFunction]:  # type: ignore[empty-body]
    """The pictures that this plugin adds to each experiment: functions that make figures from its `Results`.

    Each function returns figures by name, as a mapping or as pairs. The picture `NAME` is saved as
    `plots/extra_NAME.png` after the built-in ones. If a function raises an exception, it is reported, and only the
    pictures of this function are missing.
    """


@hookspec
def optlab_commands() -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
    """The subcommands of `optlab` that this plugin adds: functions for Typer, or Typer apps.

    The entry point group `optlab.commands` has one entry for each command: the name of the command, and its module.
    `optlab --help` lists the commands without loading their modules. A module is loaded when its command is called.
    """
