from xml.etree import ElementTree

import numpy as np

from optlab.explain.backprop import backprop
from optlab.markup.film import Film
from optlab.markup.svg import GRADIENT, VALUE


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


def test_an_svg_moves_without_a_script_and_can_be_still():
    film = Film(backprop().draw())
    text = film.svg(2, 7)
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    assert "prefers-reduced-motion" in text
    moved = [node for node in root.iter() if node.tag.endswith("}animate")]
    assert len(moved) == 2 * 18
    assert {node.get("dur") for node in moved} == {"12.5s"}  # 18 + 7 frames
    assert moved[1].get("values") == ";".join(["0"] + ["1"] * 24)
    assert moved[0].get("values") == ";".join(["0", "1"] + ["0"] * 23)
    still = next(node for node in root.iter() if node.get("class") == "still")
    drawn = ElementTree.fromstring(film.drawing.svg())
    assert [node.text for node in still.iter() if node.tag.endswith("text")] == [
        node.text for node in drawn.iter() if node.tag.endswith("text")
    ]
