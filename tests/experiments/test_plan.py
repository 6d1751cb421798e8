"""The runs of a plan, their counts and names, and the identity of an experiment."""

from __future__ import annotations

import cProfile
import dataclasses
import itertools
import pstats
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from optlab import dataset, optimizer
from optlab.errors import SpecError
from optlab.execution import fingerprint

GD = {"name": "gd"}
ROSENBROCK = {"name": "rosenbrock"}


def made(planned, problems=(ROSENBROCK,), optimizers=(GD,), plugins=(), **rest):
    return planned({"problem": list(problems), "optimizer": list(optimizers), **rest}, *plugins)


# ---- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "optimizer", "seeds", "cells", "runs", "sweeps", "saved"),
    [
        (ROSENBROCK, GD, 1, 1, 1, 1, 0),
        (ROSENBROCK, GD, 5, 1, 1, 1, 4),
        (ROSENBROCK | {"start": "random"}, GD, 5, 1, 5, 1, 0),
        (ROSENBROCK | {"b": [1.0, 10.0, 100.0]}, GD | {"lr": [0.1, 0.2]}, 5, 6, 6, 1, 24),
        (ROSENBROCK | {"dim": [2, 3]}, GD, 1, 2, 2, 2, 0),
        (ROSENBROCK, {"name": "adam", "lr": {"log": [1e-4, 1], "num": 9}, "beta1": [0.8, 0.9]}, 1, 18, 18, 1, 0),
        (ROSENBROCK, GD | {"schedule": {"name": "step", "every": [5, 10]}}, 1, 2, 2, 1, 0),
        ({"name": "mlp", "dataset": "xor", "hidden": [[3], [4]], "batch_size": [8, 16]}, GD, 3, 4, 12, 4, 0),
        ({"name": "mlp", "dataset": ["xor", "moons"], "hidden": [3, 4]}, GD, 2, 2, 4, 2, 0),
    ],
)
def test_cells_runs_sweeps_and_repeats_saved(planned, problem, optimizer, seeds, cells, runs, sweeps, saved):
    made_plan = made(planned, [problem], [optimizer], seeds=seeds)
    assert (made_plan.cells, made_plan.runs, len(made_plan.sweeps), made_plan.repeats_saved) == (
        *(cells, runs),
        *(sweeps, saved),
    )
    assert made_plan.run_steps == 10 * runs
    assert np.concatenate([sweep.run for sweep in made_plan.sweeps]).tolist() == list(range(runs))


def test_every_combination_once_and_the_seeds_fastest(planned):
    problems = [ROSENBROCK | {"start": "random", "b": [1.0, 2.0]}]
    (sweep,) = made(planned, problems, [GD | {"lr": [0.1, 0.2, 0.3]}], seeds=2).sweeps
    rows = zip(sweep.numbers["option", "b"], sweep.numbers["hyperparameter", "lr"], sweep.seed, strict=True)
    assert list(rows) == list(itertools.product([1.0, 2.0], [0.1, 0.2, 0.3], [0, 1]))
    assert [sweep.titles[n] for n in sweep.title] == [sweep.titles[0]] * 6 + [sweep.titles[1]] * 6
    assert sweep.numbers["option", "a"].tolist() == [1.0] * 12


def test_two_hundred_thousand_runs(planned):
    problems = [ROSENBROCK | {"start": "random"}]
    made_plan = made(planned, problems, [GD | {"lr": {"log": [1e-6, 1.0], "num": 200}}], seeds=1000)
    assert (made_plan.runs, made_plan.cells, len(made_plan.sweeps)) == (200_000, 200, 1)
    (sweep,) = made_plan.sweeps
    assert (len(np.unique(sweep.numbers["hyperparameter", "lr"])), len(np.unique(sweep.seed))) == (200, 1000)


# ---- names -----------------------------------------------------------------------------------------------------------


def test_labels_are_unique(planned):
    cosine = GD | {"schedule": "cosine"}
    own = [GD | {"label": "mine"}, GD | {"label": "gd (3)"}]
    tables = [GD, GD | {"lr": 0.1}, cosine, cosine | {"lr": 0.1}, *own, GD | {"lr": 0.2}]
    labels = made(planned, optimizers=tables).labels
    assert labels == ("gd", "gd (2)", "gd, cosine", "gd, cosine (2)", "mine", "gd (3)", "gd (4)")


