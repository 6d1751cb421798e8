"""Tables in all formats."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.cli.formats import Shown, emit, text

SHOWN = Shown(["name", "loss>"], [["a|b_c", "0.1"], ["50 % & more", "-"]], "digits")
FRAME = pd.DataFrame(
    {
        "name": ["a|b_c", "50 % & more"],
        "loss": [0.1, np.nan],
        "rank": pd.array([1, None], dtype="Int64"),
        "is_first": pd.array([True, None], dtype="boolean"),
        "interval": [(0.0, np.inf), None],
    }
)


def printed(capsys, format, shown=(SHOWN,), records=None):
    emit(FRAME.to_dict("records") if records is None else records, shown, format)
    return capsys.readouterr().out


def test_json_is_valid_and_has_all_digits(capsys):
    rows = json.loads(printed(capsys, "json"), parse_constant=pytest.fail)
    assert rows == [
        {"name": "a|b_c", "loss": 0.1, "rank": 1, "is_first": True, "interval": [0.0, None]},
        {"name": "50 % & more", "loss": None, "rank": None, "is_first": None, "interval": None},
    ]
    assert printed(capsys, "json", records=[]) == "[]\n"


@given(st.lists(st.floats(), min_size=1, max_size=5))
def test_numbers_are_exact(values):
    records = [{"x": np.float64(value)} for value in values]
    read = [row["x"] for row in json.loads(text(records, [], "json"))]
    assert read == [value if np.isfinite(value) else None for value in values]
    cells = [row["x"] for row in csv.DictReader(io.StringIO(text(records, [], "csv"), newline=""))]
    known = [value for value in values if value == value]
    assert [float(cell) for cell in cells if cell] == known


def test_csv(capsys):
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "csv"))))
    assert rows == [
        {"name": "a|b_c", "loss": "0.1", "rank": "1", "is_first": "True", "interval": "0.0 to inf"},
        {"name": "50 % & more", "loss": "", "rank": "", "is_first": "", "interval": ""},
    ]


def test_markdown(capsys):
    assert printed(capsys, "markdown", [SHOWN, SHOWN]).split("\n\n")[:2] == [
        "**digits**",
        "| name | loss |\n|---|---:|\n| a\\|b_c | 0.1 |\n| 50 % & more | - |",
    ]


def test_latex(capsys):
    lines = printed(capsys, "latex").splitlines()
    assert lines[:4] == ["% digits", r"\begin{tabular}{lr}", r"\hline", r"name & loss \\"]
    assert lines[5:] == [r"a|b\_c & 0.1 \\", r"50 \% \& more & - \\", r"\hline", r"\end{tabular}"]
    assert r"\textbackslash{}x\textasciicircum{} \\" in text([], [Shown(["\\x^"], [])], "latex")


def test_sentences_stand_below_the_table():
    shown = Shown(["name"], [["a"]], notes=["with 2 seeds,\nnothing", "50 %"])
    assert text([], [shown], "markdown").split("\n\n")[1:] == ["with 2 seeds, nothing", "50 %"]
    assert text([], [shown], "latex").splitlines()[-3:] == [r"\end{tabular}", "% with 2 seeds, nothing", "% 50 %"]


@given(st.text(), st.text())
def test_no_cell_breaks_a_row(name, cell):
    """Every row has one line, with as many separators as columns."""
    shown = Shown([name, "n>"], [[cell, "1"]])
    rows = text([], [shown], "latex").split("\n")
    assert len(rows) == 7
    assert sum(row.count(" & ") - row.count(r" \& ") for row in rows) == 2
    assert len(text([], [shown], "markdown").split("\n")) == 3


def test_the_table_for_the_terminal(capsys):
    assert printed(capsys, "table", [SHOWN, SHOWN]).splitlines()[:5] == [
        "digits", "name         loss", "a|b_c         0.1", "50 % & more     -", "",
    ]  # fmt: skip
