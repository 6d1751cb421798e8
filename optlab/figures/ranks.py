"""The ranks of the optimizers on one case, with their intervals, and the probability of each to be the first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from optlab.figures import figure as figures
from optlab.figures import fonts, lines, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

_ROW, _AROUND, _ROWS = 0.2, 1.9, 18  # inches per row and around the rows, and the rows of a picture of ordinary size
_CHARACTERS = 40
_WITH, _OPEN, _INTERVAL = "with the first", "no interval", "interval"
_SHADE = "#F3EFEA"


def draw(ranking: pd.DataFrame, axes: Axes, *, looks: Mapping[str, Look] | None = None) -> Axes:
    """Draw a row for each label: a line over the interval of its rank, and a marker at the rank.

    Rows of labels that are not distinguished from the first are shaded. An open marker is a rank without an interval.

    Args:
        ranking: columns `label`, `rank`, `rank_low`, `rank_high`, `with_first` of one case, in the order of the rows
            from the top. A label without a rank has an empty row.
        looks: the look of each label. A faint label is grey.
    """
    looks = looks or style.looks(ranking["label"])
    for row, entry in enumerate(ranking.to_dict("records")):
        look = looks[entry["label"]]
        if _is_true(entry["with_first"]):
            axes.axhspan(row - 0.5, row + 0.5, color=_SHADE, linewidth=0, zorder=0, gid=_WITH)
        if pd.isna(entry["rank"]):
            axes.text(0.5, row, "no rank", transform=axes.get_yaxis_transform(), size=9, color=style.MUTED,
                      ha="center", va="center_baseline")  # fmt: skip
            continue
        known = not (pd.isna(entry["rank_low"]) or pd.isna(entry["rank_high"]))
        if known:
            axes.plot([entry["rank_low"], entry["rank_high"]], [row, row], color=look.colour, linewidth=3.0,
                      solid_capstyle="round", gid=_INTERVAL, zorder=2)  # fmt: skip
        axes.plot(entry["rank"], row, marker=look.marker or "o", markersize=7, color=look.colour, zorder=3,
                  markerfacecolor=look.colour if known else "white", gid=None if known else _OPEN,
                  markeredgecolor="white" if known else look.colour, label=entry["label"])  # fmt: skip
    count = len(ranking)
    axes.set_xlim(0.5, count + 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.xaxis.set_major_locator(FixedLocator(scale.from_one(count)))
    _name_rows(axes, ranking)
    axes.grid(axis="x")
    said = ["rank"]
    kinds = {artist.get_gid() for artist in axes.get_children()}
    said += ["line: its interval"] * (_INTERVAL in kinds) + ["shaded: not distinguished from the first"] * (
        _WITH in kinds
    )
    axes.set_xlabel("; ".join(said))
    return axes


def draw_chances(ranking: pd.DataFrame, axes: Axes, *, looks: Mapping[str, Look] | None = None) -> Axes:
    """Draw the probability of each label to be the first, as a bar in its row with its number.

    `ranking` is as in `draw`, with the column `first`. A missing probability has no bar.
    """
    looks = looks or style.looks(ranking["label"])
    for row, (label, chance) in enumerate(zip(ranking["label"], _numbers(ranking["first"]), strict=True)):
        if np.isnan(chance):
            continue
        axes.barh(row, chance, height=0.62, color=looks[label].colour, zorder=2, label=label)
        axes.text(chance + 0.03, row, f"{100 * chance:.0f} %", size=9, va="center_baseline", color=style.INK)
    axes.set_xlim(0, 1.25)
    axes.set_ylim(len(ranking) - 0.5, -0.5)
    axes.xaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.xaxis.set_major_formatter(lines.percent)
    axes.yaxis.set_major_locator(NullLocator())
    axes.set_xlabel("P(first)")
    return axes


def figure(
    ranking: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure of one case: ranks at the left, probabilities at the right if there are any.

    `ranking` is as in `draw`, with the column `first`.
    """
    has_chances = bool(_numbers(ranking["first"]).notna().any())
    height = max(figures.SIZE[1], _AROUND + _ROW * len(ranking) * figures.SIZE[1] / (_AROUND + _ROW * _ROWS))
    with style.sheet():
        sheet, (left, *right) = figures.new(
            1 + has_chances, title=title, subtitle=subtitle, caption=caption, size=(figures.SIZE[0], height)
        )
        draw(ranking, left, looks=looks)
        for axes in right:
            draw_chances(ranking, axes, looks=looks)
            _share_width(left, [3, 1])
    return sheet


def _share_width(axes: Axes, ratios: list[float]) -> None:
    grid = axes.get_gridspec()
    assert grid is not None
    grid.set_width_ratios(ratios)


def _numbers(column: pd.Series) -> pd.Series:
    """A column as floats, with NaN for missing values of any kind."""
    return pd.to_numeric(column, errors="coerce").astype(float)


def _is_true(value: object) -> bool:
    return not pd.isna(value) and bool(value)  # pyright: ignore[reportArgumentType, reportCallIssue]


def _name_rows(axes: Axes, ranking: pd.DataFrame) -> None:
    """Write each label at its row. Long labels are cut."""
    axes.yaxis.set_major_locator(FixedLocator(range(len(ranking))))
    texts = [figures.printable(label) for label in ranking["label"]]
    texts = [text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…" for text in texts]
    axes.set_yticklabels(texts, size=10 if len(ranking) <= _ROWS else 9)
    axes.tick_params(axis="y", length=0)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
        text.set_fontfamily(fonts.families(text.get_text()))
