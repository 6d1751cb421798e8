"""The tortures run. Their figures are in docs/reliability.md; `make torture` injects all faults."""

from __future__ import annotations

import random
from pathlib import Path

import optlab
from torture import flips
from torture.rows import Row


def test_damage_of_a_few_files_is_counted(tmp_path):
    folder = optlab.run(flips.DOCUMENT, out=tmp_path, plots=False).folder
    row = flips.damaged("a bit", folder, flips._flipped, 20, random.Random(1))
    assert str(row) == "| a bit | 20 | 20 found and named | 0 |"


def test_a_violation_is_counted(tmp_path):
    folder = optlab.run(flips.DOCUMENT, out=tmp_path, plots=False).folder
    row = flips.damaged("nothing", folder, lambda content, rng: content, 3, random.Random(1))
    assert (row.injected, len(row.violations)) == (3, 3)
    assert str(Row("none")) == "| none | 0 |  | 0 |"


def test_the_page_has_a_row_for_each_fault():
    page = (Path(__file__).parents[1] / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert {int(row[4]) for row in rows} == {0}
