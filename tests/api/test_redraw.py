"""Pictures of finished results whose plugins have changed or are gone."""

from __future__ import annotations

import shutil

import pytest

import optlab
from optlab.api import pipeline
from optlab.errors import PluginWarning, ResultsError
from tests.cases import first_cases
from tests.digests import digest

pytestmark = pytest.mark.usefixtures("blank_report")

BOWL = """\
import numpy as np
from optlab import optimizer, problem

@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def bowl(x, *, tilt=0.5):
    "A tilted bowl."
    return np.sum(x**2) + tilt * x[0] * x[1] - 1.0
"""
MINE = """\
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.1, beta=0.5):
    "Mine."
    return x - lr * g
"""
DOCUMENT = {
    "name": "e",
    "steps": 10,
    "problem": [{"name": "bowl", "tilt": 0.1}],
    "optimizer": [{"name": "mine", "lr": [0.1, 0.2]}, {"name": "gd", "lr": [0.1, 0.2]}],
}
MAP = {
    "steps": 10,
    "problem": [{"name": "bowl"}],
    "optimizer": [{"name": "mine", "lr": {"log": [0.01, 1.0]}, "beta": {"linear": [0.1, 0.9]}}],
}
STABILITY = MAP | {"name": "s", "stability": {"x": "lr", "y": "beta", "resolution": 3}}
BASINS = MAP | {"name": "b", "basins": {"resolution": 3}, "optimizer": [{"name": "mine"}]}
DATA = ["loss_bowl_tilt_0.1.png", "lr_bowl_tilt_0.1.png"]
LEFT = "contours, surfaces and known minima are left out: "


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "bowl.py").write_text(BOWL)
    (tmp_path / "plugins" / "mine.py").write_text(MINE)
    return tmp_path


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def names(paths):
    return [path.name for path in paths]


def content(folder):
    """The digest of each picture."""
    return {path.name: digest(path) for path in (folder / "results" / "e" / "plots").iterdir()}


@pytest.mark.parametrize(
    ("old", "new"),
    first_cases(2, [("lr * g", "2 * lr * g"), ("beta=0.5", "gamma=0.7"), ("lr=0.1", "lr=9.0"), ("", "")]),
)
def test_changed_optimizers_do_not_change_pictures(lab, old, new):
    """If the problem is unchanged, all pictures are bytewise equal."""
    optlab.run(DOCUMENT)
    before = content(lab)
    edit(lab / "plugins" / "mine.py", old, new)
    assert names(pipeline.replot("results/e")) == ["contour_bowl_tilt_0.1.png", "surface_bowl_tilt_0.1.png", *DATA]
    assert content(lab) == before


@pytest.mark.parametrize(
    ("old", "new"),
    first_cases(
        2,
        [
            ("np.sum(x**2)", "np.sum(x**4)"),
            ("tilt=0.5", "slope=0.5"),
            ("minimum=(0.0, 0.0)", "minimum=(1.0, 1.0)"),
            ("tilt=0.5", "tilt=0.7"),
        ],
    ),
)
def test_pictures_that_need_a_changed_problem_are_left_out(lab, old, new, computed):
    results = optlab.run(DOCUMENT)
    before, computed[:] = content(lab), []
    edit(lab / "plugins" / "bowl.py", old, new)
    if new.startswith("slope"):
        edit(lab / "plugins" / "bowl.py", "tilt *", "slope *")
    said = f"{LEFT}problem 'bowl' has changed since these runs, in plugins/bowl.py"
    with pytest.warns(PluginWarning) as warned:
        assert names(pipeline.replot("results/e")) == DATA
    assert [str(warning.message) for warning in warned] == [said]
    now = content(lab)
    assert now["contour_bowl_tilt_0.1.png"] == before["contour_bowl_tilt_0.1.png"]  # the picture that was right
    assert now[DATA[1]] != before[DATA[1]]  # these pictures showed heights above the minimum
    (lab / "plugins" / "bowl.py").write_text(BOWL)
    assert len(optlab.run(DOCUMENT).plots) == 4
    assert (content(lab), computed) == (before, [])
    assert results.plots == optlab.load("results/e").plots


def test_results_without_their_plugins_are_drawn_from_the_data(lab, tmp_path, monkeypatch, optlab_command):
    optlab.run(DOCUMENT, plots=False)
    shutil.copytree(lab / "results" / "e", lab / "elsewhere" / "copy")
    done = optlab_command("plot", "copy", cwd=lab / "elsewhere")
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"copy/plots/{name}" for name in DATA])
    tail = "(--plugins DIR names the folder of drop-in files)"
    assert done.stderr == (
        f"warning: {LEFT}there is no optimizer 'mine'; it came from plugins/mine.py {tail}; "
        f"there is no problem 'bowl'; it came from plugins/bowl.py {tail}\n"
    )
    done = optlab_command("plot", "copy", "--plugins", "../plugins", cwd=lab / "elsewhere")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 4, "")


def test_a_plugin_that_cannot_be_loaded_is_reported_with_the_reason(lab):
    optlab.run(DOCUMENT, plots=False)
    (lab / "plugins" / "bowl.py").write_text("1 / 0\n")
    with pytest.warns(PluginWarning, match=r"bowl\.py could not be loaded: plugins/bowl\.py:1:1: ZeroDivisionError"):
        assert names(pipeline.replot("results/e")) == DATA


@pytest.mark.parametrize("document", [STABILITY, BASINS], ids=["stability", "basins"])
@pytest.mark.parametrize(
    ("file", "old", "new", "who"),
    [
        ("bowl.py", "np.sum(x**2)", "2 * np.sum(x**2)", "problem 'bowl'"),
        ("mine.py", "- lr * g", "- 2 * lr * g", "optimizer 'mine'"),
        ("mine.py", "beta=0.5", "beta=0.6", "optimizer 'mine'"),
    ],
)
def test_a_map_whose_plugin_has_changed_is_refused(lab, document, file, old, new, who, optlab_command):
    results = optlab.run(document, plots=False)
    assert len(optlab.load(results.folder).panels) == 1
    edit(lab / "plugins" / file, old, new)
    said = f"the map cannot be read from these results: {who} has changed since these runs, in plugins/{file}"
    with pytest.raises(ResultsError) as info:
        optlab.load(results.folder).panels  # noqa: B018
    assert str(info.value) == f"{results.folder}: {said}"
    with pytest.raises(ResultsError, match=said):
        pipeline.replot(results.folder)
    assert not (results.folder / "plots").exists()


def test_a_map_without_its_plugins_is_refused_in_one_line(lab, optlab_command):
    optlab.run(BASINS, plots=False)
    (lab / "plugins" / "mine.py").unlink()
    done = optlab_command("plot", "results/b", cwd=lab)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "there is no optimizer 'mine'; it came from plugins/mine.py (--plugins DIR names" in done.stderr
