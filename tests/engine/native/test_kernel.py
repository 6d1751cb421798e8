"""Machine code against replay: every built-in problem and optimizer, any number of runs and threads."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.execution import runner
from tests.cases import every, first_cases
from tests.engine.native.against_replay import STEPS, agree, bits, both, same_endings

RULES = [
    {"name": "gd", "lr": [1e-4, 1e-3]},
    {"name": "gd", "lr": 1e-3, "schedule": "cosine"},
    {"name": "momentum", "lr": [1e-4, 1e-3], "beta": [0.5, 0.9]},
    {"name": "adagrad", "lr": [1e-2, 1e-1]},
    {"name": "rmsprop", "lr": 1e-3, "schedule": {"name": "exponential"}},
    {"name": "adam", "lr": [1e-3, 1e-2], "beta1": [0.8, 0.9]},
    {"name": "aggmo", "lr": 1e-4},
    {"name": "nadam", "lr": 1e-3},
    {"name": "radam", "lr": [1e-3, 1e-2]},
    {"name": "adan", "lr": 1e-3},
]
FIRST_ORDER = "gd momentum nesterov sgd qhm aggmo signsgd lion rprop adagrad rmsprop adadelta adam amsgrad nadam adamw"
FIRST_ORDER += " adamax radam adabelief yogi adan"


@pytest.mark.parametrize(("dim", "share"), first_cases(2, [(2, 8), (10, 10), (2, 1), (10, 1)]))
def test_built_in_problems_and_optimizers_agree_with_replay(planned, built_in, dim, share, monkeypatch):
    """Each function with one in `share` of the rules, the next function with the next ones."""
    from optlab.execution.runner import step_by_step

    usual = step_by_step.starts
    sensitive = total = 0
    for turn, (name, known) in enumerate(built_in.problems.items()):
        if known.trains_on_data or name.startswith("bbob") or (dim != 2 and known.dim is not None):
            continue
        table = {"name": name, "start": "random"} | ({} if dim == 2 else {"dim": dim})
        for sweep, native, right in both(planned, table, RULES[turn % share :: share]):
            monkeypatch.setattr(step_by_step, "starts", lambda *given: usual(*given) * (1 + 2**-51))
            nearby = runner.run(dataclasses.replace(sweep, backend="replay"))
            monkeypatch.setattr(step_by_step, "starts", usual)
            assert native.status.tolist() == right.status.tolist()
            assert native.steps.tolist() == right.steps.tolist()
            assert native.grad_evals.tolist() == right.grad_evals.tolist()
            for step, tolerance in ((0, 1e-12), (1, 1e-12), (10, 1e-12), (STEPS, 1e-6)):
                close, chaotic = agree(native.loss[step], right.loss[step], nearby.loss[step], tolerance, right.loss[0])
                ended = native.steps < step
                assert (close | chaotic | ended).all(), (name, sweep.label, step)
                sensitive, total = sensitive + chaotic.sum(), total + chaotic.size
            close, chaotic = agree(native.best_loss, right.best_loss, nearby.best_loss, 1e-6, right.loss[0])
            assert (close | chaotic).all()
    assert sensitive < 0.15 * total


@pytest.mark.parametrize("name", every(2, FIRST_ORDER.split()))
def test_every_first_order_rule_and_each_of_its_options(planned, built_in, name):
    """Twenty steps, in which rounding changes no sign, on a quadratic and on Rosenbrock's function."""
    choices = built_in.optimizer(name).signature.choices
    others = {s: not default if isinstance(default, bool) else default + 1 for s, default in choices.items()}
    rules = [{"name": name, "lr": [1e-4, 1e-3]}] + [{"name": name, "lr": 1e-3, s: others[s]} for s in others]
    for table in ({"name": "ellipsoid", "dim": 5, "start": "random"}, {"name": "rosenbrock", "start": "random"}):
        found = list(both(planned, table, rules, steps=20))
        assert len(found) == len(rules)
        for _, native, right in found:
            np.testing.assert_allclose(native.loss, right.loss, rtol=1e-9)
            assert (native.loss[-1] != native.loss[0]).all()


