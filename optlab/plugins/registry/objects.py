"""Plugins that are given as Python objects. They are added to the registry, and replaced by their names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from optlab.errors import UserError
from optlab.plugins.code_location import location
from optlab.plugins.optimizers.base import optimizer
from optlab.plugins.problems.plain_functions import from_function
from optlab.plugins.registry.loading import KINDS, Plugin
from optlab.plugins.registry.lookup import Registry


def with_names(document: Mapping[str, Any], known: Registry) -> tuple[dict[str, Any], Registry]:
    """The experiment with names in place of the plugins that are given as objects, and a registry with these plugins.

    An object may be given wherever a name may: as the `name` of a table, instead of a table that has only a name, and
    as a schedule, a transform or a dataset. A plain NumPy function may be given as a problem, or as an optimizer if it
    has the signature of one.

    Raises:
        UserError: two different plugins of one kind have the same name.
        PluginError: a plain function does not have the signature that is needed.
    """
    names = _Names()
    tables = {
        key: [names.table(kind, entry) for entry in document[key]]
        for key, kind in (("problem", "problems"), ("optimizer", "optimizers"))
        if isinstance(document.get(key), list | tuple)
    }
    return {**document, **tables}, names.registry(known)


class _Names:
    """Collects the plugins given as objects, and the names given as texts."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str], Plugin] = {}
        self.written: set[tuple[str, str]] = set()

    def table(self, kind: str, entry: Any) -> Any:
        """A [[problem]] or an [[optimizer]] table, with names in place of objects."""
        if not isinstance(entry, Mapping):
            return entry if isinstance(entry, str) else {"name": self.name(kind, entry)}
        own = {"name": lambda value: self.name(kind, value)}
        if kind == "problems":
            own["suite"] = lambda value: self.name("suites", value)
            own["dataset"] = lambda value: self._each("datasets", value)
        else:
            own["schedule"] = lambda value: self._part("schedules", value)
            own["transforms"] = lambda value: self._each("transforms", value)
        return {key: own[key](value) if key in own else value for key, value in entry.items()}

    def name(self, kind: str, value: Any) -> Any:
        """The name of a plugin that was given as an object. Other values are returned unchanged."""
        if kind == "problems" and callable(value) and _kind_of(value) is None:
            value = from_function(value)
        if kind == "optimizers" and inspect.isfunction(value):
            value = optimizer(value)
        if isinstance(value, str):
            self.written.add((kind, value))
        plugin: Any = value
        own = _kind_of(plugin)
        if own == kind:
            other = self.given.setdefault((kind, plugin.name), plugin)
            if other.function is not plugin.function:
                raise _two(kind, plugin, other)
            return plugin.name
        if own is not None:
            raise UserError(f"'{plugin.name}' is one of the {own}; here one of the {kind} is needed")
        if inspect.isfunction(value):
            form = f"put @{KINDS[kind].name} above its def"
            raise UserError(f"{location(value)}: '{value.__name__}' is a plain function; {form}")
        return value

    def _part(self, kind: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self.name(kind, child) if key == "name" else child for key, child in value.items()}
        return self.name(kind, value)

    def _each(self, kind: str, value: Any) -> Any:
        return [self._part(kind, one) for one in value] if isinstance(value, list | tuple) else self._part(kind, value)

    def registry(self, known: Registry) -> Registry:
        """The registry with the given plugins. They replace plugins of the same names."""
        tables = {kind: dict(getattr(known, kind)) for kind in KINDS}
        for (kind, name), plugin in self.given.items():
            other = tables[kind].get(name)
            if (kind, name) in self.written and other is not None and other is not plugin:
                raise _two(kind, plugin, other)
            tables[kind][name] = plugin
        contested = {key: message for key, message in known.contested.items() if key not in self.given}
        frozen = {kind: MappingProxyType(table) for kind, table in tables.items()}
        return replace(known, **frozen, contested=MappingProxyType(contested))


def _kind_of(value: Any) -> str | None:
    """The kind of a plugin, in the plural. None for other objects."""
    return next((plural for plural, kind in KINDS.items() if isinstance(value, kind.cls)), None)


def _two(kind: str, one: Plugin, other: Plugin) -> UserError:
    places = f"{location(one.function)} and {location(other.function)}"
    return UserError(f"two {kind} are called '{one.name}': {places}; give one of them another name")
