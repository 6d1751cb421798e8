"""Runs -> files of COCO, which cocopp reads.

A folder for each optimizer has an .info file for each function, with the number of evaluations and the final value of
each run. In data_fN/ there are two files for each dimension: a .dat file with a row for each improvement, and a .tdat
file with a row for each recorded step.

Source: N. Hansen et al., "COCO: a platform for comparing continuous optimizers in a black-box setting", 2021.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.errors import ResultsError, UserError
from optlab.results.profiles import chosen, hits
from optlab.results.profiles.reference import references

if TYPE_CHECKING:
    from optlab.results.profiles.of_results import Profiled

Floats = NDArray[np.float64]

SMALLEST = 1e-12
"""Smaller distances to the minimum are written as this number; cocopp's last target is 1e-8."""
OTHERS = 101
"""The number of the first other function, if there are functions of bbob."""
_HEAD = "% f evaluations | g evaluations | best noise-free fitness - Fopt ({:.12e}) + sum g_i+ | measured fitness | best measured fitness or single-digit g-values | x1 | x2..."  # noqa: E501
_BBOB = re.compile(r"bbob_f(\d+)$")
_VARIED = re.compile(r"\b(?:dim|instance)=[^,)]*(?:, )?")


@dataclass(frozen=True)
class BbobFunction:
    """The place of a case among COCO's functions: its number, dimension and instance (0: the seed says which)."""

    number: int
    dim: int
    instance: int


@dataclass(frozen=True)
class Exported:
    """folders: the folder of each optimizer. functions: the number of each function, by its name. left_out: the cases
    whose minimum is not known. failed: the optimizers that are left out because runs of them failed."""

    folders: Sequence[Path]
    functions: Mapping[str, int]
    left_out: Sequence[str]
    failed: Sequence[str]


def export(results: Profiled, out: Path, without: Sequence[str] = ()) -> Exported:
    """Write the judged runs with the best settings of each optimizer.

    The loss at a step is known after one evaluation more than the gradients up to this step. A function has the number
    that it has in bbob, and otherwise its place in the experiment. The instance of a run is its option `instance`, and
    otherwise 1 + its seed. Losses are those of the recorded steps.

    Args:
        results: finished results.
        out: the folder in which a folder for each optimizer is made.
        without: labels that are left out.

    Raises:
        UserError: no minimum is known, no losses were recorded, or a folder exists already.
        ResultsError: the experiment cannot be planned again, because a plugin is gone or has changed.
    """
    runs, failed = chosen.chosen(results.runs, without=without)
    minima, (places, numbers) = references(results).minima, _functions(results)
    left_out = [case for case in dict.fromkeys(runs["case"]) if case not in minima]
    runs = runs[~runs["case"].isin(left_out)].reset_index(drop=True)
    if runs.empty:
        raise UserError(f"the minimum of {left_out[0]} is not known, and cocopp compares distances to it")
    records = hits.losses(runs, results.history)
    labels = list(map(str, dict.fromkeys(runs["label"])))
    folders = dict(zip(labels, (out / name for name in _file_names(labels)), strict=True))
    for folder in folders.values():
        if folder.exists():
            raise UserError(f"{folder}: exists already; remove it, or write another folder with --out")
    for label, own in runs.groupby("label", sort=False):
        _write(folders[str(label)], str(label), own, records, minima, places)
    used = {number for case in runs["case"] for number in [places[case].number]}
    names = {name: number for name, number in numbers.items() if number in used}
    return Exported(list(folders.values()), names, left_out, failed)


def _functions(results: Profiled) -> tuple[dict[str, BbobFunction], dict[str, int]]:
    """The place of each case by its title, and the number of each function by its name."""
    plan = results.origin.plan
    if plan is None:
        raise ResultsError(
            f"{results.place}: the experiment cannot be planned again: {'; '.join(results.origin.reasons)}"
        )
    places: dict[str, BbobFunction] = {}
    numbers: dict[str, int] = {}
    first = OTHERS if any(_BBOB.match(sweep.case.problem.name) for sweep in plan.sweeps) else 1
    others = itertools.count(first)
    for sweep in plan.sweeps:
        bbob = _BBOB.match(sweep.case.problem.name)
        for number, title in enumerate(sweep.titles):
            name = _VARIED.sub("", title).replace(", )", ")").removesuffix(" ()")
            if name not in numbers:
                numbers[name] = int(bbob[1]) if bbob else next(others)
            instance = int(sweep.options(number).get("instance", 0)) if bbob else 0
            places[title] = BbobFunction(numbers[name], sweep.case.dim, instance)
    return places, numbers


