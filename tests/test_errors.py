"""The texts of error messages."""

import os
import pickle

import pytest

from optlab import errors
from optlab.errors import WIDTH, Mistake, SpecError, UserError, check_output, did_you_mean


def test_the_tree_of_exceptions_equals_the_docstring():
    names = [line.partition("── ")[2].split()[0] for line in errors.__doc__.splitlines() if "──" in line]
    tree = [
        "UserError",
        "SpecError",
        "TraceError",
        "PluginError",
        "UnknownName",
        "MissingPackage",
        "ResultsError",
        "DamagedResults",
        "InUse",
    ]
    assert names == tree
    for name in names[1:]:
        assert issubclass(getattr(errors, name), errors.UserError)
    assert issubclass(errors.UserError, errors.OptlabError)


def test_file_line_column_source_line_and_caret():
    error = SpecError("e.toml", [Mistake((), "b", 2, 3), Mistake((), "a", 1, 1)], "one\n\ttwo\n")
    assert str(error) == "e.toml:1:1: a\n    one\n    ^\ne.toml:2:3: b\n     two\n      ^"


def test_without_a_place_the_path_is_shown():
    assert (
        str(SpecError("<experiment>", [Mistake(("problem", 0, "start"), "m")])) == "<experiment>: problem 1, start: m"
    )


def test_no_source_line_is_shown_after_the_end_of_the_file():
    assert str(SpecError("e.toml", [Mistake((), "m", 9, 1)], "one\n")) == "e.toml:9:1: m"


@pytest.mark.parametrize("column", [1, 79, 80, 81, 500, 1000])
def test_the_caret_stays_under_its_character_in_long_lines(column):
    line = "".join(chr(0x4E00 + n) for n in range(1000))
    _, shown, caret = str(SpecError("e.toml", [Mistake((), "m", 1, column)], line)).split("\n")
    assert shown[len(caret) - 1] == line[column - 1]
    assert len(shown) <= WIDTH + 4


def test_message_about_an_unknown_name():
    assert str(errors.UnknownName("there is no 'x'")) == "there is no 'x'"


def every(error):
    return {error}.union(*map(every, error.__subclasses__()))


@pytest.mark.parametrize("error", sorted(every(errors.OptlabError) - {SpecError}, key=lambda e: e.__name__))
def test_errors_are_pickled_completely(error):
    raised = error("rules.py:3: no such thing")
    raised.add_note("seen twice")
    back = pickle.loads(pickle.dumps(raised))
    assert (type(back), str(back), back.__notes__) == (error, str(raised), ["seen twice"])
    assert str(back).startswith("rules.py:3: no such thing")


def test_mistakes_of_an_experiment_are_pickled_completely():
    raised = SpecError("e.toml", [Mistake((), "b", 2, 3), Mistake(("steps",), "a", 1, 1)], "one\n\ttwo\n")
    raised.add_note("seen twice")
    back = pickle.loads(pickle.dumps(raised))
    assert (type(back), str(back), back.__notes__) == (SpecError, str(raised), ["seen twice"])
    assert (back.file, back.mistakes, back.source) == ("e.toml", raised.mistakes, raised.source)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("adma", ["adamax", "adam", "adamw"], "adam"),  # two letters are exchanged
        ("adamxa", ["adam", "adamax"], "adamax"),
        ("float16", ["float64", "float32"], "float32"),
        ("adan2", ["adamax", "adan", "adam"], "adan"),
        ("momentm", ["moment_of", "momentum"], "momentum"),
    ],
)
def test_the_nearest_name_is_suggested(word, known, meant):
    assert did_you_mean(word, known) == did_you_mean(word, known[::-1]) == f" (did you mean {meant!r}?)"


def test_without_a_near_name_nothing_is_suggested():
    assert did_you_mean("xyz", ["adam"]) == did_you_mean("adam", []) == ""


def test_an_output_takes_the_place_of_files_only(tmp_path):
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to("old")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    check_output(tmp_path / "new")
    check_output(tmp_path / "old")
    wrong = {"no/new": "there is no folder", "link": "is a link", "broken": "is a link", ".": "is a folder",
             "pipe": "is no file but a device or a pipe"}  # fmt: skip
    for name, message in wrong.items():
        with pytest.raises(UserError, match=f"^--output .*: {message}"):
            check_output(tmp_path / name, "--output ")
