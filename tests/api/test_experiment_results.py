"""Results with their plan, panels, ranking and figures. One command makes each of them once."""

from __future__ import annotations

import shutil
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.api import experiment_results, pipeline
from optlab.cli import app
from optlab.errors import PluginWarning, ResultsError, UnknownName, UserError
from optlab.experiments import plan
from optlab.experiments.kinds.basins import BasinsKind
from optlab.experiments.kinds.stability import StabilityKind
from optlab.figures.figure import InlineFigure
from optlab.plugins import registry
from optlab.results import analysis
from tests.digests import digest
from tests.safe_html import assert_safe

pytestmark = pytest.mark.usefixtures("blank_pictures")

DOCUMENT = {
    "name": "e",
    "steps": 20,
    "problem": [{"name": "beale"}, {"name": "ellipsoid", "condition": [10.0, 100.0], "dim": 3}],
    "optimizer": [{"name": "gd", "lr": [1e-3, 1e-2]}, {"name": "adam", "label": "a <b> & c", "lr": [0.01, 0.1]}],
}
CASES = ["beale", "ellipsoid (dim=3, condition=10)", "ellipsoid (dim=3, condition=100)"]
SLUGS = ["ellipsoid_dim_3_condition_10", "ellipsoid_dim_3_condition_100"]
PICTURES = ["contour_beale", "surface_beale", "loss_beale", "lr_beale",
            *(f"{kind}_{slug}" for slug in SLUGS for kind in ("loss", "lr")),
            "profile_all_cases", "ranks_all_cases"]  # fmt: skip
BASINS = {"optimizers": "gd lr=0.01", "resolution": 6, "steps": 50, "plots": False}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("results"), plots=False)


# ---- once for one command --------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """Counts of loading the registry, planning an experiment, and reading the panels of a map."""
    counts = dict.fromkeys(["load", "plan", "panels"], 0)

    def counting(key, module, name):
        original = getattr(module, name)

        def counted_call(*args, **kwargs):
            counts[key] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counted_call)

    counting("load", registry, "load")
    counting("plan", plan, "make")
    counting("panels", BasinsKind, "panels")
    counting("panels", StabilityKind, "panels")
    return counts


FILE = """\
name = "e"
steps = 5
[[problem]]
name = "sphere"
start = [1.0, 2.0]
[[optimizer]]
name = "gd"
lr = [0.1, 0.2]
"""
SIDES = {"x": "lr=0.1:1", "y": "beta=0:0.9", "resolution": 3, "steps": 5}
PYTHON = {
    "run": lambda: optlab.run("e.toml"),
    "basins": lambda: optlab.basins("himmelblau", "gd lr=0.01", resolution=3, steps=5)._repr_html_(),
    "stability": lambda: optlab.stability("sphere", "momentum", **SIDES)._repr_html_(),
    "race": lambda: optlab.race(["gd", "adam"], "sphere", steps=5, lr="0.1:1:2").figure("loss"),
}
COMMANDS = {
    "run": ["run", "e.toml"],
    "basins": ["basins", "himmelblau", "--optimizer", "gd lr=0.01", "--resolution", "3", "--steps", "5"],
    "stability": ["stability", "sphere", "--x=lr=0.1:1", "--y=beta=0:0.9", "--resolution=3", "--steps=5"],
    "race": ["race", "gd", "adam", "--on", "sphere", "--steps", "5", "--lr", "0.1:1:2"],
    "gallery": ["gallery", "qhm", "--out", "gallery/page.md"],
}


@pytest.mark.parametrize("what", PYTHON)
def test_one_registry_and_one_plan_from_python(what, lab, counted):
    (lab / "e.toml").write_text(FILE)
    PYTHON[what]()
    assert counted == {"load": 1, "plan": 1, "panels": what in ("basins", "stability")}


@pytest.mark.parametrize("what", COMMANDS)
def test_one_registry_and_one_plan_on_the_command_line(what, lab, counted, invoke):
    (lab / "e.toml").write_text(FILE)
    invoke(*COMMANDS[what])
    assert counted == {"load": 1, "plan": 1, "panels": what in ("basins", "stability")}


