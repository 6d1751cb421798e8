"""What users write for plugins, checked alike for experiment files, Python and the command line.

What is wrong is said in the same words everywhere. For an experiment file the place where it is written is added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from optlab.errors import UserError
from optlab.plugins import signature
from optlab.plugins.external import Foreign
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.transforms.base import Transform

_KINDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    tuple: "a list",
    list: "a list",
}

# ---- options ---------------------------------------------------------------------------------------------------------


def settled(plugin: Any, given: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """All numbers and all choices of a plugin: those that are given, and the defaults of the others.

    Raises:
        UserError: the plugin has no such option, or it cannot have such a value.

    >>> from optlab.plugins.optimizers.momentum import momentum
    >>> settled(momentum, {"lr": 1})
    ({'lr': 1.0, 'beta': 0.9}, {'lr_inside': False})
    """
    numbers, choices = dict(plugin.signature.numbers), dict(plugin.signature.choices)
    for name, value in given.items():
        if name not in plugin.signature.options:
            raise signature.unknown_option(plugin.name, name, plugin.signature.options)
        (numbers if name in numbers else choices)[name] = value_of(plugin, name, value)
    return numbers, choices


def value_of(plugin: Any, name: str, value: Any) -> Any:
    """The value of a plugin's option in the type of its default, or a `UserError` if it cannot have that value."""
    value = typed(plugin, name, value, plugin.signature.options[name])
    if wrong := plugin.signature.out_of_range(plugin.name, name, value):
        raise UserError(wrong)
    return value


def typed(plugin: Any, name: str, value: Any, default: Any) -> Any:
    """The value of an option in the type of its default, or a `UserError`; the range is not checked.

    The default is given since the lab adds options of its own to some plugins.
    """
    is_drop_in = name in plugin.signature.choices and not signature.is_built_in(plugin.function)
    hint = "; give it a default with a point, as in 1.0, to make it a number" if is_drop_in else ""
    return like(default, plugin.name, name, value, hint)


def like(default: Any, owner: str, name: str, value: Any, hint: str = "") -> Any:
    """A value in the type of a default, or a `UserError`. `hint` says what to do about a number in place of an integer.

    >>> like(0.5, "gd", "lr", 1), like(10, "lbfgs", "history", 5), like((64,), "mlp", "hidden", [8, 8])
    (1.0, 5, [8, 8])
    """
    if isinstance(default, float):
        return signature.as_number(owner, name, value)
    value = value.item() if isinstance(value, np.generic) else value
    wanted = _kind(default) or f"a value like {default!r}"
    if _kind(value) == wanted:
        return value
    if wanted != "an integer":
        hint = ""
    elif isinstance(value, float) and value.is_integer():
        hint = f"; write {int(value)}"
    raise UserError(f"{owner}: '{name}' takes {wanted}, not {signature.shown(value)}{hint}")


def _kind(value: Any) -> str:
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), "")


# ---- rules -----------------------------------------------------------------------------------------------------------


def fault_of_schedule(optimizer: Optimizer) -> str:
    """Why an optimizer can have no schedule, or nothing."""
    if "lr" in optimizer.signature.numbers:
        return ""
    has = "there is none in"
    if "lr" in optimizer.signature.choices:
        has = "give it a default with a point, as in 1.0, to make it a number in"
    return f"a schedule multiplies the hyperparameter 'lr'; {has} {optimizer.name}"


def fault_of_transform(transform: Transform, optimizer: Optimizer | None, before: Collection[Transform]) -> str:
    """Why a transform cannot be added to the rule of an optimizer, after those `before` it, or nothing."""
    name = transform.name
    if any(transform is other for other in before):
        return f"{name} is there already; each transform may be put around a rule once"
    if isinstance(optimizer, Foreign):
        return f"{name} goes around a rule of the lab, and {optimizer.name} is none"
    if "lr" in transform.signature.supplied and optimizer and "lr" not in optimizer.signature.numbers:
        return f"{name} asks for 'lr', and {optimizer.name} has no such hyperparameter"
    return ""
