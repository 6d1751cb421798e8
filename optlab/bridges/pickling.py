"""Optimizers made of rules, pickled: by where their rule is written, as functions are."""

from __future__ import annotations

import copyreg
import importlib
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optlab import registry, signature
from optlab.composition import Rule
from optlab.errors import UserError


def pickled_by(kind: type, parts: Callable[[Any], tuple[Any, ...]], made: Callable[..., Any]) -> None:
    """Pickle the classes of a metaclass by their names, as classes are, or by the parts that `made` makes them of."""

    def reduced(one: Any) -> Any:
        by_name = _there(sys.modules.get(one.__module__), one.__qualname__) is one
        return one.__qualname__ if by_name else (made, parts(one))

    copyreg.pickle(kind, reduced)


def where(plugin: Any) -> tuple[str, str, str] | None:
    """Where a plugin is: its module, its name there, and its file.

    Raises:
        PicklingError: it is not there under its name, as one that was made inside a function.
    """
    if plugin is None:
        return None
    function = plugin.function
    module, name = function.__module__, function.__qualname__
    if _there(sys.modules.get(module), name) is not plugin:
        raise pickle.PicklingError(
            f"{plugin.name} cannot be pickled: it is found as {name} in {module} no more; write it at the top of a file"
        )
    return module, name, str(Path(signature.source(function)[0]).resolve())


def found(place: tuple[str, str, str] | None) -> Any:
    """The plugin that is there.

    Raises:
        UserError: it is there no more.
    """
    if place is None:
        return None
    module, name, file = place
    for there in (_imported, _from_file):
        plugin = _there(there(module, file), name)
        if plugin is not None:
            return plugin
    raise UserError(f"the pickled optimizer needs {name} of {file}, which is not there")


def _imported(module: str, file: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def _from_file(module: str, file: str) -> Any:
    return registry.import_file(Path(file)) if Path(file).is_file() else None


def _there(module: Any, name: str) -> Any:
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
    """The rule with plugins again."""
    plugins = {name: found(fields[name]) for name in ("optimizer", "schedule")}
    return Rule(**{**fields, **plugins, "transforms": tuple(map(found, fields["transforms"]))})
