"""The kinds of plugin, in one table: the registry, the hooks, `optlab list`, `optlab new` and completion follow it.

Nothing is loaded here, so that `optlab --help` costs nothing: what belongs to a kind is named, and imported when it is
needed.
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

    name: in the singular, as in `@optimizer` and `optlab new optimizer`.
    type: the class of its plugins, as "module:class".
    form: what a plugin of this kind is, for messages: "what @optimizer made".
    homes: the packages of the built-in ones.
    is_checked: whether the conformance suite has checks for it.
    next: what to do after `optlab new`, which has a template for kinds that have this.
    takes_functions: whether its hook may give plain functions.
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
        """The name of several, as in `optlab list optimizers`; a field of the registry has it too."""
        return f"{self.name}s"

    @property
    def hook(self) -> str:
        """The name of its hook."""
        return f"optlab_{self.plural}"

    def may_be(self, given: Any) -> bool:
        """Whether a hook may give this."""
        return isinstance(given, self.cls) or (self.takes_functions and inspect.isfunction(given))

    def plugin(self, given: Any) -> Any:
        """What a hook gives, as a plugin: a plain function is held by one."""
        return given if isinstance(given, self.cls) else self.cls(given)

    @cached_property
    def cls(self) -> type[Any]:
        """The class of its plugins."""
        module, _, name = self.type.partition(":")
        return getattr(importlib.import_module(module), name)


def _decorated(name: str, module: str, homes: tuple[str, ...], *more: str, is_checked: bool = False) -> PluginKind:
    return PluginKind(name, f"{module}:{name.capitalize()}", f"what @{name} made", homes, is_checked, more)


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
            ("optlab.plugins.problems.functions", "optlab.plugins.problems.networks"),
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
"""In the order in which everything lists them."""

REGISTERED = tuple(kind for kind in ALL if kind.group == GROUP)
"""Those that the registry holds. Commands are found by their entry points alone: see `optlab.cli.packages`."""

CHECKED = tuple(kind for kind in ALL if kind.is_checked)
"""Those that the conformance suite has checks for."""
