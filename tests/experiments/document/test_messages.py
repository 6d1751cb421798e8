"""Messages about mistakes: place, text and caret."""

import json
import math

import pytest

from optlab.errors import Mistake, SpecError
from optlab.experiments import document
from optlab.experiments.document import Axis, ExperimentSpec, OptimizerSpec, ProblemSpec
from optlab.experiments.document.text import MAX_SHOWN

BARE = 'name = "e"\nsteps = 3\n[[problem]]\nname = "p"\n[[optimizer]]\nname = "o"\n'
A_GRID = (
    "lr must be a value, a list, or a table { log = [lo, hi], num = n } or { linear = [lo, hi], num = n }; "
    "with [tuning] also { log_uniform = [lo, hi] }, uniform, integers or choice"
)
EMPTY_AXIS = "lr is an empty axis: write at least one value ([[]] where the value is itself an empty list)"


def said(text):
    """The error message about a wrong file."""
    with pytest.raises(SpecError) as info:
        document.read(text, "my.toml").raise_if_wrong()
    return str(info.value)


def complaint(written, key="lr"):
    """The single message about an option of the optimizer."""
    (mistake,) = document.read(f"{BARE}{key} = {written}\n").mistakes
    assert mistake.path[:3] == ("optimizer", 0, key)
    return mistake.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            BARE.replace("steps", "stepz"),
            "my.toml:1:1: steps is missing: write steps = 1000\n"
            '    name = "e"\n'
            "    ^\n"
            "my.toml:2:1: unknown key stepz (did you mean 'steps'?)\n"
            "    stepz = 3\n"
            "    ^",
            id="unknown key",
        ),
        pytest.param(
            'suite = "units"\n' + BARE,
            'my.toml:1:1: unknown key suite (it is a key of [[problem]])\n    suite = "units"\n    ^',
            id="key of another table",
        ),
        pytest.param(
            BARE + "[record]\n  pionts = 3",
            "my.toml:8:3: unknown key pionts (did you mean 'points'?)\n      pionts = 3\n      ^",
            id="unknown key of record",
        ),
        pytest.param(
            BARE + "[record]\nzzz = 3",
            "my.toml:8:1: unknown key zzz (known here: points, evaluations, trajectories)\n    zzz = 3\n    ^",
            id="unknown key like no other",
        ),
        pytest.param(
            BARE + "lr = { log = [1, 2], num = 2, base = 3 }",
            "my.toml:7:31: unknown key base (known here: log, linear, num)\n"
            "    lr = { log = [1, 2], num = 2, base = 3 }\n"
            "                                  ^",
            id="unknown key of a grid",
        ),
        pytest.param(
            BARE.replace("3", "'many'"),
            "my.toml:2:1: steps must be an integer, not the text 'many'\n    steps = 'many'\n    ^",
            id="wrong type",
        ),
        pytest.param(
            BARE.replace("3", "1e3"),
            "my.toml:2:1: steps must be an integer, not 1000.0; write 1000\n    steps = 1e3\n    ^",
            id="float for an integer",
        ),
        pytest.param(
            BARE.replace("3", "-5"),
            "my.toml:2:1: steps must be at least 1, not -5\n    steps = -5\n    ^",
            id="negative steps",
        ),
        pytest.param(
            BARE.replace('"o"', '"o"\nlr = []'),
            f"my.toml:7:1: {EMPTY_AXIS}\n    lr = []\n    ^",
            id="empty axis",
        ),
        pytest.param(
            BARE.partition("[[optimizer]]")[0],
            'my.toml:1:1: optimizer is missing: write [[optimizer]]\n    name = "e"\n    ^',
            id="no optimizers",
        ),
        pytest.param(
            "optimizer = []\n" + BARE.partition("[[optimizer]]")[0],
            "my.toml:1:1: optimizer must not be empty: write [[optimizer]] and at least a name\n"
            "    optimizer = []\n"
            "    ^",
            id="empty optimizers",
        ),
        pytest.param(
            BARE.replace("[[problem]]", "[problem]"),
            "my.toml:3:2: problem must be an array of tables: write [[problem]] above each of them\n"
            "    [problem]\n"
            "     ^",
            id="one table",
        ),
        pytest.param(
            BARE + "[[optimizer]]\nlr = 1",
            'my.toml:7:3: name is missing: write name = "adam"\n    [[optimizer]]\n      ^',
            id="table without a name",
        ),
        pytest.param(
            BARE.replace('"p"', '"p"\nstart = [1.0, nan]'),
            "my.toml:5:15: start[1] must be finite, not nan\n    start = [1.0, nan]\n                  ^",
            id="start not finite",
        ),
        pytest.param(
            BARE.replace('"p"', '"p"\nstart = "ramdom"'),
            'my.toml:5:1: start must be "random" or a list of numbers, '
            "not the text 'ramdom'\n"
            '    start = "ramdom"\n'
            "    ^",
            id="start neither point nor random",
        ),
        pytest.param(
            BARE.replace('"e"', '"../e"'),
            "my.toml:1:1: name must be a plain folder name (letters and digits, with _ - + = ( ) . , "
            "and spaces between), not the text '../e'\n"
            '    name = "../e"\n'
            "    ^",
            id="path in the name",
        ),
        pytest.param(
            "name = \n",
            "my.toml:1:8: not valid TOML: invalid value (texts need quotes)\n    name = \n           ^",
            id="broken TOML",
        ),
        pytest.param(
            BARE + 'schedule = { nam = "cosine" }',
            'my.toml:7:1: name is missing: write name = "cosine"\n    schedule = { nam = "cosine" }\n    ^',
            id="schedule without a name",
        ),
        pytest.param("", None, id="empty file"),
    ],
)
def test_messages_and_their_places(text, expected):
    if expected is None:
        expected = "\n".join(
            f"my.toml:1:1: {what}"
            for what in (
                'name is missing: write name = "my_experiment"',
                "steps is missing: write steps = 1000",
                "problem is missing: write [[problem]]",
                "optimizer is missing: write [[optimizer]]",
            )
        )
    assert said(text) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("nan", "lr must be finite, not nan"),
        ("1e999", "lr must be finite, not inf"),
        ("9223372036854775808", "lr must be at most 9223372036854775807 in size, not an integer beyond 64 bits"),
        ("0x" + "f" * 5000, "lr must be at most 9223372036854775807 in size, not an integer beyond 64 bits"),
        ("[1, inf]", "lr[1] must be finite, not inf"),
        ("1979-05-27", "lr must be a number, a string, true or false, not the date 1979-05-27"),
        ('[1, "a"]', "lr must hold values of one kind, not numbers and texts"),
        ("[1, true]", "lr must hold values of one kind, not numbers and true or false"),
        ("[[1], 2]", "lr must hold values of one kind, not lists and numbers"),
        ("[[1, 'a']]", "lr[0] must hold values of one kind, not numbers and texts"),
        ("[[[1]]]", "lr[0] must be a number, a string, true or false, not a list of 1"),
        ("{ log = [0, 1], num = 3 }", "log must have both bounds above 0 and at most 1e300, not [0, 1]"),
        ("{ log = [2, 1], num = 3 }", "log must be [lo, hi] with lo below hi, not [2, 1]"),
        ("{ linear = [1, 1], num = 3 }", "linear must be [lo, hi] with lo below hi, not [1, 1]"),
        ("{ linear = [1], num = 3 }", "linear must be a list of two numbers, [lo, hi], not a list of 1"),
        ("{ log = 1, num = 3 }", "log must be a list of two numbers, [lo, hi], not 1"),
        ("{ log = [1, 'x'], num = 3 }", "log must be a number, not the text 'x'"),
        ("{ log = [1, 2] }", "num is missing: write num = 9"),
        ("{ log = [1, 2], num = 1 }", "num must be at least 2, not 1"),
        ("{ log = [1, 2], num = 1000001 }", "num must be at most 1000000, not 1000001"),
        ("{ log = [1, 2], num = 2.5 }", "num must be an integer, not 2.5"),
        ("{ log = [1, 2], linear = [1, 2], num = 2 }", A_GRID),
        ("{ lin = [1, 2], num = 2 }", f"{A_GRID} (did you mean 'linear'?)"),
        ("{ num = 2 }", A_GRID),
        ("{ log_uniform = [0, 1] }", "log_uniform must have both bounds above 0 and at most 1e300, not [0, 1]"),
        ("{ uniform = [2, 1] }", "uniform must be [lo, hi] with lo below hi, not [2, 1]"),
        ("{ integers = [1, 2.5] }", "integers must be a list of two integers, [lo, hi], not [1, 2.5]"),
        ("{ choice = [] }", "choice must be a list of values, not an empty list"),
        ("{ choice = [1, 'a'] }", "lr must hold values of one kind, not numbers and texts"),
        ("{ uniform = [1, 2], choice = [1] }", "lr must be one range, not both uniform and choice"),
        (
            "{ uniform = [1, 2], num = 3 }",
            "unknown key num (known here: log_uniform, uniform, integers, choice)",
        ),
        ("[1, { num = 2 }]", "lr[1] must be a number, a string, true or false, not a table"),
    ],
)
def test_messages_about_axes(written, message):
    assert complaint(written) == message


