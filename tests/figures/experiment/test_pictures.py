"""The pictures of an experiment, for successful and for failed runs."""

from __future__ import annotations

import pytest

import optlab
from optlab.api import pipeline
from optlab.results import store

pytestmark = pytest.mark.usefixtures("blank_pictures")

PLUGIN = '''\
import numpy as np
from optlab import optimizer, problem

@optimizer
def raises(x, g, *, lr=0.1):
    """Raises."""
    raise RuntimeError("broken")

@optimizer
def without_lr(x, g, *, rate=1e-4):
    """Has no lr."""
    return x - rate * g

@optimizer
def worded(x, g, *, lr="auto"):
    """Its lr is a text."""
    return x - 1e-4 * g

@problem(domain=(-1.0, 1.0), start=(0.5, 0.5), minimum=(0.0, 0.0))
def broken(x):
    """Raises."""
    raise RuntimeError("broken")
'''
PLANE = {"contour_beale", "surface_beale", "loss_beale", "lr_beale"}


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """The names of the pictures of an experiment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(PLUGIN)

    def draw(problem, *optimizers, **rest):
        tables = [o if isinstance(o, dict) else {"name": o} for o in optimizers]
        document = {
            "name": "e",
            "steps": 10,
            "problem": problem if isinstance(problem, list) else [problem],
            "optimizer": tables,
            **rest,
        }
        results = optlab.run(document)
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in results.plots)
        return {path.stem for path in results.plots}

    return draw


BEALE = {"name": "beale"}
GD = {"name": "gd", "lr": [1e-4, 1e-3]}
XOR = {"name": "mlp", "dataset": "xor", "hidden": [3]}


@pytest.mark.parametrize(
    ("problem", "optimizers", "rest", "names"),
    [
        (BEALE, [GD, "adam"], {}, PLANE),
        (XOR, [GD], {"seeds": 2}, {"loss_mlp_xor_hidden_3", "lr_mlp_xor_hidden_3"}),
        (BEALE, [{"name": "gd", "lr": [1e50, 1e60]}], {}, PLANE),  # all diverge
        (BEALE, ["raises"], {}, {"lr_beale"}),
        ({"name": "broken"}, [GD], {}, {"lr_broken"}),
        (BEALE, ["without_lr"], {}, PLANE - {"lr_beale"}),
        (BEALE, ["worded", GD], {}, PLANE - {"lr_beale"}),
        (BEALE, [GD], {"record": {"points": 0}}, {"lr_beale"}),
        (BEALE, [GD], {"record": {"points": 1}}, PLANE),
        (XOR, [GD], {"record": {"points": 0}}, {"lr_mlp_xor_hidden_3"}),
        (
            BEALE,
            [{"name": "gd", "label": label} for label in ("$x$", "$\\frac{", "_x", "[red]x[/red]", "é ✓")],
            {},
            PLANE,
        ),
    ],
)
def test_the_names_of_the_pictures(pictures, problem, optimizers, rest, names):
    assert pictures(problem, *optimizers, **rest) == names


OPEN = """\
import numpy as np
from optlab import problem

@problem(start=(1.0, 2.0))
def open_(x):
    'It has no domain.'
    return np.sum(x**2)
"""


def test_diverged_runs_do_not_enlarge_the_contour_of_a_problem_without_domain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(OPEN)
    rules = [{"name": "gd", "lr": lr, "label": str(lr)} for lr in (0.1, 1e3)]
    document = {"name": "e", "steps": 100, "problem": [{"name": "open_"}], "optimizer": rules}
    results = optlab.run(document, plots=False)
    figures = results.figures()
    low, high = figures["contour_open"].axes[0].get_xlim()
    assert -3 < low < 0 < 1 < high < 3


def test_similar_titles_get_distinct_files(pictures):
    names = pictures([BEALE, BEALE, BEALE | {"start": "random"}], GD)
    assert {name for name in names if name.startswith("loss")} == {
        "loss_beale",
        "loss_beale_2",
        "loss_beale_start_random",
    }


def test_pictures_are_published_all_or_none(pictures, monkeypatch, tmp_path):
    """A run that is interrupted while drawing draws everything the next time."""
    document = {"name": "e", "steps": 10, "problem": [BEALE], "optimizer": [GD]}
    job = pipeline.prepare(document)
    with store.writing(job.folder) as writer:
        results = pipeline.execute(job, writer)
    drawn = []

    def interrupt(done):
        drawn.append(done)
        if len(drawn) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.draw(results, "png", interrupt)
    assert results.plots == []
    assert [path.name for path in results.folder.iterdir() if "plots" in path.name] == []
    assert len(optlab.run(document).plots) == 4