@pytest.mark.parametrize("what", ["run", "basins", "stability"])
def test_one_registry_and_one_plan_to_draw_again(what, lab, counted, invoke):
    (lab / "e.toml").write_text(FILE)
    invoke(*COMMANDS[what])
    (folder,) = (lab / "results").glob("[!.]*")
    for again in (partial(invoke, "plot", str(folder)), partial(pipeline.replot, folder)):
        counted.update(dict.fromkeys(counted, 0))
        again()
        assert counted == {"load": 1, "plan": 1, "panels": what != "run"}


def test_loaded_results_are_planned_at_the_first_use(results, counted):
    loaded = optlab.load(results.folder)
    assert isinstance(loaded.ranking(), pd.DataFrame)
    assert loaded.panels == ()
    assert counted == {"load": 0, "plan": 0, "panels": 0}
    assert loaded.plan.id == results.plan.id
    loaded.figure("contour")
    loaded.figures()
    assert counted == {"load": 1, "plan": 1, "panels": 0}


@pytest.fixture
def invoke():
    from typer.testing import CliRunner

    def run(*words):
        done = CliRunner().invoke(app.app, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.stderr

    return run


# ---- plan, panels, ranking -------------------------------------------------------------------------------------------


def test_the_order_over_all_cases(results):
    table, left_out = results.overall(), results.without_each_case()
    assert table["label"].tolist() == analysis.overall(results.runs)["label"].tolist()
    assert results.friedman() == analysis.friedman(results.runs)
    assert set(left_out["without"]) == set(results.runs["case"])
    label = table["label"][0]
    assert label not in set(results.ranking("best_loss", without=[label])["label"])
    with pytest.raises(optlab.OptlabError, match="no optimizer has the label"):
        results.overall(without=["nobody"])
    with pytest.raises(optlab.OptlabError, match="did you mean 'seconds'"):
        results.friedman("second")


def test_the_plan_and_the_ranking(results):
    assert results.plan.runs == len(results.runs) == 12
    assert results.panels == ()
    pd.testing.assert_frame_equal(results.ranking(), analysis.ranking(results.runs))
    for case, table in results.ranking().groupby("case"):
        final = results.runs[results.runs["case"] == case].groupby("label")["final_loss"].min().sort_values()
        assert list(table["label"]) == list(final.index)
        assert table["median"].tolist() == final.tolist()


def test_panels_of_a_map_equal_those_of_basins(lab):
    found = optlab.basins("himmelblau", **BASINS)
    assert found.results.panels is found.maps
    again = optlab.load(found.results.folder).panels
    assert [panel.title for panel in again] == ["gd  lr=0.01"]
    np.testing.assert_array_equal(again[0].minimum, found.maps[0].minimum)
    with pytest.raises(UserError, match=r"optimizers have no ranks in a map; use \.panels for its arrays"):
        found.results.ranking()


PLUGIN = """\
import numpy as np
from optlab import problem

@problem(domain=(-2.0, 2.0), start=(1.0, 1.0))
def mine(x, *, a=1.0):
    "A bowl."
    return a * np.sum(x**2)
"""


def test_a_plugin_that_has_changed(lab):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "mine.py").write_text(PLUGIN)
    optlab.run({"name": "e", "steps": 5, "problem": [{"name": "mine"}], "optimizer": [{"name": "gd", "lr": 0.1}]})
    assert optlab.load("results/e").plan.cases == ("mine",)
    (lab / "plugins" / "mine.py").write_text(PLUGIN.replace("x**2", "x**4"))
    loaded, said = optlab.load("results/e"), "problem 'mine' has changed since these runs, in plugins/mine.py"
    with pytest.raises(ResultsError, match=f"the experiment cannot be planned again: {said}$"):
        loaded.plan  # noqa: B018
    with pytest.raises(
        UnknownName, match=f"^there is no picture 'contour'; there are: loss, lr, .*; left out: {said}$"
    ):
        loaded.figure("contour")
    assert list(loaded.figures()) == ["loss_mine", "lr_mine"]
    assert "cannot be shown" not in loaded._repr_html_()


