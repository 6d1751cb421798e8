"""The summary of a map: tables of the outcomes of its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.cli.tables import ERROR, NONE
from optlab.errors import short
from optlab.experiments.maps import advice
from optlab.experiments.maps.panels import BasinMap, StabilityMap

SHARES = "stable, grew and diverged are shares of all settings of the map, not of the best ones"


@dataclass(frozen=True)
class MapSummary:
    """How to summarize the maps of one kind.

    rows: the columns and rows of the table of one problem, from its panels. advice: a sentence that explains why a
    panel shows nothing, or an empty text. note: a sentence below all tables.
    """

    rows: Callable[[Sequence[Any]], tuple[list[str], list[list[str]]]]
    advice: Callable[[Any, int], str]
    note: str = ""


def _basins(maps: Sequence[BasinMap]) -> tuple[list[str], list[list[str]]]:
    """A column per minimum: the share of starts that reach it. Six minima have columns, the others share one."""
    minima = maps[0].minima
    area = np.sum([panel.shares for panel in maps], axis=0)
    shown = sorted(np.argsort(-area, kind="stable")[:6].tolist())
    points = ["(" + ", ".join(short(value) for value in minima[k]) + ")>" for k in shown]
    more = [f"{len(minima) - len(shown)} more minima>"] if len(minima) > len(shown) else []
    rows = []
    for panel in maps:
        rest = [panel.shares.sum() - panel.shares[shown].sum()] if more else []
        reached = panel.minimum >= 0
        ends = [*panel.shares[shown], *rest, (~reached & ~panel.diverged).mean(), panel.diverged.mean()]
        steps = f"{np.median(panel.reached[reached]):g}" if reached.any() else "none"
        rows.append([panel.title, *(f"{100 * share:.1f} %" for share in ends), steps])
        if panel.failed:
            rows[-1][1:] = [ERROR] + [NONE] * len(ends)
    return ["optimizer", *points, *more, "at none>", "diverged>", "median steps>"], rows


def _stability(maps: Sequence[StabilityMap]) -> tuple[list[str], list[list[str]]]:
    """The best pair of values, and the shares of all pairs that are stable, grew or diverged."""
    names, counted = maps[0].names, maps[0].reached is not None
    rows = []
    for panel in maps:
        place = panel.best
        pair, loss, steps = ["none"] * 2, "none", "none"
        if place is not None:
            row, column = place
            pair = [f"{panel.x[column]:.4g}", f"{panel.y[row]:.4g}"]
            loss = short(panel.loss[row, column])
            steps = f"{panel.reached[row, column]:,}" if panel.reached is not None else ""
        shares = [panel.stable.mean(), (~panel.stable & ~panel.diverged).mean(), panel.diverged.mean()]
        rows.append([panel.title, *pair, loss, *([steps] if counted else []), *(f"{100 * s:.1f} %" for s in shares)])
        if panel.failed:
            rows[-1][1:] = [ERROR] + [NONE] * (len(rows[-1]) - 2)
    columns = ["optimizer", *(f"best {name}>" for name in names), "final loss>", *(["steps>"] if counted else [])]
    return [*columns, "stable>", "grew>", "diverged>"], rows


SUMMARIES = {
    "basins": MapSummary(_basins, advice.of_basins),
    "stability": MapSummary(_stability, advice.of_stability, SHARES),
}
"""The summaries by the name of the kind of experiment."""
