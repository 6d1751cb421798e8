"""Loops over the entries against replay and code without loops: pairs of built-ins, random graphs, other runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.engine.native import compilation, lowering
from optlab.engine.native.array_ir import Rolled, rolled_up
from optlab.engine.native.machine import Machine
from optlab.engine.native.scalar_ir import written_out
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input
from optlab.engine.trace import trace
from optlab.execution import runner
from optlab.execution.runner import on_llvm, step_by_step
from optlab.execution.step import build_for
from tests.cases import first_cases
from tests.engine.native import against_replay
from tests.engine.native.against_replay import agree, bits, both, random_step, same_endings

FUNCTIONS = ["ackley", "ellipsoid", "levy", "rastrigin", "rosenbrock", "schwefel", "sphere", "styblinski_tang"]
RULES = "gd momentum nesterov sgd qhm aggmo signsgd lion rprop adagrad rmsprop adadelta adam amsgrad nadam adamw adamax"
RULES += " radam adabelief yogi adan lamb lars polyak sam schedule_free prodigy muon"
STEPS = 40


def is_rolled(sweep):
    return isinstance(on_llvm.kernel_for(sweep, build_for(sweep), True).program.expressions, Rolled)


@pytest.mark.parametrize("share", first_cases(1, [12, 1]))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_built_in_functions_of_many_entries(planned, name, share, monkeypatch):
    """In 150 dimensions, with one in `share` of the rules, the next function with the next rules.

    Runs that are too sensitive to compare are left out, as for few entries.

    Here they are sums of many entries of both signs. A run that was too sensitive at any step is also left out at the
    last step, because two such runs may end at the same loss by chance."""
    usual, sensitive, total = step_by_step.starts, 0, 0
    rules = [{"name": rule} for rule in RULES.split()[FUNCTIONS.index(name) % share :: share]]
    for sweep, native, right in both(planned, {"name": name, "dim": 150, "start": "random"}, rules, STEPS, seeds=5):
        assert is_rolled(sweep)
        monkeypatch.setattr(step_by_step, "starts", lambda *given: usual(*given) * (1 + 2**-51))
        nearby = runner.run(dataclasses.replace(sweep, backend="replay"))
        monkeypatch.setattr(step_by_step, "starts", usual)
        assert native.status.tolist() == right.status.tolist()
        assert native.steps.tolist() == right.steps.tolist()
        for step, tolerance in ((0, 1e-12), (1, 1e-12), (10, 1e-12), (STEPS, 1e-6)):
            way = slice(0 if step == STEPS else step, step + 1)
            close, chaotic = agree(native.loss[way], right.loss[way], nearby.loss[way], tolerance, right.loss[0])
            close, chaotic = close[-1], chaotic.any(axis=0)
            assert (close | chaotic | (native.steps < step)).all(), (name, sweep.label, step)
            sensitive, total = sensitive + chaotic.sum(), total + chaotic.size
    assert sensitive < 0.5 * total


@pytest.mark.parametrize("name", ["rosenbrock", "levy"])
def test_a_thousand_entries_with_a_transform_that_adds_them_up(planned, name):
    rules = [{"name": "adam", "lr": 1e-3, "transforms": [{"name": "clip_norm", "max_norm": 1.0}]}]
    rules += [{"name": "momentum", "lr": 1e-5, "schedule": "cosine"}, {"name": "adam", "beta2": [0.9, 0.999]}]
    for sweep, native, right in both(planned, {"name": name, "dim": 1000, "start": "random"}, rules, 20, seeds=3):
        assert is_rolled(sweep)
        np.testing.assert_allclose(native.loss[:11], right.loss[:11], rtol=1e-12)
        np.testing.assert_allclose(native.loss, right.loss, rtol=1e-10)


def test_a_rule_with_a_state_of_many_rows(planned):
    """L-BFGS, for the number of steps in which it does not amplify rounding."""
    for name in ("rosenbrock", "ellipsoid"):
        ((sweep, native, right),) = both(planned, {"name": name, "dim": 150}, [{"name": "lbfgs"}], 4, seeds=1)
        assert is_rolled(sweep)
        np.testing.assert_allclose(native.loss, right.loss, rtol=1e-9)


def test_the_dimension_may_be_large(planned):
    """Code without loops would have half a million operations here."""
    rules = [{"name": "adam", "lr": [1e-3, 1e-2]}]
    ((_, native, right),) = both(planned, {"name": "rosenbrock", "dim": 20_000}, rules, 5, seeds=1)
    np.testing.assert_allclose(native.loss, right.loss, rtol=1e-12)


# ---- random step graphs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", first_cases(1, range(0, 100, 10)))
def test_random_step_graphs(begin):
    """Against replay, and quick code against full code to the bit."""
    rolled = 0
    for seed in range(begin, begin + 10):
        rng = np.random.default_rng(seed)
        dim, step = random_step(rng, 20, 80)
        runs = int(rng.integers(1, 20))
        graph = optimise(trace(step, np.ones(dim), np.zeros(dim), 1.0, 0.1, 0.9))
        inputs = [Input(RUN, carry=1), Input(RUN, carry=2), Input(SHARED)]
        inputs += [Input(RUN, changes=False), Input(UNIFORM, changes=False)]
        x, lr, beta = rng.normal(size=(dim, runs)), 10.0 ** rng.uniform(-4, -1, size=runs), np.array([0.9])
        kernel = compilation.compile(graph, inputs, trail=True, quick=True)
        rolled += isinstance(kernel.program.expressions, Rolled)
        numbers = np.concatenate([x, np.zeros_like(x)]), beta, lr[None]
        done = kernel.run(*numbers, 10, np.arange(11))
        if seed % 5 == 0:
            full = compilation.compile(graph, inputs, trail=True).run(*numbers, 10, np.arange(11))
            assert full.loss.tobytes() == done.loss.tobytes(), seed
            assert full.trail.tobytes() == done.trail.tobytes(), seed
        losses, points = against_replay.replayed(graph, inputs, x, lr, np.full(runs, 0.9), 10)
        nearby, there = against_replay.replayed(graph, inputs, x * (1 + 2**-50), lr, np.full(runs, 0.9), 10)
        close, chaotic = agree(done.loss[:10], losses, nearby, 1e-9)
        assert (close | chaotic).all(), seed
        close, chaotic = agree(done.trail[:10], points, there, 1e-9)
        assert (close | chaotic).all(), seed
        assert chaotic.mean() < 0.5
    assert rolled > 5


@pytest.mark.parametrize("name", ["rosenbrock", "rastrigin", "levy", "styblinski_tang"])
def test_code_with_and_without_loops_agrees(planned, monkeypatch, name):
    document = {"problem": [{"name": name, "dim": 30, "start": "random"}], "steps": 40, "seeds": 3}
    document |= {"optimizer": [{"name": "adam", "lr": [1e-3, 1e-2]}], "backend": "native"}
    (sweep,) = planned(document).sweeps
    with monkeypatch.context() as patched:
        patched.setattr(lowering, "LONG", 10_000)
        assert not is_rolled(sweep)
        straight = runner.run(sweep)
    assert is_rolled(sweep)
    np.testing.assert_allclose(runner.run(sweep).loss, straight.loss, rtol=1e-12)


# ---- any company -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [{"name": "adam", "beta2": [0.9, 0.999]}, {"name": "lamb", "schedule": "cosine"}])
@pytest.mark.parametrize("name", ["rosenbrock", "ellipsoid"])
def test_a_run_does_not_depend_on_other_runs_to_the_bit(planned, name, rule):
    """Alone, in blocks of any size, on several threads, with a hyperparameter that is the same for all or is not."""
    document = {"problem": [{"name": name, "dim": 100, "start": "random"}], "steps": 70, "seeds": 13}
    document["optimizer"] = [{**rule, "lr": [1e-3, 1e-1, 1e6]}]
    (sweep,) = planned(document | {"backend": "native"}).sweeps
    recording = dataclasses.replace(sweep.recording, final_x=True, trajectory=True)
    sweep = dataclasses.replace(sweep, recording=recording, target=np.linspace(0, 5, len(sweep)))
    assert is_rolled(sweep)
    task = runner.Runner([sweep])
    whole = task(sweep)
    assert bits(whole) == bits(task(sweep)) == bits(runner.Runner([sweep], 3)(sweep))
    for size in (1, 8, 9, 17):
        for begin in range(0, len(sweep), 29):
            part = slice(begin, min(begin + size, len(sweep)))
            assert bits(whole, part) == bits(task(sweep.block(part)))
    alone = sweep.block(slice(5, 6))  # compiled separately, with one run, so that all its numbers are uniform
    assert bits(whole, slice(5, 6)) == bits(runner.run(alone))


def test_long_runs_report_progress(planned):
    """More steps than one call of the machine code: state and running products are kept between calls."""
    rules = [{"name": "adam", "lr": [1e-4, 1e-3]}]
    sweep, native, right = next(both(planned, {"name": "sphere", "dim": 50}, rules, 5_000, seeds=1))
    assert is_rolled(sweep)
    np.testing.assert_allclose(native.loss[::500], right.loss[::500], rtol=1e-6)


# ---- what goes wrong, goes wrong alike -------------------------------------------------------------------------------


@problem(domain=(-1.0, 1.0), start=(0.5,), dim=None)
def nan_below_zero(x):
    """Has no value where an entry is below zero."""
    return np.sum(np.log(x))


@problem(domain=(-1.0, 1.0), start=(0.5,), dim=None)
def hides_its_nan(x):
    """A loss that is finite for any x."""
    return np.sum(np.where(x > 0.4, x, 0.0))


@optimizer
def loses_x(x, g, *, t, lr=1.0):
    """x becomes NaN at step 40, except for its first entries."""
    return np.concatenate([x[:3], np.where(t == 40, np.log(-1.0 - x[3:] ** 2), x[3:])])


@optimizer
def bounces(x, g, last=0.0, *, lr=1.0):
    """Overflows and becomes finite again; keeps the earlier value as state."""
    return np.where(np.abs(x) < 1e200, x * 1e30, 1.0), x - last[::-1]


@pytest.mark.parametrize("steps", [1, 32, 33, 39, 40, 41, 100])
@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("nan_below_zero", [{"name": "gd", "lr": [1e-3, 0.1, 0.3, 5.0]}]),
        ("hides_its_nan", [{"name": "loses_x"}]),
        ("sphere", [{"name": "bounces"}, {"name": "gd", "lr": [0.1, 1e3, 1.5, 1e200]}]),
    ],
)
def test_divergence_and_nan(planned, monkeypatch, name, rules, steps):
    monkeypatch.setattr(lowering, "LONG", 100)
    monkeypatch.setattr(lowering, "SHORTER", 1)
    document = {"problem": [{"name": name, "dim": 50}], "optimizer": rules, "steps": steps}
    document["record"] = {"points": steps + 1}
    for sweep in planned(document, nan_below_zero, hides_its_nan, loses_x, bounces).sweeps:
        assert is_rolled(sweep)
        same_endings(sweep)


# ---- shapes and operations -------------------------------------------------------------------------------------------

N = 40
WEIGHTS = np.linspace(-1.0, 2.0, N)
OBJECTIVES = [
    lambda x: np.sum(x[::-1] * x * WEIGHTS),
    lambda x: np.sum(np.sin(x)[1:] * np.sin(x)[:-1]),
    lambda x: np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2),
    lambda x: np.max(x) - np.min(x * WEIGHTS) + x @ x,
    lambda x: np.linalg.norm(x) + np.std(x),
    lambda x: np.max(-1.0 - x**2) + np.min(1.0 + x**2 * WEIGHTS**2),
    lambda x: np.sum(np.concatenate([x[:5] ** 3, x[5:] * 2.0]) * x),
    lambda x: np.sum(np.where(x > 0, x, -0.5 * x) * (WEIGHTS > 0)),
    lambda x: np.sum(x.reshape(4, 10) ** 2) + np.sum(x.reshape(1, N) @ x.reshape(N, 1)),
    lambda x: np.sum(np.exp(x - np.max(x))) + x[3] * x[-1],
    lambda x: np.sum(x**3 / (1 + x**2)) + np.sum(np.ones(N) * x[0]),
    lambda x: np.sum(x[:0]) + np.sum(np.stack([x[1:], x[:-1]])[1] * x[0]) + np.sum(x.reshape(N, 1) @ np.ones((1, 1))),
    lambda x: np.sum(np.sum(x.reshape(2, 20) ** 2, axis=0) ** 2) + np.max(np.sum(np.outer(x[:3], x) ** 2, axis=1)),
    lambda x: np.sum(x[np.arange(5, 20)] * x[np.array([0, 2, 2, *range(12)])]) + np.sum(np.outer(WEIGHTS[:3], x) @ x),
    lambda x: np.sum(x.reshape(8, 5).T * np.cos(x).reshape(5, 8)) + np.sum(np.mean(x.reshape(4, 10), axis=1) ** 3),
    lambda x: np.sum(np.roll(x, 3) * x) + np.sum(np.pad(x[3:7], 2)),
    lambda x: np.sum(x / (2.0 + np.sum(x**2)) ** np.arange(float(N))),
]


@pytest.mark.parametrize("index", range(len(OBJECTIVES)))
def test_objectives_with_many_operations(index):
    """A step of gradient descent with momentum whose mass is the mean of x, in loops, against replay."""
    from optlab import grad

    objective = OBJECTIVES[index]

    def step(x, m, s, lr):
        m = 0.9 * m + grad(objective)(x)
        return [objective(x), x - lr * m, m, 0.5 * s + np.mean(x)]

    rng = np.random.default_rng(index)
    graph = optimise(trace(step, np.ones(N), np.ones(N), 1.0, 0.1))
    rolled = rolled_up(graph, None, (0, 1, 2))
    inputs = [*(Input(RUN, carry=n) for n in (1, 2, 3)), Input(RUN, changes=False)]
    start = np.concatenate([rng.normal(size=(N, 11)), np.zeros((N + 1, 11))])
    lr = rng.uniform(1e-3, 1e-2, size=11)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compilation, "lowered", lambda *given: rolled)
        kernel = compilation.compile(graph, inputs)
    done = kernel.run(start, np.empty(0), lr[None], 10, np.arange(11))
    values = [start[:N], start[N : 2 * N], start[2 * N]]
    for t in range(10):
        outputs = [graph(*(v[..., run] for v in values), lr[run]) for run in range(11)]
        np.testing.assert_allclose(done.loss[t], [o[0] for o in outputs], rtol=1e-11, atol=1e-12)
        values = [np.stack([o[k] for o in outputs], axis=-1) for k in (1, 2, 3)]
    np.testing.assert_allclose(done.carried, np.concatenate([values[0], values[1], values[2][None]]), rtol=1e-10)
    assert len(written_out(graph, None, (0, 1, 2)).needed) > len(rolled.needed)


def test_memory_is_read_before_it_is_overwritten():
    """x and the state are exchanged, and the state is also read at another entry."""

    def step(x, m, s, lr):
        return [np.sum(s * s), m, x, 0.5 * s + lr * m[::-1]]

    inputs = [*(Input(RUN, carry=n) for n in (1, 2, 3)), Input(RUN, changes=False)]
    graph = optimise(trace(step, np.ones(N), np.ones(N), np.ones(N), 0.1))
    for trail in (False, True):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(compilation, "lowered", lambda *given: rolled_up(*given))
            kernel = compilation.compile(graph, inputs, trail=trail)
        values = np.random.default_rng(0).normal(size=(3, N, 5))
        done = kernel.run(values.reshape(-1, 5), np.empty(0), np.full((1, 5), 0.1), 7, np.arange(8))
        for _ in range(7):
            x, m, s = values
            values = np.stack([m, x, 0.5 * s + 0.1 * m[::-1]])
        np.testing.assert_allclose(done.carried, values.reshape(-1, 5), rtol=1e-14)


def test_an_unchanged_x_is_recorded():
    graph = optimise(trace(lambda x, m: [np.sum(x * m), x, m + 1.0], np.ones(N), np.ones(N)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compilation, "lowered", lambda *given: rolled_up(*given))
        kernel = compilation.compile(graph, [Input(RUN, carry=1), Input(RUN, carry=2)], trail=True)
    x = np.arange(2.0 * N).reshape(N, 2)
    done = kernel.run(np.concatenate([x, 0 * x]), np.empty(0), np.empty((0, 2)), 5, np.arange(6))
    np.testing.assert_array_equal(done.trail, np.broadcast_to(x, (6, N, 2)))
    np.testing.assert_array_equal(done.loss, np.arange(6.0)[:, None] * x.sum(0))


@pytest.mark.parametrize("width", [2, 4])
def test_results_do_not_depend_on_the_vector_width(planned, monkeypatch, width):
    """Also without a vector library, up to functions that the C library rounds differently."""
    document = {"problem": [{"name": "levy", "dim": 61, "start": "random"}], "steps": 20, "seeds": 7}
    (sweep,) = planned(document | {"optimizer": [{"name": "adam"}], "backend": "native"}).sweeps
    usual = runner.run(sweep)
    other = Machine(width, True, {})
    monkeypatch.setattr(compilation, "this_machine", lambda: other)
    np.testing.assert_allclose(runner.run(sweep).loss, usual.loss, rtol=1e-12)
