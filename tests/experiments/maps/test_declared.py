"""Which declared minima are valid for the options of a problem, against calculations by hand."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import problem
from optlab.errors import PluginError, SpecError
from optlab.execution.records import Case, FixedPoint
from optlab.experiments.cases import Titled
from optlab.experiments.maps.declared import lowest, valid_minima
from tests.cases import first_cases


def case(of, dim=2, **more):
    return Case(of, dim, FixedPoint(of.start_at(dim)), dict(of.signature.choices), **more)


def options(of, **given):
    return {**of.signature.numbers, **given}


@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def tilted(x, *, tilt=0.0, scale=1.0, offset=0.0):
    """A bowl with eigenvalues 2 + tilt and 2 - tilt: from |tilt| = 2 on, the origin is no minimum."""
    return scale * (np.sum(x**2) + tilt * x[0] * x[-1]) + offset


@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def edge(x, *, pull=0.0, shift=0.0):
    """A kink, which is a minimum while |pull| <= 1."""
    return np.max(np.abs(x - shift)) + pull * x[0]


@problem(start=(1.0, 1.0, 1.0), minimum=(0.0, 0.0, 0.0))
def unbounded(x, *, shift=0.0):
    """Without a domain."""
    return np.sum((x - shift) ** 2)


@problem(domain=(-2.0, 2.0), start=(1.5, 0.0), minimum=((-1.0, 0.0), (1.0, 0.0)))
def two(x, *, deeper=0.0):
    """Two wells; where `deeper` is not 0, one is a little lower, and both have moved by deeper / 8."""
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2 - deeper * x[0]


@problem(domain=(-2.0, 2.0), start=(1.5, 0.0), minimum=((-1.0, 0.0), (1.0, 0.0)))
def dented(x, *, dent=0.0):
    """Of two wells, only the right one moves and becomes deeper."""
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2 - dent * np.maximum(x[0], 0.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-13, 1.0, 1e13, 1e200])
@pytest.mark.parametrize(("tilt", "holds"), [(0.0, True), (1.9, True), (-1.9, True), (2.1, False), (-2.1, False)])
def test_a_saddle_along_a_diagonal_is_found_at_any_scale(tilt, holds, scale):
    for dim in (2, 3, 30):
        assert len(valid_minima(case(tilted, dim), options(tilted, tilt=tilt, scale=scale))) == holds


@pytest.mark.parametrize("offset", [0.0, 1.0, -1e6])
def test_an_offset_moves_no_minimum(offset):
    assert lowest(case(tilted), options(tilted, offset=offset)) == offset


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_kink_is_a_minimum_while_it_is_the_lowest(precision):
    of = case(edge, precision=precision)
    assert lowest(of, options(edge)) == 0
    assert lowest(of, options(edge, pull=0.9)) == 0
    assert lowest(of, options(edge, pull=1.1)) is None
    assert lowest(of, options(edge, shift=0.01)) is None


def test_without_a_domain_the_start_gives_the_size():
    assert lowest(case(unbounded, 3), options(unbounded)) == 0
    assert lowest(case(unbounded, 3), options(unbounded, shift=1e-3)) is None


def test_if_one_minimum_has_moved_the_lowest_is_unknown():
    assert len(valid_minima(case(dented), options(dented))) == 2
    assert valid_minima(case(dented), options(dented, dent=0.5)).tolist() == [[-1.0, 0.0]]
    assert lowest(case(dented), options(dented, dent=0.5)) is None
    assert lowest(case(two), options(two, deeper=0.5)) is None


@pytest.mark.parametrize("dim", first_cases(5, [None, 1, 2, 5, 100, 5_000, 20_000]))
def test_declared_minima_of_built_in_problems_hold_by_default(built_in, dim):
    for of in built_in.problems.values():
        size = dim or of.default_dim
        needs_two = of.name in ("rosenbrock", "saddle", "ravine")  # sums over pairs of coordinates
        if of.trains_on_data or of.dim not in (None, size) or (size == 1 and needs_two) or of.name.startswith("bbob"):
            continue
        assert len(valid_minima(case(of, size), options(of))) == len(of.minima_at(size)), (of.name, size)


@problem(
    domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=lambda dim, shift, turned: None if turned else np.full(dim, shift)
)
def moving(x, *, shift=1.0, turned=False):
    """A bowl whose minimum depends on its options."""
    return np.sum((x + shift) ** 2) if turned else np.sum((x - shift) ** 2)


def test_a_minimum_that_is_a_function_of_dimension_and_options():
    for dim, shift in ((1, 2.0), (3, -4.5)):
        assert valid_minima(case(moving, dim), options(moving, shift=shift)).tolist() == [[shift] * dim]
        assert lowest(case(moving, dim), options(moving, shift=shift)) == 0
    turned = Case(moving, 2, FixedPoint(moving.start_at(2)), {"turned": True})
    assert len(valid_minima(turned, options(moving))) == 0
    assert lowest(turned, options(moving)) is None
    assert [point.tolist() for point in moving.minima_at(2)] == [[1.0, 1.0]]


def test_a_wrong_function_of_the_minimum_is_reported_with_its_place():
    @problem(domain=(-5.0, 5.0), start=(1.0,), minimum=lambda dim: [0.0] * 3)
    def wrong(x):
        """Its minimum has three coordinates in any dimension."""
        return np.sum(x**2)

    with pytest.raises(PluginError, match=r"test_declared.py:\d+: the minimum of problem 'wrong' in 2 dimensions"):
        valid_minima(case(wrong, 2), {})


# ---- everywhere ------------------------------------------------------------------------------------------------------


def test_pictures_and_maps_use_the_same_minima(built_in, tmp_path):
    of = built_in.problem("rosenbrock")
    for a, known in ((1.0, 1), (1.2, 0)):
        titled = Titled("", case(of), options(of, a=a), 10)
        assert len(titled.minima) == known
        assert titled.minimum == (0.0 if known else None)
        sides = dict(x="lr=0.0001:0.001", y="beta=0:0.9", resolution=4, steps=5)
        found = optlab.stability(f"rosenbrock a={a}", "momentum", **sides, out=tmp_path, plots=False)
        assert found.maps[0].minimum == titled.minimum


def test_no_target_is_derived_from_a_minimum_that_has_moved(tmp_path):
    def steps(a, **more):
        where = {"name": "rosenbrock", "a": a}
        sides = dict(x="lr=0.0001:0.001", y="beta=0:0.9", resolution=4, steps=5, color="steps")
        return optlab.stability(where, "momentum", **sides, **more, out=tmp_path, plots=False)

    assert steps(1.0).maps[0].target > 0
    for a in (1.2, [1.0, 1.2]):
        with pytest.raises(SpecError, match="the options of rosenbrock have moved the minimum to derive a target from"):
            steps(a)
    with pytest.raises(SpecError, match="no run can reach a target of -1: the minimum of rosenbrock is 0"):
        steps(1.0, target=-1.0)
    assert steps(1.2, target=0.1).maps[0].target == 0.1
