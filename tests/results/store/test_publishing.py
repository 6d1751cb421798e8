"""Publication: at any time the earlier or the later results are complete, and no other file is changed."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from optlab.results import store
from optlab.results.store.manifest import NEXT, sealed
from tests.cases import first_cases
from tests.results.store import publications
from tests.results.store.faults import fault
from tests.results.store.publications import CHANGES, contents, make_earlier, names, outcomes, write

FEWEST = {"another experiment": 60, "another comment": 30, "drawn again": 40, "report": 30}
"""Fewer calls than each change makes."""


@pytest.fixture(scope="module")
def experiments():
    return publications.experiments()


@pytest.fixture(scope="module")
def before(experiments, tmp_path_factory):
    return make_earlier(tmp_path_factory.mktemp("before") / "e", experiments)


@pytest.mark.parametrize("change", first_cases(2, ["first", *CHANGES]))
def test_a_kill_at_any_call_leaves_the_earlier_or_the_later_results(change, forks, tmp_path):
    done = forks.run("python", str(Path(__file__).with_name("kills.py")), change, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen == sorted(seen)  # the results change at one call
    assert (len(seen) > FEWEST.get(change, 50), 10 < seen.index(True) < len(seen) - 5) == (True, True)


@pytest.mark.parametrize("change", CHANGES)
def test_an_error_at_any_call_leaves_the_earlier_or_the_later_results(change, before, experiments, tmp_path):
    assert len(list(outcomes(change, "error", before, experiments, tmp_path))) > FEWEST[change]


def test_an_interrupt_at_any_call_leaves_the_earlier_or_the_later_results(before, experiments, tmp_path):
    assert len(list(outcomes("drawn again", "Ctrl-C", before, experiments, tmp_path))) > FEWEST["drawn again"]


def pending(folder, experiments, number):
    """Publish later results, but let the move of this number fail."""
    with pytest.raises(OSError, match=str(folder)), fault(number, "EIO", ("replace",)):
        write(folder, experiments["later"], "later")
    return folder


def test_published_files_that_are_not_moved_yet_are_read_and_then_moved(experiments, before, tmp_path):
    folder = pending(shutil.copytree(before, tmp_path / "e"), experiments, 3)
    assert store.is_pending(folder)
    results = store.load(folder)
    assert results.spec == folder / NEXT / "spec.toml"
    assert (results.spec.read_text(), results.plots, results.history["run"].nunique()) == ("later", [], 1)
    store.finish_killed(folder)
    assert not store.is_pending(folder)
    assert results.spec == folder / "spec.toml"
    assert results.trajectories["run"].nunique() == 1
    assert names(folder) == names(store.load(folder).folder)


def test_damaged_published_files_are_not_read(experiments, before, tmp_path):
    folder = pending(shutil.copytree(before, tmp_path / "e"), experiments, 1)
    (folder / NEXT / "manifest.json").write_text("{")
    with pytest.raises(store.results.DamagedResults, match=r"\.optlab-next/manifest\.json: is damaged"):
        store.load(folder)
    store.finish_killed(folder)
    assert not store.is_pending(folder)
    assert store.load(folder).spec.read_text() == "earlier"  # none of its files had been moved


def test_published_files_of_a_later_version_are_kept(experiments, before, tmp_path):
    folder = pending(shutil.copytree(before, tmp_path / "e"), experiments, 1)
    path = folder / NEXT / "manifest.json"
    path.write_text(sealed(json.loads(path.read_text()) | {"format": 99}))
    published = contents(folder)
    with pytest.raises(store.results.ResultsError, match="has format 99, and this optlab reads format 1"):
        write(folder, experiments["earlier"], "earlier")
    store.finish_killed(folder)
    assert contents(folder) == published


def test_names_reach_the_disk_before_the_manifest_and_the_manifest_before_the_draft_is_removed(experiments, tmp_path):
    """Otherwise the names of files could be lost with the power although the manifest names them."""
    folder = tmp_path / "e"
    write(folder, experiments["earlier"], "earlier")
    with fault(0, "error") as made:
        write(folder, experiments["later"], "later")
    last_move = len(made) - made[::-1].index("replace") - 1  # of the manifest
    assert made[last_move - 3 : last_move + 3] == [*["fsync"] * 3, "replace", "fsync", "rmdir"]
    first_move = made.index("rename")
    assert (made[:first_move].count("fsync"), made[first_move + 1]) == (5 + 3, "fsync")


def test_readers_find_complete_results_during_publication(experiments, tmp_path):
    """Loading never fails. Loaded results return their own rows, or report that they were replaced."""
    folder = tmp_path / "e"
    write(folder, experiments["earlier"], "earlier")
    ended = threading.Event()

    def replace():
        with fault(0, "error"):
            for number in range(30):
                name = ("later", "earlier")[number % 2]
                write(folder, experiments[name], name)
        ended.set()

    writer = threading.Thread(target=replace)
    writer.start()
    loaded, read, said = 0, 0, set()
    while not ended.is_set():
        results = store.load(folder)
        loaded += 1
        try:
            runs = results.runs
        except store.results.ResultsError as error:
            said.add(str(error))
            continue
        assert runs["run"].tolist() == [{"earlier": 0, "later": 1}[results.manifest["experiment"]]]
        read += 1
    writer.join()
    assert loaded >= read > 0
    gone = "is gone; the results were replaced or removed since they were loaded"
    assert said <= {f"{folder / 'runs.parquet'}: {gone}"}
