"""Changes of finished results, and a check of what a reader finds after a fault at each call that they make."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optlab.api import pipeline
from optlab.errors import ResultsError
from optlab.execution import runner
from optlab.execution.records import Sweep, Trajectories
from optlab.results import store
from optlab.results.store.manifest import REPORT, located
from tests.results.store.faults import call_fails, fault

FOREIGN = {
    ".ipynb_checkpoints/e.ipynb": "a",
    "history/.ipynb_checkpoints/h": "b",
    "plots/.ipynb_checkpoints/p": "c",
    "plots/mine.png": "d",
    "plots/loss_mine.png": "e",
    "trajectories/notes.txt": "f",
    "notes.txt": "g",
}

Parts = Sequence[tuple[Sweep, Trajectories]]
Experiments = Mapping[str, Parts]


def experiments() -> Experiments:
    """The sweeps of two experiments, with their trajectories."""
    document = {
        "name": "e",
        "steps": 10,
        "problem": [{"name": "sphere"}],
        "optimizer": [{"name": "gd", "lr": 0.1}, {"name": "adam"}],
    }
    done = [(sweep, runner.run(sweep)) for sweep in pipeline.prepare(document, plugins=()).plan.sweeps]
    return {"earlier": done[:1], "later": done[1:]}


def write(folder: Path, parts: Parts, name: str, log: str = "") -> store.Results:
    about = {"name": "e", "experiment": name, "statuses": {}, "sweeps": [{"id": sweep.id} for sweep, _ in parts]}
    with store.writing(folder) as writer:
        for sweep, done in parts:
            writer.sweep(sweep, done)
        return writer.finish(parts, name, log, about)


def draw(folder: Path, content: str, names: Sequence[str] = ("loss_sphere", "lr_sphere")) -> None:
    with store.drawing(store.load(folder), "png") as drawing:
        for name in names:
            path = drawing.folder / f"{name}.png"
            path.write_text(content)
            drawing.add(path)
        drawing.add_report(content)
        drawing.publish()


def comment(folder: Path) -> None:
    with store.writing(folder) as writer:
        writer.with_spec(store.load(folder), "# a comment")


CHANGES: dict[str, Callable[[Path, Experiments], Any]] = {
    "another experiment": lambda folder, experiments: write(folder, experiments["later"], "later", "failed"),
    "another comment": lambda folder, experiments: comment(folder),
    "drawn again": lambda folder, experiments: draw(folder, "later", ("loss_sphere", "contour_sphere")),
    "report": lambda folder, experiments: store.write_report(store.load(folder), "later"),
}


def make_earlier(folder: Path, experiments: Experiments) -> Path:
    """Finished results with pictures, and with files and folders that are not optlab's."""
    write(folder, experiments["earlier"], "earlier")
    draw(folder, "earlier")
    for name, text in FOREIGN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def state(folder: Path) -> tuple[Any, ...]:
    """The results that a reader finds, after a check that each file matches the manifest."""
    results = store.load(folder)
    pictures = {path.name: path.read_text() for path in results.plots}
    report = (
        [path.read_text() for path in located(folder, REPORT) if path.is_file()][:1] if results.has_report() else []
    )
    return results.manifest["files"], results.spec.read_text(), pictures, results.has_plots("png"), report


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> set[str]:
    return set(contents(folder))


def outcomes(change: str, kind: str, before: Path, experiments: Experiments, room: Path) -> Iterator[bool]:
    """For a fault at each call of a change: whether a reader finds the later results then, instead of the earlier ones.

    It asserts that it is one of them, complete; that no other file changed; and that the next run finishes the change
    and removes all temporary files.
    """
    folder = room / "e"
    shutil.copytree(before, folder)
    earlier = state(folder)
    CHANGES[change](folder, experiments)
    later, its_names = state(folder), names(folder)
    assert earlier != later
    for number in itertools.count(1):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        if not call_fails(number, kind, lambda: CHANGES[change](folder, experiments)):
            return
        found = state(folder)
        assert found in (earlier, later), (change, kind, number)
        assert {name: (folder / name).read_text() for name in FOREIGN} == FOREIGN
        with fault(0, kind):  # without syncing
            CHANGES[change](folder, experiments)
        assert (state(folder), names(folder)) == (later, its_names), (change, kind, number)
        yield found == later


def first_outcomes(kind: str, experiments: Experiments, room: Path) -> Iterator[bool]:
    """For a fault at each call of the first publication in a folder: whether the results are there, complete."""
    for number in itertools.count(1):
        folder = room / str(number)
        if not call_fails(number, kind, lambda folder=folder: write(folder, experiments["later"], "later")):
            return
        try:
            state(folder)
            yield True
        except ResultsError:
            yield False
        with fault(0, kind):
            write(folder, experiments["later"], "later")
        state(folder)
        assert {name for name in names(folder) if name.startswith(".")} == set()
