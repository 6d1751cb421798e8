"""The pictures of an experiment: which there are, for right experiments and for those in which much went wrong."""

from __future__ import annotations

import pytest

import optlab
from optlab import pipeline

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
PLANE = {"contour_beale", "loss_beale", "lr_beale"}


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
        (BEALE, ["raises"], {}, PLANE),
        ({"name": "broken"}, [GD], {}, {"loss_broken", "lr_broken"}),
        (BEALE, ["without_lr"], {}, PLANE - {"lr_beale"}),
        (BEALE, ["worded", GD], {}, PLANE - {"lr_beale"}),
        (BEALE, [GD], {"record": {"points": 0}}, PLANE),
        (XOR, [GD], {"record": {"points": 0}}, {"loss_mlp_xor_hidden_3", "lr_mlp_xor_hidden_3"}),
        (
            BEALE,
            [{"name": "gd", "label": label} for label in ("$x$", "$\\frac{", "_x", "[red]x[/red]", "é ✓")],
            {},
            PLANE,
        ),
    ],
)
def test_which_pictures_there_are(pictures, problem, optimizers, rest, names):
    assert pictures(problem, *optimizers, **rest) == names


def test_titles_that_look_alike_get_files_of_their_own(pictures):
    names = pictures([BEALE, BEALE, BEALE | {"start": "random"}], GD)
    assert {name for name in names if name.startswith("loss")} == {
        "loss_beale",
        "loss_beale_2",
        "loss_beale_start_random",
    }


def test_pictures_are_all_there_or_none(pictures, monkeypatch, tmp_path):
    """A run that is interrupted while drawing draws everything the next time."""
    document = {"name": "e", "steps": 10, "problem": [BEALE], "optimizer": [GD]}
    job = pipeline.prepare(document)
    results = pipeline.execute(job)
    drawn = []

    def interrupt(done):
        drawn.append(done)
        if len(drawn) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.draw(results, job.plan, "png", interrupt)
    assert results.plots == []
    assert [path.name for path in results.folder.iterdir() if "plots" in path.name] == []
    assert len(optlab.run(document).plots) == 3
