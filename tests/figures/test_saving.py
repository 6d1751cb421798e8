"""Figures are saved by a second process, with the same files and errors as without it."""

from __future__ import annotations

import hashlib
import pickle
import sys

import pytest
from matplotlib.figure import Figure

import optlab
from optlab.api import pipeline
from optlab.execution.second_process import SecondProcess
from optlab.figures import figure as figures
from optlab.figures import saving, style


def sheets():
    """Ten figures, of which the second cannot be sent to another process."""
    for number in range(10):
        with style.sheet():
            sheet, (axes,) = figures.new(title=f"figure {number}", caption="梯度")
            axes.plot([0, 1], [number, 1 - number], label="_x")
            figures.legend(axes, axes.get_lines(), [f"label {number}"])
            if number == 1:
                axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        yield sheet


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    for number, sheet in enumerate(sheets()):
        figures.save(sheet, folder / f"{number}.png")
    return digests(folder)


@pytest.fixture
def saved_here(monkeypatch):
    """The names of the files that this process saves itself."""
    names = []

    def save(sheet, path):
        names.append(path.name)
        return figures.save(sheet, path)

    monkeypatch.setattr(saving, "save", save)
    return names


def test_a_second_process_saves_the_same_files(tmp_path, expected, saved_here):
    with saving.saver(10) as saver:
        for number, sheet in enumerate(sheets()):
            assert saver.save(sheet, tmp_path / f"{number}.png") == tmp_path / f"{number}.png"
        process = saver.second.popen
    assert digests(tmp_path) == expected
    assert "1.png" in saved_here  # it cannot be sent
    assert not {"0.png", "2.png"} & {*saved_here}  # later ones are saved by the process that is free
    assert process.poll() is not None


@pytest.mark.parametrize("last", [0, 2])
def test_files_that_a_killed_process_has_not_saved_are_saved_here(tmp_path, expected, saved_here, last):
    with saving.saver(10) as saver:
        for number, sheet in enumerate(sheets()):
            saver.save(sheet, tmp_path / f"{number}.png")
            if number == last:
                saver.second.popen.kill()
    assert digests(tmp_path) == expected
    assert f"{last}.png" in saved_here


def test_an_error_has_the_path_and_ends_the_process(tmp_path):
    with pytest.raises(OSError, match=r"none.\d\.png"), saving.saver(10) as saver:  # noqa: PT012
        process = saver.second.popen
        for number, sheet in enumerate(sheets()):
            saver.save(sheet, tmp_path / "none" / f"{number}.png")
    assert process.poll() is not None


def test_an_exception_of_the_caller_ends_the_process():
    with pytest.raises(KeyboardInterrupt), saving.saver(10) as saver:  # noqa: PT012
        process = saver.second.popen
        saver.save(Figure(), None)
        raise KeyboardInterrupt
    assert process.poll() is not None


def test_few_figures_need_no_process(tmp_path, expected, saved_here):
    with saving.saver(saving.MANY - 1) as saver:
        assert saver.second.popen is None
        saver.save(next(sheets()), tmp_path / "0.png")
    assert (saved_here, digests(tmp_path)) == (["0.png"], {"0.png": expected["0.png"]})


def test_a_process_that_cannot_be_started_is_not_needed(tmp_path, expected, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "plots").mkdir()
    with saving.saver(10) as saver:
        assert saver.second.popen is None
        for number, sheet in enumerate(sheets()):
            saver.save(sheet, tmp_path / "plots" / f"{number}.png")
    assert digests(tmp_path / "plots") == expected


def test_a_process_that_was_started_before_is_used_and_ended(tmp_path, expected):
    with SecondProcess(saving.__name__) as second:
        second.start()
        process = second.popen
        second.start()
        assert second.popen is process
        with saving.saver(1, second) as saver:
            for number, sheet in enumerate(sheets()):
                saver.save(sheet, tmp_path / f"{number}.png")
        assert process.poll() is not None
    assert digests(tmp_path) == expected


KINDS = ("contour", "surface", "loss", "lr", "ranks", "profile", "data_profile", "ecdf", "ert", "best_of_k")


def test_pictures_of_experiments_can_be_sent(tmp_path):
    """Otherwise they would be saved in this process, with a longer wait."""
    network = {"name": "mlp", "dataset": "moons", "hidden": [3], "batch_size": 10}
    tables = [{"name": name, "lr": [0.01, 0.1]} for name in ("gd", "adam")]
    problems = [{"name": name, "start": "random"} for name in ("beale", "sphere")]
    document = {"name": "e", "steps": 4, "seeds": 2, "tuning": {"seeds": 1}, "problem": [*problems, network],
                "optimizer": tables}  # fmt: skip
    found = optlab.run(document, out=tmp_path, plots=False).figures(kinds=KINDS)
    assert {name.split("_")[0] for name in found} >= {
        "contour",
        "surface",
        "loss",
        "lr",
        "ranks",
        "profile",
        "ecdf",
        "ert",
        "best",
    }
    for name in found:
        pickle.dumps(found[name])


def test_an_experiment_with_many_pictures_is_drawn_the_same_by_one_process(tmp_path, monkeypatch, blank_report):
    tables = [{"name": name, "start": "random"} for name in ("beale", "sphere", "booth")]
    document = {
        "name": "e",
        "steps": 9,
        "seeds": 2,
        "problem": tables,
        "optimizer": [{"name": "gd", "lr": [0.01, 0.1]}],
    }
    started, start = [], SecondProcess.start
    monkeypatch.setattr(SecondProcess, "start", lambda second: started.append(second) or start(second))
    two = optlab.run(document, out=tmp_path / "two")
    assert len(two.plots) >= saving.MANY
    assert len({*started}) == 1
    monkeypatch.setattr(saving, "MANY", 1000)
    monkeypatch.setattr(pipeline, "MANY_CASES", 1000)
    one = optlab.run(document, out=tmp_path / "one")
    assert len({*started}) == 1
    assert digests(two.folder / "plots") == digests(one.folder / "plots")
