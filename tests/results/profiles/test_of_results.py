"""Profiles of an experiment, compared with its history."""

import dataclasses

import numpy as np
import pytest

import optlab
from optlab.errors import UnknownName, UserError
from optlab.results.profiles.hits import coco_targets
from tests.results.profiles.oracles import at

EXPERIMENT = {
    "name": "profiles",
    "steps": 120,
    "seeds": 4,
    "record": {"points": 121},
    "problem": [
        {"name": "rosenbrock", "start": "random"},
        {"name": "himmelblau", "start": "random"},
        {"name": "sphere", "dim": 3, "start": "random"},
    ],
    "optimizer": [
        {"name": "gd", "lr": [1e-5, 1e-3, 1e-2]},
        {"name": "adam", "lr": [0.01, 0.1, 0.5]},
        {"name": "momentum", "lr": [1e-4, 1e-3]},
    ],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return optlab.run(EXPERIMENT, out=tmp_path_factory.mktemp("results"), plots=False)


def own_costs(results, case, label, target):
    """The gradients of each seed until the loss is at most target(first loss), from the history, run by run."""
    setting = results.ranking().set_index(["case", "label"]).loc[(case, label), "settings"]
    runs = results.runs[(results.runs["case"] == case) & (results.runs["label"] == label)]
    runs = runs[np.isclose(runs["hp.lr"], float(setting.removeprefix("lr=")))]
    costs = {}
    for run in runs.itertuples():
        own = results.history[results.history["run"] == run.run].sort_values("step")
        hit = own[own["loss"] <= target(run.first_loss)]
        costs[run.seed] = float(hit["step"].iloc[0]) if len(hit) else np.inf
    assert len(costs) == 4
    return costs


def test_the_performance_profile_equals_the_definition(results):
    frame = results.profile("performance", tau=1e-2)
    cases = list(results.runs["case"].unique())
    labels = ["gd", "adam", "momentum"]
    costs = {
        (case, label): own_costs(results, case, label, lambda first: 1e-2 * first) for case in cases for label in labels
    }  # the minimum of all three is 0
    for ratio in (1.0, 1.3, 2.0, 4.0, 20.0):
        for label in labels:
            share = []
            for case in cases:
                for seed in range(4):
                    best = min(costs[case, other][seed] for other in labels)
                    own = costs[case, label][seed]
                    share.append(np.isfinite(own) and (own == best or own <= ratio * best))
            assert at(frame, label, ratio) == pytest.approx(np.mean(share))
    assert frame.columns.tolist() == ["case", "label", "x", "y", "low", "high"]
    assert 0 < frame["y"].max() <= 1


def test_the_expected_running_time_equals_the_definition(results):
    frame = results.profile("ert")
    assert frame["x"].unique().tolist() == coco_targets().tolist()
    compared = 0
    for row in frame[np.isclose(frame["x"], 1e-1) | np.isclose(frame["x"], 1e1)].itertuples():
        own = np.array(list(own_costs(results, row.case, row.label, lambda _, x=row.x: x).values()))
        reached = np.isfinite(own)
        expected = np.where(reached, own, 120).sum() / reached.sum() if reached.any() else np.inf
        assert row.y == pytest.approx(expected)
        compared += 1
    assert compared == 18


def test_the_runs_that_are_chosen_once_are_those_of_all_labels(results):
    labels = list(results.runs["label"].unique())
    for kind in ("performance", "ecdf"):
        first, again, named = results.profile(kind), results.profile(kind), results.profile(kind, only=labels)
        assert first.equals(again)
        assert first.equals(named)  # not from the runs that are kept


def test_left_out_optimizers_change_the_ratios(results):
    without = results.profile("performance", without=["adam"])
    assert set(without["label"]) == {"gd", "momentum"}
    only = results.profile("performance", only=["gd", "momentum"])
    assert without.equals(only)
    alone = results.profile("performance", only=["momentum"])
    assert at(alone, "momentum", 1.0) > at(results.profile("performance"), "momentum", 1.0)


def test_units(results):
    """The rules need one gradient per step, so that steps equal gradients; seconds have other costs, the same order."""
    gradients, steps = (results.profile("data", unit=unit) for unit in ("gradients", "steps"))
    assert gradients.equals(steps)
    seconds = results.profile("data", unit="seconds")
    assert seconds.groupby("label")["y"].max().equals(steps.groupby("label")["y"].max())
    assert seconds["x"].max() < 5


def test_seconds_have_no_bands_since_runs_are_timed_together(results):
    for frame in (results.profile("data", unit="seconds"), results.scores(unit="seconds")):
        assert frame[["low", "high"]].isna().all(axis=None)
    ert = results.profile("ert", unit="seconds")
    assert ert[["low", "high"]].isna().all(axis=None)
    why = "4 seeds each; no bands: the runs of an optimizer are timed together"
    assert why in optlab.results.caption(ert)
    assert results.profile("data", unit="steps")["low"].notna().all()


def test_scores_are_between_the_profile_at_one_and_its_end(results):
    scores = results.scores(tau=1e-2)
    assert scores.columns.tolist() == ["label", "score", "low", "high"]
    assert scores["score"].is_monotonic_decreasing
    assert ((scores["low"] <= scores["score"]) & (scores["score"] <= scores["high"])).all()


def test_facts_for_captions(results):
    facts = results.profile("data").attrs
    assert facts == {
        "kind": "data", "unit": "gradients", "cases": 3, "seeds": 4, "targets": [1e-3], "is_solved": True,
        "unknown": [], "own": [], "every": 1, "failed": [], "is_shared": False,
    }  # fmt: skip
    assert "Solved: the loss came 99.9 % of the way" in optlab.results.caption(results.profile("data"))


def test_networks_have_no_known_minimum(tmp_path):
    experiment = {
        "name": "net", "steps": 30, "seeds": 2,
        "problem": [{"name": "mlp", "hidden": [4], "dataset": "moons", "batch_size": 16}],
        "optimizer": [{"name": "gd", "lr": [0.01, 0.5]}, {"name": "adam", "lr": [0.1]}],
    }  # fmt: skip
    results = optlab.run(experiment, out=tmp_path, plots=False)
    frame = results.profile("performance", tau=0.5)
    (case,) = results.runs["case"].unique()
    assert frame.attrs["unknown"] == [case]
    assert frame["y"].max() > 0
    caption = optlab.results.caption(frame)
    assert "Solved: the loss came 50 % of the way from the start to the lowest loss of any optimizer shown." in caption
    with pytest.raises(UserError, match=r"^targets: the minimum of .* is not known"):
        results.profile("ecdf", targets=[0.1])
    relative = results.profile("ecdf")
    assert "51 targets per problem, 100 to 1e-08 of the decrease" in optlab.results.caption(relative)


def test_a_problem_with_a_target_of_its_own(tmp_path):
    problems = [{**problem, "target": 1.5} for problem in EXPERIMENT["problem"][:2]]
    experiment = {**EXPERIMENT, "name": "targets", "problem": [*problems, EXPERIMENT["problem"][2]]}
    results = optlab.run(experiment, out=tmp_path, plots=False)
    frame = results.profile("data")
    assert frame.attrs["own"] == list(results.runs["case"].unique()[:2])
    text = "to the minimum; for rosenbrock (start=random) and himmelblau (start=random): its own target"
    assert text in optlab.results.caption(frame)
    for label in ("gd", "adam", "momentum"):
        solved = []
        for case in results.runs["case"].unique():
            is_own = case in frame.attrs["own"]
            own = own_costs(results, case, label, lambda first, x=is_own: 1.5 if x else 1e-3 * first)
            solved += [cost <= 40 for cost in own.values()]
        assert at(frame, label, 40) == pytest.approx(np.mean(solved))
    assert results.profile("data", tau=1e-3).attrs["own"] == []
    alone = optlab.run({**experiment, "name": "alone", "problem": problems}, out=tmp_path, plots=False)
    assert "Solved: the target of the problem was reached." in optlab.results.caption(alone.profile())
    assert optlab.load(alone.folder).profile().equals(alone.profile())


def test_tuned_settings_have_known_minima_too(tmp_path):
    tuned = {**EXPERIMENT, "name": "tuned", "tuning": {"seeds": 2}, "steps": 40}
    results = optlab.run(tuned, out=tmp_path, plots=False)
    frame = results.profile("ert")
    assert frame.attrs["unknown"] == []
    assert frame["n"].eq(4).all()


def test_instances_have_their_own_minima(tmp_path):
    experiment = {
        "name": "bbob", "steps": 60, "record": {"points": 61},
        "problem": [{"suite": "bbob", "functions": [1], "dim": [2], "instances": [1, 2, 3]}],
        "optimizer": [{"name": "gd", "lr": 0.1}],
    }  # fmt: skip
    results = optlab.run(experiment, out=tmp_path, plots=False)
    frame = results.profile("ert")
    assert frame.attrs["unknown"] == []
    assert frame["case"].nunique() == 3
    assert np.isfinite(frame["y"]).all()  # gradient descent on a sphere comes within 1e-8 of each minimum


def test_a_changed_problem_has_no_known_minimum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    file = plugins / "bowl.py"
    text = """from optlab import problem


@problem(minimum=(1.0, 1.0), start=(0.0, 3.0), domain=(-5.0, 5.0), dim=2)
def bowl(x):
    \"\"\"A bowl.\"\"\"
    return ((x - 1.0) ** 2).sum() + 5.0
"""
    file.write_text(text)
    experiment = {"name": "e", "steps": 20, "problem": [{"name": "bowl"}], "optimizer": [{"name": "gd", "lr": 0.1}]}
    optlab.run(experiment, plots=False)
    known = optlab.load("results/e")
    assert known.profile("data").attrs["unknown"] == []
    file.write_text(text.replace("5.0", "4.0"))
    assert optlab.load("results/e").profile("data").attrs["unknown"] == ["bowl"]


def test_an_optimizer_with_failed_runs_is_left_out(tmp_path):
    @optlab.optimizer
    def broken(x, g, *, lr=0.1):
        """It fails."""
        raise ValueError("broken")

    experiment = {**EXPERIMENT, "name": "failed", "optimizer": [{"name": "gd", "lr": 1e-3}, {"name": broken}]}
    results = optlab.run(experiment, out=tmp_path, plots=False)
    frame = results.profile()
    assert (set(frame["label"]), frame.attrs["failed"]) == ({"gd"}, ["broken"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"kind": "perfomance"},
            r"there is no profile 'perfomance' \(did you mean 'performance'\?\); there are: perf",
        ),
        ({"unit": "grads"}, r"unit must be one of gradients, steps, seconds, not 'grads'"),
        ({"tau": 2.0}, r"tau must be between 0 and 1, such as 1e-3, not 2\.0"),
        ({"kind": "ert", "targets": [0.0]}, r"targets must be positive numbers"),
        ({"without": ["gd", "adam", "momentum"]}, r"no optimizer is left; leave out fewer"),
    ],
)
def test_mistakes(results, arguments, message):
    with pytest.raises(UserError, match=message):
        results.profile(**arguments)


