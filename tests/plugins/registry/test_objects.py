"""Plugins given as objects, as in a notebook: in experiments, races and maps."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import optlab
from optlab import dataset, optimizer, problem, schedule, transform
from optlab.errors import PluginError, SpecError, UserError
from optlab.explain.directional import directional
from optlab.explain.equations import equations
from optlab.plugins import registry


@optimizer
def mine(x, g, *, lr=0.1):
    """Gradient descent."""
    return x - lr * g


@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def bowl(x, *, tilt=0.5):
    """A tilted bowl."""
    return np.sum(x**2) + tilt * x[0] * x[1]


@schedule
def half(t, *, steps):
    """Half the rate."""
    return 0.5 + 0.0 * t


@transform
def halfway(x, *, step, share=0.5):
    """A fraction of the step."""
    return x + share * (step(x) - x)


@dataset
def pairs():
    """Two classes on a line."""
    return [[0.0], [1.0], [0.1], [0.9]] * 5, [0, 1, 0, 1] * 5


def plain(a, b, c=1.0):
    return a * a + c * b * b


def test_an_experiment_with_objects_equals_that_with_names(tmp_path, built_in):
    document = {
        "name": "t",
        "steps": 10,
        "problem": [bowl, {"name": "mlp", "dataset": [pairs, "xor"], "hidden": [2]}],
        "optimizer": [{"name": mine, "lr": 0.2, "schedule": {"name": half}, "transforms": [halfway, "sign"]}, "gd"],
    }
    with pytest.raises(SpecError, match="must be an array of tables"):  # a string is not a table, as in a file
        optlab.run(document, out=tmp_path, plots=False)
    document["optimizer"][1] = {"name": "gd"}
    named, known = registry.with_names(document, built_in)
    assert named["problem"] == [{"name": "bowl"}, {"name": "mlp", "dataset": ["pairs", "xor"], "hidden": [2]}]
    assert named["optimizer"][0]["schedule"] == {"name": "half"}
    assert named["optimizer"][0]["transforms"] == ["halfway", "sign"]
    assert (known.problem("bowl"), known.optimizer("mine"), known.dataset("pairs")) == (bowl, mine, pairs)
    assert "bowl" not in built_in.problems


def test_results_of_objects_by_hand(tmp_path):
    """x <- x - lr g by hand: on x1^2 + x2^2 every step multiplies x by 1 - 2 lr."""
    optimizers = [mine, {"name": mine, "lr": 0.25, "label": "fast", "transforms": [halfway], "schedule": half}]
    document = {"name": "t", "steps": 3, "problem": [{"name": bowl, "tilt": 0.0}], "optimizer": optimizers}
    runs = optlab.run(document, out=tmp_path, plots=False).runs.set_index("label")
    assert runs["final_loss"]["mine"] == pytest.approx(25 * 0.8**6, rel=1e-14)
    assert runs["final_loss"]["fast"] == pytest.approx(
        25 * (1 - 0.25 * 0.5) ** 6, rel=1e-14
    )  # half the rate, half the way


def test_race_and_maps_take_objects_and_functions(tmp_path):
    raced = optlab.race(
        [mine, "adam lr=0.1"], on=[bowl, plain_vector], steps=5, start=[1.0, 1.0], out=tmp_path, plots=False
    )
    assert raced.runs.groupby("case", sort=False)["label"].agg(set).to_dict() == {
        "bowl": {"mine", "adam"},
        "plain_vector": {"mine", "adam"},
    }
    found = optlab.basins(bowl, mine, resolution=4, steps=100, out=tmp_path, plots=False)
    np.testing.assert_allclose(found.maps[0].minima, [[0.0, 0.0]], atol=1e-6)
    sides = {"x": (-1.0, 1.0), "y": (-1.0, 1.0), "resolution": 4, "steps": 100, "out": tmp_path, "plots": False}
    for function in (plain, plain_vector, lambda x: np.sum(x**2)):
        np.testing.assert_allclose(
            optlab.basins(function, [mine, "gd lr=0.1"], **sides).maps[0].minima, [[0, 0]], atol=1e-6
        )
    stable = optlab.stability(
        {"name": plain_vector, "start": [1.0, 1.0]},
        "momentum",
        x="lr=0.1:1.9",
        y="beta=0:0.1",
        resolution=2,
        out=tmp_path,
        plots=False,
    )
    assert stable.maps[0].stable.tolist() == [[True, False], [True, False]]  # lr < 2 (1 + beta) / 2 for the Hessian 2 I


def plain_vector(x):
    return np.sum(x**2)


@pytest.mark.parametrize(
    ("optimizers", "on", "error", "message"),
    [
        ([mine], plain_vector, SpecError, "problem 1, start: plain_vector has no start of its own; write a point"),
        ([bowl], bowl, UserError, "'bowl' is one of the problems; here one of the optimizers is needed"),
        ([plain_vector], bowl, PluginError, "optimizer 'plain_vector' takes (x) by position instead of (x, g)"),
        ([mine], max, PluginError, "<built-in function max> is not a Python function"),
        ([mine], functools.partial(plain, c=2.0), PluginError, "is not a Python function; write one that calls it"),
        ([3], bowl, SpecError, "optimizer 1, name: name must be a string, not 3"),
    ],
)
def test_plugins_in_wrong_places(optimizers, on, error, message, tmp_path):
    with pytest.raises(error) as info:
        optlab.race(optimizers, on=on, out=tmp_path)
    assert message in str(info.value)
    assert not any(tmp_path.iterdir())


def test_two_plugins_with_one_name(tmp_path):
    @optimizer
    def adam(x, g, *, lr=0.1):
        """Not Adam."""
        return x - lr * g

    alone = optlab.race(adam, on="sphere", steps=2, lr="0.25:0.5:2", out=tmp_path, plots=False)
    assert alone.runs["final_loss"].min() == 0.0  # it replaces the built-in one
    with pytest.raises(UserError, match=r"two optimizers are called 'adam': .*test_objects\.py:\d+ and .*adam\.py:\d+"):
        optlab.race([adam, "adam"], on="sphere", out=tmp_path)


def test_a_map_without_a_domain_says_what_to_write(tmp_path):
    with pytest.raises(
        SpecError, match=r"plain has no domain to lay the pixels over; write x = \[lo, hi\] and y = \[lo, hi\]"
    ):
        optlab.basins(plain, mine, out=tmp_path)


def test_names_where_objects_are_taken():
    assert equations("adam").lines == equations(registry.load(()).rule("adam")).lines
    np.testing.assert_array_equal(directional("rosenbrock", [0.0, 0.0]).gradient, [-2.0, 0.0])
    with pytest.raises(UserError, match="did you mean 'adam'"):
        equations("adma")
