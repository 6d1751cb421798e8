"""Several numbers of trials in one experiment: labels, shared runs, defaults."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

import optlab
from optlab.execution.records import Trajectories
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.experiments.tuning import Tuned, timing
from optlab.experiments.tuning.numbers import taken
from optlab.results import analysis
from tests.cases import first_cases

TRIALS = [0, 4, 8]
OPTIMIZERS = [
    {"name": "gd", "lr": {"log_uniform": [1e-3, 1.0]}, "schedule": ["constant", "cosine"]},
    {"name": "momentum", "lr": {"log_uniform": [1e-3, 1.0]}, "lr_inside": [True, False], "beta": 0.8},
]
DOCUMENT = {
    "name": "numbers",
    "steps": 20,
    "seeds": 3,
    "record": {"points": 5, "evaluations": 3},
    "tuning": {"seeds": 2, "trials": TRIALS},
    "problem": [
        {"name": "rosenbrock", "start": "random", "b": [1.0, 10.0]},
        {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8},
    ],
    "optimizer": OPTIMIZERS,
}
BASES = ["gd, constant", "gd, cosine", "momentum"]
ENDS = {0: ", defaults", 4: ", 4 trials", 8: ", 8 trials"}
VALUES = ["case", "phase", "seed", "hp.lr", "final_loss", "best_loss", "grad_evals", "test_loss"]


def with_trials(trials, **changes):
    return DOCUMENT | changes | {"tuning": DOCUMENT["tuning"] | {"trials": trials}}


@pytest.fixture(scope="module", params=["native", "replay"])
def results(request, tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("t"), plots=False, backend=request.param)


def values(runs):
    """The values of runs, in an order that does not depend on their numbers."""
    return runs[VALUES].sort_values(VALUES[:4]).fillna(-1).values.tolist()


def test_each_number_of_trials_has_a_label_of_its_own(results):
    runs = results.runs
    labels = [base + end for base in BASES for end in ENDS.values()]
    assert list(results.plan.labels) == labels
    assert set(runs["label"]) == set(labels)
    assert dict(zip(runs["label"], zip(runs["base"], runs["trials"], strict=True), strict=True)) == {
        base + end: (base, number) for base in BASES for number, end in ENDS.items()
    }
    counts = runs.groupby(["phase", "case", "label"]).size().to_dict()
    cases = set(runs["case"])
    tried = {number: max(number, 1) * 2 for number in TRIALS}
    assert counts == {
        **{("tuning", case, base + end): tried[n] for case in cases for base in BASES for n, end in ENDS.items()},
        **{("judging", case, label): 3 for case in cases for label in labels},
    }
    assert runs["run"].tolist() == list(range(len(runs))) == list(range(results.plan.runs))


@pytest.mark.parametrize("number", [4, 8])
def test_runs_are_those_of_the_experiment_with_this_number_alone(results, number, tmp_path):
    backend = results.manifest["planned"]["backend"]
    alone = optlab.run(with_trials(number), out=tmp_path, plots=False, backend=backend).runs
    assert "base" not in alone
    for base in BASES:
        ours = results.runs[results.runs["label"] == base + ENDS[number]]
        assert values(ours) == values(alone[alone["label"] == base])


def test_defaults_are_those_of_the_signature_and_single_values_stay(results, tmp_path):
    runs = results.runs[results.runs["trials"] == 0]
    assert set(runs["hp.lr"]) == {0.001}
    momentum = runs[runs["label"] == "momentum, defaults"]
    assert set(momentum["hp.beta"]) == {0.8}
    assert {str(value) for value in momentum["hp.lr_inside"]} == {"False"}
    plain = {name: value for name, value in DOCUMENT.items() if name != "tuning"}
    plain |= {"optimizer": [{"name": "gd", "schedule": "cosine"}]}
    backend = results.manifest["planned"]["backend"]
    alone = optlab.run(plain, out=tmp_path, plots=False, backend=backend).runs
    ours = runs[(runs["label"] == "gd, cosine, defaults") & (runs["phase"] == "judging")]
    assert ours.sort_values(["case", "seed"])["final_loss"].tolist() == alone.sort_values(["case", "seed"])[
        "final_loss"
    ].tolist()  # fmt: skip


def test_histories_are_those_of_the_labels(results):
    curves = analysis.loss_curves(results.runs, results.history)
    last = curves[curves["step"] == 20].set_index(["case", "label"])["median"]
    best = analysis.best(results.runs).set_index(["case", "label"])["median"]
    of_functions = [pair for pair in best.index if pair[0].startswith("rosenbrock")]
    assert len(of_functions) == 2 * 9
    assert all(last[pair] == best[pair] for pair in of_functions)


def test_shared_runs_and_shared_choices_are_computed_once(built_in):
    planned = plan.make(documents.read_dict(DOCUMENT), built_in)
    assert sum(map(len, planned.sweeps)) == 3 * 3 * (8 + 1) * 2
    assert planned.tuning.shared == 3 * 3 * 4 * 2
    one = plan.make(documents.read_dict(with_trials(8)), built_in)
    assert one.tuning.shared == 0
    assert one.id != planned.id != plan.make(documents.read_dict(with_trials([0, 5, 8])), built_in).id

    rows = []

    def compute(sweeps):
        from optlab.execution import runner

        task = runner.Runner(sweeps)
        rows.append(sum(map(len, sweeps)))
        return [(sweep, task(sweep, lambda steps: None)) for sweep in sweeps]

    def choose(done):  # the first setting of each label: that of 4 trials is also that of 8
        first = {}
        for sweep, _ in done:
            for run, title in zip(sweep.run, sweep.title, strict=True):
                first.setdefault((sweep.label, sweep.titles[title]), run)
        return [*first.values()]

    done = [*Tuned(planned.sweeps, planned.tuning, choose).computed(compute)]
    assert rows == [3 * 3 * 9 * 2, 3 * 3 * 2 * 3]
    assert sum(len(sweep) for sweep, _ in done) == planned.runs
    assert len({sweep.id for sweep, _ in done}) == len(done)


def settings_of(built_in, trials, table, **changes):
    planned = plan.make(documents.read_dict(with_trials(trials, optimizer=[table], **changes)), built_in)
    rows = {}
    for sweep, portions in zip(planned.sweeps, planned.tuning.portions, strict=True):
        for portion in portions if sweep.titles == planned.sweeps[0].titles else []:
            numbers = zip(*(column[portion.rows].tolist() for (of, _), column in sweep.numbers.items()
                            if of == "hyperparameter"), strict=True)  # fmt: skip
            rows.setdefault(portion.label, []).extend(dict.fromkeys(numbers))
    return rows


def test_a_small_grid_is_drawn_in_a_random_order_so_that_fewer_trials_are_a_part(built_in):
    table = {"name": "momentum", "lr": [0.1, 0.2, 0.3], "beta": [0.5, 0.9]}
    few, many = settings_of(built_in, [2, 50], table).values()
    assert sorted(many) == sorted((beta, lr) for beta in (0.5, 0.9) for lr in (0.1, 0.2, 0.3)) or sorted(
        many
    ) == sorted(itertools.product((0.1, 0.2, 0.3), (0.5, 0.9)))
    assert many[:2] == few
    assert settings_of(built_in, 2, table)["momentum"] == few


def test_axes_that_go_together_and_tables_of_trials_have_their_defaults(built_in):
    zipped = {"name": "momentum", "lr": [0.1, 0.2], "beta": [0.5, 0.6], "zip": [["lr", "beta"]]}
    rows = {"name": "momentum", "trials": [{"lr": 0.1}, {"lr": 0.2, "beta": 0.5}]}
    for table in (zipped, rows):
        assert settings_of(built_in, [0, 2], table)["momentum, defaults"] == [(0.001, 0.9)]
    single = {"name": "momentum", "trials": [{"lr": 0.1}]}
    several = {"name": "gd", "lr": [0.1, 0.2]}
    planned = plan.make(documents.read_dict(with_trials([0, 2], optimizer=[single, several])), built_in)
    assert {float(rate) for rate in planned.sweeps[0].numbers["hyperparameter", "lr"]} == {0.1}


def test_with_a_budget_in_seconds_all_numbers_of_trials_have_the_same_steps(tmp_path, monkeypatch):
    costs = {"gd": 2.0, "momentum": 5.0}
    monkeypatch.setattr(timing, "seconds_per_step", lambda sweep: costs[sweep.rule.optimizer.name])
    document = with_trials(TRIALS, problem=DOCUMENT["problem"][1:])
    document["tuning"] |= {"budget": "seconds"}
    runs = optlab.run(document, out=tmp_path, plots=False).runs
    assert runs[runs["status"] == "done"].groupby("base")["steps"].unique().map(list).to_dict() == {
        "gd, constant": [20], "gd, cosine": [20], "momentum": [8]
    }  # fmt: skip


def test_the_ranking_says_how_settings_were_chosen(results):
    table = results.ranking()
    tuned = dict(zip(table["label"], table["tuned"], strict=True))
    assert tuned["momentum, defaults"] == "defaults"
    assert tuned["momentum, 4 trials"] == "sobol, 4 trials x 2 seeds"


@pytest.mark.parametrize("seed", first_cases(1, range(12)))
def test_random_experiments_have_the_runs_of_those_with_one_number(seed, tmp_path):
    """Of random numbers of trials, searches, seeds and optimizers: each portion has the values that it has alone."""
    rng = np.random.default_rng(seed)
    trials = sorted({*rng.integers(2, 9, size=3).tolist()})
    tuning = {"seeds": int(rng.integers(1, 4)), "search": str(rng.choice(["random", "sobol"])), "trials": [0, *trials]}
    lr = {"log_uniform": [1e-3, 1.0]}
    rules = [
        {"name": "gd", "lr": lr, "schedule": ["constant", "cosine"]},
        {"name": "momentum", "lr": lr, "lr_inside": [True, False]},
        {"name": "adam", "lr": {"choice": [0.1, 0.01, 0.3]}, "beta1": {"uniform": [0.0, 0.9]}},
    ]
    document = {
        "name": "e", "steps": 4, "seeds": int(rng.integers(1, 4)), "record": {"points": 0},
        "problem": [{"name": "rosenbrock", "start": "random", "b": [1.0, 10.0]}],
        "optimizer": [rules[place] for place in sorted(rng.choice(3, size=2, replace=False))],
    }  # fmt: skip
    several = optlab.run(document | {"tuning": tuning}, out=tmp_path / "several", plots=False).runs
    names = ["case", "phase", "seed", "hp.lr", "final_loss", "steps"]

    def rows(runs):
        return sorted(runs[names].fillna(-1).values.tolist())

    for number in trials:
        alone = optlab.run(document | {"tuning": tuning | {"trials": number}}, out=tmp_path, plots=False).runs
        for label, own in alone.groupby("label"):
            ours = several[(several["base"] == label) & (several["trials"] == number)]
            assert rows(ours) == rows(own)


def test_some_trajectories_have_every_array_of_their_runs():
    runs = np.arange(6)
    failed = Trajectories.failed(6, 3, "log")
    whole = dataclasses.replace(
        failed, seconds=runs / 2.0, loss=np.add.outer(10.0 * np.arange(3), runs), x=np.arange(36.0).reshape(3, 2, 6),
        metrics={"test_loss": np.stack([runs, -runs]).astype(float)}, measures={"area": runs + 0.5},
    )  # fmt: skip
    block = taken(whole, np.array([4, 1, 1]))
    assert block.seconds.tolist() == [2.0, 0.5, 0.5]
    assert block.loss.tolist() == [[4, 1, 1], [14, 11, 11], [24, 21, 21]]
    assert block.x.tolist() == whole.x[:, :, [4, 1, 1]].tolist()
    assert block.metrics["test_loss"].tolist() == [[4, 1, 1], [-4, -1, -1]]
    assert block.measures["area"].tolist() == [4.5, 1.5, 1.5]
    assert (len(block.status), block.reached, block.log) == (3, None, "log")
