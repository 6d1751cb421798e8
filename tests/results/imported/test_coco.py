"""Folders of COCO: expected running times and distributions are those of cocopp, in every cell."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import optlab
from optlab.errors import MissingPackage, UserError
from optlab.results.imported import isolated
from optlab.results.imported.loading import from_table
from optlab.results.profiles import ert
from optlab.results.profiles.captions import score_caption
from optlab.results.profiles.hits import coco_targets

ORACLE = Path(__file__).with_name("coco_oracle.py")
TARGETS = coco_targets().tolist()


def oracle(*words):
    done = subprocess.run([sys.executable, str(ORACLE), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def made(folder, functions, dimensions, instances, budget):
    """A folder with the results of two algorithms, and the values that cocopp computes from them."""
    oracle("make", folder, functions, dimensions, instances, budget)
    oracle("read", folder, json.dumps(TARGETS), folder / "cocopp.json")
    return folder / "exdata", json.loads((folder / "cocopp.json").read_text())


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return made(tmp_path_factory.mktemp("coco"), "1,2,8,21", "2,3", "1-5", 300)


def compare(results, expected, cells, points):
    """Compare the ERT of each algorithm, function, dimension and target, and the distributions at all their steps."""
    own = results.profile("ert").set_index(["label", "case", "x"])["y"]
    compared = finite = 0
    for label, function, dim, erts, _ in expected["cells"]:
        for target, theirs in zip(TARGETS, erts, strict=True):
            ours = own[label, f"f{function} (dim={dim})", target]
            assert ours == (np.inf if theirs is None else pytest.approx(theirs, rel=1e-12))
            compared, finite = compared + 1, finite + np.isfinite(ours)
    assert compared == len(own) == cells
    assert 0.2 < finite / compared < 0.95  # some targets were missed by all runs

    steps = 0
    for label, dim, evaluations in expected["distributions"]:
        trials = results.costs[results.costs["dim"] == dim]
        runs = results.runs[results.runs["case"].isin(trials["case"])]
        frame = replace(results, runs=runs, costs=trials).profile("ecdf")
        curve = frame[frame["label"] == label]
        sizes = np.array([np.inf if n is None else n / dim for n in evaluations])
        for x in np.unique(sizes[np.isfinite(sizes)]):
            ours = curve["y"].to_numpy()[np.searchsorted(curve["x"], x * (1 + 1e-12), side="right") - 1]
            assert ours == pytest.approx((sizes <= x).mean(), abs=1e-12)
            steps += 1
        assert curve["y"].iloc[-1] == pytest.approx(np.isfinite(sizes).mean())
    assert steps >= points


@pytest.fixture(scope="module")
def results(small):
    return from_table(small[0])


def test_running_times_and_distributions_equal_those_of_cocopp(small, results):
    compare(results, small[1], cells=2 * 4 * 2 * 51, points=500)


@pytest.mark.many
def test_all_functions(tmp_path):
    folder, expected = made(tmp_path, "1-24", "2,3,5,10", "1-15", 300)
    compare(from_table(folder), expected, cells=2 * 24 * 4 * 51, points=6_000)


def test_simulated_restarts_reach_what_any_run_reached(results):
    plain, again = results.profile("ecdf"), results.profile("ecdf_restarts")
    reached = np.isfinite(results.costs["cost"]).groupby([results.costs[name] for name in ("label", "case", "target")])
    for label in ("wide", "narrow"):
        end = again[again["label"] == label]["y"].iloc[-1]
        assert end == pytest.approx(reached.any()[label].mean())
        assert end >= plain[plain["label"] == label]["y"].iloc[-1]


def test_what_is_read(small, results):
    folder, expected = small
    assert repr(results) == f"<80 results of 2 solvers and 8 problems in {folder}>"
    assert results.runs["seed"].unique().tolist() == ["1", "2", "3", "4", "5"]
    assert results.runs["case"].unique().tolist()[:3] == ["f1 (dim=2)", "f1 (dim=3)", "f2 (dim=2)"]
    for label, function, dim, _, evaluations in expected["cells"]:
        rows = results.costs[(results.costs["label"] == label) & (results.costs["case"] == f"f{function} (dim={dim})")]
        for target, row in zip(TARGETS, evaluations, strict=True):
            ours = rows[rows["target"] == target]["cost"].tolist()
            assert ours == [np.inf if n is None else n for n in row]
    assert (results.runs["value"] >= 1e-8).all()  # values below are equal
    caption = optlab.results.caption(results.profile("ecdf"))
    assert "evaluations / dimension" in caption
    assert "51 targets per problem, 100 to 1e-08 above the minimum" in caption


def test_one_target(small):
    results = from_table(small[0], target=0.5)
    costs = results.costs[results.costs["target"] == 0.5]
    assert results.runs["value"].tolist() == costs["cost"].tolist()
    assert results.columns["value"] == "evaluations"
    single = results.profile("data")
    reached = np.isfinite(costs[costs["label"] == "wide"]["cost"])
    assert single.groupby("label")["y"].max()["wide"] == pytest.approx(reached.mean())
    assert "Solved: at most 0.5 above the minimum" in optlab.results.caption(single)
    assert ert(costs)["n"].eq(5).all()
    assert set(results.profile("ert", without=["wide"])["label"]) == {"narrow"}
    scores = results.scores()
    assert 0 < scores["score"].max() <= 1
    said = "cost: the evaluations until a problem is solved, as the median over the seeds; solved: at most 0.5 above"
    assert said in score_caption(scores, 4.0)


@pytest.mark.many
def test_copies_of_one_algorithm_are_named_by_their_folders(small, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(small[0] / "wide", tmp_path / name)
    assert from_table(tmp_path).runs["label"].unique().tolist() == ["first", "second"]


@pytest.mark.many
def test_parts_of_one_experiment_are_joined(small, results, tmp_path):
    """Batches of one algorithm in several folders, as parallel experiments leave them."""
    for number, part in enumerate([("f1", "f2"), ("f8", "f21")]):
        batch = tmp_path / f"batch{number}"
        batch.mkdir()
        for name in part:
            shutil.copy(small[0] / "wide" / f"bbobexp_{name}.info", batch)
            shutil.copytree(small[0] / "wide" / f"data_{name}", batch / f"data_{name}")
    whole = results.runs[results.runs["label"] == "wide"].reset_index(drop=True)
    assert from_table(tmp_path).runs.equals(whole)


def test_nothing_of_cocopp_is_loaded(small):
    read = f"import sys, optlab; optlab.results.from_table({str(small[0])!r})"
    code = f"{read}; print(*{{'cocopp', 'matplotlib'}} & set(sys.modules))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_mistakes(small, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"contains neither \.info files of COCO nor IOHprofiler_\*\.json files of IOH"):
        from_table(tmp_path)
    with pytest.raises(UserError, match=r"solver=: is about a table; a folder needs none"):
        from_table(small[0], solver="algorithm")
    with pytest.raises(UserError, match=r"targets must be positive numbers"):
        from_table(small[0], target=0.0)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "bbobexp_f1.info").write_text("nothing\n")
    with pytest.raises(UserError, match=r"broken: cocopp (cannot read|finds no runs in) this folder"):
        from_table(broken)
    monkeypatch.setattr(isolated.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"is read by cocopp, which is not installed: pip install cocopp six"):
        from_table(small[0])
