"""The pictures of ranks and of trials, from runs with and without `[tuning]`."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.errors import UnknownName, UserError
from optlab.figures.experiment import pictures
from optlab.results import analysis
from optlab.results.selection import Selection

pytestmark = pytest.mark.usefixtures("blank_pictures")

PROBLEMS = [{"name": "beale", "start": "random"}, {"name": "booth", "start": "random"}]
OPTIMIZERS = [{"name": "gd", "lr": 1e-3}, {"name": "momentum", "lr": 1e-3}, {"name": "adam", "lr": 0.3}]
RANGES = [
    {"name": "gd", "lr": {"log_uniform": [1e-6, 1e-5]}},
    {"name": "adam", "lr": {"log_uniform": [1e-2, 1.0]}},
]


def document(problems=PROBLEMS, optimizers=OPTIMIZERS, **rest):
    return {"name": "e", "steps": 40, "seeds": 6, "problem": problems, "optimizer": optimizers} | rest


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return optlab.run(document(), out=tmp_path_factory.mktemp("results"), plots=False)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    given = document(optimizers=RANGES, tuning={"trials": 5, "seeds": 2, "select": "best_loss"})
    return optlab.run(given, out=tmp_path_factory.mktemp("results"), plots=False)


def caption(figure):
    """The texts below the subtitle."""
    return " ".join(text.get_text() for text in figure.texts[2:])


def test_ranks_over_all_cases_are_usual_from_two_cases_on(results, tmp_path):
    assert list(results.figures())[-1] == "ranks_all_cases"
    assert len(results.figures()) == pictures.count(results.plan)
    one = optlab.run(document(PROBLEMS[:1]), out=tmp_path, plots=False)
    assert not [name for name in one.figures() if name.startswith("ranks")]
    assert list(one.figures(kinds=["ranks"])) == ["ranks_beale_start_random"]
    assert list(results.figures(kinds=["ranks"]))[-1] == "ranks_all_cases"
    assert len(results.figures(kinds=["ranks"])) == 3


def test_the_ranks_of_a_case_are_those_of_the_ranking(results):
    figure = results.figure("ranks", "beale")
    ranking = results.ranking()
    rows = ranking[ranking["case"] == "beale (start=random)"].set_index("label")
    left, right = figure.axes
    drawn = {line.get_label(): line.get_xdata()[0] for line in left.get_lines() if len(line.get_xdata()) == 1}
    assert drawn == rows["rank"].to_dict()
    intervals = [line.get_xdata() for line in left.get_lines() if line.get_gid() == "interval"]
    assert [tuple(ends) for ends in intervals] == list(zip(rows["rank_low"], rows["rank_high"], strict=True))
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], rows["first"])
    assert [text.get_text() for text in left.get_yticklabels()] == list(rows.index)
    assert "with 6 seeds" in caption(figure).lower()


def test_the_mean_ranks_and_the_critical_difference_are_those_of_the_test(results):
    figure = results.figure("ranks")  # of all cases
    test = results.friedman()
    lines = figure.axes[0].get_lines()
    drawn = {line.get_label(): line.get_xdata()[0] for line in lines if len(line.get_xdata()) == 3}
    assert drawn == dict(zip(test.labels, test.mean_ranks, strict=True))
    assert f"critical difference {test.cd:.3g}" in " ".join(text.get_text() for text in figure.axes[0].texts)
    assert analysis.sentences.friedman_text(test)[1:] in caption(figure)


def test_ranks_without_an_optimizer_and_by_another_metric(results):
    without = results.figure("ranks", "beale", without=["adam"], by="best_loss")
    expected = results.ranking("best_loss", without=["adam"])
    expected = expected[expected["case"] == "beale (start=random)"]
    assert [text.get_text() for text in without.axes[0].get_yticklabels()] == list(expected["label"])
    assert without.axes[0].get_xlim() == (0.5, 2.5)
    assert "by the best loss" in without.texts[1].get_text()
    assert "compared without adam" in without.texts[1].get_text()
    hidden = results.figure("ranks", "beale", only=["gd", "momentum"])
    ranks = {line.get_label(): line.get_xdata()[0] for line in hidden.axes[0].get_lines() if len(line.get_xdata()) == 1}
    all_ranks = results.ranking().query("case == 'beale (start=random)'").set_index("label")["rank"]
    assert ranks == all_ranks[["gd", "momentum"]].to_dict()


def test_one_run_each_has_no_intervals_and_says_so(tmp_path):
    found = optlab.run(document([{"name": "beale"}, {"name": "booth"}]), out=tmp_path, plots=False)
    figure = found.figure("ranks", "beale")
    assert len(figure.axes) == 1
    assert caption(figure) == "One run each: nothing can be said about how sure the order is."


def test_ranks_by_seconds_say_why_there_are_no_intervals(results):
    figure = results.figure("ranks", "beale", by="seconds")
    assert caption(figure).startswith("The runs of an optimizer are timed together: one measurement each")


def test_the_curves_of_trials_are_those_of_the_tuning(tuned):
    assert not [name for name in tuned.figures() if name.startswith("best_of_k")]  # there are two cases
    assert "best_of_k_booth_start_random" in tuned.figures(cases=["booth"])
    assert list(tuned.figures(kinds=["best_of_k"])) == ["best_of_k_beale_start_random", "best_of_k_booth_start_random"]
    assert len(tuned.figures()) == pictures.count(tuned.plan)
    figure = tuned.figure("best_of_k", "beale")
    curves = analysis.best_of_k(tuned.runs, "best_loss")  # what settings were chosen by
    axes = figure.axes[0]
    for label, rows in curves[curves["case"] == "beale (start=random)"].groupby("label"):
        (line,) = (line for line in axes.get_lines() if line.get_label() == label)
        np.testing.assert_allclose(line.get_ydata(), rows["expected"])
        assert line.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert axes.get_ylabel() == "expected best of k: best loss"
    assert caption(figure).startswith("After 1 trial ")
    drawn = "the best best loss to be expected with k settings, drawn with replacement from those tried"
    assert figure.texts[1].get_text() == drawn


def test_the_other_pictures_of_tuned_settings_show_the_judged_runs(tuned):
    figure = tuned.figure("loss", "beale")
    judged = tuned.runs[(tuned.runs["phase"] == "judging") & (tuned.runs["case"] == "beale (start=random)")]
    ends = judged.groupby("label")["final_loss"].median()
    for label, end in ends.items():
        (line,) = (line for line in figure.axes[0].get_lines() if line.get_label() == label)
        np.testing.assert_allclose(line.get_ydata()[-1], end)
    assert "the best of 5 settings tried, 6 seeds" in figure.texts[1].get_text()


def test_the_known_minimum_is_that_of_the_case_for_judged_runs_too(tuned):
    frame = tuned.profile("ecdf")
    assert frame.attrs["unknown"] == []
    assert tuned.profile("performance").attrs["unknown"] == []


def test_a_grid_has_curves_of_trials_on_request(tmp_path, results):
    grid = optlab.run(document(PROBLEMS[:1], [{"name": "gd", "lr": [1e-4, 1e-3, 1e-2]}]), out=tmp_path, plots=False)
    assert list(grid.figures(kinds=["best_of_k"])) == ["best_of_k_beale_start_random"]
    with pytest.raises(UnknownName, match=r"no optimizer has several settings; write a range such as lr = \{ log_unif"):
        results.figure("best_of_k")


def test_the_reason_why_there_are_no_ranks(results, tmp_path):
    alone = optlab.run(document(optimizers=OPTIMIZERS[:1]), out=tmp_path, plots=False)
    with pytest.raises(UnknownName, match=r"there is one optimizer, gd; add an \[\[optimizer\]\]"):
        alone.figure("ranks")
    with pytest.raises(UnknownName, match=r"there is one optimizer, adam; add an \[\[optimizer\]\]"):
        results.figure("ranks", without=["gd", "momentum"])
    with pytest.raises(UserError, match="steps_to_target was not recorded; write the loss to reach"):
        results.figure("ranks", by="steps_to_target")
    with pytest.raises(UnknownName, match="there is no metric 'final_los'"):
        results.figure("ranks", by="final_los")


def test_runs_that_all_diverged_have_no_ranks(tmp_path):
    rules = [{"name": "gd", "lr": lr, "label": str(lr)} for lr in (1e50, 1e60)]
    found = optlab.run(document(optimizers=rules), out=tmp_path, plots=False)
    assert not [name for name in found.figures() if name.startswith("ranks")]
    with pytest.raises(UnknownName, match="no optimizer ended with a finite loss, so that none has a rank"):
        found.figure("ranks")


def test_labels_with_failed_runs_have_no_rank(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(
        "from optlab import optimizer\n\n@optimizer\ndef raises(x, g, *, lr=0.1):\n"
        "    'Raises.'\n    raise RuntimeError('broken')\n"
    )
    found = optlab.run(document(optimizers=[*OPTIMIZERS[1:], {"name": "raises"}]), plots=False)
    one = found.figure("ranks", "beale")
    assert [text.get_text() for text in one.axes[0].get_yticklabels()][-1] == "raises"
    assert [text.get_text() for text in one.axes[0].texts] == ["no rank"]
    assert "1 optimizer without ranks" in found.figure("ranks").texts[1].get_text()
    bad = optlab.run(document(optimizers=[{"name": "raises"}, {"name": "raises", "label": "b"}]), plots=False)
    assert not [name for name in bad.figures() if name.startswith("ranks")]


def test_several_numbers_of_trials_have_one_usual_picture(tmp_path):
    given = document(optimizers=RANGES, tuning={"trials": [0, 2, 4], "seeds": 2})
    several = optlab.run(given, out=tmp_path, plots=False)
    assert list(several.figures()) == ["strategies_all_cases"]
    assert pictures.count(several.plan) == 1
    table = analysis.strategies(several.runs).set_index(["strategy", "trials"])["place"]
    (axes,) = several.figure("strategies").axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert lines["one"] == table["one"].tolist()
    assert len(several.figures(kinds=["loss"])) == 2
    more = optlab.run(given | {"optimizer": [r | {"schedule": ["constant", "cosine"]} for r in RANGES]}, out=tmp_path,
                      plots=False)  # fmt: skip
    assert len(more.figure("strategies").axes) == 2


def test_one_number_of_trials_has_no_picture_of_strategies(tuned):
    with pytest.raises(UserError, match=r"one number of trials; write several in \[tuning\]"):
        pictures.draw_all(tuned, "png", lambda done: None, Selection(kinds=("strategies",)))