def test_one_label_twice_is_a_mistake(planned):
    with pytest.raises(SpecError, match="optimizer 2, label: two optimizers have the label 'a'; give each its own"):
        made(planned, optimizers=[GD | {"label": "a"}, GD | {"label": "a"}])


@pytest.mark.parametrize("more", [{}, {"lr": [0.1, 0.2]}, {"schedule": "cosine"}, {"transforms": ["clip_norm"]}])
def test_one_table_twice_is_a_mistake(planned, more):
    said = r"optimizer 3, name: .?gd.* is given twice with the same settings; leave one out, or give each a label"
    with pytest.raises(SpecError, match=said):
        made(planned, optimizers=[GD | more, {"name": "adam", "lr": 0.1}, GD | more])
    labelled = [GD | more, GD | more | {"label": "again"}]
    assert made(planned, optimizers=labelled).labels[1] == "again"


def test_titles_are_unique_and_name_what_was_written(planned):
    problems = [
        *(ROSENBROCK, ROSENBROCK, ROSENBROCK | {"b": [1.0, 100.0]}, ROSENBROCK | {"start": "random", "dim": 3}),
        *({"name": "mlp", "hidden": [4], "dataset": "xor"}, {"name": "mlp", "hidden": [4], "dataset": "xor"}),
        {"name": "mlp", "dataset": "moons", "batch_size": [8, 16], "activation": "relu"},
    ]
    assert made(planned, problems).cases == (
        "rosenbrock",
        "rosenbrock (2)",
        "rosenbrock (b=1)",
        "rosenbrock (b=100)",
        "rosenbrock (dim=3, start=random)",
        "mlp (xor, hidden=[4])",
        "mlp (xor, hidden=[4]) (2)",
        "mlp (moons, activation=relu, batch_size=8)",
        "mlp (moons, activation=relu, batch_size=16)",
    )


MLP_ON_XOR = {"name": "mlp", "dataset": "xor"}
TWICE = "twice, at [0] and [2]; leave one out"


@pytest.mark.parametrize(
    ("problem", "optimizer", "said"),
    [
        (ROSENBROCK, GD | {"lr": [0.3, 0.1, 0.3, 0.3]}, f"optimizer 1, lr[2]: lr has 0.3 {TWICE}"),
        (ROSENBROCK | {"b": [1, 2.0, 1.0]}, GD, f"problem 1, b[2]: b has 1.0 {TWICE}"),
        (ROSENBROCK | {"dim": [2, 3, 2]}, GD, f"problem 1, dim[2]: dim has 2 {TWICE}"),
        (MLP_ON_XOR | {"hidden": [[3, 3], [4], [3, 3]]}, GD, f"problem 1, hidden[2]: hidden has [3, 3] {TWICE}"),
        (
            MLP_ON_XOR | {"activation": ["relu", "tanh", "relu"]},
            GD,
            f'problem 1, activation[2]: activation has "relu" {TWICE}',
        ),
        (
            ROSENBROCK,
            GD | {"schedule": {"name": "step", "every": [5, 6, 5]}},
            f"optimizer 1, schedule.every[2]: every has 5 {TWICE}",
        ),
        (
            ROSENBROCK,
            GD | {"transforms": [{"name": "clip_norm", "max_norm": [5, 6, 5]}]},
            f"optimizer 1, transforms[0].max_norm[2]: max_norm has 5 {TWICE}",
        ),
        (
            ROSENBROCK,
            GD | {"lr": {"linear": [0.9, 0.9000000000000001], "num": 5}},
            "optimizer 1, lr: lr is too fine a grid: of its 5 values only 2 differ; "
            "write a smaller num or bounds further apart",
        ),
    ],
)
def test_a_value_twice_is_a_mistake_and_never_a_second_seed(planned, problem, optimizer, said):
    with pytest.raises(SpecError) as info:
        made(planned, [problem], [optimizer])
    assert str(info.value).startswith(f"<experiment>: {said}")


def test_a_list_that_is_one_value_may_contain_a_number_twice(planned):
    made_plan = made(planned, [MLP_ON_XOR | {"hidden": [3, 3]}])
    assert made_plan.cases == ("mlp (xor, hidden=[3, 3])",)


