"""Which columns of a table are found, and which mistakes are reported."""

import pytest

from optlab.errors import UserError
from optlab.results.imported.columns import NAMES, roles


def found(columns, **given):
    return roles(columns, given, "t.csv")


@pytest.mark.parametrize("solver", NAMES["solver"])
def test_usual_names_are_found(solver):
    assert found([solver, "problem", "cost"]) == {"solver": solver, "problem": "problem", "cost": "cost"}


@pytest.mark.parametrize("name", ["Final Loss", "final-loss", " FINAL_LOSS ", "final loss"])
def test_case_and_signs_between_words_do_not_matter(name):
    assert found(["Optimizer", name, "Data set", "dataset"])["cost"] == name


def test_the_most_usual_name_is_taken_and_given_ones_are_before_all():
    columns = ["label", "problem", "time", "cost"]
    assert found(columns) == {"solver": "label", "problem": "problem", "cost": "cost"}
    assert found([*columns, "solver"], cost="time", solver="label") == {
        "solver": "label",
        "problem": "problem",
        "cost": "time",
    }


def test_a_given_column_is_not_guessed_for_another_role():
    assert found(["solver", "run", "problem", "cost"], problem="run") == {
        "solver": "solver", "problem": "run", "cost": "cost",
    }  # fmt: skip


def test_groups_only_if_they_are_given():
    assert "group" not in found(["solver", "problem", "cost", "group"])
    assert found(["solver", "problem", "cost", "g"], group="g")["group"] == "g"


@pytest.mark.parametrize(
    ("columns", "given", "message"),
    [
        (["a", "problem", "cost"], {}, r"t\.csv: no column says which solver .*: a, problem, cost; .*--solver a$"),
        (["solver", "a b", "x"], {}, r"no column says which problem a row is about; .* as in --problem 'a b'$"),
        (["solver", "problem", "x y"], {}, r"no column says what a run spent or reached; .* as in --cost 'x y'$"),
        (["optimizer", "seed", "loss"], {}, r"which problem a row is about; .*; add one, or name it with --problem$"),
        (["optimizer", "problem", "seed"], {}, r"spent or reached; .*; add one, or name it with --cost$"),
        (
            ["solver", "optimizer", "problem", "cost"],
            {},
            r"'solver' and 'optimizer' may each say which solver .*; write --solver solver or --solver optimizer$",
        ),
        (["seed", "lr", "loss", "where"], {}, r"which solver a row is about; .* as in --solver lr$"),
        (
            ["solver", "problem", "cost"],
            {"cost": "cots"},
            r"--cost: there is no column 'cots' \(did you mean 'cost'\?\)",
        ),
        (["solver", "problem", "cost"], {"seed": "cost"}, r"no column says what a run spent or reached"),
        (["solver", "problem", "cost"], {"group": "solver"}, r"no column says which solver"),
        (["solver", "problem", "cost"], {"group": "problem", "problem": "problem"}, r"both the problem and the group"),
    ],
)
def test_mistakes(columns, given, message):
    with pytest.raises(UserError, match=message):
        found(columns, **given)


def test_a_choice_between_two_columns_for_the_solver():
    columns = ["solver", "optimizer", "problem", "cost"]
    assert found(columns, solver="optimizer")["solver"] == "optimizer"
    assert found(columns, group="solver")["solver"] == "optimizer"


def test_mistakes_in_python():
    with pytest.raises(UserError, match=r"name one, as in solver='a'$"):
        roles(["a", "problem", "cost"], {}, "the table", "{}=")
