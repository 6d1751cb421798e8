"""Runs that oscillate around minima at kinks, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.execution.records import Case, DomainDraw
from optlab.experiments.maps import minima
from optlab.experiments.maps.bouncing import Tails, around, is_sharp
from optlab.experiments.maps.minima import Landscape, Minima

PLUGIN = '''\
import numpy as np
from optlab import problem


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0), minimum=(0.3, -0.2))
def cone(x):
    """A cone."""
    return np.linalg.norm(x - np.array([0.3, -0.2]))


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0), minimum=(0.3, -0.2))
def corner(x):
    """A sum of absolute values."""
    return np.sum(np.abs(x - np.array([0.3, -0.2])))


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0), minimum=(0.3, -0.2))
def roof(x):
    """A largest absolute value."""
    return np.max(np.abs(x - np.array([0.3, -0.2])))


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0), minimum=(0.3, -0.2))
def slow(x):
    """A kink along x0, a hundred times flatter along x1."""
    return np.abs(x[0] - 0.3) + 0.01 * np.abs(x[1] + 0.2)
'''
FLAT = ["sphere", "rosenbrock", "himmelblau", "rastrigin", "griewank", "beale", "branin", "ellipsoid condition=1e6"]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A working directory with a plugin."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(PLUGIN)
    return tmp_path


def basins(problem, *rules, resolution=8, steps=400, **more):
    return optlab.basins(problem, list(rules), resolution=resolution, steps=steps, plots=False, **more).maps


def landscape(of, **options):
    return Landscape(
        Case(of, 2, DomainDraw(), dict(of.signature.choices)),
        {**of.signature.numbers, **options},
        np.array(of.bounds(2)),
    )


RULES = [
    "gd lr=0.01",
    "gd lr=0.1",
    "momentum lr=0.01",
    "adam lr=0.1",
    "adam lr=0.03",
    "signsgd lr=0.1",
    "rmsprop lr=0.03",
]


@pytest.mark.parametrize("name", ["cone", "corner", "roof"])
def test_all_runs_on_a_function_with_one_kink_reach_it(lab, name):
    for found in basins(name, *RULES):
        assert found.minima.tolist() == [[0.3, -0.2]]
        assert (found.minimum == 0).all(), found.title


@pytest.mark.parametrize("backend", ["replay", "native"])
def test_the_step_at_which_a_run_begins_to_bounce(lab, backend):
    """Gradient descent on a sum of absolute values: the first step at which the loss is as low as in the last ones."""
    (found,) = basins("corner", "gd lr=0.1", resolution=6, steps=100, backend=backend)
    for row, y in enumerate(found.y):
        for column, x in enumerate(found.x):
            p, losses = np.array([x, y]), []
            for _ in range(101):
                losses.append(np.abs(p - [0.3, -0.2]).sum())
                p = p - 0.1 * np.sign(p - [0.3, -0.2])
            level = max(losses[-16:])
            first = next(t for t, loss in enumerate(losses) if loss <= level + 1e-9)
            assert abs(found.reached[row, column] - first) <= 2  # two losses in turn, which rounding may swap


def test_an_approaching_run_has_not_reached_the_minimum(lab):
    """Along x1 the function is so flat that no run reaches the minimum. Along x0 all runs oscillate from the start."""
    (found,) = basins("slow", "gd lr=0.01", steps=300)
    ends = found_ends(lab / "results" / "slow_basins")
    far = np.abs(ends[1] + 0.2) > 0.02
    assert far.mean() > 0.9
    assert (np.abs(ends[0] - 0.3) < 0.02).all()
    assert (found.minimum.ravel()[far] == -1).all()


def found_ends(folder):
    runs = optlab.load(folder).runs
    return runs[["end.x0", "end.x1"]].to_numpy().T


def test_with_decreasing_steps_a_kink_is_reached_to_the_tolerance(lab):
    """With a schedule that falls to 0 the steps become shorter. The run reaches the minimum in both cases."""
    table = {"name": "gd", "lr": 0.05, "schedule": "linear"}
    (found,) = basins("corner", table)
    assert (found.minimum == 0).all()


def test_the_funnel_of_ackley_belongs_to_its_minimum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gd, adam = basins("ackley", "gd lr=0.01", "adam lr=0.1", resolution=24)
    x, y = np.meshgrid(gd.x, gd.y)
    funnel = np.hypot(x, y) < 0.45
    for found in (gd, adam):
        assert found.minima[0].tolist() == [0.0, 0.0]
        assert (found.minimum[funnel] == 0).all()
        assert (found.reached[funnel] > 0).all()
        assert (found.minimum[~funnel & (np.hypot(x, y) > 1.3)] != 0).all()


def test_recorded_paths_are_those_of_all_steps(lab):
    """The recording of the first pass does not replace the requested recording."""
    document = {"name": "e", "steps": 40, "basins": {"resolution": 3}, "problem": [{"name": "corner"}]}
    document |= {"optimizer": [{"name": "gd", "lr": 0.1}], "record": {"points": 5, "trajectories": True}}
    results = optlab.run(document, plots=False)
    assert sorted(results.history["step"].unique()) == [0, 10, 20, 30, 40]
    assert sorted(results.trajectories["step"].unique()) == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("name", FLAT)
def test_smooth_minima_do_not_count_as_kinks(built_in, name):
    name, _, option = name.partition(" ")
    options = {"condition": float(option.partition("=")[2])} if option else {}
    of = landscape(built_in.problem(name), **options)
    assert len(minima.known(of))
    assert not is_sharp(of, minima.known(of)).any()


def test_oscillating_runs_by_hand(built_in):
    """Over the minimum; past it by less and by more than its movement; still approaching; moving too far; diverged."""
    of = landscape(built_in.problem("ackley"))
    low = np.array([[-0.1, -0.1, -0.1, 0.1, -1.0, np.nan], [0.0, 0.15, 0.25, 0.1, -1.0, np.nan]])
    high = np.array([[0.1, 0.1, 0.1, 0.3, 1.0, np.nan], [0.0, 0.15, 0.25, 0.3, 1.0, np.nan]])
    found = Minima(np.zeros((1, 2)), np.zeros(1), 1e-6)
    assert around(of, found, high, Tails(low, high, np.ones(6))).tolist() == [0, 0, -1, -1, -1, -1]
    smooth = landscape(built_in.problem("sphere"))
    assert around(smooth, found, high, Tails(low, high, np.ones(6))).tolist() == [-1] * 6
    none = Minima(np.empty((0, 2)), np.empty(0), 0.0)
    assert around(of, none, high, Tails(low, high, np.ones(6))).tolist() == [-1] * 6
