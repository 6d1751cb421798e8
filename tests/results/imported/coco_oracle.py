"""Makes COCO results with coco-experiment, and reads them with cocopp alone.

A program, so that neither is loaded into the process of the tests:

    python coco_oracle.py make FOLDER FUNCTIONS DIMENSIONS INSTANCES BUDGET
    python coco_oracle.py read FOLDER TARGETS OUT

`read` writes a list of [folder, function, dimension, ERT by target, evaluations by target and run] and, by folder and
dimension, the sorted evaluations of all functions and targets (cocopp's empirical distribution) as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

ALGORITHMS = {"wide": 1.0, "narrow": 0.05}
"""The first step size of a random search with success rule."""


def search(problem, budget, random, first):
    """A (1+1) evolution strategy that starts again when its steps are tiny."""
    x = problem.initial_solution
    loss, size = problem(x), first
    for _ in range(budget):
        y = x + size * random.standard_normal(len(x))
        new = problem(y)
        x, loss, size = (y, new, 1.5 * size) if new <= loss else (x, loss, 0.9 * size)
        if problem.final_target_hit:
            return
        if size < 1e-10:
            x, size = random.uniform(-4, 4, len(x)), first
            loss = problem(x)


def make(folder, functions, dimensions, instances, budget):
    import cocoex

    os.chdir(folder)
    for name, first in ALGORITHMS.items():
        suite = cocoex.Suite(
            "bbob", f"instances: {instances}", f"dimensions: {dimensions} function_indices: {functions}"
        )
        observer = cocoex.Observer("bbob", f"result_folder: {name} algorithm_name: {name}")
        random = np.random.default_rng(1)
        for problem in suite:
            problem.observe_with(observer)
            search(problem, int(budget) * problem.dimension, random, first)


def read(folder, targets, out):
    warnings.simplefilter("ignore")
    from cocopp import genericsettings, pproc

    genericsettings.verbose = False
    targets = json.loads(targets)
    cells, distributions = [], []
    for path in sorted({str(file.parent) for file in Path(folder).rglob("*.info")}):
        sets = pproc.DataSetList([path])
        name = Path(path).name
        for one in sets:
            evaluations = [[None if np.isnan(n) else n for n in row] for row in one.detEvals(targets)]
            ert = [None if np.isinf(value) else float(value) for value in one.detERT(targets)]
            cells.append([name, one.funcId, one.dim, ert, evaluations])
        for dim in sorted({one.dim for one in sets}):
            lengths, _ = sets.run_length_distributions(dim, targets, data_per_target=None, flatten_output_dict=False)
            (values,) = (value[0] for value in lengths.values())
            distributions.append([name, dim, [None if np.isnan(n) else n for n in values]])
    Path(out).write_text(json.dumps({"cells": cells, "distributions": distributions}))


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](*sys.argv[2:])