@pytest.mark.parametrize(
    ("key", "written", "message"),
    [
        ("label", '""', "label must not be empty"),
        ("label", f'"{"x" * 81}"', f"label must be at most 80 characters long, not the text '{'x' * 60}'..."),
        ("label", '"a\\nb"', "label must be printable and on one line, not the text 'a\\nb'"),
        ("label", "5", "label must be a string, not 5"),
        ("schedule", "5", "schedule must be a name or a table, not 5"),
        ("schedule", '{ name = "c", k = nan }', "k must be finite, not nan"),
        ("schedule", "{ name = 3 }", "name must be a string, not 3"),
    ],
)
def test_messages_about_keys_of_an_optimizer(key, written, message):
    assert complaint(written, key) == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('"clip_norm"', "transforms must be a list of names or tables, not the text 'clip_norm'"),
        ('["clip_norm", 3]', "transforms[1] must be a name or a table, not 3"),
        ('["l2", { name = 3 }]', "name must be a string, not 3"),
        ('["l2", ""]', "name must not be empty"),
    ],
)
def test_messages_about_transforms(written, message):
    assert complaint(written, "transforms") == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[]", "start must not be empty"),
        ("[nan, 1]", "start[0] must be finite, not nan"),
        ("[[1, 1], [2.0, 3]]", "start[0] must be a number, not a list of 2"),
    ],
)
def test_messages_about_starts(written, message):
    (mistake,) = document.read(BARE.replace('"p"', f'"p"\nstart = {written}')).mistakes
    assert mistake.message == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('"low"', "target must be a number, not the text 'low'; write"),
        ("[0.1]", "target must be a number, not a list of 1; write"),
        ("nan", "target must be finite, not nan; write"),
        ('{ test_accuracy = "high" }', "target must be a number, not the text 'high'; write"),
    ],
)
def test_messages_about_targets(written, message):
    (mistake,) = document.read(BARE.replace('"p"', f'"p"\ntarget = {written}')).mistakes
    assert mistake.path == ("problem", 0, "target")
    assert mistake.message == f"{message} a loss, as in target = 0.01, or target = {{ test_accuracy = 0.95 }}"


