"""Publication: at any time the earlier or the later results are complete, and no other file is changed."""

from __future__ import annotations

import itertools
import shutil
import threading

import pytest

from optlab.execution import runner
from optlab.results import store
from optlab.results.store.manifest import NEXT
from tests.results.store.faults import KINDS, Death, fault

FOREIGN = {
    ".ipynb_checkpoints/e.ipynb": "a",
    "history/.ipynb_checkpoints/h": "b",
    "plots/.ipynb_checkpoints/p": "c",
    "plots/mine.png": "d",
    "plots/loss_mine.png": "e",
    "trajectories/notes.txt": "f",
    "notes.txt": "g",
}


@pytest.fixture(scope="module")
def experiments(planned):
    """The sweeps of two experiments, with their trajectories."""
    both = planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "gd", "lr": 0.1}, {"name": "adam"}]})
    done = [(sweep, runner.run(sweep)) for sweep in both.sweeps]
    return {"earlier": done[:1], "later": done[1:]}


def write(folder, parts, name, log=""):
    about = {"name": "e", "experiment": name, "statuses": {}, "sweeps": [{"id": sweep.id} for sweep, _ in parts]}
    with store.writing(folder) as writer:
        for sweep, done in parts:
            writer.sweep(sweep, done)
        return writer.finish(parts, name, log, about)


def draw(folder, content, names=("loss_sphere", "lr_sphere")):
    with store.drawing(store.load(folder), "png") as drawing:
        for name in names:
            path = drawing.folder / f"{name}.png"
            path.write_text(content)
            drawing.add(path)
        drawing.publish()


def comment(folder):
    with store.writing(folder) as writer:
        writer.with_spec(store.load(folder), "# a comment")


CHANGES = {
    "another experiment": lambda folder, experiments: write(folder, experiments["later"], "later", "failed"),
    "another comment": lambda folder, experiments: comment(folder),
    "drawn again": lambda folder, experiments: draw(folder, "later", ("loss_sphere", "contour_sphere")),
}


@pytest.fixture(scope="module")
def before(experiments, tmp_path_factory):
    """Finished results with pictures, and with files and folders that are not optlab's."""
    folder = tmp_path_factory.mktemp("before") / "e"
    write(folder, experiments["earlier"], "earlier")
    draw(folder, "earlier")
    for name, text in FOREIGN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def state(folder):
    """The results that a reader finds, after a check that each file matches the manifest."""
    results = store.load(folder)
    pictures = {path.name: path.read_text() for path in results.plots}
    return results.manifest["files"], results.spec.read_text(), pictures, results.has_plots("png")


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_earlier_or_the_later_results_are_complete_at_any_time(change, kind, before, experiments, tmp_path):
    folder = tmp_path / "e"
    shutil.copytree(before, folder)
    earlier = state(folder)
    CHANGES[change](folder, experiments)
    later, its_names = state(folder), names(folder)
    assert earlier != later
    seen = []
    for number in itertools.count(1):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        try:
            with fault(number, kind) as made:
                CHANGES[change](folder, experiments)
        except (Death, KeyboardInterrupt, OSError):
            pass
        if len(made) < number:
            break
        found = state(folder)
        assert found in (earlier, later), (number, made)
        seen.append(found == later)
        assert {name: (folder / name).read_text() for name in FOREIGN} == FOREIGN
        with fault(0, kind):
            CHANGES[change](folder, experiments)  # the next run continues from there, and leaves no other files
        assert state(folder) == later
        assert names(folder) == its_names
    assert len(seen) > 25
    if kind == "death":
        assert seen == sorted(seen)  # the results change at one call
        assert 10 < seen.index(True) < len(seen) - 10


def test_a_first_publication_is_complete_or_absent(experiments, tmp_path):
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        try:
            with fault(number, "death") as made:
                write(folder, experiments["later"], "later")
        except Death:
            pass
        if len(made) < number:
            break
        try:
            whole = store.load(folder)
        except store.results.ResultsError:
            whole = write(folder, experiments["later"], "later")
        assert whole.runs["run"].tolist() == [1]
    assert number > 20


def test_published_files_that_are_not_moved_yet_are_read_and_then_moved(experiments, before, tmp_path):
    folder = shutil.copytree(before, tmp_path / "e")
    with pytest.raises(Death), fault(3, "death", ("replace",)):
        write(folder, experiments["later"], "later")
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
    folder = shutil.copytree(before, tmp_path / "e")
    with pytest.raises(Death), fault(1, "death", ("replace",)):
        write(folder, experiments["later"], "later")
    (folder / NEXT / "manifest.json").write_text("{")
    with pytest.raises(store.results.DamagedResults, match=r"\.optlab-next/manifest\.json: is damaged"):
        store.load(folder)
    store.finish_killed(folder)
    assert not store.is_pending(folder)
    assert store.load(folder).spec.read_text() == "earlier"  # none of its files had been moved


def test_readers_find_complete_results_during_publication(experiments, tmp_path):
    """Loading never fails. Loaded results return their own rows, or report that they were replaced."""
    folder = tmp_path / "e"
    write(folder, experiments["earlier"], "earlier")
    ended = threading.Event()

    def replace():
        with fault(0, "death"):
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
