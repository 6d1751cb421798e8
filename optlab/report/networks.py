"""What the page shows of a network: the module of its outputs, the examples, and its parameters along the steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from optlab.execution.outputs import outputs_program
from optlab.experiments.cases import Titled
from optlab.report import recomputed
from optlab.report.landscapes import WORK, has_landscape, is_quick, landscapes, shares_of_work
from optlab.report.packing import packed, spaced
from optlab.results.analysis.sentences import listed
from optlab.results.case_frames import CaseFrames
from optlab.results.profiles.of_results import Profiled

GRID = 48
"""Points along each side of the part of the plane in which the outputs are computed."""
EXAMPLES = 1_000
"""The most examples that are drawn, of training and test together."""
PARAMETERS = 56_000
"""The most parameters of all steps and all networks of a page: 300 kB of text."""


UNRECORDED = (
    "The loss around the paths is not shown, because the parameters along the steps were not recorded, and computing "
    "them again takes too long here, or is not possible. optlab report RESULTS --landscapes takes its time to compute "
    "them; an experiment records them with trajectories = true in [record]."
)
IMPOSSIBLE = (
    "The loss around the paths is not shown, because the parameters along the steps were not recorded, and computing "
    "them again takes too long, or is not possible; an experiment records them with trajectories = true in [record]."
)
PART = (
    "The parameters along the steps were not recorded; they were computed again for {}. An experiment "
    "records those of all optimizers with trajectories = true in [record]."
)

PATIENCE = 10
"""How much more work is done to compute paths again for landscapes that were asked for."""

TOO_LARGE = "The loss around the paths is not shown, because no run stayed finite, or its grid would take too long."


def add(
    found: Sequence[dict[str, Any]],
    known: Mapping[str, Titled],
    results: Profiled,
    places: Mapping[str, int],
    labels: Collection[str],
    all_landscapes: bool = False,
) -> None:
    """Add to each case as JSON its `landscapes`, its `boundary` or None, and `network_notes`, sentences on what is
    missing.

    Args:
        known: the cases whose problem is unchanged, by title.
        results: of all cases. Paths that were not recorded are computed again, if that does not take long.
        labels: whose paths and parameters are in the page.
        all_landscapes: whether paths are computed again for every landscape, which may take ten seconds.
    """
    for one in found:
        one |= {"landscapes": [], "boundary": None, "network_notes": []}
    frames = results.frames
    own = [(one, known[one["title"]], frames.case(one["title"])) for one in found if one["title"] in known]
    own = _with_paths(own, results, labels, all_landscapes)
    wide = [one for one in own if has_landscape(one[1])]
    recorded = [one for one in wide if not one[2].paths.empty]
    drawn = [one for one in wide if is_drawn(one[1])]
    shares = shares_of_work([case for _, case, _ in recorded], WORK)
    for (one, case, of_case), work in zip(recorded, shares, strict=True):
        one["landscapes"] = landscapes(case, of_case, places, labels, work)
    for one, _, of_case in wide:
        if not one["landscapes"]:
            missing = IMPOSSIBLE if all_landscapes else UNRECORDED
            one["network_notes"].append(missing if of_case.paths.empty else TOO_LARGE)
    for one, case, of_case in drawn:
        one["boundary"], why = boundary(case, of_case, places, labels, PARAMETERS // len(drawn))
        one["network_notes"] += [why] if why else []


Own = tuple[dict[str, Any], Titled, CaseFrames]


def _with_paths(own: Sequence[Own], results: Profiled, labels: Collection[str], all_landscapes: bool) -> list[Own]:
    """The cases with paths where they were not recorded and are needed."""
    wanted = has_landscape if all_landscapes else lambda case: is_drawn(case) or is_quick(case)
    missing = [one["title"] for one, case, of_case in own if of_case.paths.empty and wanted(case)]
    work = recomputed.WORK * (PATIENCE if all_landscapes else 1) / max(len(missing), 1)
    found = []
    for one, case, of_case in own:
        if one["title"] in missing:
            of_case = of_case.with_paths(recomputed.paths(results, of_case, labels, work))
            shown, wanted = set(of_case.paths["label"]), set(of_case.best["label"]) & set(labels)
            if shown and shown != wanted:
                one["network_notes"].append(PART.format(listed([label for label in labels if label in shown])))
        found.append((one, case, of_case))
    return found


def is_drawn(case: Titled) -> bool:
    """Whether a case is a network on data with two features."""
    split = case.case.split
    return split is not None and split.train_inputs.shape[1] == 2


def boundary(
    case: Titled, frames: CaseFrames, places: Mapping[str, int], labels: Collection[str], numbers: int
) -> tuple[dict[str, Any] | None, str]:
    """The network as JSON, and a sentence on what is missing.

    Args:
        frames: the frames of this case, whose paths have parameters if they were recorded.
        labels: whose parameters are in the page.
        numbers: the most numbers of all parameters.
    """
    problem, split = case.case.problem, case.case.split
    assert split is not None
    if problem.outputs is None:
        declared = f"problem {problem.name} declares no outputs, as in @problem(..., outputs=probabilities)"
        return None, f"There is no decision boundary, because {declared}."
    inputs = np.concatenate([split.train_inputs, split.test_inputs])
    targets = np.concatenate([split.train_targets, split.test_targets])
    some = spaced(len(inputs), EXAMPLES)
    try:
        program = outputs_program(case.case, case.options, GRID**2 + len(some))
    except Exception as error:  # the outputs are not used by runs, so that their mistakes are found here
        return None, f"There is no decision boundary: {str(error).partition(chr(10))[0]}"
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    room = 0.08 * np.maximum(high - low, 1e-9)
    found = {
        "program": program,
        "grid": GRID,
        "low": (low - room).tolist(),
        "high": (high + room).tolist(),
        "classes": targets.shape[1],
        "x": packed(inputs[some, 0]),
        "y": packed(inputs[some, 1]),
        "class": packed(targets[some].argmax(axis=1)),
        "trained": int((some < len(split.train_inputs)).sum()),
        "recorded": _parameters(case, frames, places, labels, numbers),
    }
    return found, ""


def _parameters(
    case: Titled, frames: CaseFrames, places: Mapping[str, int], labels: Collection[str], numbers: int
) -> list[dict[str, Any]]:
    """The recorded parameters of each label along its steps, thinned."""
    recorded = frames.paths[frames.paths["label"].isin(labels)]
    columns = [f"x{i}" for i in range(case.case.dim)]
    found = []
    for label, rows in recorded.groupby("label", sort=False):
        most = numbers // (case.case.dim * recorded["label"].nunique())
        if most >= 2:
            some = rows.iloc[spaced(len(rows), most)]
            found.append({"label": places[str(label)], "step": packed(some["step"]), "x": packed(some[columns])})
    return found
