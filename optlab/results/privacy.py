"""Texts to be stored with results, without what they may tell of a person, a machine or a secret."""

from __future__ import annotations

import getpass
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

_SECRET = re.compile(r"token|secret|passw|key|credential|auth|dsn|url", re.IGNORECASE)
"""The names of variables of the environment whose values may be secrets."""
_SHORTEST_SECRET = 6
"""Shorter values are no secrets, and would be found in ordinary words."""
_NOBODY = {"root", "user", "admin", "localhost"}
"""Names of users and hosts that many machines have, and that are words."""

_PATH = r"(?:/|[A-Za-z]:[\\/])[^\n\"'<>|:]*"
_QUOTED = re.compile(rf"(?<=[\"'])({_PATH})(?=[\"'])")  # it may contain spaces
_BARE = re.compile(r"(?<![\w.~/:$>])((?:/|[A-Za-z]:[\\/])[^\s\"'<>|:]*[\\/][^\s\"'<>|:]*)")
_KEPT = re.compile(r".*[\\/](?:(?:site-packages|lib[\\/]python[\d.]+)[\\/](.+)|(optlab[\\/].+))")
"""The part of a path within a package or within Python, which is the same on every machine."""


def without_private(text: str) -> str:
    """A text in which files in the working directory have relative paths, and all others no folders.

    The names of the user and of the machine, and the values of variables of the environment that may be secrets, are
    replaced.

    >>> print(without_private('File "/opt/x/lib/python3.12/site-packages/numpy/a.py"; see /home/you/notes/b.txt:3'))
    File "numpy/a.py"; see b.txt:3
    """
    for value, name in _secrets():
        text = text.replace(value, f"${name}")
    text = text.replace(f"{Path.cwd()}{os.sep}", "")
    text = _BARE.sub(_short, _QUOTED.sub(_short, text))
    for what, name in _names():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f"<{what}>", text)
    return text


def _short(found: re.Match[str]) -> str:
    path = found[0]
    inside = _KEPT.match(path)
    return inside[1] or inside[2] if inside else re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def _secrets() -> list[tuple[str, str]]:
    """The values that may be secrets, the longest first, with the names of their variables."""
    found = [(value, name) for name, value in os.environ.items() if _SECRET.search(name)]
    return sorted((pair for pair in found if len(pair[0]) >= _SHORTEST_SECRET), key=lambda pair: -len(pair[0]))


def _names() -> Iterator[tuple[str, str]]:
    try:
        names = {"user": getpass.getuser(), "host": platform.node()}
    except (OSError, KeyError):  # a user without a name
        names = {"host": platform.node()}
    for what, name in names.items():
        if len(name) > 2 and name.lower() not in _NOBODY:
            yield what, name
