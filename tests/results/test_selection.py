"""Which optimizers pictures show, and how: from Python, on the command line, and in the figures."""

from __future__ import annotations

import functools
import itertools

import pandas as pd
import pytest
from matplotlib.colors import to_hex

import optlab
from optlab.api import pipeline, preparing
from optlab.errors import UserError
from optlab.figures import style
from optlab.figures.experiment import pictures
from optlab.results.looks import best_first, looks_of
from optlab.results.selection import ALL, Selection
from tests.digests import digest

LABELS = [f"gd {i}" for i in range(12)]
RATES = [1e-6, 3e-4, 2e-4, 1e-3, 5e-4, 8e-4, 2e-3, 1e-5, 1e-4, 5e-5, 3e-3, 2e-5]  # on a bowl: the larger, the better
BEST = [LABELS[i] for i in sorted(range(12), key=lambda i: -RATES[i])]
PLANE = {"name": "sphere", "start": [4.0, 3.0]}


def document(problems=({"name": "sphere"},), labels=LABELS):
    rules = [{"name": "gd", "label": label, "lr": [rate, rate / 2]} for label, rate in zip(labels, RATES, strict=False)]
    return {"name": "e", "steps": 20, "problem": [PLANE | one for one in problems], "optimizer": rules}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def draw(selection=ALL, **given):
        results = optlab.run(document(**given), plots=False)
        return {one.name: one.make() for one in pictures.figures(results, selection)}

    return draw


def colours(figure):
    """The colour of each line that is not grey, by its label."""
    return {
        line.get_label(): to_hex(line.get_color()).upper()
        for line in figure.axes[0].get_lines()
        if line.get_label().startswith("gd") and line.get_color() != style.FAINT
    }


def said(figure):
    return figure.texts[1].get_text()


def test_pictures_show_the_best_eight_in_colour_and_the_others_in_grey(drawn):
    figures = drawn(problems=({}, {"start": [1.0, -2.0]}))
    assert figures.pop("ranks_all_cases")  # it has no legend
    assert len(figures) == 8
    shown = [colours(figure) for figure in figures.values()]
    assert all(one == shown[0] for one in shown)
    assert list(shown[0]) == [label for label in LABELS if label in BEST[:8]]
    assert sorted(shown[0].values()) == sorted(style.PALETTE)  # no colour twice
    for figure in figures.values():
        assert "in colour the best 8 of 12" in said(figure)
        texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        assert texts[8] == "4 others"
        assert sum(line.get_color() == style.FAINT for line in figure.axes[0].get_lines()) >= 4


def test_up_to_eight_optimizers_are_all_in_colour_without_a_note(drawn):
    for figure in drawn(labels=LABELS[:8]).values():
        assert list(colours(figure).values()) == list(style.PALETTE)
        assert "in colour" not in said(figure)


def test_top_and_only(drawn):
    everything = colours(drawn()["loss_sphere"])
    best = drawn(Selection(top=3))["lr_sphere"]
    assert colours(best) == {label: everything[label] for label in LABELS if label in BEST[:3]}
    assert "in colour the best 3 of 12" in said(best)
    two = drawn(Selection(only=(BEST[11], BEST[0])))["contour_sphere"]
    assert list(colours(two)) == [label for label in LABELS if label in (BEST[11], BEST[0])]
    assert colours(two)[BEST[0]] == everything[BEST[0]]
    assert "2 of 12 optimizers shown" in said(two)
    assert not [line for line in two.axes[0].get_lines() if line.get_color() == style.FAINT]
    one = drawn(Selection(only=tuple(BEST[:4]), top=1))["loss_sphere"]
    assert list(colours(one)) == BEST[:1]
    assert "4 of 12 optimizers shown; in colour the best 1 of 4" in said(one)


@pytest.mark.parametrize("top", [None, 1, 5, 12, 40])
@pytest.mark.parametrize("only", [(), tuple(LABELS[:9]), tuple(BEST[8:]), (BEST[0], BEST[11])])
def test_looks_are_distinct_and_equal_in_all_pictures(only, top):
    looks = looks_of(LABELS, BEST, Selection(only, top))
    assert list(looks) == [label for label in LABELS if not only or label in only]
    full = [label for label, look in looks.items() if not look.faint]
    assert full == [label for label in looks if label in [b for b in BEST if b in looks][: top or 8]]
    seen = [(looks[label].colour, str(looks[label].dash)) for label in full]
    assert len(set(seen)) == len(seen)
    if len(full) <= 8:
        assert len({colour for colour, _ in seen}) == len(seen)
    usual = looks_of(LABELS, BEST, ALL)
    assert all(looks[label] == usual[label] for label in full if label in BEST[:8])


def test_the_winner_of_each_problem_is_among_the_best():
    labels = [str(i) for i in range(12)]
    table = [{"case": case, "label": label} for case, label in itertools.product("abc", labels)]
    ranks = [12 - int(row["label"]) for row in table]
    frame = pd.DataFrame(table).assign(rank=ranks)
    frame.loc[(frame["case"] == "b") & (frame["label"] == "0"), "rank"] = 1  # it would be last otherwise
    frame.loc[frame["label"] == "5", "rank"] = None
    order = best_first(labels, frame)
    assert order[:2] == ["11", "0"]
    assert order[-1] == "5"  # it has no rank


def test_unknown_labels_are_reported_before_any_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no optimizer has the label 'gd 13' \(did you mean 'gd 1"):
        optlab.run(document(), only=["gd 13"])
    with pytest.raises(UserError, match="top: must be at least 1, not 0"):
        optlab.run(document(), top=0)
    assert not (tmp_path / "results" / "e" / "runs.parquet").exists()


def test_a_selection_of_finished_results_is_drawn_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = {path.name: digest(path) for path in optlab.run(document()).plots}
    second = {path.name: digest(path) for path in optlab.run(document(), top=2).plots}
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)
    assert {path.name: digest(path) for path in pipeline.replot("results/e")} == first


def test_maps_show_some_optimizers_and_have_no_best(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = optlab.basins("himmelblau", ["gd lr=0.01", "adam lr=0.3"], resolution=6, steps=50, plots=False)
    figures = found.results.figures(only=["adam"])
    assert [axes.get_title(loc="left") for axes in figures["basins_himmelblau"].axes[:1]] == ["adam  lr=0.3"]
    with pytest.raises(UserError, match="no ranks in a map"):
        pipeline.replot(found.results.folder, top=2)


def test_the_options_of_the_command_line(tmp_path, optlab_command):
    (tmp_path / "e.toml").write_text(preparing._as_toml(document()))

    run = functools.partial(optlab_command, cwd=tmp_path)

    refused = run("run", "e.toml", "--only", "gd 0", "--only", "adam")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no optimizer has the label 'adam'; there are: gd 0, gd 1" in refused.stderr
    assert run("run", "e.toml", "--only", "gd 0", "--top", "1").returncode == 0
    assert run("plot", "results/e", "--only", "gd 3", "--only", "gd 1").returncode == 0
    assert run("plot", "results/e", "--only", "gd_3").returncode == 2
