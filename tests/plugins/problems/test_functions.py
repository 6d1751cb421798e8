"""Every test function, found by walking the package: its values, its minima, its gradient, its start.

A new file is tested without a line here, except for the value at its minimum, which has to come from the literature.
"""

import importlib
import pkgutil

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

import optlab
from optlab.plugins.problems import functions
from optlab.plugins.problems.base import Problem
from tests.cases import every, first_cases

NAMES = [module.name for module in pkgutil.iter_modules(functions.__path__)]
PROBLEMS = {name: getattr(importlib.import_module(f"{functions.__name__}.{name}"), name) for name in NAMES}


def dims(name):
    if fixed := PROBLEMS[name].dim:
        return [fixed]
    return [2, 5, 10] if name == "rosenbrock" else [1, 2, 5, 10]


every_function = pytest.mark.parametrize("name", NAMES)
in_every_dim = pytest.mark.parametrize(("name", "dim"), [(name, dim) for name in NAMES for dim in dims(name)])

# Values at the minimum, as the literature has them, with the digits that it has; 0 means zero.
MINIMUM = {
    "ackley": 0,
    "beale": 0,
    "booth": 0,
    "branin": 0.397887357729739,
    "easom": -1,
    "ellipsoid": 0,
    "goldstein_price": 3,
    "griewank": 0,
    "himmelblau": 0,
    "levy": 0,
    "matyas": 0,
    "mccormick": -1.91322295498104,
    "michalewicz": -1.80130341009855,
    "rastrigin": 0,
    "ravine": 0,
    "rosenbrock": 0,
    "saddle": 0,
    "schwefel": 0,
    "six_hump_camel": -1.03162845348988,
    "sphere": 0,
    "styblinski_tang": -39.1661657037714,  # per dimension
    "three_hump_camel": 0,
    "unit": 0,
}


def lowest(name, dim):
    return MINIMUM[name] * (dim if name == "styblinski_tang" else 1)


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("ackley", (1, 1), 20 + np.e - 20 * np.exp(-0.2) - np.e),
        ("ackley", (0.5, 0.5), 20 + np.e - 20 * np.exp(-0.1) - np.exp(-1)),
        ("beale", (0, 0), 14.203125),
        ("booth", (0, 0), 74),
        ("branin", (0, 0), 55.602112642270264),
        ("easom", (np.pi, 0), np.exp(-(np.pi**2))),
        ("ellipsoid", (1, 2), 1 + 4000),
        ("ellipsoid", (1, 1, 1), 1 + np.sqrt(1000) + 1000),
        ("goldstein_price", (0, 0), 600),
        ("goldstein_price", (-0.6, -0.4), 30),
        ("goldstein_price", (1.8, 0.2), 84),
        ("goldstein_price", (1.2, 0.8), 840),
        ("griewank", (np.pi, 0), 2 + np.pi**2 / 4000),
        ("griewank", (0, np.pi, 0), 1 + np.pi**2 / 4000 - np.cos(np.pi / np.sqrt(2))),
        ("himmelblau", (0, 0), 170),
        ("himmelblau", (-0.2708445906673476, -0.9230385564799815), 181.61652152258270),  # the hill in the middle
        ("levy", (-3, -3), 2 + 10 * np.sin(1) ** 2),
        ("levy", (0, 0), 1 / 2 + (1 + 10 * np.sin(0.75 * np.pi + 1) ** 2) / 16 + 2 / 16),
        ("levy", (-3, -3, -1), 1 + 2 * 10 * np.sin(1) ** 2 + 1 + 0.25),
        ("matyas", (1, 1), 0.04),
        ("mccormick", (0, 0), 1),
        ("michalewicz", (np.pi / 2, np.pi / 2), -1 - 2**-10),
        ("rastrigin", (0.5, 0.5, 0.5), 3 * 20.25),
        ("ravine", (np.pi, 0), np.pi**2 / 10),
        ("ravine", (0, 1), 20),
        ("rosenbrock", (-1.2, 1), 24.2),
        ("saddle", (0, 0), 0.25),
        ("saddle", (2, 0), 2.25),
        ("schwefel", (0, 0), 837.9657745448674),
        ("schwefel", (-(np.pi**2) / 4, 0), 837.9657745448674 + np.pi**2 / 4),
        ("six_hump_camel", (1, 1), 4 - 2.1 + 1 / 3 + 1),
        ("sphere", (1, 2, 3), 14),
        ("styblinski_tang", (1, 1), -10),
        ("three_hump_camel", (1.7475523458302888, -0.8737761729151444), 0.29863844223685981976),
    ],
)
def test_value_at_other_points(name, x, value):
    np.testing.assert_allclose(PROBLEMS[name](np.array(x, dtype=float)), value, rtol=1e-13)


@every_function
def test_file_declares_the_problem_of_its_name(name):
    found = PROBLEMS[name]
    assert isinstance(found, Problem)
    assert found.name == name
    assert found.domain is not None
    assert all(word in found.function.__doc__ for word in ("f(x", "inimum", "Source:"))


