import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from optlab.errors import TraceError, UserError
from optlab.explain.directional import derivative, directional, steepest
from optlab.plugins import registry
from optlab.plugins.problems.functions.rosenbrock import rosenbrock
from optlab.plugins.problems.functions.saddle import saddle
from tests.cases import every

KNOWN = registry.load(())
PLANE = [p for p in KNOWN.problems.values() if not p.trains_on_data and not p.name.startswith("bbob")]


def apart(a, b):
    """The angle between two directions, given by their angles."""
    return abs((a - b + np.pi) % (2 * np.pi) - np.pi)


def torch_slope(at):
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2).backward()
    return x.grad.numpy()


@pytest.mark.parametrize("at", [[-1.5, 2.0], [0.3, -0.2], [1.9, 1.1]])
def test_rosenbrock_against_torch(at):
    result = directional(rosenbrock, at, direction=[3.0, -4.0])
    expected = torch_slope(at)
    np.testing.assert_allclose(result.gradient, expected, rtol=1e-14)
    units = np.stack([np.cos(np.radians(result.angles)), np.sin(np.radians(result.angles))], 1)
    np.testing.assert_allclose(result.projected, units @ expected, atol=1e-12 * result.length)
    np.testing.assert_allclose(result.measured, units @ expected, atol=1e-10 * result.length)
    assert result.along == pytest.approx(0.6 * expected[0] - 0.8 * expected[1], rel=1e-14)
    assert result.along_measured == pytest.approx(result.along, rel=1e-10)


def test_slopes_calculated_by_hand():
    result = directional(lambda x: x[0] ** 2 + x[0] * x[1], [1.0, 1.0], direction=[0.0, -5.0])  # gradient (3, 1)
    assert result.gradient.tolist() == [3.0, 1.0]
    assert result.value == 2.0
    assert result.length == pytest.approx(np.sqrt(10), rel=1e-15)
    assert result.angle == pytest.approx(np.arctan(1 / 3), rel=1e-15)
    assert result.level == pytest.approx((np.arctan(1 / 3) + np.pi / 2, np.arctan(1 / 3) + 3 * np.pi / 2))
    assert result.along == -1.0
    assert result.angles.tolist() == list(range(0, 360, 15))
    assert result.projected[6] == pytest.approx(1.0, rel=1e-15)  # along the second axis
    assert result.smooth


@pytest.mark.parametrize("problem", every(2, PLANE), ids=lambda p: p.name)
def test_the_steepest_direction_is_found_without_the_gradient(problem):
    for at in np.random.default_rng(5).uniform(-2, 2, (3, 2)):
        result = directional(problem, at)
        assert apart(result.steepest, result.angle) < 1e-6
        assert np.abs(result.measured - result.projected).max() < 1e-7 * result.length
        assert result.smooth


def test_the_search_for_the_steepest_direction_uses_slopes_only():
    angles = np.radians(np.arange(0, 360, 15))
    for top in (0.1, 3.0, 6.2):
        found = steepest(lambda a, top=top: 5 * np.cos(a - top), angles, 5 * np.cos(angles - top))
        assert apart(found, top) < 1e-12


@given(
    point=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    direction=st.tuples(st.floats(-9, 9), st.floats(-9, 9)).filter(lambda d: np.hypot(*d) > 1e-3),
)
def test_the_quotient_against_an_analytic_derivative(point, direction):
    unit = np.array(direction) / np.hypot(*direction)
    p = np.array(point)
    slope, error = derivative(lambda q: float(np.exp(q[0]) * np.sin(q[1])), p, unit)
    exact = np.exp(p[0]) * (np.sin(p[1]) * unit[0] + np.cos(p[1]) * unit[1])
    assert abs(slope - exact) < 1e-9
    assert abs(slope - exact) <= 10 * error + 1e-13


def test_the_length_of_the_direction_does_not_matter():
    for size in (1e-300, 1.0, 1e300):
        result = directional(rosenbrock, [0.0, 1.0], direction=[size, size])
        np.testing.assert_allclose(result.direction, [np.sqrt(0.5)] * 2, rtol=1e-15)


