"""Experiments with more cases than a person looks at have pictures of all cases together, and of each on request."""

from __future__ import annotations

import pytest

import optlab
from optlab.errors import UnknownName, UserError
from optlab.experiments.choices import CASES_SHOWN
from optlab.figures.experiment import pictures
from optlab.results import analysis
from optlab.results.selection import Selection

pytestmark = pytest.mark.usefixtures("blank_pictures")

RULES = [{"name": "gd", "lr": [0.01, 0.1]}, {"name": "adam", "lr": [0.01, 0.1]}]
OF_ALL = ["profile_all_cases", "data_profile_all_cases", "ecdf_all_cases", "ranks_all_cases"]
LAST = f"sphere (dim={CASES_SHOWN + 2})"


def ran(folder, cases, rules=RULES, **rest):
    problems = [{"name": "sphere", "dim": [*range(2, 2 + cases)]}]
    document = {"name": f"e{cases}", "steps": 5, "problem": problems, "optimizer": rules} | rest
    return optlab.run(document, out=folder, plots=False)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("results"), CASES_SHOWN + 1)


def test_each_of_a_few_cases_has_its_pictures(tmp_path):
    few = ran(tmp_path, CASES_SHOWN)
    names = list(few.figures())
    kinds = ("contour", "surface", "loss", "lr")
    found = [sum(name.startswith(f"{kind}_sphere") for name in names) for kind in kinds]
    assert found == [1, 1, CASES_SHOWN, CASES_SHOWN]
    assert len(names) == pictures.count(few.plan) == 2 * CASES_SHOWN + 2 + 2


def test_many_cases_have_pictures_of_all_together(many):
    assert list(many.figures()) == OF_ALL
    assert pictures.count(many.plan) == len(OF_ALL)


def test_one_optimizer_on_many_cases_has_shares_that_need_no_other(tmp_path):
    alone = ran(tmp_path, CASES_SHOWN + 1, RULES[:1])
    assert list(alone.figures()) == ["data_profile_all_cases", "ecdf_all_cases"]
    assert pictures.count(alone.plan) == 2


def test_trials_of_many_cases_are_not_drawn_for_each(tmp_path):
    rules = [{"name": "gd", "lr": {"log_uniform": [1e-3, 0.1]}}]
    tuned = ran(tmp_path, CASES_SHOWN + 1, rules, tuning={"trials": 2, "seeds": 1})
    assert list(tuned.figures()) == ["data_profile_all_cases", "ecdf_all_cases"]
    assert pictures.count(tuned.plan) == 2
    assert len(tuned.figures(kinds=["best_of_k"])) == CASES_SHOWN + 1


def test_only_the_data_of_cases_with_pictures_are_computed(many, monkeypatch):
    seen = []

    def spied(function):
        def spy(runs, *rest):
            seen.append(set(runs["case"]))
            return function(runs, *rest)

        return spy

    for name in ("loss_curves", "best_paths", "sensitivity"):
        monkeypatch.setattr(analysis, name, spied(getattr(analysis, name)))
    assert {picture.partition("_")[0] for picture in many.figures(cases=[LAST], kinds=["loss", "lr"])} == {"loss", "lr"}
    assert seen == [{LAST}] * 2  # not the paths


def test_what_is_asked_for_is_drawn(many):
    assert len(many.figures(kinds=["loss"])) == CASES_SHOWN + 1
    slug = f"sphere_dim_{CASES_SHOWN + 2}"
    assert list(many.figures(cases=[LAST])) == [f"loss_{slug}", f"lr_{slug}"]
    assert list(many.figures(cases=[LAST], kinds=["ranks", "ert"])) == [f"ert_{slug}", f"ranks_{slug}"]
    assert len(many.figures(cases=["sphere"])) == 2 * (CASES_SHOWN + 1) + 2
    assert many.figure("loss", LAST).texts[0].get_text() == LAST


def test_pictures_of_one_case_do_not_count_as_all(many):
    drawn = pictures.draw_all(many, "svg", lambda done: None, Selection(cases=(LAST,), kinds=("lr",)))
    assert [path.name for path in drawn] == [f"lr_sphere_dim_{CASES_SHOWN + 2}.svg"]
    drawn = pictures.draw_all(many, "svg", lambda done: None, Selection(cases=(LAST,)))
    assert len(drawn) == 2
    assert not many.has_plots("svg")


def test_a_case_that_does_not_exist(many):
    with pytest.raises(UnknownName) as info:
        many.figures(cases=["spere"])
    known = ", ".join(f"sphere (dim={dim})" for dim in range(2, 2 + CASES_SHOWN))
    assert str(info.value) == f"there is no case 'spere' (did you mean 'sphere'?); there are: {known} and 1 more"


@pytest.mark.parametrize("kind", ["profile", "data_profile", "ecdf", "units"])
def test_a_picture_of_all_cases_is_not_of_one(many, kind):
    with pytest.raises(UserError, match=f"no picture '{kind}' of these results: it is about all problems; choose none"):
        pictures.draw_all(many, "svg", lambda done: None, Selection(cases=(LAST,), kinds=(kind,)))


def test_captions_name_a_few_of_many_problems(tmp_path):
    dims = [*range(1, CASES_SHOWN + 4)]
    problems = [{"name": "unit", "shapes": ["line"], "dim": dims}, {"name": "sphere", "dim": 2}]
    document = {"name": "unknown", "steps": 5, "problem": problems, "optimizer": RULES}
    found = optlab.run(document, out=tmp_path, plots=False)
    said = " ".join(text.get_text() for text in found.figure("ecdf").texts[2:])
    assert f"and {len(dims) - 3} more, whose minimum is not known" in said.replace("\n", " ")
    assert said.count("shapes=") == 3


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    problem = {"suite": "units", "shapes": ["abs", "quadratic"], "noises": ["none"], "dim": [1]}
    document = {"name": "units", "steps": 20, "problem": [problem], "optimizer": RULES}
    return optlab.run(document, out=tmp_path_factory.mktemp("units"), plots=False)


def test_unit_tests_have_a_picture_of_their_matrix(tested):
    assert list(tested.figures())[-1] == "units_all_cases"
    assert pictures.count(tested.plan) == len(tested.figures())
    figure = tested.figure("units")
    cells = [text.get_text() for text in figure.axes[0].texts]
    matrix = tested.units()
    assert cells == [f"{row.passed}/{row.tests}" for row in matrix.itertuples()]
    columns = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    rows = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert (columns, rows) == (["gd", "adam"], list(dict.fromkeys(matrix["difficulty"])))
    alone = tested.figure("units", without=["gd"])  # gd is the reference nevertheless
    assert [text.get_text() for text in alone.axes[0].get_xticklabels()] == ["adam"]
    assert [text.get_text() for text in alone.axes[0].texts] == cells[len(cells) // 2 :]


def test_unit_tests_without_a_reference_have_no_matrix(tmp_path, many):
    problem = {"suite": "units", "shapes": ["abs"], "noises": ["none"], "dim": [1]}
    rules = [{"name": "gd", "lr": 0.1, "schedule": "cosine"}, {"name": "adam"}]
    bare = optlab.run({"name": "e", "steps": 5, "problem": [problem], "optimizer": rules}, out=tmp_path, plots=False)
    assert "units_all_cases" not in bare.figures()
    assert pictures.count(bare.plan) == len(bare.figures())
    with pytest.raises(UnknownName, match=r'suite = "units" in a \[\[problem\]\], with an \[\[optimizer\]\] gd or sgd'):
        many.figure("units")
