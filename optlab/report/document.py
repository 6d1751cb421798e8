"""The data of the page, as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

import optlab
from optlab.errors import counted
from optlab.experiments.cases import Titled, titled
from optlab.markup import looks
from optlab.report import about, cases, maps, networks, profiles, programs, rankings, verdicts
from optlab.results import basin_colours, store
from optlab.results.analysis.judged import Judged
from optlab.results.case_frames import CaseFrames, has_map
from optlab.results.looks import best_first, looks_of
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import ALL

NUMBERS = 240_000
"""The most numbers of all curves together, and of all paths together: about 1.3 MB of text."""
MOST_CASES = 40
"""The most cases of a page; each has a surface, curves and a ranking of its own."""
PARTLY_LEFT_OUT = "surfaces and known minima of some problems are left out"
ONLY_RECORDED = "where a plugin is missing, only what was recorded is shown"
CURVE, PATH = (16, 400), (32, 1_000)
"""The least and the largest number of points of a curve and of a path."""


def document(results: Profiled, judged: Judged | None, all_landscapes: bool = False) -> dict[str, Any]:
    """All that the page shows. `judged` has the verdicts; None for a map, which has no ranks. `all_landscapes`: see
    `networks.add`."""
    planned = results.origin.plan
    downloads, notes = about.files(results, judged)
    common = {
        "name": results.manifest["name"],
        "optlab": optlab.__version__,
        "ended": store.outcomes(results.manifest),
        "palette": {"light": looks.PALETTE, "dark": looks.ON_DARK},
        "faint": {"light": looks.FAINT, "dark": looks.FAINT_ON_DARK},
        "relief": {"light": looks.RELIEF, "dark": looks.RELIEF_ON_DARK},
        "basins": _basin_colours(),
        "about": about.about(results),
        "files": downloads,
    }
    if judged is None:
        shown = maps.of(results)
        return {**common, "overall": None, "profile": None, "verdict": [], **shown, "notes": notes + shown["notes"]}
    labels = planned.labels if planned else tuple(dict.fromkeys(results.runs["label"]))
    places = {label: place for place, label in enumerate(labels)}
    looks_of_labels = _labels(labels, judged)
    coloured = [one["name"] for one in looks_of_labels if one["colour"] is not None]
    shown, omitted = _cases(results, judged, places, coloured, all_landscapes)
    what = PARTLY_LEFT_OUT if planned else ONLY_RECORDED
    left_out = [f"{what}: {'; '.join(results.origin.left_out)}"]
    return {
        **common,
        "labels": looks_of_labels,
        "cases": shown,
        "overall": verdicts.overall(judged, places) if len(shown) > 1 else None,
        "marks": verdicts.marks(judged),
        "profile": profiles.profile(results, places),
        "verdict": verdicts.headline(judged, shown),
        "notes": [*results.remarks, *notes, *omitted, *left_out * bool(results.origin.left_out)],
    }


def _basin_colours() -> dict[str, Any]:
    """The colours of minima, as in the pictures of basins."""
    return {
        "hues": basin_colours.hues(128),
        "nowhere": basin_colours.NOWHERE,
        "diverged": basin_colours.DIVERGED,
        "fast": basin_colours.FAST,
        "slow": basin_colours.SLOW,
    }


def _labels(labels: tuple[str, ...], judged: Judged) -> list[dict[str, Any]]:
    """Each label with the place of its colour in the palette; None for a thin grey line. The colours are those of the
    figures."""
    chosen = looks_of(labels, best_first(labels, judged.placed), ALL)
    return [
        {"name": label, "colour": None if look.faint else looks.PALETTE.index(look.colour)}
        for label, look in chosen.items()
    ]


def _cases(
    results: Profiled, judged: Judged, places: dict[str, int], coloured: list[str], all_landscapes: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """The cases as JSON, and notes on those that are left out. `coloured`: the labels that are in colour."""
    titles = list(dict.fromkeys(results.runs["case"]))
    shown = titles[:MOST_CASES]
    frames = results.frames
    known = _known(results)
    limits = _limits(frames, shown)
    found = [
        cases.case(
            title, known.get(title), frames.case(title), results.history, judged, places, limits, results.manifest
        )
        for title in shown
    ]
    networks.add(found, known, results, places, coloured, all_landscapes)
    made = programs.programs(results, judged, shown, places)
    for case in found:
        case |= {"programs": made[case["title"]].programs, "starts": made[case["title"]].starts}
    for one, contest in zip(found, rankings.contests(judged, shown, places), strict=True):
        one["contest"] = contest
    notes = [f"the first {len(shown)} of {counted(len(titles), 'problem')} are shown"] if shown != titles else []
    if flat := [title for title in shown if _lacks_paths(known.get(title), frames.case(title))]:
        notes.append(
            f"{', '.join(flat)}: no parameters were recorded along the runs, so the surface and the paths are missing"
        )
    longest = frames.curves.groupby(["case", "label", "quantity"]).size().max() if len(frames.curves) else 0
    if longest > limits.curve:
        notes.append(f"curves and paths are thinned: {limits.curve} points of each curve are shown")
    return found, notes + programs.notes(made)


def _lacks_paths(titled: Titled | None, frames: CaseFrames) -> bool:
    """Whether a case would have a surface if the parameters had been recorded along its runs."""
    return titled is not None and has_map(titled) and frames.paths.empty and bool((frames.best["failed"] == 0).any())


def _limits(frames: CaseFrames, shown: list[str]) -> cases.Limits:
    curves, paths = (frame[frame["case"].isin(shown)] for frame in (frames.curves, frames.paths))
    lines = max(curves.groupby(["case", "label", "quantity"]).ngroups, 1)
    balls = max(paths.groupby(["case", "label"]).ngroups, 1)
    return cases.Limits(int(np.clip(NUMBERS // (4 * lines), *CURVE)), int(np.clip(NUMBERS // (4 * balls), *PATH)))


def _known(results: Profiled) -> dict[str, Titled]:
    """The cases whose problem is unchanged since the runs, by title."""
    planned, changed = results.origin.available, results.origin.changed
    every = titled(planned) if planned else ()
    return {case.title: case for case in every if case.case.problem.name not in changed}
