"""Tables in terminals of any width: which texts are wrapped and which columns are left out."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from optlab.cli import tables

COLUMNS = ["rank>", "optimizer", "best settings", "10 % to 90 % of seeds>", "diverged>", "from"]
ROWS = [
    ["1", "goldstein_price", "condition=100, beta1=0.9, beta2=0.999", "0.0489 to 0.0703", "100 %", "a/b/c.py"],
    ["10", "adam", "lr=0.1", "-3.78 to 2", "0 %", Text("[red]x[/red]", style="red")],
]
WORDS = ["goldstein_price", "condition=100,", "beta2=0.999", "0.0489", "0.0703", "100 %", "0 %", "-3.78", "10", "adam"]


def printed(monkeypatch, capsys, width, **kwargs):
    monkeypatch.setenv("COLUMNS", str(width))
    tables.console().print(tables.table(COLUMNS, ROWS, **kwargs))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", range(38, 140))
def test_words_and_numbers_that_fit_are_not_broken(monkeypatch, capsys, width):
    lines = printed(monkeypatch, capsys, width, spare="from")
    assert max(map(len, lines)) <= width
    for word in WORDS:
        assert re.search(rf"(?<!\S){re.escape(word)}(?!\S)", "\n".join(lines)), word


def test_in_a_wide_terminal_a_row_is_a_line(monkeypatch, capsys):
    assert printed(monkeypatch, capsys, 130, title="a [b]title[/b]") == [
        "a [b]title[/b]",
        "rank  optimizer        best settings                          10 % to 90 % of seeds  diverged  from",
        "   1  goldstein_price  condition=100, beta1=0.9, beta2=0.999       0.0489 to 0.0703     100 %  a/b/c.py",
        "  10  adam             lr=0.1                                            -3.78 to 2       0 %  [red]x[/red]",
    ]


def test_texts_are_wrapped_before_a_column_is_left_out(monkeypatch, capsys):
    broken = [
        "                                           10 % to 90 % of",
        "rank  optimizer        best settings                 seeds  diverged  from",
        "   1  goldstein_price  condition=100,     0.0489 to 0.0703     100 %  a/b/c.py",
        "                       beta1=0.9,",
        "                       beta2=0.999",
        "  10  adam             lr=0.1                   -3.78 to 2       0 %  [red]x[/red]",
    ]
    assert printed(monkeypatch, capsys, 84, spare="from") == broken
    spared = [re.sub("  (from|a/b/c.py|.red.x./red.)$", "", line) for line in broken]
    assert printed(monkeypatch, capsys, 70, spare="from") == spared


def test_in_a_very_narrow_terminal_a_row_is_a_list(monkeypatch, capsys):
    assert printed(monkeypatch, capsys, 40, spare="from") == [
        "rank                   1",
        "optimizer              goldstein_price",
        "best settings          condition=100,",
        "                       beta1=0.9,",
        "                       beta2=0.999",
        "10 % to 90 % of seeds  0.0489 to 0.0703",
        "diverged               100 %",
        "from                   a/b/c.py",
        "",
        "rank                   10",
        "optimizer              adam",
        "best settings          lr=0.1",
        "10 % to 90 % of seeds  -3.78 to 2",
        "diverged               0 %",
        "from                   [red]x[/red]",
    ]


def test_a_table_without_rows_is_its_heading(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    tables.console().print(tables.table(["a", "b>"], []))
    assert capsys.readouterr().out.split() == ["a", "b"]


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_ends_with_a_space(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    console = tables.console()
    console.print(tables.table(COLUMNS, ROWS, "a title that is long enough to be broken in most of these terminals"))
    console.print(tables.sentence("settings were chosen on the seeds shown: all losses are slightly optimistic"))
    assert not [line for line in capsys.readouterr().out.splitlines() if line.endswith(" ")]


def test_columns_are_left_out_in_the_given_order_and_numbers_are_not_wrapped(monkeypatch, capsys):
    spare = ["from", "10 % to 90 % of seeds>", "diverged>"]
    heads = {}
    for width in range(44, 100):
        lines = printed(monkeypatch, capsys, width, spare=spare)
        head = next(line for line in lines if line.startswith("rank"))
        heads[width] = ("from" in head, "seeds" in head, "diverged" in head)
        if "seeds" in head:
            assert any("0.0489 to 0.0703" in line for line in lines)
    assert [*dict.fromkeys(heads.values())] == [
        (False, False, False),
        (False, False, True),
        (False, True, True),
        (True, True, True),
    ]


def test_wide_letters_take_two_columns(monkeypatch, capsys):
    """Chinese labels: the following columns are aligned, and no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", "40")
    rows = [["1", "梯度下降", "0.5"], ["2", "gd", "10"]]
    tables.console().print(tables.table(["rank>", "optimizer", "final loss>"], rows))
    assert capsys.readouterr().out.splitlines() == [
        "rank  optimizer  final loss",
        "   1  梯度下降          0.5",
        "   2  gd                 10",
    ]


def test_a_long_message_in_the_last_column_widens_no_other_row(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)  # a pipe
    rows = [["a", "short"], ["b", "NOT LOADED: " + "on and on " * 30]]
    tables.console().print(tables.table(["from", "adds"], rows))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "a     short"
    assert len(lines) == 3
