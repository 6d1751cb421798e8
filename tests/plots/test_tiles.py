"""Panels side by side, and the legend below them."""

from __future__ import annotations

import pytest
from matplotlib.lines import Line2D

from optlab.plots import tiles


@pytest.mark.parametrize(("entries", "columns"), [(2, 2), (3, 3), (4, 2), (5, 3), (6, 3)])
def test_no_entry_of_the_legend_is_left_alone_on_a_line(entries, columns):
    """The figure of one panel has room for three entries of 2.15 inches on a line."""
    legend = [(Line2D([], []), str(n)) for n in range(entries)]
    sheet = tiles.figure(1, lambda number, axes: axes.plot([0, 1]), legend, labels=("x", "y"))
    assert sheet.legends[0]._ncols == columns
