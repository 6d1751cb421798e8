"""The problems of the suite of unit tests, and their values and gradients by hand."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import grad
from optlab.errors import SpecError
from optlab.execution import runner
from optlab.experiments.maps import declared
from optlab.plugins.problems.units.drifting_unit import drifting_unit
from optlab.plugins.problems.units.unit import SHAPES, WITH_MINIMUM, rotation, unit
from optlab.plugins.suites.units import units

GD = [{"name": "gd"}]

SLOPES = {  # at z = 1, at z = 0.25 and at z = -0.5
    "line": (1, 1, 1),
    "abs": (1, 1, -1),
    "bend": (0, 1, 1),
    "relu": (1, 1, 0),
    "cliff": (1, 1, -10),
    "ridge": (1, 10, 10),
    "exponential": (1, 1000**-0.75, 1000**-1.5),
    "quadratic": (1, 0.25, -0.5),
    "gauss": (1, 0.25 * np.exp(1 - 0.0625), -0.5 * np.exp(0.75)),
    "laplace": (1, np.exp(0.75), -np.exp(0.5)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_slopes_of_the_prototypes(shape):
    for z, slope in zip((1.0, 0.25, -0.5), SLOPES[shape], strict=True):
        found = grad(lambda x: unit(x, shapes=(shape,), slope=3.0))(np.array([z]))
        np.testing.assert_allclose(found, [3.0 * slope], rtol=1e-13)
    assert len(unit.minima_at(1, {"shapes": (shape,)})) == (shape in WITH_MINIMUM)
    if shape in WITH_MINIMUM:
        z = np.linspace(-2.0, 2.0, 401)
        values = [float(unit(np.array([one]), shapes=(shape,))) for one in z]
        assert min(values) == values[200] == 0.0


def test_coordinates_have_their_own_shapes_and_may_be_rotated():
    x, shapes = np.array([0.5, -0.3, 1.2]), ("abs", "quadratic")
    assert float(unit(x, shapes=shapes)) == pytest.approx(0.5 + 0.045 + 1.2)
    q = rotation(3)
    np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-14)
    z = q @ (x - 1) + 1
    assert float(unit(x, shapes=shapes, rotated=True)) == pytest.approx(abs(z[0]) + z[1] ** 2 / 2 + abs(z[2]))
    (least,) = unit.minima_at(3, {"shapes": shapes, "rotated": True})
    assert abs(float(unit(least, shapes=shapes, rotated=True))) < 1e-14


def test_a_curl_turns_the_gradient_and_changes_no_value():
    x = np.array([0.5, -0.3, 1.2])
    assert unit(x, curl=0.7) == unit(x)
    found = grad(lambda x: unit(x, curl=0.7))(x)
    np.testing.assert_allclose(found, x + 0.7 * np.array([0.3, 0.5, 0.0]), rtol=1e-14)


def test_the_whole_suite_is_run(planned):
    plan = planned({"problem": [{"suite": "units"}], "optimizer": GD, "seeds": 2, "record": {"points": 0}})
    assert len(plan.sweeps) == 50 + 6 * 2 + 5 * 3 * 2 * 2
    drifting = 6 * 2 * 3 * (1 + 2)
    assert len(plan.cases) == 3 * 10 * (1 + 2 + 2 + 1 + 2) + drifting + 5 * 3 * 2 * (1 + 2)
    assert sum(title.startswith("drifting_unit (") for title in plan.cases) == drifting
    for sweep in plan.sweeps[:62:7]:
        assert runner.run(sweep).log == ""
    for sweep in plan.sweeps:
        least = declared.lowest(sweep.case, sweep.options())
        known = all(shape in WITH_MINIMUM for shape in sweep.case.choices["shapes"])
        assert (least is not None and abs(least) < 1e-13) if known else least is None


def test_a_part_of_the_suite():
    part = {"noises": ["none", "cauchy"], "slopes": [1.0], "fields": ["curled"], "dim": [1, 2], "drifts": [0.0]}
    tables = units(shapes=["abs", "quadratic"], **part)
    assert [table["shapes"] for table in tables] == [["abs"]] * 2 + [["quadratic"]] * 2 + [["quadratic", "abs"]]
    assert tables[1]["noise"] == {"kind": "cauchy", "scale": [0.1]}
    assert tables[-1] == {"name": "unit", "shapes": ["quadratic", "abs"], "dim": [2], "curl": 0.1}


def test_a_part_with_drift_only():
    tables = units(shapes=["line", "abs"], noises=["none", "cauchy"], slopes=[1.0], drifts=[0.1])
    assert tables == [{"name": "drifting_unit", "shapes": ["abs"], "dim": [1], "slope": [1.0], "drift": [0.1]}]
    assert not [table for table in units(drifts=[0.0]) if table["name"] == "drifting_unit"]


@pytest.mark.parametrize("shape", WITH_MINIMUM)
def test_the_minimum_drifts_away_from_the_start(shape):
    """At step t the function of x is that of the first step at x + drift (t - 1)."""
    for t in (1, 2, 51):
        least = np.array([-0.02 * (t - 1)])
        assert float(drifting_unit(least, t=t, drift=0.02, shapes=(shape,))) == 0.0
        moved = float(drifting_unit(least + 0.3, t=t, drift=0.02, shapes=(shape,), slope=2.0))
        assert moved == pytest.approx(float(unit(np.array([0.3]), shapes=(shape,), slope=2.0)), abs=1e-15)


@pytest.mark.parametrize("backend", ["native", "replay"])
def test_gradient_descent_stays_behind_by_the_drift_over_the_rate(planned, backend):
    """With e the distance to the minimum, e <- (1 - lr slope) e + drift per step, at rest at drift / (lr slope)."""
    problem = {"name": "drifting_unit", "dim": 1, "drift": [0.01, 0.05], "slope": [1.0, 2.0]}
    optimizer = {"name": "gd", "lr": [0.1, 0.4]}
    document = {"problem": [problem], "optimizer": [optimizer], "steps": 500, "backend": backend}
    (sweep,) = planned(document).sweeps
    task = runner.Runner([sweep])
    done = task(sweep, lambda done: None)
    assert task.backend(sweep) == backend
    drift, slope = (sweep.numbers["option", name] for name in ("drift", "slope"))
    behind = drift / (sweep.numbers["hyperparameter", "lr"] * slope)
    np.testing.assert_allclose(done.final_loss, slope * behind**2 / 2, rtol=1e-9)


def test_the_matrix_has_a_row_of_drift(tmp_path):
    """A rule that hardly moves ends worse than at the start, since the minimum moves away."""
    problem = {"suite": "units", "shapes": ["quadratic"], "noises": ["none"], "slopes": [1.0], "dim": [1]}
    rules = [{"name": "gd", "lr": [0.1, 1.0]}, {"name": "gd", "label": "slow", "lr": 1e-3}]
    document = {"name": "drift", "steps": 100, "problem": [problem], "optimizer": rules}
    found = optlab.run(document, out=tmp_path, plots=False)
    matrix = found.units().set_index(["label", "difficulty"])[["passed", "tests"]]
    assert matrix.loc[("gd", "drifting")].tolist() == [2, 2]
    assert matrix.loc[("slow", "drifting")].tolist() == [0, 2]
    tests = found.unit_tests().set_index(["label", "drift"])
    assert sorted(tests.index.unique("drift")) == [0.0, 0.01, 0.1]
    lag, start = 0.1, 1.0  # of gd with lr = 1, at the drift of 0.1
    x = 1 - sum(1e-3 * (1 - 1e-3) ** k for k in range(100))  # of the slow rule without drift
    behind = x + 0.1 * sum((1 - 1e-3) ** k for k in range(100))  # and with it
    gain = (start**2 - behind**2) / (start**2 - lag**2)
    assert tests.loc[("slow", 0.1), "gain"] == pytest.approx(gain, rel=1e-9)


def test_an_unknown_shape(planned):
    with pytest.raises(SpecError, match=r"unit has no shape 'clif' \(did you mean 'cliff'\?\)"):
        planned({"problem": [{"name": "unit", "shapes": ["clif"]}], "optimizer": GD})
    with pytest.raises(SpecError, match="suite units has no 'clif' in shapes"):
        planned({"problem": [{"suite": "units", "shapes": ["clif"]}], "optimizer": GD})