def _write(
    folder: Path,
    label: str,
    runs: pd.DataFrame,
    records: pd.DataFrame,
    minima: Mapping[str, float],
    places: Mapping[str, BbobFunction],
) -> None:
    """The files of one optimizer."""
    algorithm = label.replace("'", "")
    place = runs["case"].map(places)
    keys = pd.DataFrame({"number": [p.number for p in place], "dim": [p.dim for p in place]}, index=runs.index)
    for number, of_function in keys.groupby("number"):
        data = folder / f"data_f{number}"
        data.mkdir(parents=True)
        with (folder / f"bbobexp_f{number}.info").open("w", encoding="utf-8") as info:
            for dim, rows in of_function.groupby("dim"):
                name = f"bbobexp_f{number}_DIM{dim}"
                info.write(
                    f"suite = 'bbob', funcId = {number}, DIM = {dim}, Precision = 1.000e-08, algId = '{algorithm}', "
                    f"coco_version = '2.8', logger = 'bbob', data_format = 'bbob-new2', settings = ''\n% \n"
                    f"data_f{number}/{name}.dat"
                )
                with (data / f"{name}.dat").open("w") as dat, (data / f"{name}.tdat").open("w") as tdat:
                    for run in runs.loc[rows.index].to_dict("records"):
                        own = records[records["run"] == run["run"]]
                        spent, final = _write_run(run, own, minima[run["case"]], dat, tdat)
                        instance = places[run["case"]].instance or int(run["seed"]) + 1
                        info.write(f", {instance}:{spent}|{final:.1e}")
                info.write("\n")


def _write_run(run: dict, records: pd.DataFrame, minimum: float, dat: TextIO, tdat: TextIO) -> tuple[int, float]:
    """The rows of one run. Returns its number of evaluations, and its final distance to the minimum."""
    per_step = run["grad_evals"] / max(run["steps"], 1)
    evaluations = 1 + np.ceil(records["step"].to_numpy(float) * per_step - 1e-9).astype(np.int64)
    loss = records["value"].to_numpy(float)
    best = np.minimum.accumulate(loss)
    distance = np.where(np.isfinite(best), np.maximum(best - minimum, SMALLEST), 1e99)
    spent = 1 + int(run["grad_evals"])
    for file in (dat, tdat):
        file.write(_HEAD.format(minimum) + "\n")
    is_better = np.append(True, distance[1:] < distance[:-1])
    rows = zip(evaluations, distance, loss, best, is_better, strict=True)
    for count, gap, now, lowest, better in rows:
        row = f"{count} 0 {gap:+.16e} {now:+.16e} {lowest:+.16e}\n"
        tdat.write(row)
        if better:
            dat.write(row)
    if evaluations[-1] < spent:
        tdat.write(f"{spent} 0 {distance[-1]:+.16e} {loss[-1]:+.16e} {best[-1]:+.16e}\n")
    return max(spent, int(evaluations[-1])), float(distance[-1])


def _file_names(labels: Sequence[str]) -> list[str]:
    """Labels as the names of folders, all different.

    >>> _file_names(["adam", "Adam, cosine", "Adam cosine", "..."])
    ['adam', 'Adam_cosine', 'Adam_cosine_2', 'optimizer']
    """
    names: list[str] = []
    for label in labels:
        name = re.sub(r"[^\w.+-]+", "_", label).strip("._") or "optimizer"
        others = (f"{name}_{number}" for number in itertools.count(2))
        taken = {other.lower() for other in names}
        names.append(name if name.lower() not in taken else next(n for n in others if n.lower() not in taken))
    return names
