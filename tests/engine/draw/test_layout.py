"""Layouts: layers, crossings, heights."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.engine.draw.layout import Lane, _crossings, _separated, lay_out


def size(item):
    return 10.0 if isinstance(item, Lane) else 40.0


def test_layers_are_the_longest_paths():
    layout = lay_out({"x": [], "y": [], "a": ["x", "y"], "b": ["a", "x"], "end": ["b"]}, (), ("end",), size)
    assert [set(layer) for layer in layout.layers] == [{"x", "y"}, {"a", Lane("x", 1)}, {"b"}, {"end"}]
    assert set(layout.links[2]) == {("a", "b", 0), (Lane("x", 1), "b", 1)}


def test_a_value_has_one_lane_per_layer_however_often_it_is_used():
    inputs = {"x": [], "a": ["x"], "b": ["a"], "c": ["b", "x"], "d": ["c", "x", "x"]}
    layout = lay_out(inputs, (), (), size)
    lanes = [item for layer in layout.layers for item in layer if isinstance(item, Lane)]
    assert sorted(lane.layer for lane in lanes) == [1, 2, 3]


def test_items_are_placed_just_before_their_use_and_outputs_on_the_far_right():
    inputs = {"x": [], "data": [], "a": ["x"], "b": ["a"], "c": ["b", "data"], "early": ["a"], "last": ["c"]}
    layout = lay_out(inputs, ["data"], ["early", "last"], size)
    at = {item: i for i, layer in enumerate(layout.layers) for item in layer}
    assert (at["data"], at["c"], at["early"], at["last"]) == (2, 3, 4, 4)


def test_avoidable_crossings_are_avoided():
    inputs = {"a": [], "b": [], "c": [], "d": [], "p": ["a", "c"], "q": ["b", "d"]}
    layout = lay_out(inputs, (), (), size)
    assert _crossings([["a", "b", "c", "d"], ["p", "q"]], layout.links) == 1
    assert _crossings(layout.layers, layout.links) == 0


def test_a_tree_in_order_is_unchanged():
    layout = lay_out({"x": [], "y": [], "z": [], "q": ["x", "y"], "f": ["q", "z"]}, (), (), size)
    assert list(layout.layers[0]) == ["x", "y", "z"]
    assert layout.height["x"] < layout.height["q"] < layout.height["y"] < layout.height["z"]
    assert layout.height[Lane("z", 1)] == layout.height["z"]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_overlaps_in_random_graphs(seed):
    rng = random.Random(seed)
    inputs = {i: rng.sample(range(i), min(i, rng.randrange(1, 4))) if i > 4 else [] for i in range(60)}
    layout = lay_out(inputs, (), (), size)
    at = {item: i for i, layer in enumerate(layout.layers) for item in layer}
    for between, links in enumerate(layout.links):
        for source, target, _ in links:
            assert (at[source], at[target]) == (between - 1, between)
    assert sum(target == 59 for links in layout.links for _, target, _ in links) == len(inputs[59])
    for layer in layout.layers:
        for above, below in itertools.pairwise(layer):
            gap = layout.height[below] - layout.height[above]
            assert gap >= (size(above) + size(below)) / 2 - 1e-9
    assert min(layout.height[item] - size(item) / 2 for item in layout.height) == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.5, 10)), min_size=1, max_size=6))
def test_heights_are_the_nearest_that_keep_the_distances(items):
    """The optimality conditions: with multipliers for the active distances, the gradient is zero."""
    wished, weights = map(np.array, zip(*items, strict=True))
    found = np.array(_separated(wished, weights, [4.0] * len(items)))
    gaps = np.diff(found) - 4.0
    assert (gaps >= -1e-9).all()
    multipliers = np.cumsum(weights * (found - wished))  # the multipliers of the distance after each item
    assert multipliers[-1] == pytest.approx(0, abs=1e-8)
    assert (multipliers[:-1] <= 1e-8).all()
    np.testing.assert_allclose(multipliers[:-1] * gaps, 0, atol=1e-5)
