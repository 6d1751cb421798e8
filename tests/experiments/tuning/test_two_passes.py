"""Experiments with [tuning]: which runs there are, how settings are chosen, and what is judged."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab import optimizer
from optlab.execution import runner, step
from optlab.execution.starts import starts
from optlab.experiments.tuning import timing
from optlab.results import analysis
from tests.cases import first_cases

pytestmark = pytest.mark.usefixtures("blank_pictures")

DOCUMENT = {
    "name": "tuned",
    "steps": 30,
    "seeds": 4,
    "record": {"points": 7, "evaluations": 3},
    "tuning": {"seeds": 3, "trials": 12},
    "problem": [
        {"name": "rosenbrock", "start": "random", "b": [1.0, 10.0]},
        {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8},
    ],
    "optimizer": [
        {"name": "gd", "lr": {"log_uniform": [1e-4, 1.0]}},
        {"name": "momentum", "lr": {"log_uniform": [1e-4, 1.0]}, "lr_inside": {"choice": [True, False]}},
        {"name": "adam"},
    ],
}
SETTINGS = ["hp.lr", "hp.beta", "hp.lr_inside", "hp.beta1"]


@pytest.fixture(scope="module", params=["native", "replay"])
def results(request, tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("t"), plots=False, backend=request.param)


def median_of_worst_last(rows):
    """The median over the seeds, where a run that is not done counts as infinity."""
    losses = sorted(row["final_loss"] if row["status"] == "done" else np.inf for row in rows)
    return losses[len(losses) // 2]


def test_the_runs_of_both_phases(results):
    runs = results.runs
    counts = runs.groupby(["phase", "case", "label"], sort=False).size().to_dict()
    trials = {"gd": 12, "momentum": 12, "adam": 1}
    cases = list(dict.fromkeys(runs["case"]))
    assert counts == {
        **{("tuning", case, label): 3 * count for case in cases for label, count in trials.items()},
        **{("judging", case, label): 4 for case in cases for label in trials},
    }
    assert runs["run"].tolist() == list(range(len(runs)))
    assert results.manifest["runs"] == results.plan.runs == len(runs)
    assert results.manifest["cells"] == 3 * 25
    assert sum(sweep["runs"] for sweep in results.manifest["sweeps"]) == len(runs)


def test_the_chosen_setting_is_that_of_a_plain_loop(results):
    runs = results.runs.astype(dict.fromkeys(SETTINGS, object))
    for (_, label), both in runs.groupby(["case", "label"], sort=False):
        cells = {}
        for row in both[both["phase"] == "tuning"].to_dict("records"):
            cells.setdefault(tuple(map(repr, (row[name] for name in SETTINGS))), []).append(row)
        judged = both[both["phase"] == "judging"].to_dict("records")
        (setting,) = {tuple(map(repr, (row[name] for name in SETTINGS))) for row in judged}
        medians = {key: median_of_worst_last(rows) for key, rows in cells.items()}
        assert medians[setting] <= min(medians.values()) * (1 + 1e-7), label
        assert [row["seed"] for row in judged] == [0, 1, 2, 3]


def test_judged_runs_are_those_of_the_setting_alone(results, tmp_path):
    judged = results.runs[results.runs["phase"] == "judging"]
    row = judged[(judged["label"] == "momentum") & (judged["problem"] == "mlp")].iloc[0]
    table = {"name": "momentum", "lr": float(row["hp.lr"]), "lr_inside": bool(row["hp.lr_inside"])}
    alone = {name: value for name, value in DOCUMENT.items() if name != "tuning"}
    alone |= {"problem": DOCUMENT["problem"][1:], "optimizer": [table]}
    backend = results.manifest["planned"]["backend"]
    found = optlab.run(alone, out=tmp_path, plots=False, backend=backend)
    ours = judged[(judged["label"] == "momentum") & (judged["problem"] == "mlp")]
    assert found.runs["final_loss"].tolist() == ours["final_loss"].tolist()
    history = results.history[np.isin(results.history["run"], ours["run"])]
    assert found.history["loss"].tolist() == history["loss"].tolist()


def test_both_phases_share_the_step_graphs(tmp_path, monkeypatch):
    built = []

    def build(sweep, was_run):
        built.append((id(sweep.case), id(sweep.rule)))
        return step.build_for(sweep, was_run)

    monkeypatch.setattr(runner, "build_for", build)
    results = optlab.run(DOCUMENT, out=tmp_path, plots=False)
    assert len(built) == len(set(built)) == len(results.plan.sweeps) == 8
    assert len(results.manifest["sweeps"]) > 8


@pytest.mark.parametrize("share", first_cases(1, [6, 1]))
def test_shared_step_graphs_change_no_bit(tmp_path, monkeypatch, built_in, share):
    """All optimizers on a function and on a network; only each sixth is compared, unless `share` is 1."""
    rules = [{"name": name, "lr": [0.01, 0.02]} if "lr" in rule.signature.numbers else {"name": name}
             for name, rule in built_in.optimizers.items()][::share]  # fmt: skip
    rules[0] |= {"schedule": "cosine", "transforms": [{"name": "clip_norm", "max_norm": 0.5}]}
    document = DOCUMENT | {"steps": 12, "seeds": 2, "tuning": {"seeds": 2}, "optimizer": rules, "stop": {"loss": 1e-3}}
    shared = optlab.run(document, out=tmp_path / "shared", plots=False)
    monkeypatch.setattr(runner.Graphs, "of", lambda self, sweep: step.build_for(sweep))
    alone = optlab.run(document, out=tmp_path / "alone", plots=False)
    columns = [name for name in shared.runs if name != "seconds"]
    pd.testing.assert_frame_equal(shared.runs[columns], alone.runs[columns], check_exact=True)
    pd.testing.assert_frame_equal(shared.history, alone.history, check_exact=True)


def test_tuning_has_random_streams_of_its_own(results):
    first, second = results.runs["phase"] == "tuning", results.runs["phase"] == "judging"
    losses = [set(results.runs.loc[phase, "first_loss"]) for phase in (first, second)]
    assert not losses[0] & losses[1]
    assert not np.isin(results.history["run"], results.runs.loc[first, "run"]).any()
    sweep = results.plan.sweeps[0]
    assert sweep.root_seed != DOCUMENT.get("seed", 0)
    assert not np.isin(starts(sweep.case, sweep.root_seed, np.arange(100)), starts(sweep.case, 0, np.arange(100))).any()


def test_labels_order_and_others_change_no_choice(results, tmp_path):
    backend = results.manifest["planned"]["backend"]
    turned = DOCUMENT | {"optimizer": [DOCUMENT["optimizer"][1] | {"label": "M"}, *DOCUMENT["optimizer"][:1]]}
    turned |= {"problem": DOCUMENT["problem"][1:]}
    found = optlab.run(turned, out=tmp_path, plots=False, backend=backend).runs
    ours = results.runs[results.runs["problem"] == "mlp"]
    for label, other in (("gd", "gd"), ("momentum", "M")):
        for phase in ("tuning", "judging"):
            old, new = (
                table[(table["label"] == name) & (table["phase"] == phase)].sort_values(["hp.lr", "seed"])
                for table, name in ((ours, label), (found, other))
            )
            assert old["final_loss"].tolist() == new["final_loss"].tolist()


def test_finished_results_are_reused_and_changed_tuning_is_another_experiment(tmp_path, computed):
    small = DOCUMENT | {"problem": DOCUMENT["problem"][1:], "steps": 3}
    first = optlab.run(small, out=tmp_path, plots=False).manifest["experiment"]
    computed.clear()
    optlab.run(small, out=tmp_path, plots=False)
    assert not computed
    optlab.run(small | {"tuning": {"trials": 12, "search": "sobol"}}, out=tmp_path, plots=False)  # its defaults
    assert not computed
    for changed in ({"select": "test_loss"}, {"seeds": 2}, {"trials": 11}, {"search": "random"}):
        results = optlab.run(small | {"tuning": small["tuning"] | changed}, out=tmp_path, plots=False)
        assert results.manifest["experiment"] != first, changed
        assert results.runs["phase"].nunique() == 2
    computed.clear()
    optlab.run(small | {"seeds": 5, "tuning": small["tuning"] | {"search": "random"}}, out=tmp_path, plots=False)
    assert computed


def run_selected(tmp_path, select, **changes):
    tuning = DOCUMENT["tuning"] | {"select": select, "seeds": 2}
    document = DOCUMENT | {"tuning": tuning, "problem": DOCUMENT["problem"][1:], "optimizer": DOCUMENT["optimizer"][:1]}
    return optlab.run(document | changes, out=tmp_path, plots=False).runs


@pytest.mark.parametrize("select", ["best_loss", "test_loss", "test_accuracy", "area"])
def test_settings_are_selected_by_other_metrics(tmp_path, select):
    runs = run_selected(tmp_path, select)
    tuning, judging = (runs[runs["phase"] == phase] for phase in ("tuning", "judging"))
    sign = -1 if select == "test_accuracy" else 1
    values = {rate: sorted(sign * rows[select]) for rate, rows in tuning.groupby("hp.lr")}
    medians = {rate: (low + high) / 2 for rate, (low, high) in values.items()}
    (rate,) = set(judging["hp.lr"])
    assert medians[rate] <= min(medians.values()) + 1e-7 * abs(min(medians.values()))


@pytest.mark.parametrize("select", ["steps_to_target", "gradients_to_target"])
def test_settings_are_selected_by_the_steps_to_a_target(tmp_path, select):
    problem = {"name": "sphere", "start": "random", "target": 0.7}
    runs = run_selected(tmp_path, select, problem=[problem])
    tuning, judging = (runs[runs["phase"] == phase] for phase in ("tuning", "judging"))
    steps = tuning.assign(steps=tuning["reached"].where(tuning["reached"] >= 0, np.inf)).groupby("hp.lr")["steps"]
    (rate,) = set(judging["hp.lr"])
    assert steps.median()[rate] == steps.median().min() < np.inf
    again = run_selected(tmp_path, "final_loss", problem=[problem])
    assert (again["reached"] >= 0).any()


def test_the_default_target_is_a_millionth_of_the_height_of_each_start(tmp_path):
    problem = {"name": "sphere", "start": "random"}
    runs = run_selected(tmp_path, "steps_to_target", problem=[problem], steps=200)
    for row in runs[runs["reached"] > 0].groupby("phase").head(3).to_dict("records"):
        rate = {"name": "gd", "lr": row["hp.lr"]}
        short = {"name": "s", "steps": int(row["reached"]), "problem": [problem], "optimizer": [rate], "seeds": 4}
        if row["phase"] == "judging":
            found = optlab.run(short, out=tmp_path, plots=False).runs
            assert found["final_loss"][row["seed"]] <= 1e-6 * row["first_loss"]


def test_deterministic_runs_are_made_once_in_each_phase(tmp_path):
    document = {"name": "d", "steps": 5, "seeds": 3, "tuning": {"trials": 4}, "problem": [{"name": "sphere"}]}
    runs = optlab.run(document | {"optimizer": DOCUMENT["optimizer"][:1]}, out=tmp_path, plots=False).runs
    assert runs["phase"].tolist() == ["tuning"] * 4 + ["judging"]


def test_a_grid_is_tuned_whole(tmp_path):
    document = DOCUMENT | {"tuning": {"seeds": 2}, "problem": DOCUMENT["problem"][1:]}
    table = {"name": "momentum", "lr": {"log": [0.01, 1.0], "num": 3}, "beta": [0.5, 0.9]}
    runs = optlab.run(document | {"optimizer": [table]}, out=tmp_path, plots=False).runs
    assert len(runs) == 6 * 2 + 4


def test_the_budget_counts_gradients(tmp_path):
    document = DOCUMENT | {"tuning": {"seeds": 1, "trials": 3, "budget": "gradients"}, "steps": 31}
    rules = [{"name": name, "lr": {"log_uniform": [1e-3, 1e-2]}} for name in ("gd", "sam")]
    document |= {"problem": DOCUMENT["problem"][1:], "optimizer": rules}
    runs = optlab.run(document, out=tmp_path, plots=False).runs
    assert runs.groupby("label")["steps"].unique().map(list).to_dict() == {"gd": [31], "sam": [15]}
    assert runs.groupby("label")["grad_evals"].max().to_dict() == {"gd": 31, "sam": 30}


@optimizer
def failing(x, g, *, lr=0.1):
    """Raises in a step."""
    raise ValueError("broken")


@optimizer
def exploding(x, g, *, lr=0.1):
    """Diverges with all settings."""
    return x * 1e300


def test_errors_and_divergence_with_all_settings(tmp_path):
    axis = {"lr": {"log_uniform": [1e-3, 1e-2]}}
    rules = [{"name": failing, **axis}, {"name": exploding, **axis}, {"name": "gd", **axis}]
    document = DOCUMENT | {"problem": DOCUMENT["problem"][:1], "optimizer": rules}
    results = optlab.run(document, out=tmp_path, plots=False)
    runs = results.runs
    statuses = runs.groupby(["label", "phase"])["status"].unique().map(list).to_dict()
    assert statuses["failing", "judging"] == statuses["failing", "tuning"] == ["error"]
    assert statuses["exploding", "judging"] == statuses["exploding", "tuning"] == ["diverged"]
    assert runs[(runs["label"] == "exploding") & (runs["phase"] == "judging")].shape[0] == 8
    assert "broken" in (results.folder / "errors.log").read_text()


def test_frames_of_pictures_use_the_phase_that_they_show(results):
    runs = results.runs
    curves = analysis.loss_curves(runs, results.history)
    assert set(curves["n"]) == {4}
    effects = analysis.sensitivity(runs)
    assert set(effects["n"]) == {3}
    assert effects.groupby(["case", "label"]).size().to_dict() == {
        (case, label): count
        for case, (label, count) in itertools.product(
            dict.fromkeys(runs["case"]), {"gd": 12, "momentum": 12, "adam": 1}.items()
        )
    }


def test_pictures_say_what_was_tried_and_the_seeds_they_show(results):
    figures = results.figures()
    texts = {name: " ".join(text.get_text() for text in figures[name].texts) for name in figures}
    loss, lr = (next(text for name, text in texts.items() if name.startswith(kind)) for kind in ("loss_mlp", "lr_mlp"))
    assert "the best of 1 to 12 settings tried, 4 seeds" in loss
    assert "tuning runs" not in loss
    assert "the best of 1 to 12 settings tried, tuning runs: 3 seeds" in lr


def test_curves_of_a_budget_in_gradients_end_with_their_runs(tmp_path):
    document = DOCUMENT | {"tuning": {"seeds": 1, "trials": 3, "budget": "gradients"}, "steps": 31}
    rules = [{"name": name, "lr": {"log_uniform": [1e-3, 1e-2]}} for name in ("gd", "sam")]
    rules.append({"name": "sam", "label": "wild", "lr": {"log_uniform": [1e3, 1e4]}})
    document |= {"problem": [{"name": "himmelblau", "start": "random"}], "optimizer": rules}
    results = optlab.run(document, out=tmp_path, plots=False)
    curves = analysis.loss_curves(results.runs, results.history)
    assert curves.groupby("label")["step"].max().to_dict()["sam"] == 15
    figures = results.figures()
    assert "31 gradients" in " ".join(text.get_text() for text in figures["loss_himmelblau_start_random"].texts)


SECONDS = {"seeds": 1, "trials": 3, "budget": "seconds"}
RATES = {"lr": {"log_uniform": [1e-3, 1e-2]}}


def test_a_budget_in_seconds_gives_slower_steps_fewer_of_them(tmp_path, monkeypatch):
    costs = {"gd": 2.0, "momentum": 5.0, "adam": 2000.0, "failing": np.inf}
    monkeypatch.setattr(timing, "seconds_per_step", lambda sweep: costs[sweep.rule.optimizer.name])
    rules = [{"name": name, "schedule": "cosine", **RATES} for name in ("gd", "momentum", "adam", failing)]
    document = DOCUMENT | {"tuning": SECONDS, "steps": 30, "optimizer": rules, "problem": DOCUMENT["problem"][1:]}
    results = optlab.run(document, out=tmp_path, plots=False)
    done = results.runs[results.runs["status"] == "done"]
    steps = done.groupby("optimizer")["steps"].unique().map(list).to_dict()
    assert steps == {"gd": [30], "momentum": [12], "adam": [1]}
    assert set(results.runs.loc[results.runs["optimizer"] == "failing", "status"]) == {"error"}
    judged = done[(done["phase"] == "judging") & (done["optimizer"] == "momentum")]
    history = results.history[np.isin(results.history["run"], judged["run"])]
    assert sorted(set(history["step"])) == [0, 2, 4, 6, 8, 10, 12]

    alone = {name: value for name, value in document.items() if name != "tuning"} | {"steps": 12}
    rule = {"name": "momentum", "schedule": "cosine", "lr": float(judged["hp.lr"].iloc[0])}
    found = optlab.run(alone | {"optimizer": [rule]}, out=tmp_path / "alone", plots=False).runs
    assert found["final_loss"].tolist() == judged["final_loss"].tolist()


def test_measured_times(tmp_path, computed):
    rules = [{"name": name, **RATES} for name in ("gd", "sam")]
    document = DOCUMENT | {"tuning": SECONDS, "optimizer": rules, "problem": DOCUMENT["problem"][:1]}
    results = optlab.run(document, out=tmp_path, plots=False)
    steps = results.runs.groupby("label")["steps"]
    assert steps.max().max() == DOCUMENT["steps"]
    assert (steps.min() >= 1).all()
    computed.clear()
    again = optlab.run(document, out=tmp_path, plots=False)
    assert not computed
    assert again.runs["steps"].tolist() == results.runs["steps"].tolist()


def test_one_rule_under_two_labels_has_equal_steps(tmp_path):
    rules = [{"name": "gd", "label": label, "lr": [1e-4, 2e-4]} for label in ("one", "two")]
    tuning = {"budget": "seconds"}
    document = DOCUMENT | {"tuning": tuning, "optimizer": [*rules, {"name": "adam", "lr": 0.1}], "steps": 40}
    runs = optlab.run(document, out=tmp_path, plots=False).runs
    for _, same in runs[runs["label"] != "adam"].groupby("case"):
        assert same["steps"].nunique() == 1


@pytest.mark.parametrize(
    ("seconds", "steps"), [(1.0, None), (1.09, None), (1.2, 83), (3.0, 33), (1e6, 1), (np.inf, None)]
)
def test_steps_within_the_time_of_the_fastest(seconds, steps):
    assert timing._steps_within(100, 1.0, seconds) == steps


def test_a_short_experiment_is_timed_for_long_enough(planned, monkeypatch):
    """A sweep of 5 steps takes microseconds, less than the error of the clock."""
    asked = []
    monkeypatch.setattr(timing, "_seconds", lambda sweep, steps: (asked.append(steps), (1e-8 * steps, steps))[1])
    (sweep,) = planned({"steps": 5, "problem": DOCUMENT["problem"][:1], "optimizer": [{"name": "gd"}]}).sweeps
    assert timing.seconds_per_step(sweep) == pytest.approx(1e-8)
    assert asked[0] == timing.STEPS
    assert asked[1] * 1e-8 * len(sweep) == pytest.approx(timing.ENOUGH, rel=0.01) or asked[1] == timing.MOST_STEPS
    assert asked[2:] == [1]


def test_derived_targets_with_options_and_noise(tmp_path, planned):
    noise = {"kind": "normal", "scale": [0.1, 1.0]}
    problem = {"name": "rosenbrock", "start": "random", "b": [1.0, 100.0], "noise": noise}
    document = {"seeds": 2, "tuning": DOCUMENT["tuning"] | {"select": "gradients_to_target"}, "problem": [problem]}
    (sweep,) = planned(document | {"optimizer": DOCUMENT["optimizer"][:1]}).sweeps
    x = starts(sweep.case, sweep.root_seed, sweep.seed)
    height = 1e-6 * ((1 - x[0]) ** 2 + sweep.numbers["option", "b"] * (x[1] - x[0] ** 2) ** 2)
    np.testing.assert_allclose(sweep.target, height, rtol=1e-12)


def test_a_deterministic_and_a_random_problem_together(tmp_path):
    document = DOCUMENT | {"problem": [{"name": "sphere"}, {"name": "sphere", "start": "random"}], "steps": 3}
    runs = optlab.run(document | {"optimizer": DOCUMENT["optimizer"][:1]}, out=tmp_path, plots=False).runs
    assert runs.groupby(["case", "phase"], sort=False).size().tolist() == [12, 36, 1, 4]


def test_sweeps_that_could_not_run_as_requested_are_counted_in_both_phases(tmp_path, optlab_command):
    head = 'name = "e"\nsteps = 3\nbackend = "native"\nprecision = "float32"\n[tuning]\ntrials = 4\n'
    network = '[[problem]]\nname = "mlp"\ndataset = "xor"\n'
    (tmp_path / "e.toml").write_text(
        head + network + '[[optimizer]]\nname = "gd"\nlr = { log_uniform = [1e-3, 0.1] }\n'
    )
    done = optlab_command("run", "e.toml", "--no-plots", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 sweeps could not run on native, as requested" in done.stdout
    assert "12 runs of 4 cells for tuning, and 1 for judging: 13 done" in done.stdout
