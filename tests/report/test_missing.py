"""Reports on results whose plugins are gone: what was recorded is shown, over surfaces of problems that are left."""

import pytest

import optlab
from optlab.report.document import document

PLUGINS = {
    "mine": """
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.01):
    return x - lr * g
""",
    "bowl": """
from optlab import problem

@problem(domain=(-2.0, 2.0))
def bowl(x):
    return x[0] ** 2 + 2 * x[1] ** 2
""",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders of results and of plugins, and the cases of the page."""
    folder = tmp_path_factory.mktemp("missing")
    (folder / "plugins").mkdir()
    for name, text in PLUGINS.items():
        (folder / f"plugins/{name}.py").write_text(text)
    problems = [{"name": "bowl", "start": "random"}, {"name": "beale", "start": [1.0, 1.0]}]
    rules = [{"name": "mine"}, {"name": "adam", "lr": 0.1}]
    table = {"name": "e", "steps": 8, "seeds": 2, "record": {"points": 9}, "problem": problems, "optimizer": rules}
    results = optlab.run(table, folder / "results", plots=False, plugins=folder / "plugins")
    return results.folder, folder / "plugins", document(results, results.judged())["cases"]


@pytest.mark.parametrize(("gone", "left"), [("mine", [0, 1]), ("bowl", [1])])
def test_surfaces_of_the_problems_that_are_left_have_the_recorded_paths(made, tmp_path, gone, left):
    results, plugins, before = made
    for name in set(PLUGINS) - {gone}:
        (tmp_path / f"{name}.py").write_text((plugins / f"{name}.py").read_text())
    again = optlab.load(results, plugins=tmp_path)
    data = document(again, again.judged())
    assert again.origin.plan is None
    for place, (case, same) in enumerate(zip(data["cases"], before, strict=True)):
        assert case["valley"] == (same["valley"] if place in left else None)
        assert case["curves"] == same["curves"]
        for one, program in zip(case["programs"], same["programs"], strict=True):
            if place in left and data["labels"][one["label"]]["name"] != gone:
                assert one == program  # it can be changed as before
            else:
                assert f"'{gone}'" in one["reason"]
    (note,) = data["notes"]
    assert note.startswith("where a plugin is missing, only what was recorded is shown: there is no ")
    assert f"'{gone}'" in note


def test_a_missing_rule_is_not_taken_for_another_with_its_label(made, tmp_path):
    _, plugins, _ = made
    table = {
        "name": "e",
        "steps": 8,
        "seeds": 2,
        "tuning": {"seeds": 2},
        "problem": [{"name": "beale", "start": "random"}],
    }
    rules = [{"name": "mine", "label": "gd", "lr": [1.0, 0.1]}]
    folder = optlab.run(table | {"optimizer": rules}, tmp_path / "one", plots=False, plugins=plugins).folder
    alone = document(again := optlab.load(folder, plugins=tmp_path / "none"), again.judged())
    (program,) = alone["cases"][0]["programs"]
    assert "there is no optimizer 'mine'" in program["reason"]
    assert [one["name"] for one in alone["about"]["sources"]] == ["problem beale"]

    more = rules + [{"name": "adam", "lr": [1.0, 0.1, 0.01]}]
    results = optlab.run(table | {"optimizer": more}, tmp_path / "two", plots=False, plugins=plugins)
    again = optlab.load(results.folder, plugins=tmp_path / "none")
    (case,), (before,) = (document(one, one.judged())["cases"] for one in (again, results))
    of_adam = [[one for one in shown["programs"] if one["label"] == 1] for shown in (case, before)]
    assert of_adam[0] == of_adam[1]
    assert "variants" in of_adam[0][0]


def test_the_page_says_that_no_parameters_were_recorded(tmp_path):
    problems = [{"name": "beale"}, {"name": "sphere", "dim": 3}]
    table = {"name": "e", "steps": 8, "record": {"points": 0}, "problem": problems}
    results = optlab.run({**table, "optimizer": [{"name": "gd", "lr": 0.01}]}, tmp_path, plots=False)
    data = document(results, results.judged())
    assert [case["valley"] for case in data["cases"]] == [None, None]
    sentence = "beale: no parameters were recorded along the runs, so the surface and the paths are missing"
    assert data["notes"] == [sentence]
