"""The labels of optimizers in pictures and tables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from optlab.errors import named
from optlab.experiments.document import OptimizerSpec
from optlab.experiments.resolve import Diagnostics


def labels_of_tables(optimizers: Sequence[OptimizerSpec], notes: Diagnostics) -> list[str]:
    """The label of each table: the written label, or the name with schedule, transforms and a number."""
    labels = []
    for n, spec in enumerate(optimizers):
        around = [*spec.schedules, *spec.transforms]
        label = spec.label or ", ".join([spec.name, *(part.name for part in around)])
        if label in labels and spec.label:
            notes.note((*spec.path, "label"), f"two optimizers have the label {label!r}; give each its own")
        elif not spec.label and spec in optimizers[:n]:
            message = f"{named(label)} is given twice with the same settings; leave one out, or give each a label"
            notes.note((*spec.path, "name"), message)
        number = next(n for n in itertools.count(1) if numbered(label, n) not in labels)
        labels.append(numbered(label, number))
    return labels


def numbered(name: str, number: int) -> str:
    """The name if it is the first of its kind, else with a number.

    >>> numbered("adam", 1), numbered("adam", 2)
    ('adam', 'adam (2)')
    """
    return name if number == 1 else f"{name} ({number})"
