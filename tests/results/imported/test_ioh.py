"""Folders of IOH: the runs that IOHexperimenter writes, compared with its files line by line."""

import re
import subprocess
import sys

import numpy as np
import pytest

from optlab.errors import MissingPackage, UserError
from optlab.results.imported import isolated
from optlab.results.imported.loading import from_table
from optlab.results.profiles.hits import coco_targets

MAKE = """
import sys
import ioh, numpy as np

for name, first in (("wide", 1.0), ("narrow", 0.05)):
    logger = ioh.logger.Analyzer(root=sys.argv[1], folder_name=name, algorithm_name=name)
    random = np.random.default_rng(0)
    for function in (1, 8):
        for instance in (1, 2, 3):
            problem = ioh.get_problem(function, instance, 2, ioh.ProblemClass.BBOB)
            problem.attach_logger(logger)
            for _ in range(2):
                x, size = np.zeros(2), first
                loss = problem(x)
                for _ in range(250):
                    y = x + size * random.standard_normal(2)
                    new = problem(y)
                    x, loss, size = (y, new, 1.5 * size) if new <= loss else (x, loss, 0.9 * size)
                problem.reset()
    logger.close()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ioh")
    done = subprocess.run([sys.executable, "-c", MAKE, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def runs_of(file):
    """The runs in a .dat file: arrays (evaluations, values)."""
    blocks = re.split(r"^evaluations.*\n", file.read_text(), flags=re.M)[1:]
    return [np.array([line.split() for line in block.splitlines()], float) for block in blocks]


def test_every_cost_is_that_of_the_files(folder):
    results = from_table(folder)
    assert repr(results) == f"<24 results of 2 solvers and 2 problems in {folder}>"
    assert results.runs["seed"].unique().tolist() == ["1", "1 (2)", "2", "2 (2)", "3", "3 (2)"]
    compared = 0
    for label in ("wide", "narrow"):
        for function in (1, 8):
            (file,) = (folder / label).glob(f"data_f{function}_*/*.dat")
            rows = results.costs[(results.costs["label"] == label) & (results.costs["case"] == f"f{function} (dim=2)")]
            for seed, run in zip(rows["seed"].unique(), runs_of(file), strict=True):
                own = rows[rows["seed"] == seed].set_index("target")
                assert (own["spent"] == 251).all()
                assert own["final"].iloc[0] == pytest.approx(run[:, 1].min(), abs=1e-9)
                for target in coco_targets():
                    hits = run[run[:, 1] <= target, 0]
                    assert own.at[target, "cost"] == (hits[0] if len(hits) else np.inf)
                    compared += 1
    assert compared == 2 * 2 * 6 * 51
    assert 0.2 < np.isfinite(results.costs["cost"]).mean() < 0.9


@pytest.mark.many
def test_a_folder_that_cannot_be_read(tmp_path):
    (tmp_path / "IOHprofiler_f1_Sphere.json").write_text("{}")
    with pytest.raises(UserError, match=r"iohinspector (cannot read|finds no runs in) this folder"):
        from_table(tmp_path)


def test_without_the_package(folder, monkeypatch):
    monkeypatch.setattr(isolated.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        MissingPackage, match=r"is read by iohinspector, which is not installed: pip install iohinspector"
    ):
        from_table(folder)


@pytest.mark.many
def test_maximized_functions_are_refused(folder, tmp_path):
    for file in (folder / "wide").rglob("*"):
        copy = tmp_path / file.relative_to(folder / "wide")
        if file.is_dir():
            copy.mkdir(exist_ok=True)
        else:
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(file.read_text().replace('"maximization": false', '"maximization": true'))
    with pytest.raises(UserError, match=r"iohinspector cannot read this folder: \w+ is maximized; only minimized"):
        from_table(tmp_path)
