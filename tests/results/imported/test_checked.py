"""Mistakes in tables: where they are, and what to write."""

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UserError
from optlab.results.imported.loading import from_table

GOOD = """solver,problem,seed,cost
gd,a,0,3.5
gd,a,1,inf
adam,a,0,1e2
adam,a,1,7
"""


def results(tmp_path, text, **columns):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return from_table(path, **columns)


def test_a_good_table(tmp_path):
    found = results(tmp_path, GOOD)
    assert found.runs.to_numpy().tolist() == [
        ["", "a", "gd", "0", 3.5],
        ["", "a", "gd", "1", np.inf],
        ["", "a", "adam", "0", 100.0],
        ["", "a", "adam", "1", 7.0],
    ]
    assert repr(found) == f"<4 results of 2 solvers and 1 problem in {tmp_path / 't.csv'}>"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("adam,a,1,7\n", "", r"t\.csv:3: gd has a row for a with seed 1, but adam has none; add it, with inf if adam"),
        ("gd,a,1,inf\n", "", r"t\.csv:4: adam has a row for a with seed 1, but gd has none"),
        ("adam,a,1", "adam,b,1", r"t\.csv:3: gd has a row for a with seed 1, but adam has none; .* remove a from the"),
        ("adam,a,1", "adam,a,0", r"t\.csv:5: adam on a with seed 0 is there twice, first in line 4; remove one"),
        ("3.5", "fast", r"t\.csv:2: cost 'fast' is no number; write a number such as 12\.5, or inf"),
        ("3.5", "", r"t\.csv:2: cost is empty; write a number, or inf for a run that failed or missed its target"),
        ("3.5", "nan", r"t\.csv:2: cost is 'nan'; write a number, or inf"),
        ("3.5", "-inf", r"t\.csv:2: cost is '-inf'; write a number, or inf for a run that failed"),
        ("3.5", "N/A", r"t\.csv:2: cost is 'N/A'; write a number, or inf"),
        ("3.5", '"1,234.5"', r"t\.csv:2: cost '1,234\.5' has commas between digits; write 1234\.5"),
        ("3.5", '"3,5"', r"t\.csv:2: cost '3,5' has a decimal comma; write 3\.5"),
        ("gd,a,0", ",a,0", r"t\.csv:2: solver is empty"),
        ("gd,a,0", "gd,,0", r"t\.csv:2: problem is empty"),
        ("gd,a,0", "gd,a, ", r"t\.csv:2: seed is empty"),
    ],
)
def test_mistakes(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    with pytest.raises(UserError, match=message):
        results(tmp_path, GOOD.replace(old, new))


def test_the_worst_of_values_of_which_more_is_better_may_be_minus_infinity(tmp_path):
    found = results(tmp_path, GOOD.replace("3.5", "-inf"), better="higher")
    assert found.ranking()["label"].tolist() == ["adam", "gd"]


def test_the_only_accuracy_is_found_if_more_is_better(tmp_path):
    text = GOOD.replace("cost", "test_accuracy").replace("inf", "1")
    assert results(tmp_path, text, better="higher").columns["value"] == "test_accuracy"
    with pytest.raises(UserError, match=r"name one, as in cost='auc'"):
        results(tmp_path, "solver,problem,accuracy,auc\ngd,a,1,1\n", better="higher")


def test_a_label_is_one_line(tmp_path):
    found = results(tmp_path, GOOD.replace("adam", '"adam\r\n fast"'))
    assert set(found.runs["label"]) == {"gd", "adam fast"}


def test_all_wrong_numbers_up_to_five_are_listed(tmp_path):
    rows = "".join(f"gd,p{i},x{i}\n" for i in range(8))
    with pytest.raises(UserError) as info:
        results(tmp_path, f"solver,problem,cost\n{rows}")
    lines = str(info.value).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines[:-1]] == ["2", "3", "4", "5", "6"]
    assert lines[-1] == "and 3 more"


def test_repeated_runs_without_a_seed(tmp_path):
    text = "solver,problem,variant,cost\ngd,a,x,1\ngd,a,y,2\n"
    message = (
        r"t\.csv:3: gd on a is there twice, first in line 2; name the column that numbers the runs, as in seed='seed', "
        r"or compare groups apart with group='variant', or remove one of the rows"
    )
    with pytest.raises(UserError, match=message):
        results(tmp_path, text)
    assert len(results(tmp_path, text, seed="variant").runs) == 2
    assert len(results(tmp_path, text, group="variant").runs) == 2


def test_groups_have_their_own_problems_and_solvers(tmp_path):
    text = "solver,problem,rules,cost\ngd,a,x,1\nadam,a,x,1\ngd,b,y,1\n"
    assert len(results(tmp_path, text, group="rules").runs) == 3
    with pytest.raises(UserError, match=r"t\.csv:4: gd has a row for b, but adam has none"):
        results(tmp_path, text)


def test_a_frame_names_its_rows():
    frame = pd.DataFrame({"solver": ["gd", "gd"], "problem": ["a", "b"], "cost": [1.0, None]}, index=[10, 20])
    with pytest.raises(UserError, match=r"^the table: row 20: cost is empty; write a number"):
        from_table(frame)
    with pytest.raises(UserError, match=r"^the table: row 20: gd on a is there twice, first in row 10; name the"):
        from_table(frame.assign(problem="a", cost=1.0))
