"""The files of a results folder: exact, whole, and checked."""

from __future__ import annotations

import getpass
import json
import math
import os
import platform
import random
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import optlab
from optlab import optimizer, pipeline, problem, runner, store
from optlab.errors import ResultsError

DOCUMENT = {
    "name": "e",
    "steps": 20,
    "seeds": 2,
    "problem": [{"name": "rosenbrock"}, {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8}],
    "optimizer": [
        {"name": "gd", "lr": [1e-4, 1e90]},
        {"name": "adam", "schedule": {"name": "step", "every": 5}, "label": "Adam, step"},
    ],
    "record": {"points": 21, "evaluations": 3},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("results"), plots=False)


@pytest.fixture
def folder(finished, tmp_path):
    """A copy to damage."""
    return shutil.copytree(finished.folder, tmp_path / "results" / "e")


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_the_files(finished):
    names = sorted(str(path.relative_to(finished.folder)) for path in finished.folder.rglob("*") if path.is_file())
    ids = sorted(sweep["id"] for sweep in finished.manifest["sweeps"])
    planar = sorted(s["id"] for s in finished.manifest["sweeps"] if s["cases"] == ["rosenbrock"])
    histories, trajectories = (
        [f"{room}/{i}.parquet" for i in some] for room, some in [("history", ids), ("trajectories", planar)]
    )
    assert names == sorted([*histories, *trajectories, "manifest.json", "runs.parquet", "spec.toml"])


def test_the_columns(finished):
    assert list(finished.runs.columns) == [
        *("run", "case", "problem", "optimizer", "label", "seed"),
        *("hp.lr", "hp.raw_eps", "hp.beta1", "hp.beta2", "hp.eps"),
        *("opt.a", "opt.b", "opt.hidden", "opt.activation", "opt.output", "opt.loss", "opt.init"),
        *("opt.dataset", "opt.batch_size"),
        *("schedule", "schedule.every", "schedule.factor", "transforms"),
        *("status", "steps", "grad_evals", "first_loss", "final_loss", "best_loss", "seconds"),
    ]
    assert list(finished.history.columns) == ["run", "step", "loss", "train_loss", "test_loss", "test_accuracy"]
    assert list(finished.trajectories.columns) == ["run", "step", "x0", "x1"]


def test_the_rows(finished):
    runs = finished.runs
    assert runs["run"].tolist() == list(range(9))
    assert runs["case"].tolist() == ["rosenbrock"] * 3 + ["mlp (xor, hidden=[3], batch_size=8)"] * 6
    assert runs["label"].tolist() == ["gd", "gd", "Adam, step"] + ["gd"] * 4 + ["Adam, step"] * 2
    assert runs["seed"].tolist() == [0, 0, 0, 0, 1, 0, 1, 0, 1]
    assert runs["opt.hidden"].dropna().unique().tolist() == ["[3]"]
    assert runs["schedule"].fillna("").tolist() == ["", "", "step"] + [""] * 4 + ["step"] * 2
    assert runs["hp.beta1"].isna().tolist() == [True, True, False] + [True] * 4 + [False] * 2
    history = finished.history
    assert history.groupby("run")["step"].max().tolist() == runs["steps"].tolist()
    assert history[history["run"] == 7]["train_loss"].notna().sum() == 3
    last = history[history["run"] == 0].iloc[-1]
    assert (last["step"], last["loss"]) == (20, runs["final_loss"][0])


def test_history_and_runs_tell_the_same(finished, planned):
    """What is on disk is what the runner computed, to the bit."""
    for sweep in planned(DOCUMENT).sweeps:
        done = runner.run(sweep)
        rows = finished.history[finished.history["run"].isin(sweep.run)]
        expected = [done.loss[: s + 1, r] for r, s in enumerate(done.steps)]
        np.testing.assert_array_equal(rows["loss"], np.concatenate(expected))
        ours = finished.runs.set_index("run").loc[sweep.run]
        np.testing.assert_array_equal(ours["final_loss"], done.final_loss)
        np.testing.assert_array_equal(ours["grad_evals"], done.grad_evals)


@problem(start=(1.0, 1.0))
def lost(x):
    """NaN."""
    return np.sum(np.log(-np.abs(x) - 1.0))


@problem(start=(1.0, 1.0))
def endless(x):
    """Infinity."""
    return np.sum(x) * 1e300 * 1e300


