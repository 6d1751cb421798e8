"""One writer, interrupted or not: a folder holds one finished experiment, and nothing else."""

from __future__ import annotations

import json
import os
import shutil

import pytest

import optlab
from optlab.api import pipeline
from optlab.errors import ResultsError
from optlab.execution import runner
from optlab.results import store
from optlab.results.store.manifest import sealed
from tests.results.store.experiment import DOCUMENT


def test_the_files(finished):
    names = sorted(str(path.relative_to(finished.folder)) for path in finished.folder.rglob("*") if path.is_file())
    ids = sorted(sweep["id"] for sweep in finished.manifest["sweeps"])
    planar = sorted(s["id"] for s in finished.manifest["sweeps"] if s["cases"] == ["rosenbrock"])
    histories, trajectories = (
        [f"{room}/{i}.parquet" for i in some] for room, some in [("history", ids), ("trajectories", planar)]
    )
    assert names == sorted([*histories, *trajectories, "manifest.json", "runs.parquet", "spec.toml"])


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_of_a_killed_run_are_not_read(finished, folder):
    """The files of a killed run: temporary files, and tables of sweeps that are in no manifest."""
    table = folder / "history" / f"{finished.manifest['sweeps'][0]['id']}.parquet"
    shutil.copy(table, folder / "history" / "0123456789abcdef.parquet")
    (folder / "history" / ".abcd.parquet.tmp").write_bytes(b"half a table")
    (folder / ".xyz.json.tmp").write_text("{")
    assert store.load(folder).history.equals(finished.history)
    assert optlab.run(DOCUMENT, out=folder.parent, plots=False).runs["seconds"].equals(finished.runs["seconds"])


def test_another_experiment_replaces_all_files_of_the_earlier_one(folder):
    with store.drawing(store.load(folder), "png") as drawing:
        path = drawing.folder / "old.png"
        path.write_bytes(b"old")
        drawing.add(path)
        drawing.publish()
    assert (folder / "plots" / "old.png").read_bytes() == b"old"
    results = optlab.run(DOCUMENT | {"steps": 5}, out=folder.parent, plots=False)
    assert set(results.history["step"]) == set(range(6))
    assert {path.stem for path in folder.glob("history/*")} == {sweep["id"] for sweep in results.manifest["sweeps"]}
    assert not (folder / "plots").exists()


def test_written_files_are_readable_as_any_other(finished):
    mask = os.umask(0)
    os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in finished.folder.rglob("*") if path.is_file()} == {0o666 & ~mask}
    assert isinstance(optlab.load(str(finished.folder)), store.Results)
    assert repr(finished) == f"<results of 'e' in {finished.folder}: 8 done, 1 diverged>"


def swept(made):
    return [(sweep, runner.run(sweep)) for sweep in made.sweeps]


def test_results_are_not_published_if_a_sweep_is_missing(folder, planned):
    """The other sweep was never written, or its file was removed before the end: the earlier results stay."""
    before = content(folder)
    done = swept(planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}, {"name": "adam"}]}))
    about = {"name": "e", "statuses": {}, "sweeps": [{"id": sweep.id} for sweep, _ in done]}
    (one, its), (other, others) = done
    with store.writing(folder) as writer:
        writer.sweep(one, its)
        with pytest.raises(ResultsError, match=f"history/{other.id}.parquet was never written; run the experiment"):
            writer.finish(done, "", "", about)
    with store.writing(folder) as writer:
        writer.sweep(one, its)
        writer.sweep(other, others)
        (draft,) = folder.glob(".optlab-draft-*")
        (draft / "new" / "history" / f"{one.id}.parquet").unlink()
        with pytest.raises(ResultsError, match=f"history/{one.id}.parquet was removed meanwhile"):
            writer.finish(done, "", "", about)
    assert content(folder) == before


def test_results_with_a_missing_sweep_do_not_count_as_finished(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    name = f"history/{manifest['sweeps'][1]['id']}.parquet"
    del manifest["files"][name]
    (folder / "manifest.json").write_text(sealed(manifest))
    with pytest.raises(ResultsError, match=f"names no {name}, so results are missing; run the experiment again"):
        store.load(folder)
    assert optlab.run(DOCUMENT, out=folder.parent, plots=False).history["run"].nunique() == 9


def test_results_that_are_replaced_while_they_are_read_or_drawn(folder, tmp_path):
    """Drawing the earlier results raises an error, and no picture of them is saved with the new results."""
    earlier = optlab.load(folder)
    shutil.copytree(folder, tmp_path / "e")
    assert earlier.plan.runs == 9

    pictures = []

    def replace_them(done):
        pictures.append(done)
        if len(pictures) == 1:
            optlab.run(DOCUMENT | {"steps": 5}, out=folder.parent, plots=False)

    with pytest.raises(ResultsError, match="the results were replaced while they were drawn; draw them again"):
        pipeline.draw(earlier, progress=replace_them)
    assert not (folder / "plots").exists()
    assert earlier.history.equals(store.load(tmp_path / "e").history)  # it was read when it was drawn
    with pytest.raises(ResultsError, match="is gone; the results were replaced or removed since they were loaded"):
        earlier.arrays("run")
