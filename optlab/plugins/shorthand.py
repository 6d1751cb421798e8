"""A name with values on one line: `momentum lr=0.01 beta=0.9`."""

from __future__ import annotations

import math
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from optlab.errors import UserError, shortened


def table(written: Any) -> dict[str, Any]:
    """A name with values as a table of an experiment. Values are written as in TOML, but texts need no quotes.

    A value that is neither a text nor a table, such as a plugin, becomes the name, without values.

    Raises:
        UserError: the text is not a name with values, or it has a second name.

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
        raise UserError(f"{written!r} is not a name with values, like 'momentum lr=0.01 beta=0.9'") from None
    given = values(words)
    if "name" in given:
        raise UserError(f"{written!r} has two names, {name!r} and {given['name']!r}; leave name=... out")
    return {"name": name, **given}


def values(words: Iterable[str]) -> dict[str, Any]:
    """Words like NAME=VALUE as a table.

    Raises:
        UserError: a word does not have this form, or a name is given twice.
    """
    return {name: value(text) for name, text in pairs(words).items()}


def pairs(words: Iterable[str], example: str = "lr=0.01") -> dict[str, str]:
    """Words like NAME=VALUE as names and texts. Messages show the example.

    Raises:
        UserError: a word does not have this form, or a name is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, text = pair(word, "NAME=VALUE", example)
        if name in found:
            raise UserError(f"{name!r} is given twice: {name}={shortened(found[name])} and {shortened(word)}")
        found[name] = text
    return found


def pair(word: str, form: str, example: str) -> tuple[str, str]:
    """NAME=... as a name and a text. Messages show the form and the example.

    >>> pair("lr=0.1:1", "NAME=LOW:HIGH", "lr=0.01:1")
    ('lr', '0.1:1')
    """
    name, _, text = word.partition("=")
    if not name.isidentifier() or not text:
        raise UserError(f"{shortened(word)!r} is not {form}, like {example}")
    return name, text


def value(text: str) -> Any:
    """A value, written as in TOML. But texts need no quotes, and a number may begin or end with its decimal point.

    >>> value("0.1"), value("[8, 8]"), value("true"), value("strong"), value(".5")
    (0.1, [8, 8], True, 'strong', 0.5)
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # not TOML, or thousands of digits or brackets
        return _number(text) if text[:1] in "+-.0123456789" else text


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
