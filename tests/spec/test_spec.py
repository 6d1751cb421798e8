"""Experiment files: what is read, and what is said about mistakes."""

import dataclasses
import json
import math
import pickle
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab import spec
from optlab.errors import Mistake, SpecError
from optlab.spec import Axis, ExperimentSpec, OptimizerSpec, ProblemSpec, RecordSpec, ScheduleSpec
from optlab.spec.axes import linear_values, log_values
from optlab.spec.draft import MAX_SHOWN

DESIGN = """\
name  = "sgd_vs_adam"
steps = 400
seeds = 5                                 # repeats of every cell that has anything random in it

[[problem]]
name  = "rosenbrock"
start = [-1.5, 2.0]                       # "random": uniform over the domain, per seed

[[problem]]
name       = "mlp"
dataset    = "digits"
hidden     = [32]
batch_size = 64

[[optimizer]]
name = "gd"
lr   = { log = [1e-5, 1e-1], num = 9 }    # a grid axis; also { linear = [lo, hi], num = n }

[[optimizer]]
name     = "adam"
label    = "Adam, cosine"
lr       = { log = [1e-4, 1.0], num = 9 }
beta1    = [0.8, 0.9]                     # a list where a scalar is expected is an axis too
schedule = { name = "cosine" }

[record]
points = 200                              # recorded steps per run, spread over the run
"""

BARE = 'name = "e"\nsteps = 3\n[[problem]]\nname = "p"\n[[optimizer]]\nname = "o"\n'
A_GRID = "lr must be a value, a list, or a table { log = [lo, hi], num = n } or { linear = [lo, hi], num = n }"
EMPTY_AXIS = "lr is an empty axis: write at least one value ([[]] where the value is itself an empty list)"


def said(text):
    """What the user sees of a file that is wrong."""
    with pytest.raises(SpecError) as info:
        spec.read(text, "my.toml").raise_if_wrong()
    return str(info.value)


def axis_of(written):
    """The axis that an option becomes."""
    draft = spec.read(f"{BARE}lr = {written}\n")
    assert draft.mistakes == ()
    return draft.spec.optimizers[0].hyperparameters["lr"]


def complaint(written, key="lr"):
    """The one message about an option of the optimizer."""
    (mistake,) = spec.read(f"{BARE}{key} = {written}\n").mistakes
    assert mistake.path[:3] == ("optimizer", 0, key)
    return mistake.message


# --- good experiments ---


def test_the_experiment_of_the_design():
    draft = spec.read(DESIGN, "sgd_vs_adam.toml")
    draft.raise_if_wrong()
    assert draft.spec == ExperimentSpec(
        name="sgd_vs_adam",
        steps=400,
        seeds=5,
        problems=(
            ProblemSpec("rosenbrock", start=(-1.5, 2.0)),
            ProblemSpec(
                "mlp",
                options={"dataset": Axis(("digits",)), "hidden": Axis((32,), listed=True), "batch_size": Axis((64,))},
            ),
        ),
        optimizers=(
            OptimizerSpec("gd", hyperparameters={"lr": Axis(log_values(1e-5, 1e-1, 9))}),
            OptimizerSpec(
                "adam",
                label="Adam, cosine",
                schedule=ScheduleSpec("cosine"),
                hyperparameters={
                    "lr": Axis(log_values(1e-4, 1.0, 9)),
                    "beta1": Axis((0.8, 0.9), listed=True),
                },
            ),
        ),
        record=RecordSpec(points=200),
    )
    assert draft.spec.problems[1].options["hidden"].as_single() == Axis(((32,),))
    assert [p.path for p in draft.spec.problems] == [("problem", 0), ("problem", 1)]
    assert spec.read_dict(tomllib.loads(DESIGN)).spec == draft.spec


