"""Colours can be told from their ground, with a contrast of at least 3 (WCAG 2.2, 1.4.11), and from each other."""

from itertools import combinations

import numpy as np
import pytest

from optlab.markup.looks import FAINT, FAINT_ON_DARK, ON_DARK, PALETTE

SEEN = {
    "all colours": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), severity 1
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Oklab (Ottosson, 2020): distances are about equal where differences look equal
CONES = [
    [0.41222147, 0.53633254, 0.05144599],
    [0.21190350, 0.68069955, 0.10739696],
    [0.08830246, 0.28171884, 0.62997870],
]
LAB = [
    [0.21045426, 0.79361779, -0.00407205],
    [1.97799850, -2.42859221, 0.45059371],
    [0.02590404, 0.78277177, -0.80867577],
]


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return np.dot([0.2126, 0.7152, 0.0722], linear(colour))


def seen(colour, eyes):
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ np.clip(np.array(SEEN[eyes]) @ linear(colour), 0, 1))


@pytest.mark.parametrize("colour", [*PALETTE, FAINT])
def test_colours_stand_out_from_white(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 3


@pytest.mark.parametrize("colour", [*ON_DARK, FAINT_ON_DARK])
def test_colours_stand_out_from_the_dark_ground_of_reports(colour):
    assert (luminance(colour) + 0.05) / (luminance("#14181d") + 0.05) >= 3


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("palette", [PALETTE, ON_DARK], ids=["light", "dark"])
def test_colours_differ_for_the_colour_blind(palette, eyes):
    least = min(np.linalg.norm(seen(a, eyes) - seen(b, eyes)) for a, b in combinations(palette, 2))
    assert least > 0.07  # 0.02 can just be told apart


def test_both_palettes_have_the_same_number_of_colours():
    assert len(ON_DARK) == len(PALETTE)
