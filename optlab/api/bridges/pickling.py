"""Pickling of optimizers made from rules: by the module and name of the rule, as for functions."""

from __future__ import annotations

import copyreg
import importlib
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optlab.errors import UserError
from optlab.execution.rule import Rule
from optlab.plugins import code_location, registry


def pickled_by(kind: type, parts: Callable[[Any], tuple[Any, ...]], made: Callable[..., Any]) -> None:
    """Pickle the classes of a metaclass by name, like other classes, or by the parts from which `made` makes them."""

    def reduced(made_class: Any) -> Any:
        by_name = _attribute(sys.modules.get(made_class.__module__), made_class.__qualname__) is made_class
        return made_class.__qualname__ if by_name else (made, parts(made_class))

    copyreg.pickle(kind, reduced)


def where(plugin: Any) -> tuple[str, str, str] | None:
    """The place of a plugin: its module, its name in the module, and its file.

    Raises:
        PicklingError: the module has no such name, for example because the plugin was made inside a function.
    """
    if plugin is None:
        return None
    function = plugin.function
    module, name = function.__module__, function.__qualname__
    if _attribute(sys.modules.get(module), name) is not plugin:
        raise pickle.PicklingError(
            f"{plugin.name} cannot be pickled: {module} does not contain it as {name}; define it at the top of a file"
        )
    return module, name, str(Path(code_location.source(function)[0]).resolve())


def found(place: tuple[str, str, str] | None) -> Any:
    """The plugin at a place.

    Raises:
        UserError: there is no such plugin any more.
    """
    if place is None:
        return None
    module, name, file = place
    for load in (_imported, _from_file):
        plugin = _attribute(load(module, file), name)
        if plugin is not None:
            return plugin
    raise UserError(f"the pickled optimizer needs {name} of {file}, which does not exist")


def _imported(module: str, file: str) -> Any:
    """The module with this name; None if it is that of another drop-in file, which may have the same name."""
    try:
        found = importlib.import_module(module)
    except ImportError:
        return None
    is_other = module.startswith(registry.DROP_IN) and Path(str(found.__file__)).resolve() != Path(file)
    return None if is_other else found


def _from_file(module: str, file: str) -> Any:
    return registry.import_file(Path(file)) if Path(file).is_file() else None


def _attribute(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part, None)
    return module


def in_places(rule: Rule) -> dict[str, Any]:
    """The fields of a rule, in which each plugin is replaced by its place."""
    return {
        "optimizer": where(rule.optimizer),
        "choices": dict(rule.choices),
        "schedule": where(rule.schedule),
        "schedule_choices": dict(rule.schedule_choices),
        "transforms": tuple(map(where, rule.transforms)),
        "transform_choices": tuple(map(dict, rule.transform_choices)),
    }


def rule_found(fields: Mapping[str, Any]) -> Rule:
    """The rule, with each place replaced by its plugin."""
    plugins = {name: found(fields[name]) for name in ("optimizer", "schedule")}
    return Rule(**{**fields, **plugins, "transforms": tuple(map(found, fields["transforms"]))})