def test_nan_stays_nan_and_infinity_infinity(planned, tmp_path):
    made = planned({"problem": [{"name": "lost"}, {"name": "endless"}], "optimizer": [{"name": "gd"}]}, lost, endless)
    parts = [(sweep, runner.run(sweep)) for sweep in made.sweeps]
    for sweep, done in parts:
        store.write_sweep(tmp_path, sweep, done)
    store.finish(tmp_path, parts, "", "", {"name": "e", "statuses": {}})
    runs = pq.read_table(tmp_path / "runs.parquet")
    for name, is_so in [("first_loss", (math.isnan, math.isinf)), ("final_loss", (math.isnan, math.isinf))]:
        assert runs[name].null_count == 0
        assert [test(value.as_py()) for test, value in zip(is_so, runs[name], strict=True)] == [True, True]
    for (sweep, _), test in zip(parts, (math.isnan, math.isinf), strict=True):
        history = pq.read_table(tmp_path / "history" / f"{sweep.id}.parquet")
        assert history["loss"].null_count == 0
        assert [test(value) for value in history["loss"].to_pylist()] == [True]
    assert store.load(tmp_path).history["loss"].isna().tolist() == [True, False]


def test_a_quantity_that_was_not_evaluated_is_null(finished):
    table = pq.read_table(finished.folder / "history" / f"{finished.manifest['sweeps'][2]['id']}.parquet")
    evaluated = [step in (0, 10, 20) for step in table["step"].to_pylist()]
    assert [value is not None for value in table["train_loss"].to_pylist()] == evaluated


@optimizer
def worded(x, g, *, lr=0.1, mode="plain", on=1.0):
    """A text, and a number."""
    return x - lr * g


@optimizer
def numbered(x, g, *, lr=0.1, mode=2.5, on=True):
    """A number of the same name, and a boolean."""
    return x - lr * g


@optimizer
def counted(x, g, *, lr=1, mode="other"):
    """An integer."""
    return x - lr * g


def test_options_of_one_name_and_several_kinds(planned):
    made = planned(
        {"problem": [{"name": "sphere"}], "optimizer": [{"name": n} for n in ("worded", "numbered", "counted", "gd")]},
        *(worded, numbered, counted),
    )
    table = store.runs_table([(sweep, runner.run(sweep)) for sweep in made.sweeps])
    assert table["hp.mode"].to_pylist() == ["plain", "2.5", "other", None]
    assert table["hp.on"].to_pylist() == ["1", "true", None, None]
    assert table["hp.lr"].to_pylist() == [0.1, 0.1, 1.0, 0.001]
    assert table["hp.lr"].type == pa.float64()


def test_failed_runs_have_no_history(planned, tmp_path):
    @optimizer
    def raises(x, g):
        """Raises."""
        raise RuntimeError("broken")

    (sweep,) = planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "raises"}]}, raises).sweeps
    done = runner.run(sweep)
    store.write_sweep(tmp_path, sweep, done)
    store.finish(tmp_path, [(sweep, done)], "", done.log, {"name": "e", "statuses": {"error": 1}})
    results = store.load(tmp_path)
    assert results.runs["status"].tolist() == ["error"]
    assert (len(results.history), len(results.trajectories)) == (0, 0)
    assert list(results.trajectories.columns) == ["run", "step", "x0", "x1"]
    assert "RuntimeError: broken" in (tmp_path / "errors.log").read_text()


# ---- the manifest ----------------------------------------------------------------------------------------------------


def test_the_manifest(finished):
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert manifest == finished.manifest
    assert manifest["statuses"] == {
        "done": 8,
        "diverged": 1,
        "timeout": 0,
        "error": 0,
        "crashed": 0,
        "interrupted": 0,
    }
    assert (manifest["cells"], manifest["runs"], manifest["repeats_saved"]) == (6, 9, 3)
    assert set(manifest["versions"]) >= {"optlab", "python", "numpy", "pyarrow"}
    assert [sweep["backend"] for sweep in manifest["sweeps"]] == ["replay"] * 4


def test_nothing_in_the_files_names_a_person_a_host_or_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTLAB_TEST_TOKEN", "s3cr3t-t0ken")
    folder = optlab.run(DOCUMENT | {"steps": 2}, out=tmp_path, plots=False).folder
    private = [platform.node(), "s3cr3t-t0ken", os.path.expanduser("~"), str(tmp_path), f'"{getpass.getuser()}"']
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert [t for t in private if re.search(rb"(?<!\w)" + re.escape(t.encode()) + rb"(?!\w)", content)] == [], path


