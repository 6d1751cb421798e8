"""Folders of COCO and IOH: which package reads them, and the names of their runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from optlab.errors import UserError
from optlab.results.imported.isolated import runs_in

FORMATS = {"COCO": "*.info", "IOH": "IOHprofiler*.json"}
"""The formats, and the names of their files."""
_ALGORITHM = re.compile(r"algId\s*=\s*'([^']*)'")
COLUMNS = ["case", "dim", "label", "seed", "target", "cost", "spent", "final"]


def read(folder: Path, targets: Sequence[float]) -> pd.DataFrame:
    """The runs in a folder of COCO (.info files) or IOH (IOHprofiler_*.json): one row for each run and target.

    Args:
        folder: the folder of one algorithm, or a folder with several of these.
        targets: the target values above the minimum.

    Returns:
        Columns `case` ("f1 (dim=2)"), `dim`, `label` (the algorithm), `seed` (the instance; "3 (2)" is the second run
        on instance 3), `target`, `cost` (evaluations until the target, infinity if it was missed), `spent` (all
        evaluations of the run) and `final` (the lowest value above the minimum).

    Raises:
        MissingPackage: cocopp or iohinspector is needed and not installed.
        UserError: there are no such files, or the package cannot read them.
    """
    if coco := _parents(folder, FORMATS["COCO"]):
        runs = runs_in(folder, coco, targets, "cocopp", "cocopp six")
        runs["label"] = runs["folder"].map({path: _algorithm(Path(path)) for path in coco})
    elif ioh := _parents(folder, FORMATS["IOH"]):
        runs = runs_in(folder, ioh, targets, "iohinspector", "iohinspector")
    else:
        raise UserError(f"{folder}: contains neither .info files of COCO nor IOHprofiler_*.json files of IOH")
    return _named(runs)[COLUMNS].reset_index(drop=True)


def format_of(folder: Path) -> str | None:
    """The name of the format of a folder, or None."""
    return next((name for name, pattern in FORMATS.items() if next(folder.rglob(pattern), None)), None)


def _parents(folder: Path, pattern: str) -> list[str]:
    """The folders that directly contain files of a pattern."""
    return sorted({str(file.parent) for file in folder.rglob(pattern)})


def _algorithm(folder: Path) -> str:
    """The name of the algorithm in the first .info file of a folder."""
    for file in sorted(folder.glob("*.info")):
        if found := _ALGORITHM.search(file.read_text(encoding="utf-8", errors="replace")):
            return found[1]
    return folder.name


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with the names of their cases and seeds, and with labels that differ between algorithms.

    Folders of one algorithm are parts of one experiment, unless they have the same runs. Then the names of the folders
    are the labels.
    """
    run = ["label", "suite", "function", "dim", "instance", "repeat", "target"]
    if runs.duplicated(run).any():
        names = {path: Path(str(path)).name for path in runs["folder"].unique()}
        runs = runs.assign(label=runs["folder"].map(names))
        if runs.duplicated(run).any():
            runs = runs.assign(label=runs["folder"])
    suite = runs["suite"].astype(str) + " " if runs["suite"].nunique() > 1 else ""
    case = suite + "f" + runs["function"].astype(str) + " (dim=" + runs["dim"].astype(str) + ")"
    again = " (" + (runs["repeat"] + 1).astype(str) + ")"
    seed = runs["instance"].astype(str) + again.where(runs["repeat"] > 0, "")
    order = ["suite", "function", "dim", "label", "instance", "repeat"]
    return runs.assign(case=case, seed=seed).sort_values(order, kind="stable")
