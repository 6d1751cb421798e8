"""Checks of what users write for plugins, with the same messages for experiment files, Python and the command line.

For an experiment file, the caller adds the place in the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from optlab.errors import UserError
from optlab.plugins import code_location, signature
from optlab.plugins.external import Foreign
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.transforms.base import Transform

_KINDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    tuple: "a list",
    list: "a list",
}

# ---- options ---------------------------------------------------------------------------------------------------------


def with_defaults(plugin: Any, given: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """All numbers and all choices of a plugin: the given values, and the defaults of the other options.

    Raises:
        UserError: the plugin has no such option, or the option cannot have this value.

    >>> from optlab.plugins.optimizers.momentum import momentum
    >>> with_defaults(momentum, {"lr": 1})
    ({'lr': 1.0, 'beta': 0.9}, {'lr_inside': False})
    """
    numbers, choices = dict(plugin.signature.numbers), dict(plugin.signature.choices)
    for name, value in given.items():
        if name not in plugin.signature.options:
            raise signature.unknown_option(plugin.name, name, plugin.signature.options)
        (numbers if name in numbers else choices)[name] = value_of(plugin, name, value)
    return numbers, choices


def value_of(plugin: Any, name: str, value: Any) -> Any:
    """The value of an option, converted to the type of its default. Raises `UserError` if it cannot have the value."""
    value = typed(plugin, name, value, plugin.signature.options[name])
    if wrong := plugin.signature.out_of_range(plugin.name, name, value):
        raise UserError(wrong)
    return value


def typed(plugin: Any, name: str, value: Any, default: Any) -> Any:
    """The value of an option, converted to the type of its default, or a `UserError`. The range is not checked.

    The default is an argument because optlab adds options to some plugins.
    """
    is_drop_in = name in plugin.signature.choices and not code_location.is_built_in(plugin.function)
    hint = "; give it a default with a point, as in 1.0, to make it a number" if is_drop_in else ""
    return converted(default, plugin.name, name, value, hint)


def converted(default: Any, owner: str, name: str, value: Any, hint: str = "") -> Any:
    """A value, converted to the type of a default, or a `UserError`.

    `hint` is appended to the message if the value is a number instead of an integer.

    >>> converted(0.5, "gd", "lr", 1), converted(10, "lbfgs", "history", 5), converted((64,), "mlp", "hidden", [8, 8])
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
    """Why an optimizer cannot have a schedule, or an empty text."""
    if "lr" in optimizer.signature.numbers:
        return ""
    reason = f"{optimizer.name} has none"
    if "lr" in optimizer.signature.choices:
        reason = f"give it a default with a point, as in 1.0, to make it a number in {optimizer.name}"
    return f"a schedule multiplies the hyperparameter 'lr'; {reason}"


def fault_of_transform(transform: Transform, optimizer: Optimizer | None, before: Collection[Transform]) -> str:
    """Why a transform cannot be added to an optimizer with the transforms `before` it, or an empty text."""
    name = transform.name
    if any(transform is other for other in before):
        return f"{name} is given twice; a rule can have each transform once"
    if isinstance(optimizer, Foreign):
        return f"{name} needs a rule of optlab, but {optimizer.name} is an optimizer of {optimizer.package}"
    if "lr" in transform.signature.supplied and optimizer and "lr" not in optimizer.signature.numbers:
        return f"{name} needs 'lr', but {optimizer.name} has no such hyperparameter"
    return ""
