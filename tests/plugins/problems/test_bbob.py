"""The functions of bbob: values as in COCO, gradients, minima, and instances as one sweep."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace

import numpy as np
import pytest

import optlab
from optlab.errors import SpecError
from optlab.execution import runner, step
from optlab.experiments.maps import declared
from optlab.plugins.problems.bbob import instances, transformations
from tests.cases import every, first_cases

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cocoex

FUNCTIONS = range(1, 25)
ADAM = [{"name": "adam", "lr": [0.01, 0.1]}]


@pytest.fixture(scope="module")
def bbob(built_in):
    return {number: built_in.problem(f"bbob_f{number}") for number in FUNCTIONS}


def points(best, rng):
    """Points in the domain, outside of it, near the minimum, at it, and at 0."""
    dim = len(best)
    near = best + 1e-3 * rng.normal(size=dim)
    return [*rng.uniform(-5, 5, (2, dim)), rng.uniform(-9, 9, dim), near, best, np.zeros(dim)]


def differences(problem, number, dim, instance, rng):
    """The relative differences from COCO's values. A difference of 1e-9 is rounding where the value is about 0."""
    reference = cocoex.BareProblem("bbob", number, dim, instance)
    (best,) = problem.minima_at(dim, {"instance": float(instance)})
    for x in points(best, rng):
        ours, theirs = float(problem(x, instance=float(instance))), reference(x)
        yield abs(ours - theirs) / max(abs(theirs), 1.0)


@pytest.mark.parametrize(("dim", "own"), [(2, (1, 15)), (5, (4,)), (10, (9,)), (20, (2,)), (40, (7,))])
def test_values_equal_those_of_coco(bbob, dim, own):
    rng = np.random.default_rng(dim)
    for number, instance in itertools.product(FUNCTIONS, own):
        assert max(differences(bbob[number], number, dim, instance, rng)) < 1e-10, (number, instance)


@pytest.mark.many
@pytest.mark.parametrize("dim", [2, 3, 5, 10, 20, 40])
def test_all_values_equal_those_of_coco(bbob, dim):
    rng = np.random.default_rng(dim)
    for number, instance in itertools.product(FUNCTIONS, [*range(1, 16), 71, 110]):
        assert max(differences(bbob[number], number, dim, instance, rng)) < 1e-10, (number, instance)


