import numpy as np
import pytest

from optlab.results.landscape import ParameterPlane, principal_plane, random_plane


def test_principal_components_are_those_of_the_singular_value_decomposition():
    points = np.random.default_rng(1).normal(size=(40, 7)) * [9, 1, 5, 1, 2, 0.1, 3] + 4
    plane = principal_plane(points)
    _, sizes, rows = np.linalg.svd(points - points.mean(0))
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * rows[:2], axis=1)), 1, atol=1e-12)
    np.testing.assert_allclose(plane.explained(points), np.sum(sizes[:2] ** 2) / np.sum(sizes**2), rtol=1e-12)
    np.testing.assert_allclose(np.sum(plane.distances(points) ** 2), np.sum(sizes[2:] ** 2), rtol=1e-12)
    assert (plane.directions[[0, 1], np.abs(plane.directions).argmax(axis=1)] > 0).all()


def test_a_plane_by_hand():
    """Variances 4 and 1 along the axes 2 and 0 and 0.25 along axis 1: the first two hold 5 / 5.25 of them."""
    points = np.array([[1, 3, 2], [-1, 3, 2], [1, 3, -2], [-1, 3, -2], [0, 4, 0], [0, 2, 0]], dtype=float)
    plane = principal_plane(points)
    np.testing.assert_allclose(plane.origin, [0, 3, 0])
    np.testing.assert_allclose(plane.directions, [[0, 0, 1], [1, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(
        plane.coordinates(points), [[2, 1], [2, -1], [-2, 1], [-2, -1], [0, 0], [0, 0]], atol=1e-15
    )
    np.testing.assert_allclose(plane.distances(points), [0, 0, 0, 0, 1, 1], atol=1e-15)
    assert plane.explained(points) == pytest.approx(20 / 22)


@pytest.mark.parametrize("points", [np.ones((1, 3)), np.full((5, 3), 1e9), np.full((5, 3), 0.1) + 1e-17])
def test_points_that_do_not_move_have_no_plane(points):
    assert principal_plane(points) is None


def test_points_on_a_line_have_a_plane_through_it():
    points = np.outer(np.arange(5.0), [1, 2, 2])
    plane = principal_plane(points)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(plane.distances(points), 0, atol=1e-12)
    assert plane.explained(points) == pytest.approx(1)


def test_each_filter_of_a_random_direction_has_the_norm_of_the_weights():
    """Two inputs, two units with biases, one output: the filters are (1, 5), (2, 6), and (9, 10)."""
    x = np.array([1.0, 2, 5, 6, 100, 200, 9, 10, 300])
    shapes = ((2, 2), (2,), (2, 1), (1,))
    plane = random_plane(x, shapes, np.random.default_rng(3))
    drawn = np.random.default_rng(3).standard_normal((2, 9))
    for direction, d in zip(plane.directions, drawn, strict=True):
        by_hand = np.zeros(9)
        by_hand[[0, 2]] = d[[0, 2]] / np.hypot(d[0], d[2]) * np.sqrt(26)
        by_hand[[1, 3]] = d[[1, 3]] / np.hypot(d[1], d[3]) * np.sqrt(40)
        by_hand[[6, 7]] = d[[6, 7]] / np.hypot(d[6], d[7]) * np.sqrt(181)
        np.testing.assert_allclose(direction, by_hand, rtol=1e-14)


def test_without_a_matrix_each_tensor_is_one_filter():
    plane = random_plane(np.array([3.0, 4.0, 7.0]), ((2,), (1,)), np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(plane.directions[:, :2], axis=1), 5)
    np.testing.assert_allclose(np.abs(plane.directions[:, 2]), 7)
    assert random_plane(np.zeros(3), ((3,),), np.random.default_rng(0)) is None


def test_coordinates_in_oblique_directions_give_the_nearest_point():
    rng = np.random.default_rng(5)
    plane = ParameterPlane(rng.normal(size=6), rng.normal(size=(2, 6)))
    point = rng.normal(size=(1, 6))
    coordinates = plane.coordinates(point)
    rest = point - plane.points(coordinates)
    np.testing.assert_allclose(rest @ plane.directions.T, 0, atol=1e-12)
    np.testing.assert_allclose(plane.coordinates(plane.points(coordinates)), coordinates, rtol=1e-12)