# ---- size ------------------------------------------------------------------------------------------------------------

HUNDRED = {"linear": [0.1, 0.9], "num": 100}
BATCHES = {"linear": [1, 100], "num": 100}
MLP = {"name": "mlp", "dataset": "digits"}
ADAM = {"name": "adam"}


@pytest.mark.parametrize(
    ("problem", "optimizer", "rest", "said"),
    [
        (
            *(ROSENBROCK, ADAM | dict.fromkeys(("lr", "beta1", "beta2", "eps"), HUNDRED) | {"lr": HUNDRED}, {}),
            "optimizer 1, lr: the grid has 100,000,000 runs, more than 10,000,000; 'lr' has 100 values",
        ),
        (
            *(ROSENBROCK | {"a": HUNDRED, "b": HUNDRED}, ADAM | {"lr": HUNDRED, "beta1": HUNDRED}, {}),
            "problem 1, a: the grid has 100,000,000 runs, more than 10,000,000; 'a' has 100 values",
        ),
        (
            *(ROSENBROCK, ADAM | {"lr": {"linear": [0.1, 0.9], "num": 90_000}, "beta1": HUNDRED | {"num": 200}}, {}),
            "optimizer 1, lr: the grid has 18,000,000 runs, more than 10,000,000; 'lr' has 90,000 values",
        ),
        (
            *(ROSENBROCK | {"start": "random"}, GD, {"seeds": 10**12}),
            "seeds: the grid has 1,000,000,000,000 runs, more than 10,000,000; 'seeds' has 1,000,000,000,000 values",
        ),
        (
            *(MLP | {"batch_size": BATCHES, "hidden": [[n] for n in range(1, 102)]}, GD, {}),
            "problem 1, hidden: the grid has 10,100 sweeps, one for each combination of choices, more than 10,000; "
            "'hidden' has 101 values",
        ),
        (
            *(
                MLP | {"batch_size": [8, 16]},
                GD | {"lr": HUNDRED, "schedule": {"name": "step", "every": BATCHES, "factor": HUNDRED}},
                {"seeds": 10},
            ),
            "seeds: the grid has 20,000,000 runs, more than 10,000,000; 'seeds' has 10 values",
        ),
        (
            *(ROSENBROCK | {"dim": {"linear": [2, 20_001], "num": 20_000}}, GD, {}),
            "problem 1, dim: the grid has 20,000 sweeps, one for each combination of choices, more than 10,000; "
            "'dim' has 20,000 values",
        ),
        (
            *(ROSENBROCK, GD | {"lr": {"log": [0.01, 1.0], "num": 100}}, {"steps": 10**7, "record": {"points": 10**7}}),
            "record.points: 3,000,000,000 numbers would be recorded along the steps of all runs, more than "
            "1,000,000,000; record fewer points",
        ),
        (
            *({"name": "sphere", "dim": 10**6}, GD, {"steps": 10**4, "record": {"points": 5000, "trajectories": True}}),
            "record.trajectories: 5,000,005,000 numbers would be recorded along the steps of all runs, more than "
            "1,000,000,000; leave trajectories out, or record fewer points",
        ),
        (
            *(MLP, GD, {"steps": 10**7, "seeds": 100, "record": {"evaluations": 10**7}}),
            "record.evaluations: 3,000,020,000 numbers would be recorded along the steps of all runs, more than "
            "1,000,000,000; record fewer evaluations",
        ),
        (
            *(MLP | {"hidden": [1_000_000, 1_000_000]}, GD, {}),
            "problem 1, hidden: mlp has 1,000,076,000,010 parameters here, more than 10,000,000; make it smaller",
        ),
        (
            *(MLP | {"hidden": [4] * 1000}, GD, {}),
            "problem 1, hidden: mlp has 2,002 tensors here, more than 2,000; give it fewer layers",
        ),
    ],
)
def test_a_far_too_large_grid_is_refused_at_once(planned, problem, optimizer, rest, said):
    with pytest.raises(SpecError) as info, cProfile.Profile() as profile:
        made(planned, [problem], [optimizer], **rest)
    assert str(info.value) == f"<experiment>: {said}"
    assert pstats.Stats(profile).total_calls < 200_000  # far fewer than runs, values or parameters


