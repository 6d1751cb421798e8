from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from optlab.figures import contour, style
from optlab.figures.animation import raster, scene
from optlab.figures.animation.scene import Scene, Timing, Track
from optlab.figures.in_view import on_map
from optlab.results.surface import Surface

SIDE = np.linspace(-2, 2, 40)


@pytest.fixture(scope="module")
def bowl():
    """Two runs on a bowl: one ends at its minimum, the other leaves the map at the right."""
    surface = Surface(SIDE, SIDE, SIDE**2 + SIDE[:, None] ** 2)
    places = {"stays": [(-1, 1), (-0.5, 0.5), (0, 0)], "leaves": [(-1, 1), (1, 1), (5, 1)]}
    paths = pd.concat([pd.DataFrame(points, columns=["x0", "x1"], dtype=float).assign(label=label, step=[0, 2, 8])
                       for label, points in places.items()])  # fmt: skip
    best = pd.DataFrame({"label": [*places], "settings": "lr=1", "shown_status": "done", "shown_loss": 0.5})
    looks = style.looks(places)
    sheet = contour.figure(surface, paths, best, looks=looks, minima=[(0, 0)], minimum=0.0, still=False)
    in_view = partial(on_map, limits=surface.limits)
    return scene.of_figure(sheet, in_view, paths, [], looks, 400, Timing(frames=5, fps=10, pause=0.5))


def test_the_steps_are_those_of_the_longest_run(bowl):
    assert bowl.steps.tolist() == [0, 0.5, 2, 4.5, 8]
    assert bowl.timing.held == 6


def test_places_are_the_pixels_of_the_points(bowl):
    """The box spans the map, from -2 to 2 along both axes, and y grows downwards in an image."""
    left, top, right, bottom = bowl.box
    middle = [(left + right) / 2, (top + bottom) / 2]
    np.testing.assert_allclose(bowl.tracks[0].places[-1], middle, atol=1)
    np.testing.assert_allclose(
        bowl.tracks[0].places[0], [0.75 * left + 0.25 * right, 0.75 * top + 0.25 * bottom], atol=1
    )


def test_a_ball_is_on_the_line_between_recorded_steps():
    track = Track(np.array([0.0, 2, 8]), np.array([[0.0, 0], [10, 0], [10, 30]]), "#ff0000")
    assert track.at(1).tolist() == [5, 0]
    assert track.at(5).tolist() == [10, 15]
    assert track.at(9).tolist() == [10, 30]
    assert track.between(1, 5).tolist() == [[5, 0], [10, 0], [10, 15]]


def test_a_ball_that_diverged_disappears_after_its_last_point():
    track = Track(np.array([0.0, 2]), np.zeros((2, 2)), "#ff0000", is_lost=True)
    assert raster.is_shown(track, 2)
    assert not raster.is_shown(track, 2.5)


def test_frames_show_balls_in_their_colours_where_they_are(bowl):
    images = list(raster.frames(bowl))
    assert len(images) == 5
    assert {image.size for image in images} == {bowl.background.size}
    for track, other in (bowl.tracks, bowl.tracks[::-1]):
        x, y = track.at(bowl.steps[2]).round().astype(int)
        red, green, blue = images[2].getpixel((int(x) + 1, int(y) + 1))
        ink = np.array([int(track.colour[i : i + 2], 16) for i in (1, 3, 5)])
        wrong = np.array([int(other.colour[i : i + 2], 16) for i in (1, 3, 5)])
        seen = np.array([red, green, blue])
        assert np.abs(seen - ink).sum() < np.abs(seen - wrong).sum()
        assert np.abs(seen - ink).sum() < 200


def test_a_ball_that_left_is_an_arrow_at_the_border(bowl):
    stays, leaves = bowl.tracks
    right = bowl.box[2]
    assert raster.arrow(stays, 8, bowl.length) is None
    assert raster.arrow(leaves, 2, bowl.length) is None
    tip, *others = raster.arrow(leaves, 8, bowl.length)
    assert tip[0] == pytest.approx(right, abs=1)
    assert all(corner[0] < tip[0] for corner in others)


def test_the_parts_of_a_track_are_those_in_the_view_seen_or_behind_a_hill():
    nan = np.full(2, np.nan)
    places = np.array([[0, 0], [1, 0], [2, 0], nan, nan, [3, 0], [4, 0]], dtype=float)
    hidden = np.array([False, True, False, False, False, False, False])
    track = Track(np.array([0.0, 1, 2, 2, 5, 5, 6]), places, "#ff0000", is_hidden=hidden)
    found = [(steps.tolist(), part[:, 0].tolist(), behind) for steps, part, behind in track.pieces(0.5, 6)]
    assert found == [([0.5, 1], [0.5, 1], False), ([1, 2], [1, 2], True), ([5, 6], [3, 4], False)]
    assert [raster.is_shown(track, step) for step in (1.5, 3, 5.5)] == [True, False, True]
    assert [track.hides(step) for step in (0.5, 1.5, 5.5)] == [False, True, False]


def test_a_ball_behind_a_hill_is_faint():
    background = Image.new("RGB", (100, 40), "white")
    steps, places = np.array([0.0, 1]), np.array([[30.0, 20], [70, 20]])
    found = []
    for hidden in (False, True):
        track = Track(steps, places, "#0072B2", is_hidden=np.full(2, hidden))
        last = [*raster.frames(Scene(background, (0, 0, 100, 40), [track], Timing(2)))][-1]
        found.append(sum(255 - value for value in last.getpixel((70, 20))))
    assert found[1] == pytest.approx(raster.HIDDEN * found[0], rel=0.4)  # over its own faint trail