def test_defaults():
    assert spec.read(BARE).spec == ExperimentSpec(
        "e",
        3,
        (ProblemSpec("p"),),
        (OptimizerSpec("o"),),
        description="",
        seeds=1,
        seed=0,
        record=RecordSpec(200, 20, False),
    )


def test_only_frozen_dataclasses_travel():
    read = spec.read(DESIGN).spec
    assert pickle.loads(pickle.dumps(read)) == read
    for thing in (read, read.record, read.problems[1], read.optimizers[1], read.optimizers[1].schedule):
        assert dataclasses.is_dataclass(thing)
        assert not hasattr(thing, "model_fields")
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.name = "other"


@pytest.mark.parametrize("written", ['"cosine"', '{ name = "cosine" }'])
def test_schedule_short_and_long(written):
    assert spec.read(f"{BARE}schedule = {written}").spec.optimizers[0].schedule == ScheduleSpec("cosine")


def test_schedule_options_are_axes():
    (optimizer,) = spec.read(f'{BARE}schedule = {{ name = "step", every = [10, 20] }}').spec.optimizers
    assert optimizer.schedule == ScheduleSpec("step", {"every": Axis((10, 20), listed=True)})


@pytest.mark.parametrize("written", ["[2, 10]", "{ linear = [2, 10], num = 2 }", "[2, 10.0]"])
def test_dim_is_an_axis_of_integers(written):
    read = spec.read(BARE.replace('"p"', f'"p"\ndim = {written}')).spec
    assert read.problems[0].dim.values == (2, 10)
    assert all(type(value) is int for value in read.problems[0].dim.values)


def test_start_at_random():
    assert spec.read(BARE.replace('"p"', '"p"\nstart = "random"')).spec.problems[0].start == "random"


@pytest.mark.parametrize("name", ["a", "adam vs. gd", "Versuch-3_é", "x" * 60, "lr=0.1 (2)", "a.b"])
def test_plain_names(name):
    assert spec.read(BARE.replace('"e"', json.dumps(name))).mistakes == ()


def test_byte_order_mark_and_windows_line_ends():
    assert spec.read("\ufeff" + BARE.replace("\n", "\r\n")).spec == spec.read(BARE).spec


def test_dictionary_with_numpy_values():
    draft = spec.read_dict(
        {
            "name": "e",
            "steps": np.int64(3),
            "problem": ({"name": "p", "start": np.array([1, 2]), "dim": None},),
            "optimizer": [{"name": "o", "label": None, "lr": np.array([0.1, 0.2]), "k": range(2)}],
        }
    )
    draft.raise_if_wrong()
    assert draft.spec.problems == (ProblemSpec("p", start=(1.0, 2.0)),)
    assert draft.spec.optimizers[0].hyperparameters == {"lr": Axis((0.1, 0.2), True), "k": Axis((0, 1), True)}


# --- axes ---


@pytest.mark.parametrize(
    ("written", "values", "listed"),
    [
        ("0.1", (0.1,), False),
        ("3", (3,), False),
        ("true", (True,), False),
        ('"tanh"', ("tanh",), False),
        ("[0.1]", (0.1,), True),
        ("[1, 0.5]", (1, 0.5), True),
        ("[1, 2]", (1, 2), True),
        ('["a", "b"]', ("a", "b"), True),
        ("[[32], [64, 32]]", ((32,), (64, 32)), True),
        ("[[]]", ((),), True),
        ("{ log = [1e-3, 1e-1], num = 3 }", (0.001, 0.01, 0.1), False),
        ("{ linear = [0, 1], num = 5 }", (0.0, 0.25, 0.5, 0.75, 1.0), False),
        ("{ log = [16, 256], num = 5 }", (16, 32, 64, 128, 256), False),
    ],
)
def test_axis(written, values, listed):
    axis = axis_of(written)
    assert axis == Axis(values, listed)
    assert [type(value) for value in axis.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("[64, 32]", ((64, 32),)),
        ("[1, 0.5]", ((1, 0.5),)),
        ("[[1], [2]]", ((1,), (2,))),
        ("5", (5,)),
        ("{ linear = [1, 3], num = 3 }", (1, 2, 3)),
    ],
)
def test_a_flat_list_may_be_one_value(written, values):
    assert axis_of(written).as_single().values == values