@pytest.mark.parametrize("written", ["record = 50", "stop = 1e-6", "tuning = true"])
def test_a_table_is_shown_where_a_value_is_written(written):
    key, _, value = written.partition(" = ")
    (mistake,) = document.read(BARE.replace("steps", f"{written}\nsteps", 1)).mistakes
    head, _, example = mistake.message.partition("; write ")
    assert head == f"{key} must be a table, not {float(value) if key == 'stop' else value}"
    assert not document.read(BARE.replace("steps", f"{example}\nsteps", 1)).mistakes


@pytest.mark.parametrize(
    "written", ["0", "[2, 0]", "2.5", '"two"', "true", "[[2]]", "1000001", "{ linear = [2, 3], num = 3 }"]
)
def test_messages_about_dim(written):
    (mistake,) = document.read(BARE.replace('"p"', f'"p"\ndim = {written}')).mistakes
    assert mistake.path == ("problem", 0, "dim")
    assert mistake.message.startswith("dim must be an integer from 1 to 1000000, not ")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "a\\b", "/a", "C:", ".hidden", "a\0b", "a\nb", "a ", "a.", " a", "a\u202eb"),
        *("x" * 61, "\U0001f600"),
    ],
)
def test_names_that_cannot_be_folders(name):
    (mistake,) = document.read(BARE.replace('"e"', json.dumps(name, ensure_ascii=name.isascii()))).mistakes
    assert mistake.path == ("name",)
    assert mistake.message.startswith("name must ")


