"""`check_grad`: right gradients pass, wrong ones are found by the component, and nothing of the engine is trusted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optlab import check_grad, grad, registry
from optlab.errors import TraceError, UserError

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


@pytest.mark.parametrize("problem", registry.load(()).problems.values(), ids=lambda p: p.name)
def test_every_problem_at_random_points(problem):
    if problem.trains_on_data:
        return
    low, high = problem.bounds(problem.default_dim)
    for point in np.random.default_rng(0).uniform(low, high, size=(5, problem.default_dim)):
        assert check_grad(lambda x: problem(x), point), (problem.name, point)


def test_the_complex_step_is_exact_and_the_difference_says_how_far_it_may_be_off():
    (by_step,) = check_grad(lambda x: np.exp(x), 1.0).components
    assert (by_step.method, by_step.expected) == ("complex step", pytest.approx(math.e, rel=1e-15))
    (by_difference,) = check_grad(lambda x: np.exp(np.abs(x)), 1.0).components
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
    if slope != 0.5:  # which is the central difference
        assert check.components[0].method == "kink: slopes 0, 1"


def test_a_curve_is_no_kink():
    assert not check_grad(lambda x: 500 * np.sum(np.abs(x) ** 2), [1e-7], gradient=lambda x: x)


def test_nan_is_wrong():
    check = check_grad(lambda x: np.sum(x**2), [1.0, 2.0], gradient=lambda x: np.array([2.0, np.nan]))
    assert [c.name for c in check.wrong] == ["df/dx[1]"]


def test_where_nothing_can_be_told_nothing_is_called_right():
    check = check_grad(lambda x: np.sum(np.log(x)), [-1.0, 2.0])
    assert not check
    assert "not to be told" in str(check)


def test_a_sample_of_many_components():
    check = check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7)
    assert (len(check.components), check.of, bool(check)) == (7, 100, True)
    assert "7 of 100 components: right" in str(check)
    again = check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7)
    assert again == check
    assert check_grad(lambda x: np.sum(x**2), np.ones((10, 10)), components=7, seed=1) != check


def test_a_gradient_of_another_shape_is_named():
    with pytest.raises(UserError, match=r"shape \(\), and x has \(2,\)"):
        check_grad(lambda x: np.sum(x**2), [1.0, 2.0], gradient=lambda x: np.array(2.0))


def test_a_function_that_cannot_be_traced():
    with pytest.raises(TraceError):
        check_grad(lambda x: math.exp(x[0]), [1.0])
