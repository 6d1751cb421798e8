"""Results that are run again from their folder alone: equal, or the first run and step that differ."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import optlab
from optlab.errors import ResultsError, UserError
from optlab.results.store.files import write_parquet
from optlab.results.store.manifest import sealed

PLUGIN = """\
import os
from optlab import optimizer

RATE = float(os.environ.get("RATE_OF_THE_TEST", "0.1"))

@optimizer
def mine(x, g, *, lr=0.1):
    "Mine."
    return x - RATE * lr * g
"""
DOCUMENT = {
    "name": "e",
    "steps": 20,
    "seeds": 2,
    "record": {"points": 5},
    "problem": [{"name": "beale"}, {"name": "mlp", "dataset": "xor", "batch_size": 4}],
    "optimizer": [{"name": "mine", "lr": [0.1, 0.2]}, {"name": "adam", "lr": 0.1}],
}
TUNED = DOCUMENT | {"name": "t", "tuning": {"seeds": 2}}
NUMBERS = {"name": "adam", "lr": {"log_uniform": [1e-3, 1.0]}}
TRIALS = TUNED | {"name": "n", "tuning": {"seeds": 1, "trials": [0, 2, 4]}, "optimizer": [NUMBERS]}
STOPPED = DOCUMENT | {"name": "s", "stop": {"loss": 0.5}}
MAP = {"steps": 10, "problem": [{"name": "himmelblau"}], "optimizer": [{"name": "momentum", "lr": 0.01}]}
BASINS = MAP | {"name": "b", "basins": {"resolution": 4}}
TARGET = DOCUMENT | {"name": "a", "backend": "native", "problem": [{"name": "beale", "target": 10.0}]}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that runs an experiment in a folder which then has no plugins any more."""
    folder = tmp_path_factory.mktemp("lab")
    done = {}

    def make(document):
        if document["name"] not in done:
            (folder / "plugins").mkdir()
            (folder / "plugins" / "mine.py").write_text(PLUGIN)
            optlab.run(document, folder / "results", plots=False, plugins=folder / "plugins")
            shutil.rmtree(folder / "plugins")
            done[document["name"]] = folder / "results" / document["name"]
        return done[document["name"]]

    return make


@pytest.fixture
def copied(made, tmp_path):
    return shutil.copytree(made(DOCUMENT), tmp_path / "e")


def rewritten(folder, name, table):
    """Write a table of the results, with the right checksums."""
    write_parquet(folder / name, table)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(sealed(manifest))


def changed(folder, edit):
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(manifest)
    (folder / "manifest.json").write_text(sealed(manifest))


@pytest.mark.parametrize("document", [DOCUMENT, TUNED, TRIALS, STOPPED, BASINS, TARGET], ids=lambda one: one["name"])
@pytest.mark.parametrize("sample", [1.0, 0.3])
def test_on_the_same_machine_all_bits_are_equal(made, document, sample):
    folder = made(document)
    done = optlab.reproduce(folder, sample)
    assert done, str(done)
    runs = len(pd.read_parquet(folder / "runs.parquet"))
    assert (done.runs, done.different, done.first, done.here) == (runs, 0, None, ())
    assert done.compared == runs if sample == 1 else 0 < done.compared < runs


@pytest.mark.parametrize(("document", "sample"), [(DOCUMENT, 1.0), (DOCUMENT, 0.3), (BASINS, 1.0), (TUNED, 1.0)])
def test_the_progress_ends_at_its_total(made, document, sample):
    shown = []

    @contextlib.contextmanager
    def watched(what, total):
        shown.append(total)
        yield lambda more: shown.append(-more)

    assert optlab.reproduce(made(document), sample, watched=watched)
    assert (shown[0] > 0, sum(shown)) == (True, 0)


def test_the_first_run_and_step_that_differ_and_by_how_much(copied):
    """One bit of one loss is changed in the files."""
    runs = pd.read_parquet(copied / "runs.parquet")
    run = int(runs.index[(runs["label"] == "adam") & (runs["problem"] == "mlp")][1])
    for file in sorted((copied / "history").iterdir()):
        table = pd.read_parquet(file)
        rows = table.index[(table["run"] == run) & (table["step"] >= 10)]
        if len(rows):
            before = table.loc[rows[0], "loss"]
            table.loc[rows, "loss"] = np.nextafter(table.loc[rows, "loss"], np.inf)
            after, step = table.loc[rows[0], "loss"], int(table.loc[rows[0], "step"])
            rewritten(copied, f"history/{file.name}", pa.Table.from_pandas(table, preserve_index=False))
    done = optlab.reproduce(copied)
    assert not done
    assert (done.different, done.compared) == (1, len(runs))
    first = done.first
    assert (first.run, first.label, first.seed, first.step, first.quantity) == (run, "adam", 1, step, "loss")
    assert (first.stored, first.computed) == (after, before)
    assert first.relative == abs(after - before) / after
    assert f"run {run} (adam on {runs.loc[run, 'case']}, seed 1) at step {step}: loss was {float(after)!r}" in str(done)
    assert "nothing that the manifest records differs on this machine" in str(done)


