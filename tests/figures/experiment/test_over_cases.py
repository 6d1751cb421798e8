"""The pictures over all cases, with and without some optimizers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.errors import UnknownName, UserError
from optlab.experiments.choices import PICTURES
from optlab.figures.experiment import pictures
from optlab.results.selection import Selection
from tests.digests import digest

pytestmark = pytest.mark.usefixtures("blank_pictures")

PROBLEMS = [{"name": "beale"}, *({"name": name, "start": "random"} for name in ("booth", "himmelblau"))]
OPTIMIZERS = [{"name": "gd", "lr": [1e-3, 1e-2]}, {"name": "momentum", "lr": [1e-3, 1e-2]}, {"name": "adam", "lr": 0.3}]


def document(problems=PROBLEMS, optimizers=OPTIMIZERS, **rest):
    return {"name": "e", "steps": 60, "seeds": 3, "problem": problems, "optimizer": optimizers} | rest


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return optlab.run(document(), out=tmp_path_factory.mktemp("results"), plots=False)


def kinds(found):
    return [name.partition("_")[0] for name in found]


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def test_the_usual_pictures_of_several_cases(results):
    names = list(results.figures())
    assert names[-2:] == ["profile_all_cases", "ranks_all_cases"]
    assert kinds(names[:-2]) == ["contour", "surface", "loss", "lr"] * 3


@pytest.mark.parametrize(
    "given", [{"problems": PROBLEMS[:2]}, {"optimizers": OPTIMIZERS[:1]}, {"record": {"points": 0}}]
)
def test_pictures_over_all_cases_are_not_usual_otherwise(given, tmp_path):
    found = optlab.run(document(**given), out=tmp_path, plots=False)
    assert not {"profile", "ecdf"} & {*kinds(found.figures())}
    assert len(found.figures()) == pictures.count(found.plan)


def test_the_number_of_pictures_is_known_before_they_are_drawn(results):
    assert pictures.count(results.plan) == len(results.figures())


@pytest.mark.parametrize(
    ("kind", "of", "unit"), [("profile", "performance", "gradients"), ("data_profile", "data", "steps"),
                             ("ecdf", "ecdf", "gradients")],
)  # fmt: skip
def test_the_curves_are_those_of_the_profiles(results, kind, of, unit):
    figure = results.figure(kind, x=unit)
    frame = results.profile(of, unit=unit)
    for label, rows in frame.groupby("label"):
        drawn = line(figure.axes[0], label)
        inside = rows[rows["x"] >= figure.axes[0].get_xlim()[0]]
        shown = pd.Series(drawn.get_ydata(), drawn.get_xdata())
        np.testing.assert_allclose(shown.loc[inside["x"]], inside["y"])
    said = " ".join(text.get_text() for text in figure.texts[2:])
    assert said == optlab.results.caption(frame)
    per_dimension = " / dimension" * (kind == "ecdf")
    assert f"costs in {unit}{per_dimension}" in figure.texts[1].get_text()
    if kind != "profile":
        assert figure.axes[0].get_xlabel().endswith(f"{unit}{per_dimension}" + " per run" * (kind == "data_profile"))


def test_without_an_optimizer_the_others_are_compared_anew(results):
    """Gd is the fastest on one problem, so that without it momentum is."""
    of_all, without, hidden = (
        results.figure("profile", **selection)
        for selection in ({}, {"without": ["gd"]}, {"only": ["momentum", "adam"]})
    )
    first = {name: line(figure.axes[0], "momentum").get_ydata()[0] for name, figure in
             (("all", of_all), ("without", without), ("hidden", hidden))}  # fmt: skip
    assert first["hidden"] == first["all"] < first["without"]
    expected = results.profile("performance", without=["gd"])
    assert first["without"] == expected[expected["label"] == "momentum"]["y"].iloc[0]
    assert "gd" not in {line.get_label() for line in without.axes[0].get_lines()}
    assert without.texts[1].get_text().endswith("; compared without gd")
    colours = {line(figure.axes[0], "adam").get_color() for figure in (of_all, without, hidden)}
    assert len(colours) == 1


def test_the_costs_of_targets_of_one_case(results):
    figure = results.figure("ert", "beale")
    frame = results.profile("ert")
    gd = frame[(frame["case"] == "beale") & (frame["label"] == "gd") & np.isfinite(frame["y"])]
    drawn = line(figure.axes[0], "gd")
    inside = (drawn.get_xdata() <= figure.axes[0].get_xlim()[0]) & np.isfinite(drawn.get_ydata())
    inside &= drawn.get_ydata() > 0
    shown = gd[gd["x"].isin(drawn.get_xdata()[inside])]
    np.testing.assert_allclose(shown["y"], drawn.get_ydata()[inside])
    assert len(shown) > 3
    assert figure.texts[0].get_text() == "expected running time: beale"
    assert "On beale, " in " ".join(text.get_text() for text in figure.texts)


def test_labels_with_failed_runs_have_no_curve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(
        "from optlab import optimizer\n\n@optimizer\ndef raises(x, g, *, lr=0.1):\n"
        "    'Raises.'\n    raise RuntimeError('broken')\n"
    )
    found = optlab.run(document(optimizers=[*OPTIMIZERS[1:], {"name": "raises"}]), plots=False)
    figure = found.figure("profile")
    assert len(figure.axes[0].get_legend().get_texts()) == 2
    assert "Left out, because runs failed: raises." in " ".join(text.get_text() for text in figure.texts)
    nothing = optlab.run(document(optimizers=[{"name": "raises"}]) | {"name": "f"}, plots=False)
    with pytest.raises(UserError, match="runs of every optimizer ended with an error"):
        nothing.figure("profile")


def test_runs_that_all_diverged_can_be_drawn(tmp_path):
    rules = [{"name": "gd", "lr": lr, "label": str(lr)} for lr in (1e50, 1e60)]
    found = optlab.run(document(optimizers=rules), out=tmp_path, plots=False)
    for kind in ("profile", "data_profile", "ecdf"):
        assert found.figure(kind).png().startswith(b"\x89PNG")
    assert found.figure("ert", "beale").png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ({"kinds": ("profil",)}, "kind: there is no picture 'profil' (did you mean 'profile'?); there are: contour, "),
        (
            {"x": "gradient"},
            "x: there is no axis 'gradient' (did you mean 'gradients'?); there are: steps, gradients, ",
        ),
        ({"without": ("adma",)}, "without: no optimizer has the label 'adma' (did you mean 'adam'?); there are: gd, "),
        ({"without": ("gd", "momentum", "adam")}, "without: no optimizer is left; name fewer"),
        ({"without": ("gd",), "only": ("gd",)}, "without: no optimizer is left; name fewer"),
    ],
)
def test_selections_that_cannot_be_drawn(results, selection, said):
    with pytest.raises((UnknownName, UserError)) as info:
        list(pictures.figures(results, Selection(**selection)))
    assert str(info.value).startswith(said)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"record": {"points": 0}}, "profile", "no steps were recorded; write points = 200 in [record]"),
        ({"record": {"points": 0}}, "loss", "no steps were recorded; write points = 200 in [record]"),
        ({}, "basins", "they are no map; write a table [basins], or use the command optlab basins"),
        ({}, "extra", "no plugin has pictures"),
        ({"problems": [{"name": "sphere", "dim": 3}]}, "contour", "no problem is a function of two parameters"),
    ],
)
def test_the_reason_why_there_is_no_picture(given, kind, said, tmp_path):
    found = optlab.run(document(**given), out=tmp_path, plots=False)
    with pytest.raises(UserError) as drawing:
        pictures.draw_all(found, "png", lambda done: None, Selection(kinds=(kind,)))
    assert str(drawing.value).startswith(f"kind: there is no picture {kind!r} of these results: {said}")
    assert found.plots == []
    with pytest.raises(UnknownName) as asked:
        found.figure(kind)
    assert said in str(asked.value)


def test_a_map_has_only_its_own_pictures(tmp_path):
    found = optlab.basins("himmelblau", "gd", steps=5, resolution=4, out=tmp_path, plots=False).results
    with pytest.raises(UserError, match="they are a map; its pictures are basins"):
        pictures.draw_all(found, "png", lambda done: None, Selection(kinds=("profile",)))
    assert list(found.figures(kinds=PICTURES)) == ["basins_himmelblau"]


def test_some_kinds_are_drawn_and_the_other_pictures_stay(tmp_path):
    given = document([{"name": "sphere", "dim": dim} for dim in (3, 4, 5)])
    found = optlab.run(given, out=tmp_path)
    before = {path.name: digest(path) for path in found.plots}
    drawn = pictures.draw_all(found, "png", lambda done: None, Selection(kinds=("data_profile", "profile")))
    assert [path.name for path in drawn] == ["profile_all_cases.png", "data_profile_all_cases.png"]
    now = {path.name: digest(path) for path in found.plots}
    assert now == before | {"data_profile_all_cases.png": digest(drawn[1])}
    assert found.has_plots("png")  # so that the next run draws nothing again
    bare = optlab.run(given | {"name": "bare"}, out=tmp_path, plots=False)
    pictures.draw_all(bare, "png", lambda done: None, Selection(kinds=("profile",)))
    assert not bare.has_plots("png")  # the usual pictures were never drawn