def test_unknown_labels(results):
    with pytest.raises(UnknownName, match=r"without: no optimizer has the label 'adma' \(did you mean 'adam'\?\)"):
        results.profile(without=["adma"])


def test_without_records(tmp_path):
    experiment = {**EXPERIMENT, "record": {"points": 0}, "steps": 5}
    results = optlab.run(experiment, out=tmp_path, plots=False)
    with pytest.raises(UserError, match="no losses were recorded"):
        results.profile()


def test_a_map_has_no_profile(tmp_path):
    results = optlab.basins("himmelblau", ["gd"], steps=5, resolution=4, out=tmp_path, plots=False).results
    with pytest.raises(UserError, match="optimizers have no ranks in a map"):
        results.profile()


DIMS = {
    "name": "dims", "steps": 40, "seeds": 2, "record": {"points": 41},
    "problem": [{"name": "sphere", "dim": [2, 10], "start": "random"}],
    "optimizer": [{"name": "gd", "lr": 0.1}],
}  # fmt: skip


def test_distributions_are_along_costs_per_dimension(tmp_path):
    """Gradient descent with lr = 0.1 multiplies the loss of a sphere by 0.64 at each step."""
    results = optlab.run(DIMS, out=tmp_path, plots=False)
    firsts, dims = results.runs["first_loss"], results.runs["case"].map({"sphere": 2, "sphere (dim=10)": 10})
    dims = dims if dims.notna().all() else results.runs["case"].str.extract(r"dim=(\d+)")[0].astype(int)
    target = 0.01
    steps = np.maximum(np.ceil(np.log(target / firsts) / np.log(0.64)), 0)
    plain = results.profile("ecdf", targets=[target])
    for x, y in zip(plain["x"], plain["y"], strict=True):
        assert y == (steps / dims <= x * (1 + 1e-12)).mean()
    assert plain["y"].iloc[-1] == 1.0
    again = results.profile("ecdf_restarts", targets=[target])  # all runs reach it, so that none starts again
    assert again["x"].max() == pytest.approx((steps / dims).max())
    assert "gradients / dimension" in optlab.results.caption(plain)


@pytest.mark.parametrize(
    ("kind", "unit", "shown"),
    [("ecdf", "steps", "steps / dimension"), ("ecdf", "seconds", "seconds"), ("data", "gradients", "gradients")],
)
def test_seconds_and_other_profiles_are_not_divided(results, kind, unit, shown):
    assert results.profile(kind, unit=unit).attrs["unit"] == shown


def test_results_without_dimensions_of_an_earlier_version_are_not_divided(results):
    sweeps = [{name: sweep[name] for name in sweep if name != "dim"} for sweep in results.manifest["sweeps"]]
    older = dataclasses.replace(results, manifest={**results.manifest, "sweeps": sweeps})
    assert older.profile("ecdf").attrs["unit"] == "gradients"
    assert older.profile("ecdf")["x"].max() > results.profile("ecdf")["x"].max()
    assert older.profile("data").equals(results.profile("data"))
