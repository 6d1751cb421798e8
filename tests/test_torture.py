"""The tortures run. Their figures are in docs/reliability.md; `make torture` injects all faults."""

from __future__ import annotations

import importlib
import random
from pathlib import Path

import optlab
from torture import equal, experiment, flips, hostile, leaks
from torture.__main__ import ALL
from torture.commands import Ended
from torture.launches import Lab as Launches
from torture.rows import Row
from torture.tables import some, tables
from torture.workers import Lab as Workers


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


# ---- commands and their workers --------------------------------------------------------------------------------------


def test_each_torture_has_rows():
    assert all(callable(importlib.import_module(f"torture.{name}").rows) for name in ALL)


def test_tables_differ_in_any_number_but_the_time(tmp_path):
    first, again, other = (
        optlab.run(flips.DOCUMENT | {"steps": steps}, out=tmp_path / name, plots=False).folder
        for name, steps in (("first", 20), ("again", 20), ("other", 21))
    )
    assert tables(first) == tables(again)
    assert tables(first).keys() != tables(other).keys() or tables(first) != tables(other)

    def is_adam(runs):
        return runs["optimizer"] == "adam"

    assert some(first, is_adam) == some(again, is_adam) != some(other, is_adam)
    assert some(first, is_adam) != some(first, lambda runs: ~is_adam(runs))


def test_a_killed_worker_changes_no_table(tmp_path):
    row = Workers(tmp_path, steps=30, values=2).once(random.Random(1), 1)
    assert (row.injected, row.violations) == (1, [])


def test_processes_give_the_tables_of_threads(tmp_path):
    file = experiment.write(tmp_path, 20, 2)
    expected = tables(experiment.reference(tmp_path, file))
    row = equal.compared(tmp_path, file, "processes", [2], expected)
    assert str(row) == '| `executor = "processes"` with 2 workers | 1 | 1 tables equal to the bit | 0 |'
    assert equal.unequal({"a": "1", "b": "2"}, {"a": "1", "c": "2"}) == ["b", "c"]


def test_two_launches_at_once_compute_once(tmp_path):
    lab = Launches(tmp_path, (20, 10), values=2)
    assert str(lab.of_one(2, 1)).endswith("| 1 | 1 computed once, the results of a single launch | 0 |")


def test_a_hostile_rule_is_named(tmp_path):
    expected = hostile._reference(tmp_path / "without")
    kind, place, room = "calls os._exit", "a rule, while it is traced", tmp_path / "with"
    assert hostile.outcome(room, kind, place, 1, expected) == "crashed, all other runs equal"
    folder = room / "results" / "e"
    cases = [(1, {"crashed"}, ""), (1, {"error"}, expected), (0, {"crashed"}, expected), (None, {"crashed"}, expected)]
    judged = [hostile._judged(Ended(status, ""), folder, allowed, digest) for status, allowed, digest in cases]
    assert [said[:20] for said in judged] == [
        "!other runs changed ", "!the status is crash", "!not named (exit sta", "!the command was hel"]  # fmt: skip


def test_runs_in_one_process_are_measured(tmp_path):
    (row,) = leaks.rows(tmp_path, 0.001, 1)
    assert (row.injected, row.violations) == (2 * leaks.EVERY, [])


def test_growth_is_a_violation():
    row = Row("runs")
    fixed = {"files": 9, "threads": 4}
    leaks.judge(
        row, [{"time": n, "runs": n, "MB": 100 + n, "Python threads": n // 90} | fixed for n in range(100)], 100
    )
    assert row.violations == [
        "runs: MB grow from 132 to 192 in 60 runs",
        "runs: Python threads grow from 0 to 1 in 60 runs",
    ]