positive = st.floats(5e-324, 1e300)


@given(positive, positive, st.integers(2, 50))
def test_log_values(lo, hi, num):
    lo, hi = min(lo, hi), max(lo, hi)
    if lo == hi:
        return
    values = log_values(lo, hi, num)
    assert len(values) == num
    assert values[0] == lo
    assert values[-1] == hi
    assert list(values) == sorted(values)
    logs = np.log(lo) + (np.log(hi) - np.log(lo)) * np.arange(num) / (num - 1)
    expected = np.exp(logs)
    np.testing.assert_allclose(values, expected, rtol=1e-11, atol=1e-323)


@given(st.integers(-300, 290), st.integers(1, 10), st.sampled_from([1, 2, 2.5, 3, 7, 1.25]))
def test_decades_are_exact(low, decades, mantissa):
    values = log_values(float(f"{mantissa}e{low}"), float(f"{mantissa}e{low + decades}"), decades + 1)
    assert values == tuple(float(f"{mantissa}e{low + k}") for k in range(decades + 1))


def test_round_values_between_other_ends_are_exact():
    assert log_values(0.02, 50, 3)[1] == 1.0
    assert log_values(1.0, 1024.0, 11) == tuple(2.0**k for k in range(11))


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(2, 50))
def test_linear_values(lo, hi, num):
    lo, hi = min(lo, hi), max(lo, hi)
    if lo == hi:
        return
    values = linear_values(lo, hi, num)
    assert len(values) == num
    assert values[0] == lo
    assert values[-1] == hi
    assert list(values) == sorted(values)
    np.testing.assert_allclose(values, np.linspace(lo, hi, num), rtol=1e-12, atol=1e-12 * max(abs(lo), abs(hi)))


def test_linear_values_are_the_decimals():
    assert linear_values(0.0, 1.0, 11) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert linear_values(-0.1, 0.7, 9)[1] == 0.0


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), min_size=1))
def test_a_list_of_floats_is_its_axis(values):
    assert axis_of(json.dumps(values)) == Axis(tuple(values), listed=True)


# --- mistakes: place, words, caret ---


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
def test_said(text, expected):
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
        ("1979-05-27", "lr must be a number, a text, true or false, not the date 1979-05-27"),
        ('[1, "a"]', "lr must hold values of one kind, not numbers and texts"),
        ("[1, true]", "lr must hold values of one kind, not numbers and true or false"),
        ("[[1], 2]", "lr must hold values of one kind, not lists and numbers"),
        ("[[1, 'a']]", "lr[0] must hold values of one kind, not numbers and texts"),
        ("[[[1]]]", "lr[0] must be a number, a text, true or false, not a list of 1"),
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
        ("{ lin = [1, 2], num = 2 }", A_GRID),
        ("{ num = 2 }", A_GRID),
        ("[1, { num = 2 }]", "lr[1] must be a number, a text, true or false, not a table"),
    ],
)
def test_wrong_axis(written, message):
    assert complaint(written) == message


@pytest.mark.parametrize(
    ("key", "written", "message"),
    [
        ("label", '""', "label must not be empty"),
        ("label", f'"{"x" * 81}"', f"label must be at most 80 characters long, not the text '{'x' * 60}'..."),
        ("label", '"a\\nb"', "label must be printable and on one line, not the text 'a\\nb'"),
        ("label", "5", "label must be a text, not 5"),
        ("schedule", "5", "schedule must be a name or a table, not 5"),
        ("schedule", '{ name = "c", k = nan }', "k must be finite, not nan"),
        ("schedule", "{ name = 3 }", "name must be a text, not 3"),
    ],
)
def test_wrong_key_of_an_optimizer(key, written, message):
    assert complaint(written, key) == message


