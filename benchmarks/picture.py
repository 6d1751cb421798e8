"""The picture of docs/performance.md, from figures: `python -m benchmarks.picture FIGURES.json PICTURE.png`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

STYLES = {
    "optlab": ("#0072b2", "o", "optlab"),
    "C": ("#555555", "s", "C by hand"),
    "JAX jit(vmap(scan))": ("#d55e00", "^", "JAX, compiled before"),
}
"""Colours that are distinct with colour blindness, markers, and texts of the legend."""

HEADS = {
    "runs": "runs at once",
    "steps": "steps of 1,000 runs",
    "dimension": "dimension of x, 1,000 runs",
    "threads": "threads, 10,000 runs",
}

Points = Sequence[Mapping[str, Any]]


def draw(points: Points, file: Path) -> None:
    """A panel for each measured axis, all with the same scale of time."""
    axes_of = {axis: [p for p in points if p["axis"] == axis] for axis in HEADS}
    drawn = {axis: group for axis, group in axes_of.items() if group}
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for panel, (axis, group) in zip(panels, drawn.items(), strict=True):
        _panel(panel, axis, group)
    panels[0].set_ylabel("ns per run and step")
    figure.align_xlabels()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    figure.savefig(file, dpi=150)


def _panel(panel: Axes, axis: str, group: Points) -> None:
    for name, (colour, marker, label) in STYLES.items():
        own = [(p["at"], [1e9 * s for s in p["comparison"]["seconds"][name]]) for p in group if name in _names(p)]
        if own:
            at = [x for x, _ in own]
            panel.plot(at, [median(ns) for _, ns in own], color=colour, marker=marker, markersize=4, label=label)
            panel.fill_between(
                at, [min(ns) for _, ns in own], [max(ns) for _, ns in own], color=colour, alpha=0.2, linewidth=0
            )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel(HEADS[axis])
    panel.grid(color="0.9")
    panel.spines[["top", "right"]].set_visible(False)
    if axis == "threads":
        _ticks(panel, sorted({p["at"] for p in group}))


def _names(point: Mapping[str, Any]) -> Mapping[str, Any]:
    return point["comparison"]["seconds"]


def _ticks(panel: Axes, at: list[int]) -> None:
    """Small integers in place of powers of ten, and a margin on both sides."""
    panel.set_xlim(at[0] / 1.3, at[-1] * 1.3)
    panel.xaxis.set_major_locator(FixedLocator(at))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels([str(n) for n in at])


if __name__ == "__main__":
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    draw(figures["scaling"]["figures"], Path(sys.argv[2]))
