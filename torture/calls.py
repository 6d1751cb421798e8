"""A fault at every call that changes a file, for each change of finished results; see tests/results/store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.results.store.faults import KINDS
from tests.results.store.publications import CHANGES, experiments, first_outcomes, make_earlier, outcomes
from torture.rows import Row

NAMES = {"kill": "the process ends", "Ctrl-C": "Ctrl-C"}


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    both = experiments()
    before = make_earlier(room / "before" / "e", both)
    changes = list(CHANGES)[: max(1, round(len(CHANGES) * scale))]
    for kind in KINDS:
        row = Row(
            f"{NAMES.get(kind, kind)} at each call that opens for writing, writes, syncs, moves or removes a file"
        )
        for change in changes:
            count(row, outcomes(change, kind, before, both, room / kind / change), change)
        count(row, first_outcomes(kind, both, room / kind / "first"), "first")
        yield row


def count(row: Row, found: Iterator[bool], change: str) -> None:
    absent = "no results yet" if change == "first" else "earlier results complete"
    try:
        for is_later in found:
            row.count("later results complete" if is_later else absent)
    except AssertionError as error:
        row.violations.append(f"{row.fault}: {change}: {error}")
