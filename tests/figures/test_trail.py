import numpy as np
import pytest
from matplotlib.figure import Figure

from optlab.figures import trail

LIMITS = np.array([[-1.0, -1.0], [1.0, 1.0]])


def points(*given):
    return np.array(given, dtype=float)


@pytest.mark.parametrize(
    ("path", "border", "direction"),
    [
        (points((0, 0), (0.5, 0), (2.5, 1)), (1, 0.25), (2, 1)),
        (points((0, 0), (0, -3)), (0, -1), (0, -1)),
        (points((0, 0), (3, 0), (0.5, 0.5), (0.5, 1.5)), (0.5, 1), (0, 1)),
        (points((1, 1), (2, 2)), (1, 1), (1, 1)),
    ],
    ids=["through a side", "straight down", "the last time", "from a corner"],
)
def test_a_trajectory_leaves_at_the_border_in_the_direction_of_its_step(path, border, direction):
    at, along = trail.exit_of(path, LIMITS)
    np.testing.assert_allclose(at, border, atol=1e-15)
    np.testing.assert_allclose(along / np.hypot(*along), np.array(direction) / np.hypot(*direction))


@pytest.mark.parametrize("path", [points((0, 0), (3, 0), (0.5, 0)), points((2, 2), (3, 3)), np.empty((0, 2))], ids=str)
def test_a_trajectory_that_ends_inside_or_was_never_inside_has_no_exit(path):
    assert trail.exit_of(path, LIMITS) is None


def test_dots_are_the_steps_inside_and_fade():
    axes = Figure().add_subplot()
    path = points((0, 0), (0.5, 0), (0.5, 0.5), (0.5, 0.5001), (5, 5))
    trail.draw_dots(axes, [path, points((0, 0), (-1, -1))], LIMITS, ["#ff0000", "#0000ff"])
    (dots,) = axes.collections
    assert dots.get_offsets().tolist() == [[0.5, 0], [0.5, 0.5], [-1, -1]]
    first, second, last = dots.get_facecolors()
    assert first[:3].tolist() == [1, 0, 0]
    assert last[:3].tolist() == [0, 0, 1]
    assert 1 > first[3] > second[3] > last[3] > 0.2
    np.testing.assert_allclose(np.sqrt(dots.get_sizes()), trail.DOT * dots.get_facecolors()[:, 3])


def test_trajectories_without_steps_have_no_dots():
    axes = Figure().add_subplot()
    trail.draw_dots(axes, [points((0, 0)), np.empty((0, 2))], LIMITS, ["#ff0000", "#0000ff"])
    assert not axes.collections
