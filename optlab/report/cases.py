"""What the page shows of one case: surface, paths, curves, sensitivity to the learning rate, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optlab.experiments.cases import Titled
from optlab.report import verdicts
from optlab.report.basins import basins
from optlab.report.packing import packed, packed_shares, plain, spaced
from optlab.results.analysis.judged import Judged
from optlab.results.case_frames import CaseFrames, has_map, surface_of
from optlab.results.surface import Surface, power_of, shares

RESOLUTION = 128
"""Points along each side of the grid of a surface."""


@dataclass(frozen=True)
class Limits:
    """The largest numbers of points of a curve and of a path."""

    curve: int
    path: int


def case(
    title: str,
    titled: Titled | None,
    frames: CaseFrames,
    history: pd.DataFrame,
    judged: Judged,
    places: Mapping[str, int],
    limits: Limits,
    manifest: Mapping[str, Any],
) -> dict[str, Any]:
    """One case as JSON.

    Args:
        titled: the case with its problem, or None if the problem is gone or has changed.
        frames: the frames of this case.
        history: all recorded losses.
        places: the index of each label.
        manifest: of the results; it has the messages of failed runs.
    """
    return {
        "title": title,
        "minimum": plain(titled.minimum) if titled else None,
        "valley": _valley(titled, frames, history, places, limits.path),
        "curves": _curves(frames.curves, places, limits.curve),
        "sensitivity": _sensitivity(frames.effects, places),
        **verdicts.ranking(title, judged, places, manifest),
    }


def _valley(
    titled: Titled | None, frames: CaseFrames, history: pd.DataFrame, places: Mapping[str, int], most: int
) -> dict[str, Any] | None:
    """The surface and the paths over it. None if the case is no function of two parameters with recorded paths."""
    if titled is None or frames.paths.empty or not has_map(titled):
        return None
    surface = surface_of(titled, frames, RESOLUTION)
    found = valley(surface, titled.minimum, titled.minima, _paths(frames, history, places, most))
    return {**found, "basins": basins(titled, found["low"], found["high"])}


def valley(
    surface: Surface, minimum: float | None, minima: Sequence[Any], paths: list[dict[str, Any]]
) -> dict[str, Any]:
    """A surface with its known minima, and paths over it."""
    heights = shares(surface.z, minimum)
    if heights is None:  # no two heights differ
        heights = np.ma.masked_array(np.full(surface.z.shape, 0.5), ~np.isfinite(surface.z))
    return {
        "low": surface.limits[0].tolist(),
        "high": surface.limits[1].tolist(),
        "size": RESOLUTION,
        "heights": packed_shares(heights),
        "power": power_of(surface.z, minimum),
        "minima": [plain(np.ravel(point).tolist()) for point in minima],
        "paths": paths,
    }


def _paths(frames: CaseFrames, history: pd.DataFrame, places: Mapping[str, int], most: int) -> list[dict[str, Any]]:
    losses = history.loc[np.isin(history["run"], frames.paths["run"]), ["run", "step", "loss"]]
    merged = frames.paths.merge(losses, on=["run", "step"], how="left")
    status = dict(zip(frames.best["label"], frames.best["shown_status"], strict=True))
    found = []
    for label, path in merged.groupby("label", sort=False):
        some = path.iloc[spaced(len(path), most)]
        columns = {"x": "x0", "y": "x1", "step": "step", "loss": "loss"}
        arrays = {name: packed(some[column]) for name, column in columns.items()}
        found.append({"label": places[str(label)], "status": status[label], **arrays})
    return found


def _curves(curves: pd.DataFrame, places: Mapping[str, int], most: int) -> dict[str, list[dict[str, Any]]]:
    """By quantity, the curve of each label: steps, median, and the ends of the band if there is a band."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (quantity, label), curve in curves.groupby(["quantity", "label"], sort=False):
        some = curve.iloc[spaced(len(curve), most)]
        last = some.iloc[-1]
        cost = last["gradients"] / last["step"] if last["step"] else 1.0
        line = {"label": places[str(label)], "cost": plain(cost), "step": packed(some["step"])}
        if len(some) < len(curve):
            line["isThinned"] = True
        line["median"] = packed(some["median"])
        if (some["low"] < some["high"]).any():
            line |= {"low": packed(some["low"]), "high": packed(some["high"])}
        found.setdefault(str(quantity), []).append(line)
    return found


def _sensitivity(effects: pd.DataFrame, places: Mapping[str, int]) -> list[dict[str, Any]]:
    if effects.empty:
        return []
    known = effects[effects["median"].notna()]
    return [
        {
            "label": places[str(label)],
            **{there: packed(rows[here]) for here, there in
               {"value": "x", "median": "median", "low": "low", "high": "high"}.items()},
        }
        for label, rows in known.groupby("label", sort=False)
    ]  # fmt: skip
