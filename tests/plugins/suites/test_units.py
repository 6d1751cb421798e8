"""The problems of the suite of unit tests, and their values and gradients by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad
from optlab.errors import SpecError
from optlab.execution import runner
from optlab.experiments.maps import declared
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
    assert len(plan.sweeps) == 50 + 5 * 3 * 2 * 2
    assert len(plan.cases) == 3 * 10 * (1 + 2 + 2 + 1 + 2) + 5 * 3 * 2 * (1 + 2)
    for sweep in plan.sweeps[:50:7]:
        assert runner.run(sweep).log == ""
    for sweep in plan.sweeps:
        least = declared.lowest(sweep.case, sweep.options())
        known = all(shape in WITH_MINIMUM for shape in sweep.case.choices["shapes"])
        assert (least is not None and abs(least) < 1e-13) if known else least is None


def test_a_part_of_the_suite():
    tables = units(shapes=["abs", "quadratic"], noises=["none", "cauchy"], slopes=[1.0], fields=["curled"], dim=[1, 2])
    assert [table["shapes"] for table in tables] == [["abs"]] * 2 + [["quadratic"]] * 2 + [["quadratic", "abs"]]
    assert tables[1]["noise"] == {"kind": "cauchy", "scale": [0.1]}
    assert tables[-1] == {"name": "unit", "shapes": ["quadratic", "abs"], "dim": [2], "curl": 0.1}


def test_an_unknown_shape(planned):
    with pytest.raises(SpecError, match=r"unit has no shape 'clif' \(did you mean 'cliff'\?\)"):
        planned({"problem": [{"name": "unit", "shapes": ["clif"]}], "optimizer": GD})
    with pytest.raises(SpecError, match="suite units has no 'clif' in shapes"):
        planned({"problem": [{"suite": "units", "shapes": ["clif"]}], "optimizer": GD})
