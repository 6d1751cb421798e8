"""Draws damaged pictures of finished results again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from optlab.api.redraw import draw
from optlab.errors import UserError
from optlab.experiments.choices import PICTURES
from optlab.results.selection import Selection

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults


def mended(results: ExperimentResults, damaged: Mapping[str, str], folder: Path) -> list[str]:
    """Draw damaged pictures again that are not among the usual ones, which were drawn before, and say what was done.

    These are pictures of other formats, and of kinds that were drawn on request. They are drawn with all optimizers. If
    a picture cannot be drawn, its remains are removed.

    Args:
        damaged: what was wrong with each picture before the usual ones were drawn, by name in the folder.
        folder: the folder as the user wrote it.
    """
    from optlab.results import store

    drawn_as = {
        (name.rpartition(".")[2], kind)
        for name in results.damaged_pictures()
        for kind in PICTURES
        if Path(name).name.startswith(f"{kind}_")
    }
    for format, kind in sorted(drawn_as):
        with suppress(UserError):  # there is no such picture any more, for instance because its plugin is gone
            draw(results, format, selection=Selection(kinds=(kind,)))
    if lost := results.damaged_pictures():
        store.forget_pictures(results, lost)
    done = dict.fromkeys(lost, "could not be drawn again, and was removed")
    return [f"{folder / name}: {what}; it {done.get(name, 'was drawn again')}" for name, what in damaged.items()]