def test_other_mistakes_are_reported_together_with_the_size(planned):
    with pytest.raises(SpecError) as info:
        made(
            planned,
            [ROSENBROCK | {"c": 1.0}],
            [ADAM | dict.fromkeys(("lr", "beta1", "beta2", "eps"), HUNDRED), {"name": "adm"}],
        )
    places = [mistake.path for mistake in info.value.mistakes]
    assert sorted(places) == [("optimizer", 0, "lr"), ("optimizer", 1, "name"), ("problem", 0, "c")]


# ---- identity --------------------------------------------------------------------------------------------------------

BASE = {
    "steps": 10,
    "seeds": 2,
    "record": {"evaluations": 2},
    "problem": [{"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8}],
    "optimizer": [{"name": "adam", "lr": [0.1, 0.2], "schedule": {"name": "step", "every": 5}}],
}


def changed(table, key, value):
    return BASE | {table: [BASE[table][0] | {key: value}]}


@pytest.mark.parametrize(
    "other",
    [
        *(BASE | {"steps": 11}, BASE | {"seeds": 3}, BASE | {"seed": 1}, BASE | {"name": "other"}),
        *(BASE | {"record": {"evaluations": 2, "points": 3}}, BASE | {"record": {"evaluations": 3}}),
        BASE | {"record": {"evaluations": 2, "trajectories": True}},
        *(
            changed("problem", "hidden", [4]),
            changed("problem", "batch_size", 9),
            changed("problem", "dataset", "moons"),
        ),
        *(changed("problem", "test_fraction", 0.3), changed("problem", "init", "he")),
        *(
            changed("optimizer", "lr", [0.1, 0.3]),
            changed("optimizer", "beta1", 0.8),
            changed("optimizer", "label", "a"),
        ),
        changed("optimizer", "schedule", {"name": "step", "every": 6}),
        changed("optimizer", "schedule", "cosine"),
        changed("optimizer", "name", "rmsprop"),
    ],
)
def test_whatever_affects_the_results_changes_the_identity(planned, other):
    assert planned(other).id != planned(BASE).id


def test_what_does_not_affect_the_results_keeps_the_identity(planned):
    assert planned(BASE | {"description": "words"}).id == planned(BASE).id


def test_the_data_are_part_of_the_identity_to_the_last_test_label(planned):
    def blobs(labels):
        @dataset
        def blobs():
            """Six points."""
            return np.arange(12.0).reshape(6, 2), labels

        table = {"name": "mlp", "dataset": "blobs", "test_fraction": 0.5}
        return made(planned, [table], plugins=[blobs]).sweeps[0]

    one, other = blobs([0, 0, 0, 1, 1, 1]), blobs([0, 0, 0, 1, 1, 1])
    assert one.id == other.id
    swapped = [[0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 1, 1], [0, 1, 0, 1, 0, 1]]
    assert len({blobs(labels).id for labels in swapped}) == 4


def test_test_targets_alone_change_the_identity(planned):
    (sweep,) = planned(BASE).sweeps
    split = sweep.case.split
    other = dataclasses.replace(split, test_targets=1 - split.test_targets)
    case = dataclasses.replace(sweep.case, split=other)
    assert fingerprint.of_sweep(sweep) == sweep.id
    assert fingerprint.of_sweep(dataclasses.replace(sweep, case=case)) != sweep.id


def test_the_source_of_a_plugin_is_part_of_the_identity(planned, tmp_path):
    def with_text(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        scope = {"optimizer": optimizer}
        exec(compile(text, str(path), "exec"), scope)
        return made(planned, optimizers=[{"name": "mine"}], plugins=[scope["mine"]]).id

    text = "@optimizer\ndef mine(x, g, *, lr=0.1):\n    return x - lr * g\n"
    assert with_text(text) == with_text(text)
    assert with_text(text) != with_text(text.replace("- lr", "- 2 * lr"))


def test_identity_is_the_same_in_another_process(planned):
    code = f"""
        from optlab.experiments import plan, document as spec; from optlab.plugins import registry
        print(plan.make(spec.read_dict({{"name": "e", **{BASE!r}}}), registry.load(())).id)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == planned(BASE).id
