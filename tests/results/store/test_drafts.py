"""The next run removes the drafts of killed processes, but not those of running ones."""

from __future__ import annotations

import shutil

import optlab
from optlab.results import store
from tests.results.store.experiment import DOCUMENT

NAMES = {"manifest.json", "spec.toml", "runs.parquet", "history", "trajectories"}


def test_the_next_run_removes_old_drafts_even_if_it_has_nothing_to_write(folder, computed):
    shutil.copytree(folder, folder / ".optlab-draft-abcdefgh" / "new")
    shutil.copytree(folder / "history", folder / ".draft" / "history")  # these two of a former version
    (folder / ".plotsabcd1_gh").mkdir()
    (folder / ".plotsabcd1_gh" / "loss_e.png").write_bytes(b"half")
    (folder / ".plotsabcd1_gh" / ".lr_e.png.4711.part").write_bytes(b"half")
    (folder / ".optlab-draft-abcdefgh" / ".lock").touch()
    (folder / ".lock").touch()
    (folder / ".optlab-lock").touch()
    optlab.run(DOCUMENT, out=folder.parent, plots=False)
    assert computed == []
    assert {path.name for path in folder.iterdir()} == NAMES


def test_foreign_files_in_a_draft_are_kept(folder):
    kept = [folder / name / "notes.txt" for name in (".optlab-draft-mine", ".draft", ".plotsandnotes")]
    for path in kept:
        path.parent.mkdir()
        path.write_text("mine")
    (folder / ".draft" / "runs.parquet").write_text("half")
    optlab.run(DOCUMENT, out=folder.parent, plots=False)
    assert [path.read_text() for path in kept] == ["mine"] * 3
    assert not (folder / ".draft" / "runs.parquet").exists()


def test_the_draft_of_a_running_process_stays(folder):
    results = store.load(folder)
    with store.drawing(results, "png") as drawing:
        path = drawing.folder / "loss_e.png"
        path.write_text("drawn")
        drawing.add(path)
        optlab.run(DOCUMENT, out=folder.parent, plots=False)
        with store.writing(folder):
            pass
        assert [path.name for path in drawing.publish()] == ["loss_e.png"]
    assert {path.name for path in folder.iterdir()} == NAMES | {"plots"}