# ---- any company -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [{"name": "adam", "beta2": [0.9, 0.999]}, {"name": "momentum", "schedule": "cosine"}])
@pytest.mark.parametrize("name", ["rosenbrock", "ackley", "rastrigin"])
def test_a_run_does_not_depend_on_other_runs_to_the_bit(planned, name, rule):
    """Alone, in blocks of any size, and with a hyperparameter that is the same for all or is not."""
    rule = {**rule, "lr": [1e-3, 1e-2, 1e-1, 1e6]}
    document = {"problem": [{"name": name, "start": "random"}], "optimizer": [rule], "steps": 70, "seeds": 13}
    (sweep,) = planned(document | {"backend": "native"}).sweeps
    recording = dataclasses.replace(sweep.recording, final_x=True)
    sweep = dataclasses.replace(sweep, recording=recording, target=np.linspace(0, 5, len(sweep)))
    task = runner.Runner([sweep])
    whole = task(sweep)
    assert bits(whole) == bits(task(sweep))
    for size in (1, 3, 8, 16, 17, 50):
        for begin in range(0, len(sweep), 29):
            part = slice(begin, min(begin + size, len(sweep)))
            assert bits(whole, part) == bits(task(sweep.block(part)))
    for run in (0, 5, len(sweep) - 1):  # compiled separately, with one run, so that all its numbers are uniform
        alone = sweep.block(slice(run, run + 1))
        assert bits(whole, slice(run, run + 1)) == bits(runner.run(alone))


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_results_do_not_depend_on_the_number_of_threads(planned, threads):
    document = {"problem": [{"name": "beale", "start": "random"}], "optimizer": [{"name": "adam"}], "steps": 50}
    (sweep,) = planned(document | {"seeds": 3001, "backend": "native"}).sweeps
    assert bits(runner.Runner([sweep], threads)(sweep)) == bits(runner.run(sweep))


def test_machine_code_is_not_cut_into_blocks_by_executors(planned):
    from concurrent.futures import ThreadPoolExecutor

    from optlab.execution import executors

    document = {"problem": [{"name": "beale", "start": "random"}], "optimizer": [{"name": "adam"}], "steps": 50}
    (sweep,) = planned(document | {"seeds": 3001, "backend": "native"}).sweeps
    task = runner.Runner([sweep], 2)
    assert not task.divides(sweep)
    told = []
    with ThreadPoolExecutor(2) as pool:
        ((_, _, done),) = executors.execute([sweep], task, pool, told.append)
    assert bits(done) == bits(runner.run(sweep))
    assert sum(told) == 3001 * 50
    (replayed,) = planned(document | {"backend": "replay"}).sweeps
    assert runner.Runner([replayed]).divides(replayed)


def test_long_runs_report_progress(planned):
    """More steps than one call of the machine code; a progress function can stop them."""
    document = {"problem": [{"name": "sphere"}], "optimizer": [{"name": "adam", "lr": [1e-3, 1e-2]}], "steps": 10_000}
    sweep, native, right = next(both(planned, document["problem"][0], document["optimizer"], 10_000))
    np.testing.assert_allclose(native.loss[::1000], right.loss[::1000], rtol=1e-6, atol=1e-25)
    told = []
    runner.run(dataclasses.replace(sweep, backend="native"), told.append)
    assert len(told) >= 3
    assert sum(told) == 20_000

    def stop(steps):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(dataclasses.replace(sweep, backend="native"), stop)


# ---- what goes wrong, goes wrong alike -------------------------------------------------------------------------------


@problem(domain=(-1.0, 1.0), start=(0.5,))
def nan_below_zero(x):
    """Has no value where x < 0."""
    return np.sum(np.log(x))


