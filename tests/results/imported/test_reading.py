"""Files of tables: separators, quotes, lines, and what is no table."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.errors import UserError
from optlab.results.imported.reading import read

PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))


@pytest.fixture
def file(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_separators_and_line_ends(file, separator, end):
    rows = [["solver", "cost"], ["gd", "1.5"], ["adam", "2"]]
    newline = end or "\n"
    table = read(file(newline.join(separator.join(row) for row in rows) + end))
    assert table.frame.to_numpy().tolist() == rows[1:]
    assert list(table.frame.columns) == rows[0]
    assert list(table.lines) == [2, 3]


def test_lines_count_empty_ones_and_breaks_in_quotes(file):
    table = read(file('\ufeffsolver,cost\n\n"a\nb",1\n  \nc , 2\n'))
    assert table.frame.to_numpy().tolist() == [["a\nb", "1"], ["c", "2"]]
    assert list(table.lines) == [3, 6]
    assert table.place(1).endswith("t.csv:6")


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(PRINTABLE), min_size=3, max_size=3), min_size=1, max_size=5))
def test_tables_written_as_csv_are_read_back(tmp_path_factory, rows):
    out = io.StringIO()
    csv.writer(out).writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    expected = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if expected:
        assert read(path).frame.to_numpy().tolist() == expected


def test_parquet(tmp_path):
    frame = pd.DataFrame({"solver": ["gd"], "cost": [1.5]})
    frame.to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.frame.equals(frame)
    assert table.place(0).endswith("t.parquet: row 0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t\.csv: is empty; write a header such as solver,problem,seed,cost"),
        ("solver,cost\n", r"t\.csv: has a header and no rows"),
        ("solver,cost\ngd,1\nadam\n", r"t\.csv:3: the row has 1 cell, but the header has 2 columns \(solver, cost\)"),
        ("solver,cost\ngd,1,2\n", r"t\.csv:2: the row has 3 cells, but the header has 2 columns"),
        ("solver,,cost\ngd,1,2\n", r"t\.csv:1: column 2 of the header has no name"),
        ("\ncost,cost\n1,2\n", r"t\.csv:2: two columns are called 'cost'; rename one"),
        (b"solver,cost\ng\xff,1\n", r"t\.csv: is no text in UTF-8 \(byte 13\); save the table as CSV in UTF-8"),
    ],
)
def test_no_table(file, content, message):
    with pytest.raises(UserError, match=message):
        read(file(content))


def test_a_missing_file_and_a_broken_one(tmp_path, file):
    with pytest.raises(UserError, match=r"none\.csv: there is no such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"t\.parquet: is no Parquet file"):
        read(file("solver,cost", "t.parquet"))