@in_every_dim
def test_value_and_gradient_at_the_minima(name, dim):
    problem = PROBLEMS[name]
    options = {option: 1.5 * value for option, value in problem.signature.numbers.items()}
    if name == "rosenbrock":
        del options["a"]  # the one option that moves the minimum
    low, high = problem.bounds(dim)
    assert problem.minima
    for x in problem.minima_at(dim):
        assert ((low < x) & (x < high)).all()
        np.testing.assert_allclose(problem(x), lowest(name, dim), rtol=5e-15, atol=1e-14 * dim)
        np.testing.assert_allclose(problem(x, **options), lowest(name, dim), rtol=5e-15, atol=1e-14 * dim)
        np.testing.assert_allclose(optlab.grad(problem.function)(x), 0, atol=2e-13)


@pytest.mark.parametrize("share", first_cases(1, [25, 1]))
@in_every_dim
def test_nothing_is_lower_than_the_minima(name, dim, share):
    """Neither in the domain, nor in a box three times as wide, nor close to the minima; one of `share` points."""
    problem, rng = PROBLEMS[name], np.random.default_rng(1)
    low, high = problem.bounds(dim)
    inside = rng.uniform(low, high, (20_000, dim))
    around = rng.uniform(2 * low - high, 2 * high - low, (4_000, dim))
    near = [x + rng.normal(size=(1_000, dim)) * 10 ** rng.uniform(-6, 0, (1_000, 1)) for x in problem.minima_at(dim)]
    values = np.array([problem(x) for x in np.concatenate([inside, around, *near])[::share]])
    scale = 419.0 * dim if name == "schwefel" else abs(lowest(name, dim))  # the size of the terms that cancel
    assert values.min() >= lowest(name, dim) - 1e-13 * (1 + scale)


@pytest.mark.parametrize("name", every(2, [name for name in NAMES if PROBLEMS[name].dim]))
def test_all_minima_are_listed(name):
    """Descents from all over the domain end in each listed minimum, and in no other point as low."""
    problem = PROBLEMS[name]
    low, high = problem.bounds(problem.dim)
    starts = np.random.default_rng(2).uniform(low, high, (60, problem.dim))
    ends = [minimize(problem, x, bounds=np.transpose([low, high]), method="L-BFGS-B") for x in starts]
    lowest_ends = [end.x for end in ends if end.fun < lowest(name, problem.dim) + 1e-6]
    distances = np.linalg.norm(np.array(lowest_ends)[:, None] - np.array(problem.minima), axis=2)
    assert distances.min(axis=1).max() < 0.05
    assert distances.min(axis=0).max() < 0.05


def complex_step(f, x):
    """The gradient of an analytic function, without cancellation."""
    return np.array([f(x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(x.size)])


def torch_ackley(x, a=20.0, b=0.2, c=2 * np.pi):
    return a + np.e - a * torch.exp(-b * (x**2).mean().sqrt()) - torch.exp(torch.cos(c * x).mean())


def torch_schwefel(x):
    return -(x * torch.sin(x.abs().sqrt())).sum()


NOT_ANALYTIC = {"ackley": torch_ackley, "schwefel": torch_schwefel}


def true_gradient(name, x, **options):
    if name not in NOT_ANALYTIC:
        return complex_step(lambda z: PROBLEMS[name](z, **options), x)
    x = torch.tensor(x, requires_grad=True)
    NOT_ANALYTIC[name](x, **options).backward()
    return x.grad.numpy()


@pytest.mark.parametrize("count", first_cases(1, [10, 100]))
@in_every_dim
def test_gradient_at_random_points(name, dim, count):
    problem = PROBLEMS[name]
    points = np.random.default_rng(3).uniform(*problem.bounds(dim), (count, dim))
    expected = np.array([true_gradient(name, x) for x in points])
    gradient = optlab.grad(problem.function)
    found = np.array([gradient(x) for x in points])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14 * abs(expected).max())


@pytest.mark.parametrize("name", [name for name in NAMES if PROBLEMS[name].signature.numbers])
def test_gradient_with_other_options_than_defaults(name):
    problem = PROBLEMS[name]
    for option, value in problem.signature.numbers.items():
        if not value:  # the curl of unit, whose gradient is that of no function
            continue
        options = {option: 1.5 * value}
        expected = true_gradient(name, problem.start, **options)
        found = optlab.grad(lambda x, options=options: problem(x, **options))(problem.start)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert abs(expected - true_gradient(name, problem.start)).max() > 1e-6  # the option has an effect


@pytest.mark.parametrize("dim", [2, 5, 10])
def test_rosenbrock_equals_that_of_scipy(dim):
    rosenbrock = PROBLEMS["rosenbrock"]
    gradient = optlab.grad(rosenbrock.function)
    for x in np.random.default_rng(4).uniform(-2, 2, (20, dim)):
        np.testing.assert_allclose(rosenbrock(x), rosen(x), rtol=1e-13)
        np.testing.assert_allclose(gradient(x), rosen_der(x), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["mccormick", "michalewicz", "schwefel"])
def test_the_gradient_outside_the_domain_points_back(name):
    problem = PROBLEMS[name]
    low, high = problem.bounds(2)
    far = 10 * (high - low)
    gradient = optlab.grad(problem.function)
    assert (gradient(high + far) > 0).all()
    assert (gradient(low - far) < 0).all()


@in_every_dim
def test_start_is_inside_the_domain_on_a_slope(name, dim):
    problem = PROBLEMS[name]
    x = problem.start_at(dim)
    low, high = problem.bounds(dim)
    assert ((low <= x) & (x <= high)).all()
    slope = np.linalg.norm(true_gradient(name, x))
    assert np.isfinite(slope)
    assert slope > 1e-2
    assert problem(x) > lowest(name, dim) + 1e-2
