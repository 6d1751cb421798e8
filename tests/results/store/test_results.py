"""Damage is found in any file."""

from __future__ import annotations

import random

import pytest

import optlab
from optlab.errors import ResultsError
from optlab.results import store
from tests.results.store.experiment import DOCUMENT


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
def test_every_truncated_or_missing_file_is_found(folder, harm):
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


def test_a_missing_folder(tmp_path):
    with pytest.raises(ResultsError, match="there is no such results folder"):
        optlab.load(tmp_path / "nowhere")


def test_results_do_not_depend_on_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = optlab.run(DOCUMENT, plots=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert results.folder == tmp_path / "results" / "e"
    assert results.runs["run"].nunique() == results.history["run"].nunique() == 9
    assert (results.is_of("x"), results.plots, results.spec.parent) == (False, [], results.folder)


def test_the_manifest_is_checked_once_for_all_tables(folder, monkeypatch):
    results = store.load(folder)
    assert len([name for name in results.manifest["files"] if name.startswith("history/")]) > 1
    checks = []
    monkeypatch.setattr(store.Results, "are_there", lambda self: checks.append(1) or True)
    assert len(results.history)
    assert len(checks) == 1


def test_replaced_results_do_not_return_rows_of_the_new_ones(folder):
    kept, half = store.load(folder), store.load(folder)
    runs, history = kept.runs, kept.history
    assert kept.runs is runs
    optlab.run(DOCUMENT | {"steps": 5}, out=folder.parent, plots=False)
    assert runs["steps"].max() == kept.runs["steps"].max() == kept.history["step"].max() == 20
    assert kept.history is history
    for read in (
        lambda: half.runs,
        lambda: half.history,
        lambda: kept.trajectories,
        lambda: half.arrays("steps"),
        lambda: half.plots,
        lambda: half.spec,
    ):
        with pytest.raises(ResultsError, match="is gone; the results were replaced or removed since they were loaded"):
            read()


def test_the_same_experiment_run_again_gives_the_same_rows(folder):
    """For instance after damage. Everything except the seconds is equal to the bit."""
    results = store.load(folder)
    (folder / "runs.parquet").write_bytes(b"damaged")
    again = optlab.run(DOCUMENT, out=folder.parent, plots=False)
    assert results.runs.drop(columns="seconds").equals(again.runs.drop(columns="seconds"))
    (folder / "runs.parquet").write_bytes(b"damaged")
    with pytest.raises(ResultsError, match=r"runs\.parquet: is missing or damaged; run the experiment again"):
        store.Results(folder, again.manifest).runs  # noqa: B018