def test_all_messages_in_the_order_of_the_file():
    text = (
        BARE.replace('"e"', "5").replace('"p"', '"p"\nstart = []') + "lr = []\n"
        "schedule = { name = 'c', warm = inf }\n[[optimizer]]\nlr = 1\n[record]\npoints = -1\n"
    )
    heads = [line for line in said(text).splitlines() if line.startswith("my.toml")]
    assert heads == [
        "my.toml:1:1: name must be a string, not 5",
        "my.toml:5:1: start must not be empty",
        f"my.toml:8:1: {EMPTY_AXIS}",
        "my.toml:9:26: warm must be finite, not inf",
        'my.toml:10:3: name is missing: write name = "adam"',
        "my.toml:13:1: points must be at least 0, not -1",
    ]


def test_the_rest_of_a_wrong_entry_is_checked_too():
    text = (
        'steps = 0\nseeds = 4\n[[problem]]\nx = 1\n[[problem]]\nname = "p"\nstart = "?"\na = 2\n'
        '[[optimizer]]\nname = "o"\nlr = []\nbeta = 0.5\nschedule = { name = "c", k = nan, l = 1 }\n'
        "[record]\npoints = 7\nx = 1"
    )
    draft = document.read(text)
    assert len(draft.mistakes) == 7
    assert draft.spec == ExperimentSpec(
        name="unnamed",
        steps=1,
        seeds=4,
        problems=(ProblemSpec("p", options={"a": Axis((2,))}),),
        optimizers=(OptimizerSpec("o", hyperparameters={"beta": Axis((0.5,))}),),
    )
    assert draft.spec.problems[0].path == ("problem", 1)  # in the order of the file


def test_mistakes_found_later_are_added():
    draft = document.read(BARE + "lr = { log = [1, 2], num = 1 }\n", "my.toml")
    later = [Mistake(("optimizer", 0, "name"), "no optimizer 'o'"), Mistake(("problem", 0, "dim", 3), "too large")]
    with pytest.raises(SpecError) as info:
        draft.raise_if_wrong(later)
    assert [(m.line, m.column, m.message) for m in info.value.mistakes] == [
        (3, 3, "too large"),  # dim is not written: the place is the header of the table
        (6, 1, "no optimizer 'o'"),
        (7, 22, "num must be at least 2, not 1"),
    ]
    with pytest.raises(SpecError, match=r"my\.toml:1:1: too much"):
        document.read(BARE, "my.toml").raise_if_wrong([Mistake((), "too much")])
    document.read(BARE).raise_if_wrong()


def test_a_dictionary_has_paths():
    draft = document.read_dict(
        {"optimizer": [{"lr": 1}], "steps": -5, "name": "e", "problem": [{"name": "p", "k": math.inf}]}
    )
    with pytest.raises(SpecError) as info:
        draft.raise_if_wrong()
    assert set(str(info.value).splitlines()) == {
        '<experiment>: optimizer 1: name is missing: write name = "adam"',
        "<experiment>: steps: steps must be at least 1, not -5",
        "<experiment>: problem 1, k: k must be finite, not inf",
    }
    assert all(m.line == m.column == 0 for m in info.value.mistakes)


def test_the_source_line_is_safe_and_the_right_one():
    text = BARE + '# \u2028 \x85\n"k\\u001b[31m" = nan # \u202e\n'
    shown = said(text)
    assert shown == "my.toml:8:1: 'k\\x1b[31m' must be finite, not nan\n    \"k\\u001b[31m\" = nan # \ufffd\n    ^"
    assert "\x1b" not in said(BARE + "\x1b[31m = 1")


def test_thousands_of_mistakes_are_counted():
    lines = said(BARE + "[record]\n" + "".join(f"k{i} = 1\n" for i in range(4000))).splitlines()
    assert len(lines) == 3 * (MAX_SHOWN + 1)
    assert lines[-3] == "my.toml:108:1: and 3900 more mistakes from here on"


@pytest.mark.parametrize(
    ("written", "guess"),
    [
        ("{ unifrom = [0, 1] }", "uniform"),
        ("{ loguniform = [1, 2] }", "log_uniform"),
        ("{ lgo = [1, 2], num = 3 }", "log"),
    ],
)
def test_a_misspelt_range_or_grid_is_guessed(written, guess):
    assert complaint(written) == f"{A_GRID} (did you mean '{guess}'?)"
