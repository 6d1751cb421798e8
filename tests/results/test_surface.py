import numpy as np
import pandas as pd
import pytest

from optlab.results.surface import spread, view

DOMAIN = [[-2.0, -2.0], [2.0, 2.0]]


def path(label, *points):
    points = np.array(points, dtype=float).reshape(-1, 2)
    return pd.DataFrame(points, columns=["x0", "x1"]).assign(case="bowl", label=label, step=range(len(points)))


def test_the_view_holds_start_minima_and_trajectories_with_a_margin():
    limits = view(DOMAIN, (-1, 1), [(0.5, 0.5)], path("gd", (-1, 1), (-0.5, 0), (0.5, 0.4)))
    assert (limits[0] < [-1, 0]).all()
    assert (limits[1] > [0.5, 1]).all()
    assert (limits[0] >= -2).all()
    assert (limits[1] <= 2).all()


def test_points_outside_the_domain_do_not_widen_the_view():
    wild = path("gd", (0, 0), (1e200, -1e300), (np.inf, np.nan), (50, 50))
    limits = view(DOMAIN, (0, 0), [(1, 1)], wild)
    assert (limits[0] >= -2).all()
    assert (limits[1] <= 2).all()


def test_a_minimum_on_the_border_has_room_around_it():
    limits = view(DOMAIN, (0, 0), [(2, 2)], path("gd", (0, 0)))
    assert (limits[1] > 2).all()
    assert (limits[1] < 2.5).all()


def test_a_ball_slightly_outside_is_shown():
    paths = path("gd", (0, 0), (2.5, 0))
    assert view(DOMAIN, (0, 0), [], paths)[1, 0] > 2.5


def test_the_view_of_a_single_point_has_a_size():
    for domain in (DOMAIN, None):
        limits = view(domain, (1, 1), [(1, 1)], path("gd", (1, 1)))
        assert (limits[1] > limits[0]).all()


def test_the_view_without_domain_or_minima():
    assert view(None, None, [], path("gd", (np.nan, np.nan))).tolist() == [[-1, -1], [1, 1]]
    assert view(DOMAIN, None, [], path("gd", (np.nan, np.nan))).tolist() == DOMAIN


def test_one_pair_of_bounds_is_used_for_both_coordinates():
    paths = path("gd", (0, 0), (1, 1))
    np.testing.assert_array_equal(view([[-2.0], [2.0]], (0, 0), [], paths), view(DOMAIN, (0, 0), [], paths))


def test_the_view_of_a_start_alone_has_the_size_of_its_numbers():
    low, high = view(None, (300, 20), [], path("gd", (300, 20)))
    assert (high - low > [250, 150]).all()
    assert (high - low < 600).all()


@pytest.mark.parametrize(
    ("heights", "value"),
    [
        ([0, 5, 10], 2),
        ([-1.7e308, 0, 1.7e308], -1.02e308),
        ([0, 5e-310, 1e-309], 2e-310),
        ([1e16, 1e16 + 10, 1e16 + 20], 1e16 + 4),
    ],
    ids=str,
)
def test_spread_is_the_share_of_the_span(heights, value):
    z, share = spread(np.ma.masked_invalid([*heights, np.nan]), value)
    np.testing.assert_allclose([*z[:3], share], [0, 0.5, 1, 0.2], rtol=1e-6)
    assert np.ma.getmaskarray(z).tolist() == [False, False, False, True]


def test_spread_of_one_height_and_of_none():
    z, value = spread(np.ma.masked_invalid([3.0, 3.0]), 3.0)
    assert (z.tolist(), value) == ([0, 0], 0)
    assert spread(np.ma.masked_invalid([np.nan]), 1.0)[0].count() == 0
