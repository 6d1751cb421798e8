"""The work of `optlab explain`: parses the words of the command line and explains what they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optlab.api import explaining
from optlab.api.explanations import ExplainRequest, Explanation, check_path, names_in
from optlab.cli import functions
from optlab.plugins.registry import Registry


def explain(
    what: str, words: Sequence[str], at: str | None, direction: str | None, latex: bool, known: Registry
) -> Explanation:
    """Explain what the words of the command line name. FILE.py:NAME is the function or plugin NAME of a file."""
    what, words = functions.spread(what, words, names_in(known))
    if what == "directional" and words:
        name, words = functions.spread(words[0], words[1:], known.problems)
        words = [name, *words]
    around, values = functions.split(words)
    named = [functions.load(word) if functions.is_file(word) else word for word in (what, *around)]
    return explaining.explained(ExplainRequest(named[0], named[1:], values, at, direction, latex, "--"), known)


def checked(output: Path | None, animation: Path | None = None) -> None:
    """Raise UserError if no picture, or no animation, can be written to a path, before anything is computed."""
    if output is not None:
        check_path(output, "--output ")
    if animation is not None:
        from optlab.figures.animation import player

        player.checked(animation, "--animate ")
