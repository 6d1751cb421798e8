"""Commands of installed packages, found by their entry points. A package is loaded when its command is called.

An entry point of the group `optlab.commands` has the name of a command and a module. The module implements the hook
`optlab_commands`, which returns functions and Typer apps.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from optlab.cli.guard import guarded
from optlab.plugins.kinds import COMMANDS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class WithPackages(TyperGroup):
    """The commands of optlab, then the commands of packages. A package cannot replace a command of optlab."""

    def list_commands(self, ctx: Any) -> list[str]:
        built_in = super().list_commands(ctx)
        return built_in + [name for name in _found() if name not in built_in]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command for `--help`; a package is not loaded for this."""
        built_in = super().get_command(ctx, cmd_name)
        if built_in is not None or cmd_name not in _found():
            return built_in
        points = _found()[cmd_name]
        return TyperCommand(cmd_name, short_help=f"A command of the package {_packages(points)}.")

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command to call; its package is loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and super().get_command(ctx, name) is None:
            command = _loaded(name, _found()[name])
        return name, command, rest


@cache
def _found() -> dict[str, list[EntryPoint]]:
    """The entry points of commands, by name and sorted by name."""
    found: dict[str, list[EntryPoint]] = {}
    if not any(map(_may_have_commands, sys.path)):
        return found
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=COMMANDS), key=lambda point: (point.name, point.value)):
        found.setdefault(point.name, []).append(point)
    return found


def _may_have_commands(folder: str) -> bool:
    """Whether a package in a folder of `sys.path` has entry points of the group.

    This takes about 1 ms; `importlib.metadata` takes about 50 ms, which would slow down every `optlab --help`.
    """
    if os.path.isfile(folder):  # a zip file, which only `importlib.metadata` can read
        return True
    for file in (*glob.iglob("*.dist-info/entry_points.txt", root_dir=folder or "."),
                 *glob.iglob("*.egg-info/entry_points.txt", root_dir=folder or ".")):  # fmt: skip
        with suppress(OSError), open(os.path.join(folder, file), encoding="utf-8", errors="replace") as text:
            if f"[{COMMANDS}]" in text.read():
                return True
    return False


def _packages(points: list[EntryPoint]) -> str:
    return " and ".join(point.dist.name if point.dist else point.module for point in points)


def _loaded(name: str, points: list[EntryPoint]) -> Any:
    """The command of a package. Ends with an error message if it cannot be loaded."""
    found: dict[str, Any] = {}
    load = guarded(lambda: found.update(command=_hooked(name, points)))
    load()
    return found["command"]


def _hooked(name: str, points: list[EntryPoint]) -> Any:
    """The function or Typer app that the hook of a module returns under a name.

    Raises:
        PluginError: two packages have the command, the module cannot be loaded, or it has no such command.
    """
    from optlab.errors import PluginError, did_you_mean
    from optlab.plugins.registry import commands_of

    if len(points) > 1:
        raise PluginError(f"{len(points)} packages have a command {name!r}: {_packages(points)}; uninstall one of them")
    point = points[0]
    given = {_name(command): command for command in commands_of(point)}
    if name not in given:
        guess = did_you_mean(name, given) or (f"; it has {', '.join(given)}" if given else "")
        raise PluginError(f"{point.value}: has no command {name!r}, which its package declares{guess}")
    return _as_click(name, given[name])


def _name(command: Any) -> str:
    """The name of a function, or of a Typer app."""
    if isinstance(command, typer.Typer):
        return str(command.info.name)
    return command.__name__.replace("_", "-")


def _as_click(name: str, command: Any) -> Any:
    """A Click command whose errors are reported like the errors of other plugins."""
    app = command
    if not isinstance(command, typer.Typer):
        app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
        app.command(name)(command)
    made = typer.main.get_command(app)
    made.name = name
    invoke = made.invoke
    made.invoke = guarded(partial(_invoked, invoke, name))
    return made


def _invoked(invoke: Callable[[Any], Any], name: str, ctx: Any) -> Any:
    """Call a command. An exception of its code becomes a PluginError.

    Raises:
        PluginError: the code raised an exception; the message has file and line.
    """
    from optlab.engine.containment import Escaped, contained, placed
    from optlab.errors import PluginError, UserError

    try:
        with contained():
            return invoke(ctx)
    except Escaped as error:
        if isinstance(error.__cause__, SystemExit):  # the normal end of a command
            raise error.__cause__ from None
        raise
    except (UserError, OSError):
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("typer", "click"):  # exits, aborts, wrong usage
            raise
        raise PluginError(f"{name}: {placed(error)}") from error
