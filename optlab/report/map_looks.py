"""The colours and the legend of the panels of one problem in a map, as JSON for `web/maps/colours.js`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optlab.experiments.maps.panels import BasinMap, StabilityMap
from optlab.markup import looks
from optlab.report.packing import packed_exactly, plain
from optlab.results import basin_colours as basins
from optlab.results import stability_colours as stability


def of(panels: Sequence[Any]) -> dict[str, Any] | None:
    """How these panels are coloured, with a common scale. None if there are none."""
    if not panels:
        return None
    return _basins(panels) if isinstance(panels[0], BasinMap) else _stability(panels)


def _basins(panels: Sequence[BasinMap]) -> dict[str, Any]:
    """The hue of each minimum, and the share of lightness of each number of steps."""
    share, steps = basins.scale(panels), basins.steps_of(panels)
    marked = basins.ticks(share, steps) if steps.size else []
    return {
        "legend": [{"colour": colour, "text": text} for colour, text in basins.legend(panels)],
        "hues": [basins.DIVERGED, basins.NOWHERE, *basins.hues(len(panels[0].minima))],
        "minima": plain(panels[0].minima.tolist()),
        "white": basins.FAST, "black": basins.SLOW,
        "share": packed_exactly(share),
        "scale": "steps needed (shades of equal area)",
        "ticks": [{"place": plain(share[step]), "text": f"{step:,}"} for step in marked],
    }  # fmt: skip


def _stability(panels: Sequence[StabilityMap]) -> dict[str, Any]:
    """The scale of losses or steps, and the colours of runs that are not on it."""
    scale = stability.common_scale(panels)
    is_any = any(stability.shown(panel)[1].any() for panel in panels)
    floors = [stability.floor(panel) for panel in panels]
    return {
        "legend": [{"colour": colour or _pale(), "text": text} for _, colour, text in stability.states(panels)],
        "fates": [colour for colour, _ in stability.FATES],
        "colours": list(looks.VIRIDIS), "pale": stability.PALE,
        "log": scale.log, "low": scale.low, "high": scale.high, "power": scale.power,
        "floor": plain(floors[0]) if len(set(floors)) == 1 else None,
        "scale": stability.quantity(panels[0]) + scale.suffix if is_any else "",
    }  # fmt: skip


def _pale() -> str:
    """The pale colour in the middle of the scale, as an example."""
    middle = looks.VIRIDIS[len(looks.VIRIDIS) // 2]
    channels = [int(middle[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(stability.PALE * 255 + (1 - stability.PALE) * one):02x}" for one in channels)