@pytest.mark.parametrize(
    "written", ["0", "[2, 0]", "2.5", '"two"', "true", "[[2]]", "1000001", "{ linear = [2, 3], num = 3 }"]
)
def test_wrong_dim(written):
    (mistake,) = spec.read(BARE.replace('"p"', f'"p"\ndim = {written}')).mistakes
    assert mistake.path == ("problem", 0, "dim")
    assert mistake.message.startswith("dim must be an integer from 1 to 1000000, not ")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "a\\b", "/a", "C:", ".hidden", "a\0b", "a\nb", "a ", "a.", " a", "a\u202eb"),
        *("x" * 61, "\U0001f600"),
    ],
)
def test_names_that_are_no_folder(name):
    (mistake,) = spec.read(BARE.replace('"e"', json.dumps(name, ensure_ascii=name.isascii()))).mistakes
    assert mistake.path == ("name",)
    assert mistake.message.startswith("name must ")


def test_all_at_once_in_the_order_of_the_file():
    text = (
        BARE.replace('"e"', "5").replace('"p"', '"p"\nstart = []') + "lr = []\n"
        "schedule = { name = 'c', warm = inf }\n[[optimizer]]\nlr = 1\n[record]\npoints = -1\n"
    )
    heads = [line for line in said(text).splitlines() if line.startswith("my.toml")]
    assert heads == [
        "my.toml:1:1: name must be a text, not 5",
        "my.toml:5:1: start must not be empty",
        f"my.toml:8:1: {EMPTY_AXIS}",
        "my.toml:9:26: warm must be finite, not inf",
        'my.toml:10:3: name is missing: write name = "adam"',
        "my.toml:13:1: points must be at least 0, not -1",
    ]


def test_the_rest_of_a_wrong_entry_goes_on():
    text = (
        'steps = 0\nseeds = 4\n[[problem]]\nx = 1\n[[problem]]\nname = "p"\nstart = "?"\na = 2\n'
        '[[optimizer]]\nname = "o"\nlr = []\nbeta = 0.5\nschedule = { name = "c", k = nan, l = 1 }\n'
        "[record]\npoints = 7\nx = 1"
    )
    draft = spec.read(text)
    assert len(draft.mistakes) == 7
    assert draft.spec == ExperimentSpec(
        name="unnamed",
        steps=1,
        seeds=4,
        problems=(ProblemSpec("p", options={"a": Axis((2,))}),),
        optimizers=(OptimizerSpec("o", hyperparameters={"beta": Axis((0.5,))}),),
    )
    assert draft.spec.problems[0].path == ("problem", 1)  # where it is in the file


def test_mistakes_found_later_join_in():
    draft = spec.read(BARE + "lr = { log = [1, 2], num = 1 }\n", "my.toml")
    later = [Mistake(("optimizer", 0, "name"), "no optimizer 'o'"), Mistake(("problem", 0, "dim", 3), "too large")]
    with pytest.raises(SpecError) as info:
        draft.raise_if_wrong(later)
    assert [(m.line, m.column, m.message) for m in info.value.mistakes] == [
        (3, 3, "too large"),  # nobody wrote a dim: the nearest is the table's header
        (6, 1, "no optimizer 'o'"),
        (7, 22, "num must be at least 2, not 1"),
    ]
    with pytest.raises(SpecError, match=r"my\.toml:1:1: too much"):
        spec.read(BARE, "my.toml").raise_if_wrong([Mistake((), "too much")])
    spec.read(BARE).raise_if_wrong()


