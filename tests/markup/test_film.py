from itertools import pairwise
from xml.etree import ElementTree

import numpy as np

from optlab.explain.backprop import backprop
from optlab.markup.film import Film
from optlab.markup.svg import GRADIENT, VALUE, Box, Text, width_of


def test_a_network_computes_forward_and_then_backward():
    """Each number is compared with the layers of the result, in the order in which they can be computed."""
    result = backprop()
    film = Film(result.draw())
    forward = [result.inputs, *(layer.a for layer in result.layers)]
    backward = [part for layer in reversed(result.layers) for part in (layer.delta, layer.grad_weights.ravel())]
    texts = [text.text for text in film.numbers]
    count = sum(map(len, forward))
    np.testing.assert_allclose([float(text) for text in texts[:count]], np.concatenate(forward), rtol=1e-3)
    found, expected = [float(text) for text in texts[count:]], backward
    for part in expected:
        np.testing.assert_allclose(sorted(found[: len(part)]), np.sort(part), rtol=1e-2)
        found = found[len(part) :]
    assert found == []
    assert [text.colour for text in film.numbers] == [VALUE] * count + [GRADIENT] * 12
    assert film.count == 19


def test_each_frame_has_one_number_more_and_the_last_has_all():
    film = Film(backprop().draw())
    shown = [{id(shape) for shape in film.frame(number).shapes} for number in range(film.count)]
    for number, text in enumerate(film.numbers):
        assert [id(text) in frame for frame in shown] == [False] * (number + 1) + [True] * (film.count - number - 1)
    assert {id(shape) for shape in film.drawing.shapes} <= shown[-1]


def test_edges_are_whole_until_the_gradient_of_their_weight_appears():
    """Before it, only the weight has a ground. A ground is as wide as its number."""
    film = Film(backprop().draw())
    for number in range(film.count):
        shown = film.frame(number).shapes
        grounds = [shape for shape in shown if isinstance(shape, Box) and shape.fill == shape.edge == "#FFFFFF"]
        texts = {id(shape) for shape in shown}
        gradients = [text for text in film.numbers if text.colour == GRADIENT and text.size == 10.5]
        assert len(grounds) == 8 + 4 + sum(id(text) in texts for text in gradients)  # and those of the biases
    whole = film.drawing.shapes
    for box, text in pairwise(whole):
        if isinstance(box, Box) and isinstance(text, Text):
            assert box.width == width_of(text.text, text.size) + 4


def test_an_svg_moves_without_a_script_and_can_be_still():
    film = Film(backprop().draw())
    text = film.svg(2, 7)
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    assert "prefers-reduced-motion" in text
    moved = [node for node in root.iter() if node.tag.endswith("}animate")]
    assert len(moved) == 2 * 18 + 8  # the gradients of weights have a ground
    assert {node.get("dur") for node in moved} == {"12.5s"}  # 18 + 7 frames
    assert moved[1].get("values") == ";".join(["0"] + ["1"] * 24)
    assert moved[0].get("values") == ";".join(["0", "1"] + ["0"] * 23)
    still = next(node for node in root.iter() if node.get("class") == "still")
    drawn = ElementTree.fromstring(film.drawing.svg())
    assert [node.text for node in still.iter() if node.tag.endswith("text")] == [
        node.text for node in drawn.iter() if node.tag.endswith("text")
    ]