def test_plugin_folders_are_relative_to_the_directory_of_loading(lab, monkeypatch):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "mine.py").write_text(PLUGIN)
    optlab.run({"name": "e", "steps": 5, "problem": [{"name": "mine"}], "optimizer": [{"name": "gd", "lr": 0.1}]})
    loaded = optlab.load("results/e")
    (lab / "elsewhere").mkdir()
    monkeypatch.chdir(lab / "elsewhere")
    assert loaded.plan.runs == 1


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_every_picture_is_a_figure_that_a_notebook_shows(results):
    figures = results.figures()
    assert list(figures) == PICTURES
    assert len(figures) == len(PICTURES)
    for name in (PICTURES[0], PICTURES[-1]):
        figure = figures[name]
        assert isinstance(figure, InlineFigure)
        bundle, sizes = figure._repr_mimebundle_()
        assert list(bundle) == ["image/png"]
        assert sizes["image/png"]["width"] == round(80 * figure.get_figwidth())
        assert figure._repr_png_().startswith(b"\x89PNG")
    assert results.figure(PICTURES[1]).texts[0].get_text() == "beale"


@pytest.mark.parametrize(
    ("kind", "case", "title"),
    [
        ("contour", None, "beale"),
        ("contour", "beale", "beale"),
        ("loss", CASES[2], CASES[2]),
        (f"lr_{SLUGS[0]}", None, CASES[1]),
    ],
)
def test_a_picture_by_its_kind_and_case(results, kind, case, title):
    assert results.figure(kind, case=case).texts[0].get_text() == title


@pytest.mark.parametrize(
    ("kind", "case", "error", "said"),
    [
        ("contuor", None, UnknownName, "there is no picture 'contuor' (did you mean 'contour'?); there are: contour, "),
        ("basins", None, UnknownName, "there is no picture 'basins' of these results: they are no map; write a "),
        ("loss", "bale", UnknownName, "there is no case 'bale' (did you mean 'beale'?); there are: beale, ellips"),
        ("contour", CASES[1], UnknownName, f"there is no contour of {CASES[1]}; there are: loss, lr, ert"),
        ("loss", None, UserError, "there are several pictures 'loss'; choose one, as in case='beale'; there are: "),
        ("loss", "ellipsoid", UserError, f"there are several pictures 'loss'; choose one, as in case={CASES[1]!r}; "),
        (3, None, UnknownName, "there is no picture 3; there are: contour, surface, loss, lr"),
    ],
)
def test_missing_pictures_and_cases(results, kind, case, error, said):
    with pytest.raises(error) as info:
        results.figure(kind, case)
    assert str(info.value).startswith(said)


def test_selections(results):
    with pytest.raises(UnknownName, match="no optimizer has the label 'gdd'"):
        results.figure("loss", "beale", only=["gdd"])
    figure = results.figure("loss", "beale", only=["gd"])
    assert "1 of 2 optimizers shown" in figure.texts[1].get_text()
    with pytest.raises(UnknownName, match=r"there is no picture 'los_beale' \(did you mean 'loss_beale'\?\)"):
        results.figures()["los_beale"]


def test_figures_and_saved_pictures_are_the_same(lab):
    found = optlab.run(DOCUMENT | {"problem": [{"name": "beale"}]}, format="svg")
    from optlab.figures.figure import save

    path = save(found.figure("loss"), lab / "loss.svg")
    assert digest(path) == digest(found.folder / "plots" / "loss_beale.svg")


def test_pictures_of_a_map(lab):
    found = optlab.basins("himmelblau", **BASINS)
    assert list(found.results.figures()) == ["basins_himmelblau"]
    assert found.results.figure("basins").axes
    with pytest.raises(UserError, match="no ranks in a map"):
        found.results.figure("basins", top=1)


