"""`check_grad`: right gradients pass, and wrong components are found, without use of the engine."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab import check_grad, grad
from optlab.errors import TraceError, UserError
from optlab.plugins import registry
from tests.cases import every

RIGHT = {
    "analytic": (lambda x: np.sum(np.sin(x) * np.exp(-x)), [0.3, -2.0, 1.0]),
    "complex numbers pass np.abs, and give a wrong slope": (lambda x: np.sum(np.abs(x) * x), [0.3, -2.0]),
    "norm": (lambda x: np.linalg.norm(x), [3.0, -4.0]),
    "maximum": (lambda x: np.sum(np.maximum(x, 0.5) ** 2), [0.3, 2.0]),
    "matrix": (lambda x: np.sum(x @ x.T), [[1.0, 2.0], [3.0, 4.0]]),
    "number": (lambda x: x**3, 2.0),
    "steep": (lambda x: 1e8 * np.sum(x**2), [1.0, 1e-9]),
    "far out": (lambda x: np.sum(x**2), [1e6, -1e-6]),
    "a root next to its end": (lambda x: np.sum(np.abs(x) ** 0.5), [1e-8, 2.0]),
    "a logarithm next to its end": (lambda x: np.sum(np.log(np.maximum(x, 0))), [1e-10, 2.0]),
    "not defined beyond": (lambda x: np.sum(np.sqrt(x)), [1e-8, 1e-3]),
    "wavy": (lambda x: np.sum(np.cos(50 * np.abs(x))), [0.7, 2.0]),
    "no numbers": (lambda x: np.sum(x**2), np.empty((0, 2))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name):
    f, x = RIGHT[name]
    assert check_grad(f, x), str(check_grad(f, x))


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "no numbers"])
@pytest.mark.parametrize("relative", [1e-5, -2.0, 1.0])
def test_wrong_gradients_are_found(name, relative):
    f, x = RIGHT[name]

    def wrong(x):
        slope = np.array(grad(f)(x))
        slope.flat[0] += relative * (1 + abs(slope.flat[0]))
        return slope

    found = check_grad(f, x, gradient=wrong)
    assert not found
    assert [c.index for c in found.wrong] == [(0,) * np.ndim(x)]


@pytest.mark.parametrize("problem", every(3, registry.load(()).problems.values()), ids=lambda p: p.name)
def test_every_problem_at_random_points(problem):
    if problem.trains_on_data or problem.name.startswith("bbob"):  # tests/plugins/problems/test_bbob.py
        return
    low, high = problem.bounds(problem.default_dim)
    for point in np.random.default_rng(0).uniform(low, high, size=(5, problem.default_dim)):
        assert check_grad(lambda x: problem(x), point), (problem.name, point)


def test_the_complex_step_is_exact_and_the_difference_has_an_error_bound():
    (by_step,) = check_grad(lambda x: np.exp(x), 1.0).components
    assert (by_step.method, by_step.expected) == ("complex step", pytest.approx(math.e, rel=1e-15))
    (through_abs,) = check_grad(lambda x: np.exp(np.abs(x)), -1.0).components
    assert (through_abs.method, through_abs.expected) == ("complex step", pytest.approx(-math.e, rel=1e-15))
    (by_difference,) = check_grad(lambda x: math.exp(x), 1.0, gradient=np.exp).components
    assert by_difference.method == "central difference"
    assert abs(by_difference.expected - math.e) <= by_difference.tolerance <= 1e-8


def test_a_table_names_the_worst_component_first():
    check = check_grad(lambda x: np.sum(x**2), [1.0, 2.0, 3.0], gradient=lambda x: np.array([2.0, 4.5, 7.0]))
    assert [c.name for c in check.wrong] == ["df/dx[2]", "df/dx[1]"]
    lines = str(check).splitlines()
    assert lines[0] == "gradient of <lambda>: WRONG in 2 of 3 components"
    assert "df/dx[2]" in lines[2]
    assert lines[2].endswith("<-- wrong")


@pytest.mark.parametrize(("slope", "is_right"), [(0.0, True), (0.5, True), (1.0, True), (1.2, False), (-0.1, False)])
def test_at_a_kink_any_value_between_the_slopes_is_right(slope, is_right):
    check = check_grad(lambda x: np.sum(np.maximum(x, 0)), [0.0, 2.0], gradient=lambda x: np.array([slope, 1.0]))
    assert bool(check) is is_right
    assert check.components[0].method == "kink: slopes 0, 1"


def cone(x):
    return np.exp(-np.linalg.norm(x))


KINKS = {
    "abs": (lambda x: np.abs(x), 0.0, (-1.0, 1.0)),
    "maximum": (lambda x: np.maximum(x, 0), 0.0, (0.0, 1.0)),
    "minimum": (lambda x: 3 * np.minimum(x, 2), 2.0, (3.0, 0.0)),
    "with steep curvature": (lambda x: np.abs(x) + 1e6 * x**2, 0.0, (-1.0, 1.0)),
    "a weak one on a large value": (lambda x: 1e3 + 1e-3 * np.abs(x) + x**2, 0.0, (-1e-3, 1e-3)),
    "far out": (lambda x: 1e9 * np.abs(x - 1e6), 1e6, (-1e9, 1e9)),
    "with a root's curvature": (lambda x: np.abs(x) + np.abs(x) ** 1.5, 0.0, (-1.0, 1.0)),
    "not at 0": (lambda x: np.clip(x, -1, 0.3) * np.cos(x), 0.3, (0.8666803, -0.0886561)),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_reported_with_both_slopes_although_the_central_difference_agrees(name):
    f, x, slopes = KINKS[name]
    check = check_grad(f, x, gradient=lambda x: np.asarray(sum(slopes) / 2))
    assert check
    assert check.components[0].slopes == pytest.approx(slopes, rel=2e-5, abs=1e-8)
    assert check.verdict == "a kink in 1 of 1 component"


def test_the_text_at_a_kink():
    check = check_grad(lambda x: np.sum(np.abs(x) + x), [2.0, 0.0, 1.0])
    assert (check.verdict, check.kinks) == ("right; a kink in 1 of 3 components", check.components[1:2])
    lines = str(check).splitlines()
    assert lines[0] == "gradient of <lambda>: right; a kink in 1 of 3 components"
    assert lines[2].startswith("  df/dx[1] ")  # kinks are shown before right components
    assert lines[2].endswith("kink: slopes 0, 2")
    assert lines[-1] == "  At a kink there is no derivative; any value between the two slopes is accepted."
    assert check_grad(cone, [0.0, 0.0]).verdict == "a kink in 2 of 2 components"
    assert check_grad(cone, [0.0, 0.1]).verdict == "right"


SMOOTH = {
    "a square": (lambda x: x**2, 0.0),
    "a power 1.5": (lambda x: np.abs(x) ** 1.5, 0.0),
    "a power 1.1": (lambda x: np.abs(x) ** 1.1, 0.0),
    "a power 1.01": (lambda x: np.abs(x) ** 1.01, 0.0),
    "steep": (lambda x: 1e15 * x**2, 0.0),
    "steep, not at 0": (lambda x: 1e15 * (x - 2.1337) ** 2, 2.1337),
    "a large value": (lambda x: 1e12 + x**2, 0.0),
    "a large value that is taken away again": (lambda x: (1e8 + x) - 1e8, 0.3),
    "far out": (lambda x: np.sin(x) * x, 1e6),
    "a corner rounded off": (lambda x: np.sqrt(x**2 + 1e-14), 0.0),
    "a corner rounded off, not at 0": (lambda x: np.sqrt((x - 186.3) ** 2 + 1e-14), 186.3),
    "a corner close by": (lambda x: np.abs(x - 1e-9), 0.0),
    "a corner close by, not at 0": (lambda x: np.abs(x - 1e-6), 1.1e-6),
    "a sharp step": (lambda x: np.tanh(1e5 * x), 0.0),
    "half a bend": (lambda x: np.maximum(x, 0) ** 2, 0.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_function_has_no_kink(name):
    f, x = SMOOTH[name]
    check = check_grad(f, x)
    assert not any(c.method.startswith("kink: ") for c in check.components), str(check)
    assert check, str(check)


@given(
    st.lists(st.floats(-100, 100), min_size=4, max_size=4),
    st.sampled_from([0.0, 0.01, 1.0, -30.0]),
    st.sampled_from([1e-3, 1.0, 1e4]),
)
def test_a_steep_curve_has_no_kink(weights, x, scale):
    a, b, c, d = weights

    def f(x):
        return scale * (a * x**4 + b * x**2 + c * np.sin(d * x))

    assert check_grad(f, x).verdict == "right"


def test_a_curve_of_any_power_has_no_kink():
    assert not check_grad(lambda x: 500 * np.sum(np.abs(x) ** 2), [1e-7], gradient=lambda x: x)


def test_nan_is_wrong():
    check = check_grad(lambda x: np.sum(x**2), [1.0, 2.0], gradient=lambda x: np.array([2.0, np.nan]))
    assert [c.name for c in check.wrong] == ["df/dx[1]"]


def test_a_function_that_is_not_finite_is_undetermined():
    check = check_grad(lambda x: np.sum(np.log(x)), [-1.0, 2.0])
    assert not check
    assert check.verdict == "undetermined in 2 of 2 components"
    assert not check.wrong
    lines = str(check).splitlines()
    assert lines[2].endswith("f is not finite  <-- undetermined")
    assert lines[-1].startswith("  Undetermined: the values of the function do not determine")


@pytest.mark.parametrize("name", ["cholesky", "solve", "inv"])
def test_a_matrix_without_an_inverse_or_factor_is_undetermined(name):
    """NumPy raises LinAlgError for it; the traced function is NaN there."""
    rest = (np.ones(2),) if name == "solve" else ()
    f = lambda x: np.sum(getattr(np.linalg, name)(x * np.ones((2, 2)), *rest))  # noqa: E731
    assert check_grad(f, 1.0).verdict == "undetermined in 1 of 1 component"


def test_wrong_and_undetermined_components_of_one_gradient():
    """The second component is undetermined, because its changes are smaller than the rounding of the offset."""
    check = check_grad(
        lambda x: math.exp(float(x[0])) + 1e-14 * float(x[1]), [5.0, 1.0], gradient=lambda x: np.array([1.0, 1e-14])
    )
    assert check.verdict == "WRONG in 1 of 2 components; undetermined in 1 of 2 components"
    assert [c.name for c in check.wrong] == ["df/dx[0]"]
    assert [c.name for c in check.undetermined] == ["df/dx[1]"]


def test_a_function_with_several_values_is_an_error():
    with pytest.raises(UserError, match=r"f returns an array of shape \(1,\); a gradient is of a single number"):
        check_grad(lambda x: x[:1] ** 2, [2.0], gradient=lambda x: 2 * x)


def test_a_sample_of_many_components():
    check = check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7)
    assert (len(check.components), check.of, bool(check)) == (7, 100, True)
    assert "7 of 100 components: right" in str(check)
    again = check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7)
    assert again == check
    assert check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7, seed=1) != check


def test_a_gradient_of_another_shape_is_an_error():
    with pytest.raises(UserError, match=r"shape \(\), and x has \(2,\)"):
        check_grad(lambda x: np.sum(x**2), [1.0, 2.0], gradient=lambda x: np.array(2.0))


def test_a_function_that_cannot_be_traced():
    with pytest.raises(TraceError):
        check_grad(lambda x: math.exp(x[0]), [1.0])


def test_a_wrong_entry_is_found_although_rounding_hardly_changes_it():
    matrix = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
    f = lambda x: np.linalg.cholesky(matrix + np.diag(x))[2, 2]  # noqa: E731
    x = np.array([0.1, 0.2, 0.3])
    assert check_grad(f, x).verdict == "right"
    flipped = check_grad(f, x, gradient=lambda x: -grad(f)(x))
    assert [c.verdict for c in flipped.components] == ["wrong"] * 3
