"""What the page shows of a map: for each panel its arrays, colours and program; for each problem its surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.execution.records import FixedPoint
from optlab.experiments.cases import Titled, titled
from optlab.experiments.maps import advice
from optlab.experiments.maps.panels import BasinMap, StabilityMap
from optlab.markup import looks
from optlab.report import cases, map_looks, recorded_maps
from optlab.report.map_programs import Programs
from optlab.report.packing import deflated, packed_exactly, plain, three_digits
from optlab.report.recorded_maps import Panel
from optlab.results.case_frames import has_map, surface_between
from optlab.results.profiles.of_results import Profiled
from optlab.results.stability_colours import fates
from optlab.results.surface import view

MOST_PIXELS = 800_000
"""The most pixels of all panels together, about 2.5 MB of text."""
MOST_CASES = 40
NO_PATHS = pd.DataFrame({"label": [], "x0": [], "x1": []}, dtype=float)


def of(results: Profiled) -> dict[str, Any]:
    """The labels, cases, maps and notes of a map as JSON. Without its arrays it is only described in a note."""
    planned = results.origin.plan
    panels, why = recorded_maps.panels(results)
    if not panels or planned is None:
        return {"labels": [], "cases": [], "maps": None, "notes": [why]}
    titles = list(dict.fromkeys(panel.problem for panel in panels))
    shown = titles[:MOST_CASES]
    known = {case.title: case for case in titled(planned)}
    reasons = recorded_maps.reasons(results, planned.sweeps)
    made = Programs(planned.sweeps, (planned.table.x, planned.table.y), reasons)
    stride = stride_of([panel for panel in panels if panel.problem in shown])
    labels = list(dict.fromkeys(panel.optimizer for panel in panels))
    packed = [
        {
            "case": shown.index(panel.problem),
            "label": labels.index(panel.optimizer),
            "steps": known[panel.problem].steps,
            "advice": _advice(panel, known[panel.problem].steps),
            **pixels(panel, stride),
            **program,
        }
        for panel, program in zip(panels, made.of_panels(), strict=True)
        if panel.problem in shown
    ]
    notes = [f"the first {len(shown)} of {counted(len(titles), 'problem')} are shown"] if shown != titles else []
    if stride > 1:
        notes.append(f"the maps are thinned: every {_nth(stride)} pixel of each side is shown; the figures have all")
    if results.origin.changed_plugins:
        notes.append(f"the maps are shown as recorded: {'; '.join(results.origin.changed_plugins.values())}")
    return {
        "labels": [{"name": label, "colour": n % len(looks.PALETTE)} for n, label in enumerate(labels)],
        "cases": [
            _case(
                known[title],
                [panel for panel in panels if panel.problem == title],
                any(one["program"] is not None for one in packed if one["case"] == place),
                known[title].case.problem.name not in results.origin.changed,
            )
            for place, title in enumerate(shown)
        ],
        "maps": {"kind": results.kind.name, "panels": packed, "programs": made.programs},
        "notes": notes,
    }


def stride_of(panels: Sequence[Panel]) -> int:
    """The distance of the pixels that are shown, so that all panels together have at most `MOST_PIXELS`."""
    stride = 1
    while sum(-(-len(panel.x) // stride) * -(-len(panel.y) // stride) for panel in panels) > MOST_PIXELS:
        stride += 1
    return stride


def pixels(panel: Panel, stride: int = 1) -> dict[str, Any]:
    """The arrays and facts of a panel as JSON. With a `stride`, those of the pixels in the middle of blocks."""
    part = slice((stride - 1) // 2, None, stride)
    both = part, part
    digits, exponents = three_digits(panel.loss[both])
    is_basin = isinstance(panel, BasinMap)
    arrays = {
        "fate": deflated(_fates(panel)[both]),
        "digits": deflated(digits),
        "exponents": deflated(exponents),
        **({} if panel.reached is None else {"reached": deflated(panel.reached[both] + 1)}),
    }
    return {
        "settings": settings(panel.settings),
        "names": ["x0", "x1"] if is_basin else list(panel.names),
        "spacings": ["linear", "linear"] if is_basin else list(panel.spacings),
        "x": packed_exactly(panel.x[part]),
        "y": packed_exactly(panel.y[part]),
        "failed": panel.failed,
        **arrays,
        **({} if is_basin else _stability(panel, stride)),
    }


def _fates(panel: Panel) -> Any:
    """Of basins: 0 where a run diverged, 1 where it is at no minimum, and 2 more than the index of its minimum."""
    if isinstance(panel, BasinMap):
        return np.where(panel.diverged, 0, panel.minimum + 2)
    return fates(panel)


def _stability(panel: StabilityMap, stride: int) -> dict[str, Any]:
    """The best pixel, the loss at the start, and what theory says."""
    theory = panel.theory
    found: dict[str, Any] = {
        "best": None if panel.best is None else [place // stride for place in panel.best],
        "first": plain(float(panel.first.ravel()[0])),
        "target": plain(panel.target),
        "theory": None,
    }
    if theory is not None and (theory.radius.min() < 1 < theory.radius.max()):
        radius = np.nan_to_num(theory.radius, nan=2.0).clip(0.0, 2.0)
        found["theory"] = {
            "text": theory.formula or "spectral radius 1",
            "size": radius.shape[0],
            "radius": deflated(np.rint(radius * 32_000)),
        }
    if theory is not None and theory.fastest:
        found["fastest"] = plain(list(theory.fastest))
    return found


def settings(values: Mapping[str, Any]) -> str:
    """Settings as text.

    >>> settings({"lr": 0.01, "nesterov": True})
    'lr=0.01 nesterov=True'
    """
    return " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in values.items()
    )


def _advice(panel: Panel, steps: int) -> str:
    return advice.of_basins(panel, steps) if isinstance(panel, BasinMap) else advice.of_stability(panel, steps)


def _case(case: Titled, panels: Sequence[Panel], is_live: bool, is_same: bool) -> dict[str, Any]:
    """A problem: its surface without paths, how its panels are coloured, and a place for the losses of a run.

    `is_same`: whether the problem is that of the runs, so that it has a surface.
    """
    return {
        "title": case.title,
        "minimum": plain(case.minimum) if is_same else None,
        "valley": _valley(case, panels[0]) if is_same else None,
        "curves": {"loss": []} if is_live else {},
        "sensitivity": [],
        "ranking": [],
        "verdict": "",
        "programs": [],
        "landscapes": [],
        "boundary": None,
        "look": map_looks.of([panel for panel in panels if not panel.failed]),
    }


def _valley(case: Titled, panel: Panel) -> dict[str, Any] | None:
    """The surface over a map of basins, or over the domain for a map of stability. None if there are not two
    parameters."""
    if not has_map(case):
        return None
    if isinstance(panel, BasinMap):
        corners, minima = (panel.low, panel.high), list(panel.minima)
    else:
        domain, start, minima = case.case.problem.domain, case.case.start, list(case.minima)
        given = start.x if isinstance(start, FixedPoint) else None
        corners = view(None, given, minima, NO_PATHS) if domain is None else case.case.problem.bounds(2)
    surface = surface_between(case, np.asarray(corners[0]), np.asarray(corners[1]), cases.RESOLUTION)
    return cases.valley(surface, case.minimum, minima, [])


def _nth(count: int) -> str:
    """
    >>> [_nth(n) for n in (2, 3, 4)]
    ['2nd', '3rd', '4th']
    """
    return f"{count}{ {2: 'nd', 3: 'rd'}.get(count, 'th') }"