def test_a_stationary_point_has_no_steepest_direction():
    result = directional(saddle, [0.0, 0.0], direction=[1.0, 1.0])
    assert result.stationary
    assert np.isnan([result.angle, result.steepest, *result.level]).all()
    assert np.abs(result.measured).max() < 1e-12
    assert "a stationary point: no direction is steepest" in str(result)
    assert "df/dl = ∇f · e = 0; by the quotient" in str(result)
    assert "nan" not in str(result)


def test_at_a_kink_the_difference_from_the_gradient_is_reported():
    result = directional(lambda x: np.abs(x[0]) + x[1], [0.0, 0.0])
    assert result.measured[0] == pytest.approx(1.0)  # along the first axis f rises on both sides
    assert result.projected[0] == 0.0
    assert not result.smooth
    assert "has a kink here" in str(result)


@pytest.mark.parametrize(
    ("f", "direction"),
    [
        (KNOWN.problems["ackley"].function, "df/dl = 2.8284271 by the quotient; ∇f · e = 0\n"),
        (lambda x: np.maximum(x[0], x[1]), "df/dl = 0.8 by the quotient; ∇f · e = 0.7\n"),
    ],
)
def test_at_a_kink_without_a_gradient_none_is_printed(f, direction):
    text = str(directional(f, [0.0, 0.0], direction=[3.0, 4.0]))
    assert "chosen by the engine: f has a kink here, and its true slopes are the quotients below" in text
    assert direction in text
    assert not any(word in text for word in ("stationary", "steepest", "level", "df/dl = ∇f · e"))


def test_on_the_border_of_its_domain_a_function_lacks_some_derivatives():
    result = directional(lambda x: np.sqrt(x[0] - 1) ** 3 + x[1], [1.0, 0.0])
    assert np.isnan(result.measured).any()
    assert "steepest   unknown: not every direction has a derivative" in str(result)


def test_the_printed_text():
    text = str(directional(rosenbrock, [-1.5, 2.0], direction=[1.0, 1.0])).splitlines()
    assert text[0] == "Directional derivatives of rosenbrock at (-1.5, 2)"
    assert text[2:5] == [
        "value      f = 12.5",
        "gradient   ∇f = (-155, -50)",
        "           its length is |∇f| = 162.86497, its angle 197.879°",
    ]
    assert text[5].startswith("steepest   197.879°, found by search; differs from the gradient's angle by ")
    assert text[6] == "level      107.879° and 287.879°, where df/dl = 0"
    assert text[7] == "direction  e = (0.70710678, 0.70710678) at 45°"
    assert text[8] == ("           df/dl = ∇f · e = -144.95689 = |∇f| cos θ, θ = 152.879°; by the quotient -144.95689")
    assert [line.split()[0] for line in text[11:]] == [f"{angle}°" for angle in range(0, 360, 15)]


@pytest.mark.parametrize(
    ("at", "direction", "said"),
    [
        ([1.0], None, r"the point is \[1.0\]; give two finite numbers"),
        ([1.0, np.nan], None, "the point is .*; give two finite numbers"),
        ("here", None, "the point is 'here'; give two numbers"),
        ([1.0, 2.0], [0.0, 0.0], "the direction is the zero vector"),
        ([1.0, 2.0], [1.0, 0.0, 0.0], "the direction is .*; give two finite numbers"),
    ],
)
def test_mistakes(at, direction, said):
    with pytest.raises(UserError, match=said):
        directional(rosenbrock, at, direction)


def test_functions_of_anything_but_two_variables():
    with pytest.raises(UserError, match="'mlp' is a function of all weights of its network"):
        directional(KNOWN.problems["mlp"], [0.0, 0.0])
    with pytest.raises(TraceError):
        directional(lambda x: x[2], [0.0, 0.0])
    with pytest.raises(TraceError):
        directional(lambda x: x**2, [0.0, 0.0])
    with pytest.raises(UserError, match=r"f is inf at \(0, 1\); choose a point where it is finite"):
        directional(lambda x: 1 / x[0], [0.0, 1.0])