def test_another_step_count_is_a_difference_at_the_end(copied):
    table = pq.read_table(copied / "runs.parquet")
    steps = table["steps"].to_pylist()
    at = table.column_names.index("steps")
    rewritten(copied, "runs.parquet", table.set_column(at, "steps", [[steps[0] + 1, *steps[1:]]]))
    done = optlab.reproduce(copied)
    assert (done.different, done.first.step, done.first.quantity) == (1, None, "steps")
    assert "run 0 (mine on beale, seed 0) at its end: steps was 21 and is 20 (relative difference 0.048)" in str(done)


def test_a_plugin_that_depends_on_its_surroundings(copied, monkeypatch):
    monkeypatch.setenv("RATE_OF_THE_TEST", "0.2")
    done = optlab.reproduce(copied)
    runs = pd.read_parquet(copied / "runs.parquet")
    assert done.different == (runs["label"] == "mine").sum()
    assert done.here == ("the source of optimizer mine",)
    assert (done.first.run, done.first.step) == (0, 5)


def test_what_differs_between_machines(made, tmp_path):
    copied = shutil.copytree(made(TARGET), tmp_path / "a")

    def edit(manifest):
        manifest["versions"]["numpy"] = "1.0"
        manifest["machine"] |= {"processor": "Abacus", "vector_width": 2 * manifest["machine"]["vector_width"]}
        manifest["sweeps"][0]["backend"] = "replay"

    changed(copied, edit)
    width = json.loads((copied / "manifest.json").read_text())["machine"]["vector_width"]
    here = optlab.reproduce(copied).here
    assert f"numpy (1.0 -> {np.__version__})" in here
    assert any(what.startswith("processor (Abacus -> ") for what in here)
    assert f"vector width ({width} -> {width // 2})" in here
    assert "the back end of mine on beale (replay -> native)" in here


def test_results_with_objects_or_without_plugin_files_cannot_be_run_again(copied, tmp_path):
    @optlab.optimizer
    def an_object(x, g, *, lr=0.1):
        "An object."
        return x - lr * g

    found = optlab.run(BASINS | {"optimizer": [{"name": an_object}]}, tmp_path, plots=False)
    with pytest.raises(ResultsError, match="optimizer an_object was given as an object of Python; run its script"):
        optlab.reproduce(found.folder)
    changed(copied, lambda manifest: manifest["files"].pop("sources.json"))
    with pytest.raises(ResultsError, match=r"no optimizer 'mine'.*; they hold no files of plugins \(optimizer"):
        optlab.reproduce(copied)


def test_runs_that_took_too_long_are_not_compared(copied):
    runs = pd.read_parquet(copied / "runs.parquet")
    statuses = runs["status"].where(runs["label"] != "adam", "timeout")
    rewritten(copied, "runs.parquet", pa.Table.from_pandas(runs.assign(status=statuses), preserve_index=False))
    done = optlab.reproduce(copied)
    assert done, str(done)
    count = int((runs["label"] == "adam").sum())
    assert done.compared == len(runs) - count
    assert done.not_compared == (f"{count} runs that reached a limit of seconds",)


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_no_such_share(tmp_path, share):
    with pytest.raises(UserError, match="sample: must be above 0 and at most 1"):
        optlab.reproduce(tmp_path, share)


def test_the_command(optlab_command, copied):
    for options in ([], ["--executor", "processes", "--workers", "1"]):
        done = optlab_command("reproduce", "e", "--sample", "0.5", "-q", *options, cwd=copied.parent)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    changed(copied, lambda manifest: manifest["versions"].update(python="3.0"))
    runs = pd.read_parquet(copied / "runs.parquet")
    rewritten(copied, "runs.parquet", pa.Table.from_pandas(runs.assign(final_loss=0.5), preserve_index=False))
    done = optlab_command("reproduce", "e", cwd=copied.parent)
    assert done.returncode == 1
    assert f"e: compared {len(runs)} of {len(runs)} runs: {len(runs)} of them differ" in done.stdout
    assert "differs on this machine: python (3.0 -> " in done.stdout
