import numpy as np
import pytest

from optlab.figures.projection import BASE, TALL, Projection, sampled

FLAT = np.zeros((5, 5))
CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])


def ridge(height):
    """A ridge from left to right in the middle of a flat square."""
    heights = np.zeros((201, 3))
    heights[96:105] = height
    return heights


def test_places_by_hand():
    """Not turned, x is across, and y is away: up is y sin(pitch) + height cos(pitch)."""
    view = Projection(FLAT, (1.0, 0.5), turn=0.0, pitch=np.radians(30))
    np.testing.assert_allclose(view.place(CORNERS), [(-1, -0.25), (1, -0.25), (-1, 0.25), (1, 0.25)], atol=1e-15)
    lifted = view.place(np.array([0.5, 0.5]), 1.0)
    np.testing.assert_allclose(lifted, [0, TALL * np.sqrt(3) / 2], atol=1e-15)


def test_a_quarter_turn_brings_the_first_axis_away():
    view = Projection(FLAT, (1.0, 1.0), turn=np.pi / 2, pitch=np.radians(30))
    np.testing.assert_allclose(view.place(CORNERS), [(1, -0.5), (1, 0.5), (-1, -0.5), (-1, 0.5)], atol=1e-15)


def test_the_extent_holds_everything():
    rng = np.random.default_rng(0)
    view = Projection(rng.uniform(size=(30, 30)), (1.0, 0.7))
    left, right, bottom, top = view.extent
    places = np.concatenate([view.place(rng.uniform(size=(500, 2))), view.place(CORNERS, BASE)])
    assert ((places >= [left, bottom]) & (places <= [right, top])).all()


def test_what_is_seen_is_at_its_place():
    rng = np.random.default_rng(1)
    x = np.linspace(0, 1, 60)
    view = Projection(0.5 + 0.4 * np.sin(5 * x) * np.cos(4 * x[:, None]), (1.0, 0.8), turn=0.7)
    left, right, bottom, top = view.extent
    across, up = np.sort(rng.uniform(left, right, 40)), np.sort(rng.uniform(bottom, top, 40))[::-1]
    away, is_side = view.seen(across, up)
    is_seen = np.isfinite(away)
    assert is_seen.sum() > 500
    assert not (is_seen & is_side).any()
    expected = np.stack(np.meshgrid(across, up, indexing="ij"), -1)[is_seen]
    points = view.points(expected[:, 0], away[is_seen])
    np.testing.assert_allclose(view.place(points), expected, atol=1e-3)


@pytest.mark.parametrize("height", [0.0, 0.3, 0.9])
def test_a_ridge_hides_what_is_behind_it_as_far_as_its_shadow(height):
    """A ridge of height h in the middle hides h cot(pitch) behind it: there up is equal, y sin = h cos."""
    pitch = np.radians(45)
    view = Projection(ridge(height), turn=0.0, pitch=pitch)
    behind = np.linspace(0.53, 0.99, 47)
    points = np.stack([np.full_like(behind, 0.5), behind], 1)
    depth = 0.04 + TALL * height / np.tan(pitch)  # the square has sides of 2, and the ridge ends at 0.04
    expected = 2 * behind - 1 < depth
    is_clear = np.abs(2 * behind - 1 - depth) > 0.03
    np.testing.assert_array_equal(view.is_hidden(points)[is_clear], expected[is_clear])
    assert not view.is_hidden(np.array([[0.5, 0.2], [0.5, 0.5]])).any()


def test_hidden_points_are_those_in_front_of_which_something_else_is_seen():
    """The two ways to find what is hidden agree: per point, and by the columns of the picture."""
    rng = np.random.default_rng(2)
    x = np.linspace(0, 1, 80)
    view = Projection(0.5 + 0.5 * np.sin(9 * x) * np.sin(9 * x[:, None]), turn=-0.5, pitch=np.radians(35))
    points = rng.uniform(0.02, 0.98, (200, 2))
    places = view.place(points)
    away = np.array([view.seen(place[:1], place[1:])[0][0, 0] for place in places])
    seen = view.points(places[:, 0], away)
    is_other = np.hypot(*(seen - points).T) > 0.1
    is_hidden = view.is_hidden(points)
    assert 20 < is_hidden.sum() < 180
    assert (is_other & ~is_hidden).sum() <= 5  # just over the rim of a hill
    assert (is_hidden & (np.hypot(*(seen - points).T) < 0.05)).sum() <= 2  # just behind it


def test_values_are_interpolated_between_the_points_of_a_grid():
    values = np.array([[0.0, 2.0], [4.0, 10.0]])
    points = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.0)])
    assert sampled(values, points).tolist() == [0, 2, 4, 4, 0.5]
    assert sampled(np.stack([values, -values], -1), points)[3].tolist() == [4, -4]
