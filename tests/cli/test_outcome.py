"""The output at the end of an experiment: errors first, equal ranks, and what the shares refer to."""

from __future__ import annotations

import re

import pytest

from optlab.api import pipeline
from optlab.cli import outcome
from tests.cases import first_cases

PLUGINS = """\
from optlab import optimizer

@optimizer
def bad(x, g, *, lr=0.1):
    "Bad."
    raise RuntimeError("so it is " + 30 * "and so on ")

@optimizer
def half(x, g, *, lr=0.1, kind="a"):
    "Fails for one of its kinds."
    if kind == "b":
        raise ValueError("there is no b")
    return x - lr * g

@optimizer
def picky(x, g, *, lr=0.1):
    "For two parameters."
    if x.size != 2:
        raise ValueError("two parameters only")
    return x - lr * g
"""
TEXT = """\
name = "e"
steps = 40
[[problem]]
name = "sphere"
[[problem]]
name = "sphere"
dim = 3
[[optimizer]]
name = "gd"
lr = [0.1, 0.5, 1e300]
[[optimizer]]
name = "gd"
label = "also"
lr = [0.1, 0.45, 0.49]
[[optimizer]]
name = "bad"
lr = [0.1, 0.2]
[[optimizer]]
name = "half"
kind = ["a", "b"]
[[optimizer]]
name = "picky"
"""


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """The printed lines of an experiment, in a terminal of a given width."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGINS)

    def lines_at(width, text=TEXT):
        (tmp_path / "e.toml").write_text(text)
        job = pipeline.prepare("e.toml")
        done = pipeline.carry_out(job)
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        outcome.print_outcome(done, job.plan)
        if done.results.failed:
            outcome.failures(done.results)
        out, err = capsys.readouterr()
        assert not [line for line in out.splitlines() if line.endswith(" ")]
        return out.splitlines(), err.splitlines()

    return lines_at


def table(lines, title):
    begin = lines.index(title) + 1
    return lines[begin : lines.index("", begin)]


def test_an_error_replaces_the_rank_and_its_message_follows(printed):
    lines, errors = printed(120)
    head, *rows = table(lines, "sphere (dim=3)")
    assert head.split("  ")[0].strip() == "rank"
    assert [row.split()[:2] for row in rows[:5]] == [
        ["1=", "gd"], ["1=", "also"], ["error", "bad"], ["error", "half"], ["error", "picky"]
    ]  # fmt: skip
    assert all(row.split()[2:] == ["-", "-", "-"] for row in rows[2:5])
    bad, half, picky = rows[5:]
    assert bad.startswith("error: bad, 2 runs: ")
    assert bad.endswith("mine.py:6:5: RuntimeError: so it is " + 29 * "and so on " + "and so on")
    assert half.startswith("error: half, 1 of 2 runs: ")
    assert half.endswith("mine.py:12:9: ValueError: there is no b")
    assert picky.endswith("mine.py:19:9: ValueError: two parameters only")
    assert max(map(len, rows[:5])) <= 80  # the message does not widen the columns
    assert [row.split()[0] for row in table(lines, "sphere")[1:4]] == ["1=", "1=", "3"]
    assert errors[-1].startswith("7 runs ended with an error; tracebacks: ")
    assert len(errors) == 4  # an error of several sweeps once
    assert errors[0].startswith("bad on sphere and 1 more: ")


def test_diverged_runs_add_no_gradients_column(printed):
    """Diverged runs stop early. The column is for rules with several gradients per step."""
    head = 'name = "e"\nsteps = 40\n[[problem]]\nname = "sphere"\n[[optimizer]]\nname = "gd"\nlr = 0.1\n'
    lines, _ = printed(120, head + '[[optimizer]]\nname = "momentum"\nlr = 1e300\n')
    rows = table(lines, "sphere")
    assert "none finite" in rows[2]
    assert "gradients" not in rows[0]
    lines, _ = printed(120, head + '[[optimizer]]\nname = "sam"\n')
    assert "gradients" in table(lines, "sphere")[0]


def test_the_means_over_problems_name_the_omitted_optimizers(printed):
    lines, _ = printed(120)
    rows = table(lines, "over all 2 problems")
    assert [row.split()[:-2] for row in rows[1:3]] == [
        [*f"1.50 {label} 1.50 to 1.50 2".split()] for label in ("gd", "also")
    ]
    assert [row.split()[:4] for row in rows[3:6]] == [["error", label, "-", "0"] for label in ("bad", "half", "picky")]
    assert rows[8] == "picky is left out of the means over problems: runs of it failed on 1 of 2 problems"
    assert "half is left out of the means over problems: runs of it failed on 2 of 2 problems" in rows


def test_equal_ranks_are_marked_and_explained(printed):
    lines, _ = printed(120)
    assert "= equal ranks: the values differ by no more than rounding" in lines
    alone = TEXT[: TEXT.index('[[optimizer]]\nname = "gd"\nlabel')]
    assert not [line for line in printed(120, alone)[0] if line.startswith("=") or "1=" in line]


def test_diverged_shares_are_over_all_settings(printed):
    head, first, *_ = table(printed(120)[0], "sphere (dim=3)")
    assert head.endswith("  diverged, of all settings")
    assert first.endswith(" 33 %")
    one = TEXT[: TEXT.index('[[optimizer]]\nname = "gd"\nlabel')].replace("[0.1, 0.5, 1e300]", "0.1")
    assert table(printed(120, one)[0], "sphere (dim=3)")[0].endswith("  diverged")


@pytest.mark.parametrize("width", first_cases(1, [60, 70, 80]))
def test_narrow_tables_leave_out_columns_and_break_no_number(printed, width):
    text = TEXT[: TEXT.index('[[optimizer]]\nname = "bad"')] + (
        '[[optimizer]]\nname = "sam"\n[[problem]]\nname = "mlp"\ndataset = "xor"\nbatch_size = 16\n'
    )
    text = text.replace("steps = 40", "steps = 40\nseeds = 3")
    lines, _ = printed(width, text)
    assert max(map(len, lines[:-1])) <= width
    rows = table(lines, "mlp (xor, batch_size=16)")
    body = [row for row in rows if re.fullmatch(r"\d(-\d)?=?", row.split()[0])]
    assert len(body) == 3
    begin = rows.index(body[0])
    assert rows[begin : begin + 3] == body  # a line each
    assert all({"gd", "also", "sam"} & {*row.split()} for row in body)
    wide = printed(200, text)[0]
    shown = {word for row in table(wide, "mlp (xor, batch_size=16)") for word in row.split()}
    assert {word for row in body for word in row.split()} <= shown


MANY = """\
name = "e e"
steps = 3
seeds = 2
[[problem]]
name = "unit"
shapes = ["abs"]
dim = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
[[optimizer]]
name = "gd"
lr = [0.1, 0.2, 0.3]
[[optimizer]]
name = "picky"
"""


def test_many_cases_have_one_table_and_the_commands_for_the_others(printed):
    lines, errors = printed(100, MANY)
    assert lines[0] == "over all 13 problems"
    assert not [line for line in lines if line.startswith("unit (")]
    assert [row.split()[:2] for row in table(lines, "over all 13 problems")[1:3]] == [
        ["1.00", "gd"],
        ["error", "picky"],
    ]
    said = " ".join(lines)
    assert "picky is left out of the means over problems: runs of it failed on 12 of 13 problems" in said
    assert (
        "the best value is at the edge of its grid or range for gd on 13 of 13 problems: a better one may be outside"
        in said
    )
    assert lines[-2:] == [
        "the table of each problem: optlab rank 'results/e e'",
        "the pictures of one: optlab plot 'results/e e' --problem \"unit (dim=1, shapes=['abs'])\"",
    ]
    assert errors[-1].startswith("12 runs ended with an error")


def test_twelve_cases_have_a_table_each(printed):
    lines, _ = printed(100, MANY.replace(", 13]", "]"))
    assert len([line for line in lines if line.startswith("unit (")]) == 12
    assert not [line for line in lines if "optlab rank" in line]


def test_large_numbers_of_runs_have_separators(printed):
    lines, _ = printed(
        120,
        TEXT[: TEXT.index("[[optimizer]]")] + '[[optimizer]]\nname = "gd"\nlr = {linear = [0.1, 0.4], num = 1000}\n',
    )
    assert "2,000 runs of 2,000 cells: 2,000 done" in lines
