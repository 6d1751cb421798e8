import numpy as np

from optlab.figures import in_view
from optlab.figures.projection import Projection

LIMITS = np.array([[-2.0, -1.0], [2.0, 1.0]])


def test_a_trajectory_ends_at_the_border_and_begins_there_again():
    points = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 0.5], [0.0, 0.5]])
    path = in_view.on_map(points, LIMITS)
    assert path.positions.tolist() == [0, 0.5, 0.5, 2.5, 2.5, 3]
    np.testing.assert_array_equal(path.places, [[0, 0], [2, 0], [np.nan] * 2, [np.nan] * 2, [2, 0.5], [0, 0.5]])
    assert not path.is_hidden.any()


def test_a_step_across_the_view_is_seen():
    path = in_view.on_map(np.array([[-4.0, 0.0], [4.0, 0.0]]), LIMITS)
    seen = path.places[np.isfinite(path.places[:, 0])]
    assert seen.tolist() == [[-2, 0], [2, 0]]
    assert np.isnan(path.places[[0, -1]]).all()


def test_points_inside_stay_as_they_are():
    rng = np.random.default_rng(0)
    points = rng.uniform(LIMITS[0], LIMITS[1], (50, 2))
    points[7] = points[8]  # a step of length 0
    path = in_view.on_map(points, LIMITS)
    assert path.positions.tolist() == list(range(50))
    np.testing.assert_allclose(path.places, points, atol=1e-14)


def test_a_trajectory_that_is_never_in_the_view_has_no_places():
    path = in_view.on_map(np.array([[5.0, 5.0], [6.0, 5.0]]), LIMITS)
    assert np.isnan(path.places).all()
    assert in_view.exit_of(path.places) is None
    alone = in_view.on_map(np.array([[5.0, 5.0]]), LIMITS)
    assert np.isnan(alone.places).all()


def test_a_path_behind_a_hill_is_hidden_and_follows_the_surface():
    """From the front over a ridge to the back: hidden just behind the ridge, seen elsewhere."""
    heights = np.zeros((201, 3))
    heights[96:105] = 0.5
    view = Projection(heights, turn=0.0, pitch=np.radians(45))
    path = in_view.on_surface(np.array([[0.5, 0.0], [0.5, 1.0]]), np.array([[0.0, 0.0], [1.0, 1.0]]), view)
    assert len(path.positions) == 241
    assert not path.is_hidden[path.positions < 0.5].any()
    assert path.is_hidden[(path.positions > 0.53) & (path.positions < 0.6)].all()
    assert not path.is_hidden[path.positions > 0.8].any()
    highest = path.places[np.abs(path.positions - 0.5).argmin(), 1]
    np.testing.assert_allclose(highest, view.place(np.array([0.5, 0.5]), 0.5)[1])
