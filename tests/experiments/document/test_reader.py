"""Experiment files: the specs of valid files, and errors for hostile ones."""

import dataclasses
import json
import pickle
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.errors import SpecError
from optlab.experiments import document
from optlab.experiments.document import Axis, ExperimentSpec, OptimizerSpec, ProblemSpec, RecordSpec, ScheduleSpec
from optlab.experiments.document.axes import log_values

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


def said(text):
    """The error message about a wrong file."""
    with pytest.raises(SpecError) as info:
        document.read(text, "my.toml").raise_if_wrong()
    return str(info.value)


def test_the_experiment_of_the_design():
    draft = document.read(DESIGN, "sgd_vs_adam.toml")
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
                schedules=(ScheduleSpec("cosine"),),
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
    assert document.read_dict(tomllib.loads(DESIGN)).spec == draft.spec


def test_defaults():
    assert document.read(BARE).spec == ExperimentSpec(
        "e",
        3,
        (ProblemSpec("p"),),
        (OptimizerSpec("o"),),
        description="",
        seeds=1,
        seed=0,
        record=RecordSpec(200, 20, False),
    )


def test_specs_are_frozen_dataclasses():
    read = document.read(DESIGN).spec
    assert pickle.loads(pickle.dumps(read)) == read
    for thing in (read, read.record, read.problems[1], read.optimizers[1], read.optimizers[1].schedule):
        assert dataclasses.is_dataclass(thing)
        assert not hasattr(thing, "model_fields")
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.name = "other"


@pytest.mark.parametrize("written", ['"cosine"', '{ name = "cosine" }'])
def test_schedule_short_and_long(written):
    assert document.read(f"{BARE}schedule = {written}").spec.optimizers[0].schedule == ScheduleSpec("cosine")


def test_schedule_options_are_axes():
    (optimizer,) = document.read(f'{BARE}schedule = {{ name = "step", every = [10, 20] }}').spec.optimizers
    assert optimizer.schedule == ScheduleSpec("step", {"every": Axis((10, 20), listed=True)})


@pytest.mark.parametrize("written", ["[2, 10]", "{ linear = [2, 10], num = 2 }", "[2, 10.0]"])
def test_dim_is_an_axis_of_integers(written):
    read = document.read(BARE.replace('"p"', f'"p"\ndim = {written}')).spec
    assert read.problems[0].dim.values == (2, 10)
    assert all(type(value) is int for value in read.problems[0].dim.values)


def test_start_at_random():
    assert document.read(BARE.replace('"p"', '"p"\nstart = "random"')).spec.problems[0].start == "random"


@pytest.mark.parametrize("name", ["a", "adam vs. gd", "Versuch-3_é", "x" * 60, "lr=0.1 (2)", "a.b"])
def test_names_in_any_script(name):
    assert document.read(BARE.replace('"e"', json.dumps(name))).mistakes == ()


def test_byte_order_mark_and_windows_line_ends():
    assert document.read("\ufeff" + BARE.replace("\n", "\r\n")).spec == document.read(BARE).spec


def test_dictionary_with_numpy_values():
    draft = document.read_dict(
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
def test_hostile_files(text, says):
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
    draft = document.read_dict({**rest, "problem": problem, "optimizer": optimizer})
    assert isinstance(draft.spec, ExperimentSpec)
    if draft.mistakes:
        with pytest.raises(SpecError):
            draft.raise_if_wrong()
    else:
        draft.raise_if_wrong()


def test_the_reader_imports_no_higher_package():
    import subprocess

    code = "import sys, optlab.experiments.document; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {
        "numpy",
        "typer",
        "pandas",
        "matplotlib",
        "pluggy",
        "optlab.plugins.registry",
        "optlab.experiments.plan",
    }.isdisjoint(loaded)