EXTRA = """\
from matplotlib.figure import Figure
from optlab import hookimpl

def shares(results):
    figure = Figure()
    figure.suptitle(results.manifest["name"])
    yield "my shares", figure
    if results.manifest["name"] == "broken":
        1 / 0

@hookimpl
def optlab_figures():
    return [shares]
"""


def test_pictures_of_plugins_are_figures_too(lab):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "extra.py").write_text(EXTRA)
    document = {"steps": 2, "problem": [{"name": "beale"}], "optimizer": [{"name": "gd"}]}
    ran = optlab.run(document | {"name": "fine"}, plots=False)
    for found in (ran, optlab.load("results/fine")):
        assert list(found.figures())[-1] == "extra_my_shares"
        figure = found.figure("extra")
        assert figure._suptitle.get_text() == "fine"
        assert figure._repr_png_().startswith(b"\x89PNG")
    broken = optlab.run(document | {"name": "broken"}, plots=False)
    with pytest.warns(PluginWarning, match=r"^left out: figure 'shares': .*extra\.py:9:\d+: ZeroDivisionError"):
        assert "extra_my_shares" not in broken.figures()


# ---- in a notebook ---------------------------------------------------------------------------------------------------


def test_html_of_results(results):
    html = results._repr_html_()
    assert_safe(html, images=1)
    assert "a &lt;b&gt; &amp; c" in html
    assert html.count("<tr") == 1 + 6
    assert len(html) < 400_000
    assert repr(results) == f"<results of 'e' in {results.folder}: 12 done>"
    assert_safe(results.figures()._repr_html_(), images=10)


def test_html_of_many_rows_is_small(lab):
    rules = [{"name": "gd", "label": f"g{i}", "lr": 0.001 * (i + 1)} for i in range(30)]
    document = {"name": "e", "steps": 2, "problem": [{"name": "sphere"}], "optimizer": rules}
    html = optlab.run(document, plots=False)._repr_html_()
    assert "and 6 more rows: .ranking() has all" in html
    assert html.count("<tr") == 25


@pytest.mark.parametrize("kind", ["basins", "stability"])
def test_html_of_maps(lab, kind):
    if kind == "basins":
        found = optlab.basins("himmelblau", **BASINS)
    else:
        found = optlab.stability("sphere", "momentum", plots=False, **SIDES)
    panel = found.maps[0]
    for one in (found, found.results):
        assert_safe(one._repr_html_(), images=1)
        assert "at none" not in one._repr_html_()
    assert_safe(panel._repr_html_(), images=0)
    assert repr(found) == repr(panel)
    assert len(repr(panel)) < 120
    if kind == "basins":
        for point, share in zip(panel.minima, panel.shares, strict=True):
            assert f"({point[0]:.3g}, {point[1]:.3g})" in panel._repr_html_()
            assert f"{100 * share:.1f} %" in panel._repr_html_()
    else:
        _, column = panel.best
        assert f"{panel.x[column]:.4g}" in panel._repr_html_()


def test_html_of_a_removed_or_damaged_folder_has_the_error(lab):
    optlab.run(DOCUMENT, plots=False)
    loaded, other = optlab.load("results/e"), optlab.load("results/e")
    (lab / "results" / "e" / "runs.parquet").write_bytes(b"nonsense")
    html = loaded._repr_html_()
    assert_safe(html, images=0)
    assert "runs.parquet: is missing or damaged; run the experiment again" in html
    shutil.rmtree(lab / "results")
    html = other._repr_html_()
    assert_safe(html, images=0)
    assert f"the results in {lab / 'results' / 'e'} cannot be shown: " in html
    assert repr(other).startswith("<results of 'e' in ")


def test_a_failing_picture_does_not_remove_the_table(results, monkeypatch):
    def broken(*args):
        raise RuntimeError("a <broken> figure")

    monkeypatch.setattr(experiment_results, "drawn", broken)
    html = results._repr_html_()
    assert "the first picture cannot be shown: RuntimeError: a &lt;broken&gt; figure" in html
    assert html.count("<tr") == 7


def test_results_give_no_warnings(results):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results._repr_html_()
