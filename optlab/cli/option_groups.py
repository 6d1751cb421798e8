"""Options that several commands share as a group: the fields of a dataclass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

Command = Callable[..., None]


def with_options(parameter: str, group: type) -> Callable[[Command], Command]:
    """A decorator of commands: in the signature that Typer reads, one option per field of `group` is in place of the
    parameter. The command receives an instance of `group`."""
    types = get_type_hints(group, include_extras=True)
    options = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option.default if option.default_factory is MISSING else option.default_factory(),
            annotation=types[option.name],
        )
        for option in fields(group)
    ]

    def decorated(command: Command) -> Command:
        parameters: list[inspect.Parameter] = []
        for read in inspect.signature(command, eval_str=True).parameters.values():
            by_name = read.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            parameters += options if read.name == parameter else [by_name]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            command(**{parameter: group(**{option.name: given.pop(option.name) for option in options})}, **given)

        run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
        run.__annotations__ = {option.name: option.annotation for option in parameters}
        return run

    return decorated