def test_the_numbers_of_the_generator():
    """The first number of seed 1, by hand: the generator of Park and Miller with a shuffle."""
    states = [1]
    for _ in range(40):
        states.append(16807 * states[-1] % 2147483647)
    shuffled = states[40:8:-1]  # the 9th to the 40th state, the last one first
    assert instances.uniform(1, 1)[0] == shuffled[shuffled[0] // 67108865] / 2147483647
    assert instances.uniform(3, -5).tolist() == instances.uniform(3, 5).tolist()
    assert instances.uniform(2, 0).tolist() == instances.uniform(2, 1).tolist()


def test_rotations_are_orthogonal():
    for dim, seed in ((2, 10001), (10, 50003), (40, 1150024)):
        q = instances.rotation(dim, seed)
        np.testing.assert_allclose(q @ q.T, np.eye(dim), atol=1e-13)


@pytest.mark.parametrize("number", FUNCTIONS)
def test_the_minimum_is_known_for_each_instance_and_dimension(bbob, planned, number):
    document = {"problem": [{"suite": "bbob", "functions": [number], "dim": [2, 10], "instances": [1, 3]}]}
    for sweep in planned(document | {"optimizer": ADAM}).sweeps:
        for title, instance in enumerate((1, 3)):
            options = sweep.options(title)
            assert options == {"instance": float(instance)}
            least = declared.lowest(sweep.case, options)
            assert least == pytest.approx(instances.offset_of(number, instance), abs=1e-7), sweep.titles[title]


SMOOTH = [n for n in FUNCTIONS if n not in (7, 23)]  # flat steps; rugged at all scales


@pytest.mark.parametrize("number", every(2, SMOOTH))
def test_gradients_are_right(bbob, number):
    x = np.random.default_rng(number).uniform(-4, 4, 3)
    assert optlab.check_grad(lambda p: bbob[number](p, instance=2.0), x).verdict == "right"


@pytest.mark.parametrize("number", FUNCTIONS)
def test_gradients_are_finite_at_the_minimum_and_on_the_axes(bbob, number):
    slope = optlab.grad(lambda p, instance: bbob[number](p, instance=instance))
    (best,) = bbob[number].minima_at(4, {"instance": 5.0})
    places = [best, np.zeros(4), best + [1.0, 0, 0, 0], best - [0, 0.5, 0, 0], np.full(4, 5.0), np.full(4, -60.0)]
    for x in places:
        assert np.isfinite(slope(x, 5.0)).all(), x


def test_transformations_by_hand():
    x = np.array([-2.0, 0.0, 0.5])
    log = np.log(np.abs(x[[0, 2]]))
    expected = [
        -np.exp(log[0] + 0.049 * (np.sin(5.5 * log[0]) + np.sin(3.1 * log[0]))),
        0.0,
        np.exp(log[1] + 0.049 * (np.sin(10 * log[1]) + np.sin(7.9 * log[1]))),
    ]
    np.testing.assert_allclose(transformations.oscillated(x), expected, rtol=1e-15)
    np.testing.assert_allclose(transformations.asymmetric(x, 0.2), [-2.0, 0.0, 0.5 ** (1 + 0.2 * np.sqrt(0.5))])
    assert transformations.penalty(np.array([5.0, -7.0, 6.0])) == 5.0
    assert transformations.rounded(np.array([-0.5, 0.5, 2.4])).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("number", first_cases(1, [5, 12, 22, *(n for n in FUNCTIONS if n not in (5, 12, 22))]))
def test_instances_are_one_sweep_with_the_numbers_of_each_alone(tmp_path, number, backend):
    def run(name, own):
        problem = {"suite": "bbob", "functions": [number], "dim": 5, "instances": own}
        document = {"name": name, "steps": 40, "seeds": 2, "problem": [problem], "optimizer": ADAM, "backend": backend}
        return optlab.run(document, out=tmp_path, plots=False)

    together, alone = run("together", list(range(1, 16))), run("alone", [7])
    assert (len(together.plan.sweeps), len(together.runs)) == (1, 60)
    own = together.runs[together.runs["case"].str.contains("instance=7")]
    assert own["final_loss"].tolist() == alone.runs["final_loss"].tolist()
    assert set(together.runs["status"]) == {"done"}


@pytest.mark.parametrize("share", first_cases(1, [3, 1]))
def test_machine_code_computes_the_same(planned, share):
    """At the start and after a step of Adam, to rounding. Some functions are so sensitive that further steps differ."""
    start = [0.5, -1.5, 2.0]
    numbers = list(FUNCTIONS)[::share]
    problem = {"suite": "bbob", "functions": numbers, "dim": 3, "instances": [1, 2, 3], "start": start}
    for number, sweep in zip(
        numbers, planned({"problem": [problem], "optimizer": ADAM, "steps": 5}).sweeps, strict=True
    ):
        native, right = (replace(sweep, backend=backend) for backend in ("native", "replay"))
        assert runner.choose(native, step.build_for(native)).backend == "native", sweep.titles
        loss, expected = runner.run(native).loss, runner.run(right).loss
        np.testing.assert_allclose(loss[0], expected[0], rtol=1e-11, err_msg=sweep.titles[0])
        reference = [cocoex.BareProblem("bbob", number, 3, 1 + title)(start) for title in sweep.title]
        np.testing.assert_allclose(expected[0], reference, rtol=1e-10, err_msg=sweep.titles[0])
        np.testing.assert_allclose(loss[1], expected[1], rtol=1e-8, err_msg=sweep.titles[0])


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"name": "bbob_f1", "instance": 1.5}, "'instance' must be a whole number, not 1.5"),
        ({"name": "bbob_f1", "instance": 0}, "'instance' must lie in {1, ..., 1000}, not 0"),
        ({"name": "bbob_f1", "dim": 41}, "the functions of bbob have 2 to 40 parameters, not 41"),
        ({"name": "bbob_f1", "dim": 1}, "the functions of bbob have 2 to 40 parameters, not 1"),
        ({"suite": "bbob", "functions": [1, 25]}, r"suite bbob has no 25 in functions; there are 1 to 24"),
        ({"suite": "bbob", "dim": 4}, r"suite bbob has no 4 in dim; there are 2, 3, 5, 10, 20, 40"),
    ],
)
def test_values_that_bbob_does_not_have_are_errors(planned, problem, said):
    with pytest.raises(SpecError) as caught:
        planned({"problem": [problem], "optimizer": ADAM})
    assert said in str(caught.value)
