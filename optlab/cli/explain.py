"""What `optlab explain` was asked for, from the words that were typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optlab import explaining
from optlab.cli import functions
from optlab.explanations import Asked, Explanation, check_path, names_in
from optlab.registry import Registry


def explain(
    what: str, words: Sequence[str], at: str | None, direction: str | None, latex: bool, known: Registry
) -> Explanation:
    """Explain a thing that was typed; FILE.py:NAME is what has that name in a file."""
    what, words = functions.spread(what, words, names_in(known))
    if what == "directional" and words:
        name, words = functions.spread(words[0], words[1:], known.problems)
        words = [name, *words]
    around, values = functions.split(words)
    named = [functions.load(word) if functions.is_file(word) else word for word in (what, *around)]
    return explaining.explained(Asked(named[0], named[1:], values, at, direction, latex, "--"), known)


def checked(output: Path | None) -> None:
    """Refuse a path that no picture can be written to, before anything is computed."""
    if output is not None:
        check_path(output, "--output ")