@problem(domain=(-1.0, 1.0), start=(0.5,))
def hides_its_nan(x):
    """A loss that is finite for any x."""
    return np.sum(np.where(x > 0.4, x, 0.0))


@problem(domain=(-1.0, 1.0), start=(1.0,))
def solves(x):
    """An operation that only replay supports."""
    return np.sum(np.linalg.solve(np.eye(1), x) ** 2)


@optimizer
def loses_x(x, g, *, t, lr=1.0):
    """x turns into NaN at step 40."""
    return np.where(t == 40, np.log(-1.0 - x**2), x)


@optimizer
def bounces(x, g, *, lr=1.0):
    """Overflows, and becomes finite again."""
    return np.where(np.abs(x) < 1e200, x * 1e30, 1.0)


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 39, 40, 41, 64, 100])
@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("nan_below_zero", [{"name": "gd", "lr": [1e-3, 0.1, 0.3, 5.0]}]),
        ("hides_its_nan", [{"name": "loses_x"}]),
        ("sphere", [{"name": "bounces"}, {"name": "gd", "lr": [0.1, 1e3, 1.5, 1e200]}]),
    ],
)
def test_divergence_and_nan(planned, name, rules, steps):
    plugins = (nan_below_zero, hides_its_nan, loses_x, bounces)
    document = {"problem": [{"name": name}], "optimizer": rules, "steps": steps, "record": {"points": steps + 1}}
    for sweep in planned(document, *plugins).sweeps:
        same_endings(sweep)


@optimizer
def counts_turns(
    x, g, up=lambda x: np.zeros(x.shape, bool), turns=lambda x: np.zeros(x.shape, int), total=lambda x: 0, *, t, lr=0.1
):
    """A state of booleans and integers: steps shrink with the sign changes of each entry, and of all."""
    now = g < 0
    turns = np.where((now != up) & (t > 1), turns + 1, turns)
    return x - lr * g / (1 + turns) / (1 + total), now, turns, total + np.max(turns) * (t == 1)


@pytest.mark.parametrize("dim", [3, 300])
def test_conditions_and_whole_numbers_as_state(planned, dim):
    table = {"name": "ellipsoid", "dim": dim, "start": "random"}
    document = {"problem": [table], "optimizer": [{"name": "counts_turns", "lr": [0.01, 0.5]}], "steps": 40, "seeds": 9}
    (sweep,) = planned(document, counts_turns).sweeps
    task = runner.Runner([native := dataclasses.replace(sweep, backend="native")])
    task(native)
    assert task.backend(native) == "native"
    same_endings(sweep)


def test_operations_without_a_rule_run_on_replay(planned):
    document = {"problem": [{"name": "solves"}], "optimizer": [{"name": "gd"}], "backend": "native"}
    (sweep,) = planned(document, solves).sweeps
    task = runner.Runner([sweep])
    np.testing.assert_allclose(task(sweep).loss[0], 1.0)
    assert task.backend(sweep) == "replay"


def test_no_result_depends_on_the_steps_of_one_call(planned, monkeypatch):
    """Sweeps with much work make fewer steps in each call of the machine code, so that their state can be saved."""
    from optlab.engine.native import kernel

    rule = {"name": "adam", "lr": [1e-3, 1e-1, 1e5], "schedule": "cosine"}
    document = {"problem": [{"name": "rosenbrock", "start": "random"}], "optimizer": [rule], "steps": 700, "seeds": 5}
    (sweep,) = planned(document | {"backend": "native", "stop": {"loss": 1e-3}}).sweeps
    found = [bits(runner.run(sweep))]
    for fewest in (32, 512):
        monkeypatch.setattr(kernel, "AT_MOST", 1)
        monkeypatch.setattr(kernel, "FEWEST", fewest)
        told = []
        found.append(bits(runner.run(sweep, told.append)))
        assert len(told) == -(-700 // fewest)
    assert found[0] == found[1] == found[2]
