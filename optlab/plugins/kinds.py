"""The table of the kinds of plugin. The registry, the hooks, `optlab list`, `optlab new` and completion use it.

This module imports nothing, so that `optlab --help` is fast. It has the names of modules and classes, which are
imported when they are needed.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GROUP, COMMANDS = "optlab", "optlab.commands"
"""The groups of entry points in which a package names its modules: those with plugins, and those with commands."""


@dataclass(frozen=True)
class PluginKind:
    """A kind of plugin.

    name: the name in the singular, as in `@optimizer` and `optlab new optimizer`.
    type: the class of its plugins, as "module:class".
    form: a description of its plugins for messages: "functions decorated with @optimizer".
    homes: the packages with the built-in plugins.
    is_checked: whether the conformance suite has checks for it.
    next: the commands that `optlab new` suggests. `optlab new` has a template for each kind with such commands.
    takes_functions: whether its hook may return plain functions.
    group: the group of entry points for modules with its hook.
    """

    name: str
    type: str
    form: str
    homes: tuple[str, ...] = ()
    is_checked: bool = False
    next: tuple[str, ...] = ()
    takes_functions: bool = False
    group: str = GROUP

    @property
    def plural(self) -> str:
        """The name in the plural, as in `optlab list optimizers`. It is also the name of a field of the registry."""
        return f"{self.name}s"

    @property
    def hook(self) -> str:
        """The name of the hook of this kind."""
        return f"optlab_{self.plural}"

    def may_be(self, given: Any) -> bool:
        """Whether the hook may return this object."""
        return isinstance(given, self.cls) or (self.takes_functions and inspect.isfunction(given))

    def plugin(self, given: Any) -> Any:
        """The plugin for an object that a hook returned. A plain function is wrapped."""
        return given if isinstance(given, self.cls) else self.cls(given)

    @cached_property
    def cls(self) -> type[Any]:
        """The class of the plugins of this kind."""
        module, _, name = self.type.partition(":")
        return getattr(importlib.import_module(module), name)


def _decorated(name: str, module: str, homes: tuple[str, ...], *more: str, is_checked: bool = False) -> PluginKind:
    return PluginKind(
        name, f"{module}:{name.capitalize()}", f"functions decorated with @{name}", homes, is_checked, more
    )


ALL = (
    _decorated(
        *("optimizer", "optlab.plugins.optimizers.base", ("optlab.plugins.optimizers",)),
        *("optlab check {file}", "pytest {file}", "optlab basins himmelblau --optimizer {name}"),
        is_checked=True,
    ),
    _decorated(
        *(
            "problem",
            "optlab.plugins.problems.base",
            (
                "optlab.plugins.problems.functions",
                "optlab.plugins.problems.bbob",
                "optlab.plugins.problems.units",
                "optlab.plugins.problems.networks",
            ),
        ),
        *("pytest {file}", "optlab gradcheck {name}", "optlab basins {name}"),
    ),
    _decorated(
        *("schedule", "optlab.plugins.schedules.base", ("optlab.plugins.schedules",)),
        *("optlab check {file}", "pytest {file}", "optlab explain {name}"),
        is_checked=True,
    ),
    _decorated(
        *("transform", "optlab.plugins.transforms.base", ("optlab.plugins.transforms",)),
        *("optlab check {file}", "pytest {file}", "optlab explain gd {name}"),
        is_checked=True,
    ),
    _decorated(
        *("dataset", "optlab.plugins.problems.base", ("optlab.plugins.datasets",)),
        *("pytest {file}", "optlab list datasets"),
    ),
    _decorated(
        *("suite", "optlab.plugins.suites.base", ("optlab.plugins.suites",)),
        *("pytest {file}", "optlab list suites"),
    ),
    PluginKind(
        "kind",
        "optlab.experiments.kinds.base:Kind",
        "instances of a subclass of optlab.kinds.Kind",
        ("optlab.experiments.kinds",),
    ),
    PluginKind(
        "figure", "optlab.plugins.registry.figures:FigurePlugin", "functions of the results", takes_functions=True
    ),
    PluginKind("command", "typer:Typer", "functions or Typer apps", takes_functions=True, group=COMMANDS),
)
"""All kinds, in the order of all lists."""

REGISTERED = tuple(kind for kind in ALL if kind.group == GROUP)
"""The kinds in the registry. Commands are not in it; they are found by their entry points (`optlab.cli.packages`)."""

CHECKED = tuple(kind for kind in ALL if kind.is_checked)
"""The kinds for which the conformance suite has checks."""
