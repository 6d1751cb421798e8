"""The loss around the recorded paths of a case with more than two parameters, in two planes through them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from optlab.execution.evaluation import Evaluation, whole_objective
from optlab.execution.records import Floats, Ints
from optlab.experiments.cases import Titled
from optlab.report.packing import packed, packed_exactly, packed_shares, spaced
from optlab.results.case_frames import CaseFrames, has_map
from optlab.results.landscape import ParameterPlane, principal_plane, random_plane
from optlab.results.surface import power_of, sane, shares, view

WORK = 3_000_000_000
"""The most work for all landscapes of a page, about a second: parameters times examples times points, and as much
as for 500 parameters for the functions of units."""
QUICK = WORK // 4
"""The most work for which paths that were not recorded are computed again."""
LEAST, LARGEST = 9, 33
"""The least and the largest number of points along each side of a grid."""
BLOCK = 32
"""The number of points whose losses are computed together."""
POINTS = 60
"""The most points of a path."""
GRID_SHARE, PATH_SHARE = 0.375, 0.08
"""The share of the evaluations of each of two grids, and of the paths: of them and their projections on two planes."""
PRINCIPAL, RANDOM = "principal", "random"
SQUARE = {PRINCIPAL: [], RANDOM: [(-1.0, -1.0), (1.0, 1.0)]}
"""Coordinates that the part of each plane contains that is shown. For random directions, it is that of the source."""


Losses = Callable[[Floats], Floats]


@dataclass(frozen=True)
class RecordedPath:
    """A recorded path: `points` (steps, dim), and the true `losses` there, over all training data."""

    label: str
    status: str
    steps: Ints
    points: Floats
    losses: Floats


def has_landscape(case: Titled) -> bool:
    """Whether the loss of a case can be drawn in a plane, though it has no map."""
    computes = case.case.split is not None or case.computes
    return case.case.dim > 1 and not has_map(case) and not case.case.problem.changes and computes


def is_quick(case: Titled) -> bool:
    """Whether a case has a landscape whose finest grids take little time."""
    return has_landscape(case) and LARGEST**2 / GRID_SHARE * _work_of_a_point(case) <= QUICK


def landscapes(
    case: Titled, frames: CaseFrames, places: Mapping[str, int], labels: Collection[str], work: float
) -> list[dict[str, Any]]:
    """The planes as JSON: principal components of the paths, and random directions at the end of the best path.

    Args:
        frames: the frames of this case. Without recorded paths, the result is empty; also if no run stayed finite, or
            if this much work is not enough.
        labels: whose paths are shown.
    """
    evaluations = work / _work_of_a_point(case)
    resolution = int(min(np.sqrt(GRID_SHARE * evaluations), LARGEST))
    recorded = frames.paths[frames.paths["label"].isin(labels)]
    if recorded.empty or resolution < LEAST:
        return []
    with threadpool_limits(1, "blas"):  # threads take longer on matrices this small
        return _landscapes(case, frames, recorded, places, evaluations, resolution)


def _landscapes(
    case: Titled,
    frames: CaseFrames,
    recorded: pd.DataFrame,
    places: Mapping[str, int],
    evaluations: float,
    resolution: int,
) -> list[dict[str, Any]]:
    most = int(np.clip(PATH_SHARE * evaluations / recorded["label"].nunique(), 5, POINTS))
    losses = loss_of(case)
    paths = _paths(case, losses, frames, recorded, most)
    done = [path for path in paths if path.status == "done"]
    if not done:
        return []
    best = min(done, key=lambda path: path.losses[-1])
    planes = {
        PRINCIPAL: principal_plane(np.concatenate([path.points for path in done])),
        RANDOM: random_plane(best.points[-1], case.case.tensors, np.random.Generator(np.random.Philox(0))),
    }
    return [
        {
            "name": name,
            "through": places[best.label],
            **_landscape(losses, name, plane, paths, done, places, resolution),
        }
        for name, plane in planes.items()
        if plane is not None
    ]


def shares_of_work(cases: Sequence[Titled], work: float) -> list[float]:
    """The work for each case: as much as its finest grid needs, or an equal part of what those with less leave."""
    needs = [LARGEST**2 / GRID_SHARE * _work_of_a_point(case) for case in cases]
    found = dict.fromkeys(range(len(needs)), 0.0)
    for done, place in enumerate(sorted(found, key=needs.__getitem__)):
        found[place] = min(needs[place], (work - sum(found.values())) / (len(needs) - done))
    return list(found.values())


def _work_of_a_point(case: Titled) -> int:
    split = case.case.split
    return (case.case.dim + 500) * (len(split.train_inputs) if split else 1)


def _paths(case: Titled, losses: Losses, frames: CaseFrames, recorded: pd.DataFrame, most: int) -> list[RecordedPath]:
    status = dict(zip(frames.best["label"], frames.best["shown_status"], strict=True))
    every = recorded[[f"x{i}" for i in range(case.case.dim)]].to_numpy(float)
    every_step = recorded["step"].to_numpy()
    labels, steps, points = [], [], []
    for label, rows in recorded.groupby("label", sort=False).indices.items():
        some = rows[spaced(len(rows), most)]
        labels.append(str(label))
        points.append(sane(every[some]))  # only the end of a diverged run is too large
        steps.append(every_step[some][: len(points[-1])])
    return [
        RecordedPath(label, status[label], own_steps, own, along)
        for label, own_steps, own, along in zip(labels, steps, points, _of_each(losses, points), strict=True)
    ]


def _of_each(losses: Losses, paths: Sequence[Floats]) -> list[Floats]:
    """The losses at the points of each path, computed together: the last block is filled up."""
    return np.split(losses(np.concatenate(paths)), np.cumsum([len(path) for path in paths])[:-1])


def loss_of(case: Titled) -> Losses:
    """The loss over all training data at points (points, dim), computed in blocks that fit into the caches."""
    options = {name: np.array([value]) for name, value in case.options.items()}
    evaluation = Evaluation.of(case.case, {"loss": whole_objective(case.case)}, options, BLOCK)

    def losses(points: Floats) -> Floats:
        blocks = [points[np.minimum(np.arange(at, at + BLOCK), len(points) - 1)] for at in range(0, len(points), BLOCK)]
        return np.concatenate([evaluation.at(block.T)["loss"] for block in blocks])[: len(points)]

    return losses


def _landscape(
    losses: Losses,
    name: str,
    plane: ParameterPlane,
    paths: Sequence[RecordedPath],
    done: Sequence[RecordedPath],
    places: Mapping[str, int],
    resolution: int,
) -> dict[str, Any]:
    """A plane as JSON, in the form of a valley. A path also has its distance to the plane, and the loss of its
    projection."""
    coordinates = [plane.coordinates(path.points) for path in paths]
    projected = _of_each(losses, [plane.points(of_path) for of_path in coordinates])
    every = np.concatenate([path.points for path in done])
    seen = pd.DataFrame(plane.coordinates(every), columns=["x0", "x1"])
    low, high = view(None, None, SQUARE[name], seen)
    x, y = np.linspace(low, high, resolution).T
    grid = np.stack([axis.ravel() for axis in np.meshgrid(x, y)], axis=1)
    values = losses(plane.points(grid)).reshape(resolution, resolution)
    heights = shares(values)
    if heights is None:  # no two heights differ
        heights = np.ma.masked_array(np.full((resolution, resolution), 0.5))
    return {
        "low": low.tolist(),
        "high": high.tolist(),
        "size": resolution,
        "heights": packed_shares(heights),
        "power": power_of(values),
        "minima": [],
        "explained": plane.explained(every),
        "plane": {"origin": packed_exactly(plane.origin), "directions": packed_exactly(plane.directions)},
        "paths": [
            _projected(plane, path, places, *of_path)
            for path, *of_path in zip(paths, coordinates, projected, strict=True)
        ],
    }


def _projected(
    plane: ParameterPlane, path: RecordedPath, places: Mapping[str, int], coordinates: Floats, projected: Floats
) -> dict[str, Any]:
    arrays = {
        "x": coordinates[:, 0],
        "y": coordinates[:, 1],
        "step": path.steps,
        "loss": path.losses,
        "projected": projected,
        "distance": plane.distances(path.points),
    }
    return {
        "label": places[path.label],
        "status": path.status,
        **{name: packed(values) for name, values in arrays.items()},
    }
