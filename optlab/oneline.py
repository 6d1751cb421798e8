"""A name with settings, written in one line: `momentum lr=0.01 beta=0.9`."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from optlab.errors import UserError


def table(written: Any) -> dict[str, Any]:
    """A name with settings as a table of an experiment. Values are as in TOML; texts need no quotes.

    What is neither a text nor a table, as a plugin, is a name without settings.

    Raises:
        UserError: the text is no name with settings, or gives the name a second time.

    >>> table("momentum lr=0.01 beta=0.9")
    {'name': 'momentum', 'lr': 0.01, 'beta': 0.9}
    """
    if isinstance(written, Mapping):
        return dict(written)
    if not isinstance(written, str):
        return {"name": written}
    try:
        name, *words = shlex.split(written)
    except ValueError:
        raise UserError(f"{written!r} is no name with settings, like 'momentum lr=0.01 beta=0.9'") from None
    given = settings(words)
    if "name" in given:
        raise UserError(f"{written!r} has two names, {name!r} and {given['name']!r}; leave name=... out")
    return {"name": name, **given}


def settings(words: Iterable[str]) -> dict[str, Any]:
    """NAME=VALUE as a table.

    Raises:
        UserError: a word that is none, or a name that is given twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier() or not text:
            raise UserError(f"{word!r} is no NAME=VALUE, like lr=0.01")
        if name in found:
            raise UserError(f"{name!r} is given twice; its last value is {word}")
        found[name] = _value(text)
    return found


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, thousands of digits, or thousands of brackets
        return text
