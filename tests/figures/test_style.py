import itertools

import matplotlib
import numpy as np
import pytest

from optlab.figures import style

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.cbrt(np.clip(xyz, 0, None) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_all_colours_differ_in_every_vision(vision):
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)) for colour in style.PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 14


def test_colours_can_be_seen_on_white():
    contrast = [1.05 / ([0.2126, 0.7152, 0.0722] @ linear(colour) + 0.05) for colour in style.PALETTE]
    assert min(contrast[:5]) > 3
    assert min(contrast) > 2.2


def test_looks_depend_on_the_order_of_labels_only():
    assert style.looks(["a", "b", "a", "c"]) == style.looks(["a", "b", "c"])
    assert style.colours(["a", "b"]) == {"a": style.PALETTE[0], "b": style.PALETTE[1]}


def test_forty_labels_look_different():
    looks = style.looks(map(str, range(40)))
    assert len({(look.colour, look.marker, str(look.dash)) for look in looks.values()}) == 40
    # distinguished without their colours, as long as there are no more than eleven
    assert len({look.marker for look in itertools.islice(looks.values(), 11)}) == 11


def test_the_style_sheet_does_not_change_the_rcparams_of_the_user():
    before = dict(matplotlib.rcParams)
    with style.sheet():
        assert matplotlib.rcParams["svg.hashsalt"] == "optlab"
    assert dict(matplotlib.rcParams) == before
