"""Colours can be told from their ground: a contrast of at least 3 (WCAG 2.2, 1.4.11)."""

import pytest

from optlab.markup.looks import ON_DARK, PALETTE


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", ON_DARK)
def test_colours_stand_out_from_the_dark_ground_of_reports(colour):
    assert (luminance(colour) + 0.05) / (luminance("#14181d") + 0.05) >= 3


def test_both_palettes_have_the_same_number_of_distinct_colours():
    assert len(set(ON_DARK)) == len(ON_DARK) == len(set(PALETTE)) == len(PALETTE)
