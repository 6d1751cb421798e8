"""Files outside a results folder, and files in it that optlab did not make, are not written or removed."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext

import pytest

import optlab
from optlab.errors import UserError
from optlab.results import store
from optlab.results.store.manifest import sealed
from tests.results.store.experiment import DOCUMENT

CHANGED = DOCUMENT | {"steps": 5}


def run(folder, document=CHANGED):
    return optlab.run(document, out=folder.parent, plots=False)


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def outside(tmp_path):
    """A folder elsewhere, with a file for each name that optlab has."""
    folder = tmp_path / "outside"
    (folder / "history").mkdir(parents=True)
    for name in ("runs.parquet", "history/0123456789abcdef.parquet", "loss_rosenbrock.png"):
        (folder / name).write_text("mine")
    return folder


@pytest.mark.parametrize("room", ["", "history", "trajectories", "plots"])
def test_foreign_files_and_folders_stay(folder, room):
    """Folders with the user's own notebooks, notes and pictures."""
    places = [
        folder / room / ".ipynb_checkpoints" / "x.png",
        folder / room / "mine.png",
        folder / room / "loss_mine.png",
    ]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    assert run(folder).runs["run"].nunique() == 9
    assert [path.read_text() for path in places] == ["mine"] * 3
    assert run(folder, DOCUMENT).runs["steps"].max() == 20


@pytest.mark.parametrize("name", ["runs.parquet", "spec.toml", "manifest.json"])
def test_a_foreign_file_with_a_name_of_optlab_is_not_replaced(tmp_path, name, computed):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / name).write_text("mine")
    with pytest.raises(UserError, match=rf"{name}: exists already and was not made by optlab; move it elsewhere"):
        run(tmp_path / "e")
    assert content(tmp_path / "e") == {(tmp_path / "e" / name).relative_to(tmp_path / "e"): b"mine"}
    assert computed == []


def test_a_foreign_picture_with_a_name_of_optlab_is_not_replaced(folder):
    results = run(folder)
    (folder / "plots").mkdir()
    (folder / "plots" / "loss_rosenbrock.png").write_text("mine")
    with store.drawing(results, "png") as drawing:
        path = drawing.folder / "loss_rosenbrock.png"
        path.write_text("ours")
        drawing.add(path)
        with pytest.raises(UserError, match=r"loss_rosenbrock\.png: exists already and was not made by optlab"):
            drawing.publish()
    assert (folder / "plots" / "loss_rosenbrock.png").read_text() == "mine"
    assert results.plots == []


LINKS = ["history", "trajectories", "plots", "runs.parquet", "spec.toml", "manifest.json", ".lock", ".optlab-lock"]


@pytest.mark.parametrize("to", ["what is there", "outside", "nowhere"])
@pytest.mark.parametrize("name", LINKS)
def test_links_within_the_folder_are_refused_in_one_line(folder, outside, tmp_path, name, to):
    target = {"what is there": tmp_path / "moved", "outside": outside, "nowhere": tmp_path / "nowhere"}[to]
    if (folder / name).exists():
        shutil.move(folder / name, tmp_path / "moved")
    elif to == "what is there":
        target.write_text("")
    if to == "outside" and name in ("runs.parquet", ".lock"):
        target = outside / "runs.parquet"
    (folder / name).symlink_to(target)
    before, elsewhere, moved = content(folder), content(outside), (tmp_path / "moved")
    kept = content(moved) if moved.is_dir() else moved.read_bytes() if moved.exists() else None
    with pytest.raises(UserError) as info:
        run(folder)
    assert str(info.value).startswith((f"{folder / name}: is a link", f"{folder / name}: exists already"))
    assert "\n" not in str(info.value)
    assert (content(folder), content(outside), (folder / name).readlink()) == (before, elsewhere, target)
    assert kept == (content(moved) if moved.is_dir() else moved.read_bytes() if moved.exists() else None)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", [".optlab-next", ".draft", ".optlab-draft-abcdefgh", ".plotsabcdefgh"])
def test_links_with_the_names_of_drafts_are_not_followed(folder, outside, name):
    (folder / name).symlink_to(outside)
    before = content(outside)
    refused = pytest.raises(UserError, match=f"{name}: exists already") if name == ".optlab-next" else nullcontext()
    with refused:
        run(folder)
    assert (content(outside), (folder / name).readlink()) == (before, outside)


def test_a_results_folder_that_is_a_link_is_read_and_not_written_to(folder, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "e").symlink_to(folder)
    before = content(folder)
    assert optlab.run(DOCUMENT, out=tmp_path / "links", plots=False).runs["run"].nunique() == 9
    with pytest.raises(UserError, match="links/e: is a link, and optlab does not write results through links"):
        run(tmp_path / "links" / "e")
    assert content(folder) == before


def test_results_of_former_versions_are_read_and_replaced(folder):
    """Their manifests name no pictures and no log of errors."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for key in ("pictures", "drawn"):
        del manifest[key]
    (folder / "manifest.json").write_text(sealed(manifest))
    (folder / "plots").mkdir()
    (folder / "errors.log").write_text("old")
    for name in ("loss_e.png", "mine.png"):
        (folder / "plots" / name).write_text(name)
    results = store.load(folder)
    assert ([path.name for path in results.plots], results.has_plots("png")) == (["loss_e.png", "mine.png"], False)
    assert results.history["run"].nunique() == 9
    run(folder)
    assert [path.name for path in (folder / "plots").iterdir()] == ["mine.png"]
    assert not (folder / "errors.log").exists()