# ---- damage ----------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_is_found(folder):
    rng = random.Random(0)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        for place in {0, len(content) - 1, *rng.sample(range(len(content)), 20)}:
            bit = rng.randrange(8)
            path.write_bytes(content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :])
            with pytest.raises(ResultsError, match=r"is damaged|has format"):
                store.load(folder)
        path.write_bytes(content)
    assert store.load(folder).manifest["runs"] == 9


@pytest.mark.parametrize("harm", ["cut", "lengthen", "empty", "remove"])
def test_every_file_that_is_cut_or_gone_is_found(folder, harm):
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        {
            "cut": lambda path=path, content=content: path.write_bytes(content[:-1]),
            "lengthen": lambda path=path, content=content: path.write_bytes(content + b"\n"),
            "empty": lambda path=path: path.write_bytes(b""),
            "remove": lambda path=path: path.unlink(),
        }[harm]()
        with pytest.raises(ResultsError) as info:
            store.load(folder)
        said = str(info.value)
        gone = path.name == "manifest.json" and harm == "remove"
        assert said.startswith(f"{folder}: holds no finished results" if gone else str(path)), said
        assert said.endswith("run the experiment again")
        path.write_bytes(content)
    store.load(folder)


def test_a_manifest_of_another_format_says_so(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(store._sealed(manifest | {"format": 99}))
    with pytest.raises(ResultsError, match="has format 99, and this optlab reads format 1"):
        store.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 1}', '{"format": 1, "files": 3}', "\xff"])
def test_a_manifest_that_is_none(folder, text):
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ResultsError, match=r"manifest\.json: is damaged; run the experiment again"):
        store.load(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ResultsError, match="there is no such results folder"):
        optlab.load(tmp_path / "nowhere")


# ---- one writer, interrupted -----------------------------------------------------------------------------------------


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_leftovers_are_not_read_and_do_no_harm(finished, folder):
    """What a run leaves that was killed: temporary files, and tables of sweeps that never got into a manifest."""
    table = folder / "history" / f"{finished.manifest['sweeps'][0]['id']}.parquet"
    shutil.copy(table, folder / "history" / "0123456789abcdef.parquet")
    (folder / "history" / ".abcd.parquet.tmp").write_bytes(b"half a table")
    (folder / ".xyz.json.tmp").write_text("{")
    assert store.load(folder).history.equals(finished.history)
    assert optlab.run(DOCUMENT, out=folder.parent, plots=False).runs["seconds"].equals(finished.runs["seconds"])


@pytest.mark.parametrize("fails_at", range(1, 12))
def test_earlier_results_survive_a_disk_that_fails_at_any_file(finished, folder, monkeypatch, fails_at):
    """The n-th write of a second experiment fails: the earlier results are as they were, and nothing half is left."""
    before = content(folder)
    write, writes = store.os.fsync, []

    def failing(handle):
        writes.append(handle)
        if len(writes) >= fails_at:
            raise OSError(28, "No space left on device")
        write(handle)

    monkeypatch.setattr(store.os, "fsync", failing)
    other = DOCUMENT | {"steps": 21}
    if fails_at == 11:  # four histories, two trajectories and four files at the end: ten writes
        optlab.run(other, out=folder.parent, plots=False)
        assert len(writes) == 10
        return
    with pytest.raises(OSError, match="No space left"):
        optlab.run(other, out=folder.parent, plots=False)
    after = content(folder)
    assert {name: after[name] for name in before} == before
    assert not list(folder.rglob("*.tmp"))
    assert store.load(folder).history.equals(finished.history)


def test_another_experiment_leaves_nothing_of_the_earlier_one(folder):
    (folder / "plots").mkdir()
    (folder / "plots" / "old.png").write_bytes(b"old")
    (folder / "errors.log").write_text("old")
    results = optlab.run(DOCUMENT | {"steps": 5}, out=folder.parent, plots=False)
    assert set(results.history["step"]) == set(range(6))
    assert {path.stem for path in folder.glob("history/*")} == {sweep["id"] for sweep in results.manifest["sweeps"]}
    assert not (folder / "plots").exists()
    assert not (folder / "errors.log").exists()


def test_written_files_are_readable_as_any_other(finished):
    mask = os.umask(0)
    os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in finished.folder.rglob("*") if path.is_file()} == {0o666 & ~mask}
    assert isinstance(pipeline.load(str(finished.folder)), store.Results)
    assert repr(finished) == f"<results of 'e' in {finished.folder}: 8 done, 1 diverged>"