def test_a_dictionary_has_paths():
    draft = spec.read_dict(
        {"optimizer": [{"lr": 1}], "steps": -5, "name": "e", "problem": [{"name": "p", "k": math.inf}]}
    )
    with pytest.raises(SpecError) as info:
        draft.raise_if_wrong()
    assert set(str(info.value).splitlines()) == {
        '<experiment>: optimizer.0: name is missing: write name = "adam"',
        "<experiment>: steps: steps must be at least 1, not -5",
        "<experiment>: problem.0.k: k must be finite, not inf",
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


# --- hostile ---


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BARE + "lr = " + "[" * 2000 + "]" * 2000, "my.toml:7:38: nested more than 32 deep"),
        (BARE + ".".join("k" * 50_000) + " = 1", "my.toml:7:1: a dotted key of more than 32 parts"),
        (BARE + "#" * 1_000_000, "my.toml:1:1: the file has 1,000,"),
        (BARE + "lr = " + "9" * 5000, "my.toml:7:6: a number has thousands of digits"),
        (BARE + "".join(f"[o{i}]\n" for i in range(100_000)), "more than 5,000 keys, tables and lists"),
        (
            BARE + "lr = [" + "'a', " * 90_000 + "1]",
            "my.toml:7:1: lr must hold values of one kind, not numbers and texts",
        ),
        (BARE + "lr = [" + "nan, " * 90_000 + "1]", "my.toml:7:7: lr[0] must be finite, not nan"),
        (
            BARE + "".join(f"h{i} = {{ log = [1, 2], num = 1000000 }}\n" for i in range(800)),
            "my.toml:8:1: h1 brings the grids of this file to more than 1000000 values together",
        ),
        (
            "optimizer = [" + "1," * 90_000 + "]\n" + BARE.partition("[[opt")[0],
            "my.toml:1:1: optimizer must be an array of tables: write [[optimizer]] above each of them",
        ),
    ],
)
def test_hostile(text, says):
    assert says in said(text)


junk = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.dates(), st.none(), st.just("random")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "log",
                    "linear",
                    "num",
                    "schedule",
                    "start",
                    "dim",
                    "label",
                    "points",
                    "problem",
                    "x",
                    "<grid>",
                    "<options>",
                    "<one>",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["name", "steps", "seeds", "seed", "description", "record", "x"]), junk, max_size=4
    ),
    st.one_of(junk, st.lists(junk, max_size=3)),
    st.one_of(junk, st.lists(junk, max_size=3)),
)
def test_any_document_is_read_or_refused(rest, problem, optimizer):
    draft = spec.read_dict({**rest, "problem": problem, "optimizer": optimizer})
    assert isinstance(draft.spec, ExperimentSpec)
    if draft.mistakes:
        with pytest.raises(SpecError):
            draft.raise_if_wrong()
    else:
        draft.raise_if_wrong()


# --- the schema ---


def test_json_schema():
    schema = spec.json_schema()
    json.dumps(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["name", "steps", "problem", "optimizer"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {
        "name", "description", "steps", "seeds", "seed", "problem", "optimizer", "record",
    }  # fmt: skip
    properties, tables = schema["properties"], schema["$defs"]
    assert properties["steps"]["minimum"] == 1
    assert properties["problem"]["minItems"] == 1
    assert properties["problem"]["items"] == {"$ref": "#/$defs/ProblemSpec"}
    assert tables["RecordSpec"]["additionalProperties"] is False
    assert tables["ProblemSpec"]["properties"].keys() == {"name", "start", "dim"}
    assert len(tables["OptimizerSpec"]["additionalProperties"]["oneOf"]) == 3
    assert tables["Grid"]["required"] == ["num"]
    assert set(tables) == {"ProblemSpec", "OptimizerSpec", "ScheduleSpec", "RecordSpec", "Grid"}
    assert "<" not in json.dumps(schema)


def test_imports_no_room_above():
    import subprocess

    code = "import sys, optlab.spec; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "typer", "pandas", "matplotlib", "pluggy", "optlab.registry", "optlab.plan"}.isdisjoint(loaded)
