"""Common parts of maps, in which one run is one pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, Strict

if TYPE_CHECKING:
    from optlab.experiments.document import ExperimentSpec
    from optlab.experiments.resolve import Diagnostics

MAX_RESOLUTION = 4096

Resolution = Annotated[int, Strict(), Field(ge=2, le=MAX_RESOLUTION)]


def unrecorded(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a map. A map records no history unless the document requests it."""
    record = document.get("record", {})
    return {**document, "record": {"points": 0, **record}} if isinstance(record, dict) else document


def note_seeds(spec: ExperimentSpec, notes: Diagnostics) -> None:
    """Note a mistake if there are several seeds: a pixel has no repeats."""
    if spec.seeds > 1:
        notes.note(("seeds",), "in a map every pixel is one run; leave seeds out")


def note_stop(spec: ExperimentSpec, notes: Diagnostics) -> None:
    """Note limits as a mistake: the pixels of a map are compared after the same number of steps."""
    if spec.stop is not None:
        notes.note(("stop",), "the pixels of a map are compared after equally many steps; leave stop out")


def note_noise(spec: ExperimentSpec, notes: Diagnostics) -> None:
    """Note noise as a mistake: a pixel is one run, and one draw of noise says nothing about its start or settings."""
    for problem in spec.problems:
        if problem.noise is not None:
            notes.note((*problem.path, "noise"), "in a map every pixel is one run without repeats; leave noise out")
