"""The matrix of unit tests: its cells, their colours, and its labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.figures import style, units

MATRIX = pd.DataFrame(
    [("a", "noise", 2, 4), ("a", "all", 4, 4), ("$b$", "all", 0, 4)], columns=["label", "difficulty", "passed", "tests"]
)


def mesh(axes):
    (found,) = axes.collections
    return found


def test_cells_have_numbers_and_colours_by_the_share():
    axes = units.figure(MATRIX, labels=["a", "$b$"]).axes[0]
    texts = {tuple(text.get_position()): (text.get_text(), text.get_weight()) for text in axes.texts}
    assert texts == {(0, 0): ("2/4", "normal"), (0, 1): ("4/4", "bold"), (1, 1): ("0/4", "normal")}
    shares = np.ma.filled(mesh(axes).get_array(), np.nan)
    np.testing.assert_array_equal(shares, [[0.5, np.nan], [1.0, 0.0]])
    assert (mesh(axes).norm.vmin, mesh(axes).norm.vmax) == (0, 1)
    low, high = axes.get_ylim()
    assert low > high  # the first row is at the top


def test_only_the_given_labels_are_columns():
    axes = units.figure(MATRIX, labels=["$b$"]).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["$b$"]
    assert [text.get_text() for text in axes.texts] == ["0/4"]


def test_many_columns_are_tilted_and_need_a_wider_picture():
    labels = [f"rule {n}" for n in range(12)]
    rows = pd.DataFrame([(label, "all", 1, 2) for label in labels], columns=MATRIX.columns)
    sheet = units.figure(rows, labels=labels)
    assert sheet.get_figwidth() > units.figure(MATRIX, labels=["a"]).get_figwidth()
    assert {text.get_rotation() for text in sheet.axes[0].get_xticklabels()} == {45}
    with style.sheet():
        assert sheet.png().startswith(b"\x89PNG")
