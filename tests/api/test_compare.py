"""Several results in one ranking. The oracle is one experiment with all optimizers."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.errors import UserError
from optlab.report.document import document
from optlab.results.store.manifest import sealed

PROBLEMS = [{"name": "beale"}, {"name": "mlp", "dataset": "xor", "batch_size": 4}]
SGD, ADAM, SLOW = {"name": "sgd", "lr": [0.1, 1.0]}, {"name": "adam", "lr": [0.01, 0.1]}, {"name": "sgd", "lr": 1e-3}
SLOW = SLOW | {"label": "slow"}
MOMENTUM = {"name": "momentum", "lr": [0.05, 0.1], "schedule": "cosine"}
ALL = [SGD, ADAM, SLOW, MOMENTUM]
MINIBATCHES = "mlp (xor, batch_size=4)"
"""A problem that the page cannot compute."""
BASE = {"steps": 30, "seeds": 6, "problem": PROBLEMS}
PLUGIN = """\
from optlab import problem

@problem(domain=(-5.0, 5.0), start=(4.0, -3.0))
def bowl(x):
    "A bowl."
    return x[0] ** 2 + FACTOR * x[1] ** 2
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that runs an experiment once, in one folder, and returns its folder of results."""
    folder = tmp_path_factory.mktemp("lab")

    def make(name, *optimizers, plugins=(), **document):
        if not (folder / name).exists():
            optlab.run(BASE | {"name": name, "optimizer": optimizers} | document, folder, plots=False, plugins=plugins)
        return folder / name

    return make


def ranking(results):
    """The ranking in the order of cases and labels, without the numbers of runs."""
    found = results.ranking().drop(columns=["run"])
    return found.sort_values(["case", "label"], ignore_index=True)


@pytest.mark.parametrize("tuning", [{}, {"tuning": {"seeds": 3}}])
def test_the_ranking_is_that_of_one_experiment_with_all_optimizers(made, tuning):
    kind = "t" if tuning else "g"
    whole = optlab.load(made(f"{kind}_all", *ALL, **tuning))
    parts = made(f"{kind}_1", *ALL[:2], **tuning), made(f"{kind}_2", *ALL[2:], **tuning)
    compared = optlab.compare(*parts)
    assert compared.notes == ()
    pd.testing.assert_frame_equal(ranking(compared), ranking(whole))
    if tuning:
        return
    by_label = [one.overall().sort_values("label", ignore_index=True) for one in (compared, whole)]
    pd.testing.assert_frame_equal(*by_label)
    assert compared.friedman().chi2 == whole.friedman().chi2
    order = ["label", "case", "x"]
    curves = [one.profile().sort_values(order, ignore_index=True) for one in (compared, whole)]
    pd.testing.assert_frame_equal(*curves)


def test_the_pictures_are_those_of_one_experiment(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("g_2", *ALL[2:]))
    whole = optlab.load(made("g_all", *ALL))
    assert list(compared.figures()) == list(whole.figures())
    drawn, expected = (one.figure("loss", "beale").axes[0] for one in (compared, whole))
    curves = [
        {line.get_gid(): line.get_xydata().tolist() for line in axes.lines if line.get_gid()}
        for axes in (drawn, expected)
    ]
    assert curves[0] == curves[1]


def shown(results):
    """The data of the report, and by case and label the programs in it."""
    page = document(results, results.judged())
    labels = [one["name"] for one in page["labels"]]
    programs = {(case["title"], labels[one["label"]]): one for case in page["cases"] for one in case["programs"]}
    return page, {key: {name: value for name, value in one.items() if name != "label"} for key, one in programs.items()}


def test_the_report_has_the_programs_of_one_experiment(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("g_2", *ALL[2:]))
    page, programs = shown(compared)
    assert {case: "reason" in one for (case, _), one in programs.items()} == {"beale": False, MINIBATCHES: True}
    assert programs == shown(optlab.load(made("g_all", *ALL)))[1]
    assert page["notes"][:2] == ["g_1: sgd, adam", 'g_2: slow, "momentum, cosine"']
    assert page["about"]["versions"] == compared.compared["g_1"].manifest["versions"]
    assert [file["name"] for file in page["files"]] == ["g_1.toml", "g_2.toml", "ranking.csv", "runs.csv"]
    texts = [f"# {name}.toml\n{one.spec.read_text()}" for name, one in compared.compared.items()]
    assert page["about"]["spec"] == "\n".join(texts)


def test_a_label_of_two_results_has_two_programs(made):
    """The learning rates are those of its own results, also if the label is of several numbers of trials."""
    numbers = {"name": "adam", "lr": {"log_uniform": [1e-3, 1.0]}}
    trials = {"tuning": {"seeds": 1, "trials": [1, 2]}, "problem": PROBLEMS[:1]}
    parts = made("n_1", numbers, **trials), made("n_2", numbers | {"beta1": 0.5}, **trials)
    grids = made("g_1", *ALL[:2]), made("g_3", ADAM | {"lr": 0.03})
    for compared, count in ((optlab.compare(*grids), 2), (optlab.compare(*parts), 4)):
        programs = shown(compared)[1]
        rows = compared.ranking().set_index(["case", "label"])
        runs = compared.runs.set_index("run")
        own = {key: one["parameters"] for key, one in programs.items() if "adam" in key[1] and key[0] == "beale"}
        assert len(own) == count
        for key, parameters in own.items():
            values = {one["name"]: one["value"] for one in parameters}
            row = runs.loc[rows.loc[key, "run"]]
            assert (values["lr"], values["beta1"]) == (row["hp.lr"], row["hp.beta1"])


def test_runs_with_other_starts_have_no_program(made):
    drawn = {"problem": [{"name": "beale", "start": "random"}]}
    compared = optlab.compare(made("s_0", SGD, **drawn), made("s_1", ADAM, seed=1, **drawn))
    programs = {label: one for (_, label), one in shown(compared)[1].items()}
    assert "reason" not in programs["sgd"]
    assert programs["adam"]["reason"] == "the plan has no such runs"


def test_versions_that_differ_are_named(made, tmp_path):
    other = shutil.copytree(made("g_2", *ALL[2:]), tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["versions"]["numpy"] = "1.0"
    (other / "manifest.json").write_text(sealed(manifest))
    versions = optlab.compare(made("g_1", *ALL[:2]), other).manifest["versions"]
    assert versions["numpy"] == f"{np.__version__} (g_1), 1.0 (g_2)"
    assert versions["optlab"] == manifest["versions"]["optlab"]


def test_packed_files_and_loaded_results(made, tmp_path):
    packed = optlab.pack(made("g_1", *ALL[:2]), tmp_path / "one.zip")
    other = optlab.load(made("g_2", *ALL[2:]))
    found, expected = (
        one.runs.drop(columns=["run", "seconds"]).sort_values(["case", "label", "hp.lr", "seed"], ignore_index=True)
        for one in (optlab.compare(packed, other), optlab.load(made("g_all", *ALL)))
    )
    pd.testing.assert_frame_equal(found, expected[found.columns])


def test_a_label_with_other_settings_has_the_names_of_the_results(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("other", SGD | {"lr": 0.3}, ADAM, MOMENTUM))
    assert compared.sources == {"sgd [g_1]": ("g_1",), "sgd [other]": ("other",), "adam": ("g_1", "other"),
                                "momentum, cosine": ("other",)}  # fmt: skip
    assert compared.notes == (
        "sgd is not the same in g_1 and other: lr ([0.1, 1.0] -> 0.3)",
        "adam is the same in g_1 and other: its runs are from g_1",
    )
    runs = compared.runs
    assert set(runs["label"]) == set(compared.sources)
    assert set(runs.loc[runs["label"] == "sgd [other]", "hp.lr"]) == {0.3}
    assert runs.groupby("label").size().to_dict() == {"sgd [g_1]": 14, "sgd [other]": 7, "adam": 14,
                                                      "momentum, cosine": 14}  # fmt: skip
    alone = optlab.load(made("g_1", *ALL[:2])).runs
    assert sorted(runs.loc[runs["label"] == "sgd [g_1]", "final_loss"]) == sorted(
        alone.loc[alone["label"] == "sgd", "final_loss"]
    )


def test_other_seeds_of_the_experiment_are_not_paired(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("seeded", *ALL[:2], seed=1))
    assert set(compared.sources) == {"sgd [g_1]", "sgd [seeded]", "adam [g_1]", "adam [seeded]"}
    assert (
        "the seeds of the experiments differ (0 in g_1, 1 in seeded): runs are paired only where" in compared.notes[-1]
    )
    seeds = compared.runs.query("problem == 'mlp'").groupby("label")["seed"].agg(set)
    assert not seeds["sgd [g_1]"] & seeds["sgd [seeded]"]
    assert seeds["sgd [g_1]"] == seeds["adam [g_1]"]
    assert (compared.ranking().query("case == 'beale'")["rank"] >= 1).all()


def test_problems_that_differ_are_left_out_and_named(made):
    other = made("fewer", ADAM, problem=[PROBLEMS[0] | {"start": [1.0, 1.0]}, PROBLEMS[1], {"name": "booth"}])
    compared = optlab.compare(made("g_1", *ALL[:2]), other)
    assert set(compared.runs["case"]) == {"mlp (xor, batch_size=4)"}
    assert compared.notes[:2] == (
        "beale is left out: between g_1 and fewer, its start ([1.0, 1.5] -> [1.0, 1.0])",
        "booth is left out: g_1 has no runs on it",
    )


def test_a_changed_function_is_refused(made, tmp_path):
    file = tmp_path / "bowl.py"
    folders = []
    for name, factor in (("bowl_1", "2.0"), ("bowl_2", "3.0")):
        file.write_text(PLUGIN.replace("FACTOR", factor))
        folders.append(made(name, ADAM, plugins=tmp_path, problem=[{"name": "bowl"}]))
    with pytest.raises(UserError) as error:
        optlab.compare(*folders)
    assert str(error.value).splitlines() == [
        "these results share no unchanged problem:",
        "bowl is left out: between bowl_1 and bowl_2, its function changed",
    ]


def test_other_steps_precisions_and_choices_of_settings_are_refused(made):
    one = made("g_1", *ALL[:2])
    with pytest.raises(UserError, match=r"beale is left out: between g_1 and longer, steps \(30 -> 40\)"):
        optlab.compare(one, made("longer", ADAM, steps=40))
    with pytest.raises(UserError, match=r"precision \(float64 -> float32\)"):
        optlab.compare(one, made("single", ADAM, precision="float32"))
    with pytest.raises(UserError, match=r"t_1 has \[tuning\] and g_1 has not: settings were chosen on other seeds"):
        optlab.compare(one, made("t_1", *ALL[:2], tuning={"seeds": 3}))
    with pytest.raises(UserError, match=r"another \[tuning\]: select \(final_loss -> best_loss\); make it equal"):
        optlab.compare(made("t_1", *ALL[:2]), made("best", ADAM, tuning={"seeds": 3, "select": "best_loss"}))


def test_one_seed_is_not_taken_for_all(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("once", MOMENTUM, seeds=1))
    assert set(compared.runs["case"]) == {"beale"}
    assert "once has one seed, which says nothing about others" in compared.notes[0]


def test_metrics_that_cannot_be_compared(made):
    compared = optlab.compare(made("g_1", *ALL[:2]), made("coarse", MOMENTUM, record={"points": 3}))
    with pytest.raises(UserError, match="area cannot be compared: other steps were recorded in the results"):
        compared.ranking("area")
    assert "other steps were recorded" in compared.notes[0]
    assert len(compared.ranking("best_loss")) == 6


def test_maps_and_wrong_numbers_of_results(made):
    one = made("g_1", *ALL[:2])
    plane = {"problem": [PROBLEMS[0]], "seeds": 1}
    basins = made("map", {"name": "gd", "lr": 0.01}, basins={"resolution": 2}, **plane)
    with pytest.raises(UserError, match="map: is a map, and optimizers have no ranks in a map"):
        optlab.compare(one, basins)
    with pytest.raises(UserError, match="write at least two results to compare"):
        optlab.compare(one)
    with pytest.raises(UserError, match="g_1: is given twice"):
        optlab.compare(one, one)


def test_results_with_one_name_are_told_apart(made, tmp_path):
    document = BASE | {"name": "g_1", "optimizer": [SGD | {"lr": 0.5}]}
    again = optlab.run(document, tmp_path / "again", plots=False).folder
    compared = optlab.compare(made("g_1", *ALL[:2]), again)
    assert list(compared.compared) == [str(made("g_1")), str(again)]


def test_the_command(made, optlab_command, tmp_path):
    one, two = made("g_1", *ALL[:2]), made("other", SGD | {"lr": 0.3}, ADAM, MOMENTUM)
    done = optlab_command("compare", one, two, "-o", "figures", "--kind", "ranks", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'g_1 ({one}): sgd [g_1], adam\nother ({two}): sgd [other], adam, "momentum, cosine"\n' in done.stdout
    assert "note: sgd is not the same in g_1 and other: lr ([0.1, 1.0] -> 0.3)" in done.stdout
    assert (tmp_path / "figures" / "ranks_all_cases.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]
    assert not (tmp_path / "figures" / "report.html").exists()
    done = optlab_command("compare", one, two, "-o", "all", cwd=tmp_path)
    assert "\nall/report.html\n" in done.stdout
    assert "<title>g_1 and other" in (tmp_path / "all" / "report.html").read_text()
    done = optlab_command("compare", one, two, "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert {row["label"]: row["results"] for row in rows}["adam"] == "g_1, other"
    assert "note: adam is the same" in done.stderr
    done = optlab_command("compare", one, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "write at least two results to compare, such as results/a results/b\n"
