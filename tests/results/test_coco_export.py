"""Runs as files of COCO: cocopp reads them, and computes the same running times."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import optlab
from optlab.errors import UserError
from optlab.results.coco_export import export
from optlab.results.imported.loading import from_table
from optlab.results.profiles import ert
from optlab.results.profiles.hits import coco_targets
from optlab.results.profiles.of_results import Goal, costs_of

ORACLE = Path(__file__).parent / "imported" / "coco_oracle.py"
TARGETS = coco_targets().tolist()
EXPERIMENT = {
    "name": "exported",
    "steps": 150,
    "seeds": 2,
    "record": {"points": 151},
    "problem": [{"suite": "bbob", "functions": [1, 8, 10], "dim": [2, 5], "instances": [1, 2, 3]}],
    "optimizer": [{"name": "adam", "label": "Adam's, own", "lr": [0.1, 0.5]}, {"name": "gd", "lr": [1e-6, 1e-3, 0.1]}],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return optlab.run(EXPERIMENT, out=tmp_path_factory.mktemp("results"), plots=False)


def cocopp(folder, out):
    command = [sys.executable, str(ORACLE), "read", str(folder), json.dumps(TARGETS), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())["cells"]


def test_cocopp_computes_the_running_times_of_the_runs(results, tmp_path):
    """Over all instances of a function in a dimension, with one evaluation more than gradients, at the start."""
    done = export(results, tmp_path / "coco")
    assert [folder.name for folder in done.folders] == ["Adam_s_own", "gd"]
    assert done.functions == {"bbob_f1": 1, "bbob_f8": 8, "bbob_f10": 10}
    assert (list(done.left_out), list(done.failed)) == ([], [])

    costs, _ = costs_of(results, "gradients", Goal(None, False))
    costs[["cost", "spent"]] += 1
    title = costs["case"].str.extract(r"bbob_f(?P<function>\d+) .*dim=(?P<dim>\d+).*instance=(?P<instance>\d+)")
    costs["seed"] = costs["seed"].astype(str) + " " + title["instance"]
    costs["case"] = title["function"] + " " + title["dim"]
    expected = ert(costs).set_index(["case", "label", "x"])["y"]
    labels = {"Adam_s_own": "Adam's, own", "gd": "gd"}
    compared = finite = 0
    for folder, function, dim, erts, evaluations in cocopp(tmp_path / "coco", tmp_path / "read.json"):
        assert len(evaluations[0]) == 6  # three instances, two seeds
        for target, theirs in zip(TARGETS, erts, strict=True):
            ours = expected[f"{function} {dim}", labels[folder], target]
            assert (np.inf if theirs is None else theirs) == pytest.approx(ours, rel=1e-12)
            compared, finite = compared + 1, finite + np.isfinite(ours)
    assert compared == len(expected) == 2 * 3 * 2 * 51
    assert 0.2 < finite / compared < 0.95


def test_cocopp_computes_the_distribution_of_the_runs(results, tmp_path):
    """Over all functions, both dimensions, instances and targets, along evaluations / dimension."""
    export(results, tmp_path / "coco")
    labels, found = {"Adam_s_own": "Adam's, own", "gd": "gd"}, {"Adam's, own": [], "gd": []}
    for folder, _, dim, _, evaluations in cocopp(tmp_path / "coco", tmp_path / "read.json"):
        gradients = [np.inf if n is None else n - 1 for of_target in evaluations for n in of_target]
        found[labels[folder]].append(np.array(gradients) / int(dim))
    frame = results.profile("ecdf")
    assert frame.attrs["unit"] == "gradients / dimension"
    for label, rows in frame.groupby("label"):
        sizes = np.concatenate(found[label])
        assert len(sizes) == 3 * 2 * 3 * 2 * 51
        for x, y in zip(rows["x"], rows["y"], strict=True):
            assert y == pytest.approx((sizes <= x * (1 + 1e-12)).mean(), abs=1e-12)
        assert rows["y"].iloc[-1] == pytest.approx(np.isfinite(sizes).mean())
        assert len(rows) > 50


def test_what_is_written_is_read_again(results, tmp_path):
    export(results, tmp_path / "coco", without=["gd"])
    again = from_table(tmp_path / "coco")
    assert again.runs["label"].unique().tolist() == ["Adams, own"]
    assert again.runs["seed"].unique().tolist() == ["1", "1 (2)", "2", "2 (2)", "3", "3 (2)"]
    assert sorted(again.runs["case"].unique()) == sorted(f"f{n} (dim={dim})" for n in (1, 8, 10) for dim in (2, 5))
    last = again.costs[again.costs["target"] == 1e-8]
    missed = np.isinf(last["cost"])
    assert (last["spent"][missed] == 151).all()
    assert last["spent"][~missed].equals(last["cost"][~missed])  # cocopp ends runs at the last target
    assert 0 < missed.sum() < len(last)


def test_other_problems_diverged_runs_and_unknown_minima(tmp_path):
    experiment = {
        "name": "others", "steps": 30, "seeds": 2,
        "problem": [{"name": "rosenbrock", "start": "random", "dim": [2, 3]}, {"name": "beale", "start": "random"},
                    {"name": "mlp", "hidden": [3], "dataset": "moons"}],
        "optimizer": [{"name": "gd", "lr": 0.5}, {"name": "adam", "lr": 0.1}],
    }  # fmt: skip
    results = optlab.run(experiment, out=tmp_path, plots=False)
    assert (results.runs["status"] == "diverged").any()
    done = export(results, tmp_path / "coco")
    assert list(done.functions.values()) == [1, 2]
    assert [name.partition(" ")[0] for name in done.functions] == ["rosenbrock", "beale"]
    assert [case.partition(" ")[0] for case in done.left_out] == ["mlp"]
    read = from_table(tmp_path / "coco")
    assert sorted(read.runs["case"].unique()) == ["f1 (dim=2)", "f1 (dim=3)", "f2 (dim=2)"]
    spent = results.runs[results.runs["label"] == "gd"]["grad_evals"]
    read_spent = read.costs[read.costs["label"] == "gd"]["spent"]
    assert set(read_spent) <= set(spent + 1)
    with pytest.raises(UserError, match=r"coco/gd: exists already; remove it, or write another folder with --out"):
        export(results, tmp_path / "coco")


def test_without_a_known_minimum_nothing_is_written(tmp_path):
    experiment = {
        "name": "net", "steps": 3, "problem": [{"name": "mlp", "hidden": [3], "dataset": "moons"}],
        "optimizer": [{"name": "gd", "lr": 0.5}],
    }  # fmt: skip
    results = optlab.run(experiment, out=tmp_path, plots=False)
    with pytest.raises(UserError, match=r"the minimum of mlp.* is not known, and cocopp compares distances to it"):
        export(results, tmp_path / "coco")
    assert not (tmp_path / "coco").exists()


def test_functions_of_bbob_and_others_have_different_numbers(tmp_path):
    problems = [{"name": "bbob_f3"}, {"name": "beale"}, {"name": "bbob_f1"}]
    experiment = {"name": "mixed", "steps": 3, "problem": problems, "optimizer": [{"name": "gd", "lr": 1e-5}]}
    done = export(optlab.run(experiment, out=tmp_path, plots=False), tmp_path / "coco")
    assert list(done.functions.values()) == [3, 101, 1]
