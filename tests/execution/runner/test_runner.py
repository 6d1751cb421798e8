"""The step loop, against plain NumPy loops with gradients by hand. No run depends on other runs."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.execution import runner
from optlab.execution.randomness import Minibatches
from optlab.execution.records import STATUSES
from optlab.execution.rule import Rule, initial_states
from optlab.execution.starts import starts

SCALES = np.array([1.0, 10.0, 100.0])  # of the ellipsoid with condition 100 in three dimensions
START = (1.0, -2.0, 0.5)


@optimizer
def sam(x, g, *, grad, lr=1e-3, rho=0.05):
    """Sharpness-aware minimisation."""
    return x - lr * grad(x + rho * g / np.linalg.norm(g))


@optimizer
def extragradient(x, g, *, grad, lr=1e-3):
    """The gradient half a step ahead."""
    return x - lr * grad(x - lr * g)


@optimizer
def only_ahead(x, g, *, grad, lr=1e-3):
    """A gradient at another point, and none at x."""
    return x - lr * grad(0.5 * x)


@optimizer
def cauchy(x, g, *, hvp, lr=0.9):
    """The best step along the gradient of a quadratic."""
    return x - lr * np.sum(g * g) / np.sum(g * hvp(g)) * g


@optimizer
def polyak(x, g, *, f, lr=0.5):
    """Polyak's step towards a minimum of 0."""
    return x - lr * f / np.sum(g * g) * g


@optimizer
def cautious(x, g, *, loss, f, lr=1e-2):
    """A step only in entries in which it decreases the loss."""
    return np.where(loss(x - lr * g) < f, x - lr * g, 0.99 * x)


@optimizer
def falling(x, g, *, t, steps, lr=1e-3):
    """A learning rate that falls to 0."""
    return x - lr * (1 - t / steps) * g


@optimizer
def shrink(x, g, *, lr=1e-2):
    """Uses no gradient."""
    return x * (1 - lr)


@optimizer
def anchored(x, g, anchor=lambda x: 2 * x, age=1.0, *, lr=1e-3):
    """Moves towards twice the start, and counts steps."""
    return x - lr * g + 0.01 * (anchor - x) / age, anchor, age + 1


RULES = (sam, extragradient, only_ahead, cauchy, polyak, cautious, falling, shrink, anchored)
BUILT_IN = ("gd", "momentum", "nesterov", "sgd", "qhm", "aggmo", "signsgd", "lion", "rprop", "adagrad", "rmsprop")
BUILT_IN += ("adadelta", "adam", "amsgrad", "nadam", "adamw", "adamax", "radam", "adabelief", "yogi", "adan")


def complex_step(f, x):
    """A gradient to the last digits, of an analytic function."""
    return np.array([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))])


def by_hand(f, df, rule, x, steps, *, hvp=None, factor=lambda t: 1.0, **hyperparameters):
    """The losses and points of one run: f and the rule are called directly, in plain NumPy."""
    numbers = {**rule.signature.numbers, **hyperparameters}
    lr = numbers.get("lr")
    state = list(initial_states(Rule(rule, rule.signature.choices), (x.shape,), x).values())
    losses, path = [f(x)], [x]
    for t in range(1, steps + 1):
        g = df(x)
        offer = {"t": np.float64(t), "steps": float(steps), "f": f(x), "grad": df, "loss": f, "hvp": hvp}
        if lr is not None:
            numbers["lr"] = lr * factor(np.float64(t))
        result = rule(x, g, *state, **{n: offer[n] for n in rule.signature.supplied}, **numbers)
        x, *state = result if isinstance(result, tuple) else (result,)
        losses.append(f(x))
        path.append(x)
    return np.array(losses), np.array(path)


def ellipsoid(x):
    return np.sum(SCALES * x**2)


def slope(x):
    return 2 * SCALES * x


@pytest.fixture(scope="module")
def ran(planned):
    """The single sweep of a small experiment, and its trajectories."""

    def run(problem, optimizers, *plugins, **rest):
        tables = [{"name": o} if isinstance(o, str) else o for o in optimizers]
        document = {"problem": [problem], "optimizer": tables, **rest}
        sweeps = planned(document, *plugins).sweeps
        return [(sweep, runner.run(sweep)) for sweep in sweeps]

    return run


def same(sweep, one, other):
    """Whether two trajectories are equal to the bit, up to each run's last step and computing time aside."""
    finite = sweep.recording.steps[:, None] <= one.steps
    evaluated = sweep.recording.evaluations[:, None] <= one.steps
    assert one.metrics.keys() == other.metrics.keys()
    pairs = [(one.loss[finite], other.loss[finite])]
    pairs += [(one.metrics[name][evaluated], other.metrics[name][evaluated]) for name in one.metrics]
    if one.x is not None:
        pairs.append((one.x.swapaxes(1, 2)[finite], other.x.swapaxes(1, 2)[finite]))
    names = ("status", "steps", "grad_evals", "first_loss", "final_loss", "best_loss")
    pairs += [(getattr(one, name), getattr(other, name)) for name in names]
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def some(done, part):
    """The trajectories of some of the runs."""
    arrays = {
        f.name: np.ascontiguousarray(getattr(done, f.name)[..., part])
        for f in dataclasses.fields(done)
        if isinstance(getattr(done, f.name), np.ndarray)
    }
    metrics = {name: np.ascontiguousarray(values[..., part]) for name, values in done.metrics.items()}
    return dataclasses.replace(done, **arrays, metrics=metrics)


# ---- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("objective", ["rosenbrock", "beale", "himmelblau"])
def test_built_in_rules_equal_a_plain_loop(ran, built_in, objective, name):
    lrs = [1e-5, 1e-4, 1e-3]
    known = built_in.problem(objective)
    ((sweep, done),) = ran({"name": objective, "start": [0.5, 0.25]}, [{"name": name, "lr": lrs}], steps=40)
    assert list(done.status) == [0, 0, 0]
    for run, lr in enumerate(lrs):
        f = known.function if objective != "rosenbrock" else functools.partial(known.function, a=1.0, b=100.0)
        losses, path = by_hand(
            f, functools.partial(complex_step, f), built_in.optimizer(name), np.array([0.5, 0.25]), 40, lr=lr
        )
        np.testing.assert_allclose(done.loss[:, run], losses, rtol=1e-12)
        np.testing.assert_allclose(done.x[:, :, run], path, rtol=1e-12)
        np.testing.assert_allclose(
            [done.first_loss[run], done.final_loss[run], done.best_loss[run]],
            [losses[0], losses[-1], losses.min()],
            rtol=1e-12,
        )
    assert sweep.recording.steps.tolist() == list(range(41))
    assert done.steps.tolist() == done.grad_evals.tolist() == [40] * 3


@pytest.mark.parametrize(
    ("rule", "evaluations"),
    [
        *[(sam, 2), (extragradient, 2), (only_ahead, 1), (cauchy, 3), (polyak, 1), (cautious, 1), (falling, 1)],
        *[(shrink, 0), (anchored, 1)],
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_arguments_supplied_to_rules(ran, rule, evaluations):
    table = {"name": "ellipsoid", "start": list(START), "condition": 100.0}
    ((_, done),) = ran(table, [rule.name], rule, steps=50, record={"trajectories": True, "points": 100})
    losses, path = by_hand(ellipsoid, slope, rule, np.array(START), 50, hvp=lambda v: 2 * SCALES * v)
    np.testing.assert_allclose(done.loss[:, 0], losses, rtol=1e-12)
    np.testing.assert_allclose(done.x[:, :, 0], path, rtol=1e-11, atol=1e-300)
    assert done.grad_evals.tolist() == [50 * evaluations]


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ("constant", lambda t: 1.0),
        ("cosine", lambda t: 0.5 * (1 + np.cos(np.pi * (t - 1) / 49))),
        ("linear", lambda t: 1 - (t - 1) / 49),
        ({"name": "exponential", "end": 0.1}, lambda t: 0.1 ** ((t - 1) / 49)),
        ({"name": "step", "every": 10, "factor": 0.5}, lambda t: 0.5 ** ((t - 1) // 10)),
    ],
)
@pytest.mark.parametrize("name", ["gd", "adam"])
def test_schedules_multiply_lr(ran, built_in, name, schedule, factor):
    table = {"name": "ellipsoid", "start": list(START), "condition": 100.0}
    ((_, done),) = ran(table, [{"name": name, "lr": 3e-3, "schedule": schedule}], steps=50)
    losses, _ = by_hand(ellipsoid, slope, built_in.optimizer(name), np.array(START), 50, factor=factor, lr=3e-3)
    np.testing.assert_allclose(done.loss[:, 0], losses, rtol=1e-12)


def test_a_schedule_may_be_swept(ran, built_in):
    schedule = {"name": "step", "every": [5, 25], "factor": 0.1}
    table = {"name": "ellipsoid", "start": list(START), "condition": 100.0}
    ((sweep, done),) = ran(table, [{"name": "gd", "lr": 3e-3, "schedule": schedule}], steps=50)
    for run, every in enumerate([5, 25]):
        assert sweep.numbers["schedule", "every"][run] == every
        losses, _ = by_hand(
            *(ellipsoid, slope, built_in.optimizer("gd"), np.array(START), 50),
            factor=lambda t, every=every: 0.1 ** ((t - 1) // every),
            lr=3e-3,
        )
        np.testing.assert_allclose(done.loss[:, run], losses, rtol=1e-12)


# ---- what is recorded ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "steps"),
    [(0, []), (1, [100]), (2, [0, 100]), (5, [0, 25, 50, 75, 100]), (101, range(101)), (10**7, range(101))],
)
def test_recorded_steps(ran, points, steps):
    """Any subset of recorded steps has the same values. The first, final and best loss do not depend on the subset."""
    table = {"name": "rosenbrock"}
    ((_, every),) = ran(table, ["adam"], steps=100, record={"points": 101})
    ((sweep, done),) = ran(table, ["adam"], steps=100, record={"points": points})
    assert sweep.recording.steps.tolist() == list(steps)
    np.testing.assert_array_equal(done.loss, every.loss[list(steps)])
    if len(steps):
        np.testing.assert_array_equal(done.x, every.x[list(steps)])
    else:
        assert done.x is None
    for name in ("first_loss", "final_loss", "best_loss"):
        np.testing.assert_array_equal(getattr(done, name), getattr(every, name))
    assert every.final_loss == every.loss[-1]
    assert every.best_loss == every.loss.min()


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 64, 65])
def test_exact_values_after_any_number_of_steps(ran, steps):
    ((_, done),) = ran({"name": "ellipsoid", "start": [1.0]}, [{"name": "gd", "lr": 0.25}], steps=steps)
    np.testing.assert_array_equal(done.loss[:, 0], 4.0 ** -np.arange(steps + 1))  # x halves: exact
    assert (done.final_loss, done.best_loss, done.steps) == (4.0**-steps, 4.0**-steps, steps)


def test_best_is_not_final(ran):
    """gd with lr = 1 on x^2 only changes the sign; with 1.1 it grows."""
    ((_, done),) = ran({"name": "ellipsoid", "start": [1.0]}, [{"name": "gd", "lr": [1.0, 1.1]}], steps=40)
    np.testing.assert_allclose(done.best_loss, [1.0, 1.0])
    np.testing.assert_allclose(done.final_loss, [1.0, 1.2**80], rtol=1e-12)


def test_final_parameters_and_the_first_step_at_a_target(planned):
    """gd with lr = 0.25 on x^2 halves x: 4^-k at step k, exactly; lr = 2 triples |x| until it overflows."""
    table = {"name": "ellipsoid", "start": [1.0]}
    rules = [{"name": "gd", "lr": [1.0, 2.0, 3.0, 4.0, 5.0]}]
    (sweep,) = planned({"problem": [table], "optimizer": rules, "steps": 70, "record": {"points": 0}}).sweeps
    sweep = dataclasses.replace(
        sweep, numbers={**sweep.numbers, ("hyperparameter", "lr"): np.array([0.25, 0.25, 0.25, 0.25, 1e9])}
    )
    target = np.array([1.0, 4.0**-33, 4.0**-70, 0.0, np.inf])
    recording = dataclasses.replace(sweep.recording, final_x=True)
    done = runner.run(dataclasses.replace(sweep, recording=recording, target=target))
    assert done.reached.tolist() == [0, 33, 70, -1, 0]
    np.testing.assert_array_equal(done.final_x, [[2.0**-70] * 4 + [np.nan]])
    asked_nothing = runner.run(sweep)
    assert asked_nothing.final_x is None
    assert asked_nothing.reached is None


# ---- divergence ------------------------------------------------------------------------------------------------------


def first_infinite(lr, steps):
    """The first step at which x^2 overflows: x grows by 1 - 2 lr per step."""
    with np.errstate(all="ignore"):
        x = np.cumprod(np.r_[1.0, np.full(steps, 1 - 2 * lr)])
        lost = np.flatnonzero(~np.isfinite(x**2))
    return lost[0] if len(lost) else None


@pytest.mark.parametrize("steps", [40, 64, 100])
def test_a_diverging_run_keeps_its_data_and_does_not_affect_others(ran, steps):
    lrs = [0.1, 1e3, 0.2, 1e6, 3e3, 0.3]
    table = {"name": "ellipsoid", "start": [1.0]}
    ((_, done),) = ran(table, [{"name": "gd", "lr": lrs}], steps=steps)
    for run, lr in enumerate(lrs):
        ((sweep, alone),) = ran(table, [{"name": "gd", "lr": lr}], steps=steps)
        lost = first_infinite(lr, steps)
        if lost is None:
            assert same(sweep, some(done, [run]), alone)
        assert STATUSES[done.status[run]] == ("done" if lost is None else "diverged")
        assert done.steps[run] == done.grad_evals[run] == (steps if lost is None else lost) == alone.steps[0]
        kept = done.loss[: done.steps[run] + 1, run]
        with np.errstate(over="ignore"):
            expected = (1 - 2 * lr) ** (2.0 * np.arange(len(kept)))
        np.testing.assert_allclose(kept, expected, rtol=1e-10)
        np.testing.assert_array_equal(kept, alone.loss[: len(kept), 0])
        assert done.final_loss[run] == kept[-1]
        assert done.best_loss[run] == kept.min()


@pytest.mark.parametrize("last", [1, 31, 32, 33, 47])
def test_diverging_at_the_very_last_step(ran, last):
    lr = 0.5 * (1 + 1e154 ** (1 / last) * 1.5 ** (1 / last))  # |x| = 1.5e154 at the last step, and no sooner
    ((_, done),) = ran({"name": "ellipsoid", "start": [1.0]}, [{"name": "gd", "lr": lr}], steps=last)
    assert first_infinite(lr, last) == last
    assert (STATUSES[done.status[0]], done.steps[0], done.final_loss[0]) == ("diverged", last, np.inf)
    assert np.isfinite(done.loss[:-1]).all()


def test_a_sweep_in_which_all_runs_diverge(ran):
    told = []
    sweep, _ = ran({"name": "ellipsoid", "start": [1.0]}, [{"name": "gd", "lr": [1e5, 1e9]}], steps=1000)[0]
    done = runner.run(sweep, told.append)
    assert done.status.tolist() == [1, 1]
    assert done.steps.tolist() == [first_infinite(1e5, 99), first_infinite(1e9, 99)]
    assert sum(told) == 2000  # progress reaches its end nevertheless


@problem(start=(1.0, 1.0))
def lost_at_once(x):
    """NaN everywhere."""
    return np.sum(np.log(-np.abs(x) - 1.0))


@problem(start=(1.0, 1.0))
def hiding(x):
    """Ignores x if it is NaN."""
    return np.where(np.sum(x) > 0.0, np.sum(x**2), 1.0)


@optimizer
def breaks(x, g, *, t, lr=0.1):
    """NaN in the first parameter from step 5 on."""
    return np.where(t + np.array([0.0, -1e9]) < 5.0, x - lr * g, np.log(-1.0 - lr * x * x))


def test_nan_at_the_start(ran):
    ((_, done),) = ran({"name": "lost_at_once"}, ["gd"], lost_at_once, steps=100)
    assert (STATUSES[done.status[0]], done.steps[0], done.grad_evals[0]) == ("diverged", 0, 0)
    assert np.isnan([done.first_loss[0], done.final_loss[0], done.best_loss[0], done.loss[0, 0]]).all()


@pytest.mark.parametrize(("steps", "found"), [(20, 20), (32, 32), (100, 32)])
def test_nan_in_x_that_the_objective_ignores(ran, steps, found):
    """The parameters are checked every 32 steps and at the end."""
    ((_, done),) = ran({"name": "hiding"}, ["breaks"], hiding, breaks, steps=steps)
    assert (STATUSES[done.status[0]], done.steps[0]) == ("diverged", found)
    assert np.isfinite(done.loss[: found + 1][:found]).all()


# ---- data ------------------------------------------------------------------------------------------------------------

LINEAR = {"name": "mlp", "dataset": "moons", "hidden": [[]]}


def softmax_regression(x, inputs, targets):
    """Cross entropy of a linear model and its gradient, by hand."""
    features, classes = inputs.shape[1], targets.shape[1]
    weights, biases = x[: features * classes].reshape(features, classes), x[features * classes :]
    z = inputs @ weights + biases
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = (p - targets) / len(inputs)
    loss = -np.mean(np.sum(targets * np.log(p), axis=1))
    right = np.mean(np.argmax(z, axis=1) == np.argmax(targets, axis=1))
    return loss, np.concatenate([(inputs.T @ error).ravel(), error.sum(axis=0)]), right


@pytest.mark.parametrize(
    ("batch_size", "test_fraction"), [(0, 0.2), (16, 0.2), (0, 0), (16, 0.0), (1, 0.5), ("all", 0.2)]
)
def test_training_equals_a_plain_loop(ran, batch_size, test_fraction):
    if batch_size == "all":
        batch_size = len(ran(LINEAR, ["gd"], steps=1)[0][0].case.split.train_inputs)
    table = LINEAR | {"batch_size": batch_size, "test_fraction": test_fraction}
    ((sweep, done),) = ran(table, [{"name": "gd", "lr": 0.5}], steps=60, seeds=2, record={"evaluations": 4})
    split = sweep.case.split
    assert sweep.recording.evaluations.tolist() == [0, 20, 40, 60]
    assert set(done.metrics) == {"train_loss"} | ({"test_loss", "test_accuracy"} if test_fraction else set())
    for run in range(2):
        x, losses, path = np.ascontiguousarray(starts(sweep.case, 0, sweep.seed)[:, run]), [], []
        batches = Minibatches(0, sweep.seed[run : run + 1], len(split.train_inputs), batch_size) if batch_size else None
        index = np.empty((1, batch_size), dtype=np.int64)
        for t in range(1, 62):  # one more than there are steps: the loss at the end
            inputs, targets = split.train_inputs, split.train_targets
            if batches:
                batches.fill(t, index)
                inputs, targets = inputs[index[0]], targets[index[0]]
            loss, g, _ = softmax_regression(x, inputs, targets)
            losses.append(loss)
            path.append(x)
            x = x - 0.5 * g
        np.testing.assert_allclose(done.loss[:, run], np.array(losses)[sweep.recording.steps], rtol=1e-12)
        whole = np.array([softmax_regression(p, split.train_inputs, split.train_targets)[0] for p in path])
        np.testing.assert_allclose(done.metrics["train_loss"][:, run], whole[[0, 20, 40, 60]], rtol=1e-12)
        np.testing.assert_allclose([done.first_loss[run], done.final_loss[run]], whole[[0, -1]], rtol=1e-12)
        seen = whole if not batch_size else whole[[0, 20, 40, 60]]
        np.testing.assert_allclose(done.best_loss[run], seen.min(), rtol=1e-12)
        if test_fraction:
            test = [softmax_regression(path[t], split.test_inputs, split.test_targets) for t in (0, 20, 40, 60)]
            np.testing.assert_allclose(done.metrics["test_loss"][:, run], [t[0] for t in test], rtol=1e-12)
            np.testing.assert_array_equal(done.metrics["test_accuracy"][:, run], [t[2] for t in test])


def test_an_infinite_loss_of_a_minibatch_before_an_evaluation(ran):
    """The step of divergence is the step of the first loss that is not finite, for any steps of evaluation."""
    table = {"name": "mlp", "dataset": "xor", "batch_size": 8, "hidden": [4], "output": "sigmoid"}
    table |= {"activation": "relu", "loss": "half_squared_error", "output": "linear"}
    steps = []
    for evaluations in (2, 4, 61):
        record = {"evaluations": evaluations, "points": 61}
        ((_, done),) = ran(table, [{"name": "gd", "lr": [1.0, 1e200]}], steps=60, record=record)
        steps.append(done.steps.tolist())
        lost = int(done.steps[1])
        assert STATUSES[done.status[1]] == "diverged"
        assert np.isfinite(done.loss[:lost, 1]).all()
    assert steps[0] == steps[1] == steps[2]
    assert lost < 20  # in the chunk of an evaluation that comes later


# ---- independence ----------------------------------------------------------------------------------------------------

MATRIX = np.linspace(-1.0, 1.0, 30).reshape(5, 6)


@problem(domain=(-1.0, 1.0), start=(0.3, -0.2, 0.5), dim=40)
def everything(x, *, power=2.0):
    """Sums over many numbers, matrix products, and functions that NumPy computes several at a time."""
    m = x[:30].reshape(6, 5)
    wavy = np.sum(np.sin(3 * x) * np.exp(-(x**2)) + np.tanh(x) * np.cos(x)) + np.mean(np.abs(x) ** power)
    peaks = np.max(x) - np.min(x) + np.log(np.sum(np.exp(x)))
    return wavy + np.linalg.norm(x) + np.sum((MATRIX @ m) ** 2) + x @ x[::-1] + peaks


COMPANY = [
    ({"name": "rosenbrock", "dim": 203, "start": "random"}, "adam"),
    ({"name": "everything", "start": "random"}, "sam"),
    ({"name": "ackley", "dim": 17, "start": "random"}, "rmsprop"),
    ({"name": "beale", "start": "random"}, "cauchy"),
    ({"name": "mlp", "dataset": "xor", "hidden": [[5, 3]], "batch_size": 24}, "adam"),
    ({"name": "mlp", "dataset": "moons", "hidden": [[8]], "activation": "relu"}, "sam"),
]


@pytest.mark.parametrize(("table", "name"), COMPANY, ids=lambda v: v if isinstance(v, str) else v["name"])
def test_a_run_is_the_same_to_the_bit_alone_in_7_and_in_100(ran, table, name):
    """On each back end; the estimate may choose another one for fewer runs."""
    ((sweep, _),) = ran(
        *(table, [{"name": name, "lr": {"log": [1e-4, 1e-1], "num": 20}}], *RULES, everything), seeds=5, steps=40
    )
    assert len(sweep) == 100
    for backend in ("native", "replay"):
        asked = dataclasses.replace(sweep, backend=backend)
        done = runner.run(asked)
        for part in (slice(0, 1), slice(41, 42), slice(99, 100), slice(3, 10), slice(93, 100), slice(20, 70)):
            block = asked.block(part)
            assert same(block, some(done, part), runner.run(block))


def test_swept_options_equal_separate_runs(ran):
    conditions = [1.0, 10.0, 1e3, 1e6]
    table = {"name": "ellipsoid", "dim": 9}
    ((sweep, done),) = ran(table | {"condition": conditions}, [{"name": "adam", "lr": [1e-3, 1e-2]}], steps=70)
    assert len(sweep) == 8
    for n, condition in enumerate(conditions):
        ((one, alone),) = ran(table | {"condition": condition}, [{"name": "adam", "lr": [1e-3, 1e-2]}], steps=70)
        assert same(one, some(done, slice(2 * n, 2 * n + 2)), alone)


def test_minibatches_and_weights_are_paired_between_optimizers(ran):
    """With a learning rate of 0 all optimizers get the same losses. Other seeds get other losses."""
    table = {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 10}
    tables = [{"name": name, "lr": 0} for name in BUILT_IN if name != "rprop"]
    results = [done for _, done in ran(table, tables, seeds=3, steps=80)]
    for done in results[1:]:
        np.testing.assert_array_equal(done.loss, results[0].loss)
    assert len(np.unique(results[0].loss, axis=1).T) == 3
    assert len(np.unique(results[0].loss[:, 0])) == 81


# ---- code that fails -------------------------------------------------------------------------------------------------


@optimizer
def raises(x, g, *, lr=0.1):
    """Raises."""
    raise RuntimeError("this one is broken")


@optimizer
def exits(x, g, *, lr=0.1):
    """Calls sys.exit."""
    raise SystemExit(7)


@optimizer
def nothing(x, g, *, lr=0.1):
    """Returns nothing."""


@optimizer
def too_few(x, g, m=0.0, *, lr=0.1):
    """Returns no state."""
    return x - lr * g


@optimizer
def too_many(x, g, *, lr=0.1):
    """Returns an extra value that is not a state."""
    return x - lr * g, g


@optimizer
def one_number(x, g, *, lr=0.1):
    """Returns the wrong shape."""
    return np.sum(x - lr * g)


@optimizer
def branching(x, g, *, lr=0.1):
    """Cannot be traced."""
    return x - lr * g if np.sum(g) > 0 else x


FAULTS = [
    (raises, "RuntimeError: this one is broken"),
    (exits, "SystemExit: 7"),
    (nothing, "optimizer 'nothing' returns nothing (None); end it with: return x"),
    (too_few, "optimizer 'too_few' returns 1 value, but its signature needs 2: return x, m"),
    (too_many, "optimizer 'too_many' returns 2 values, but its signature needs 1: return x"),
    (one_number, "optimizer 'one_number' returns 'x' of shape () where it was given (2,)"),
    (branching, "np.where"),
]


@pytest.mark.parametrize(("rule", "said"), FAULTS, ids=lambda v: getattr(v, "name", ""))
def test_code_that_fails_ends_its_own_runs_only(ran, rule, said):
    broken, whole = ran({"name": "rosenbrock"}, [{"name": rule.name, "lr": [0.1, 0.2]}, "gd"], rule)
    assert [STATUSES[s] for s in broken[1].status] == ["error", "error"]
    assert said in broken[1].log
    assert __file__ in broken[1].log
    assert broken[1].steps.tolist() == broken[1].grad_evals.tolist() == [0, 0]
    assert np.isnan(broken[1].final_loss).all()
    ((sweep, alone),) = ran({"name": "rosenbrock"}, ["gd"])
    assert same(sweep, whole[1], alone)


def test_exceptions_of_progress_are_raised(ran):
    sweep, _ = ran({"name": "rosenbrock"}, ["gd"], steps=100)[0]

    def stop(run_steps):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(sweep, stop)


def test_progress_counts_every_step_once(ran):
    sweep, _ = ran({"name": "rosenbrock"}, [{"name": "gd", "lr": [1e-4, 1e-3, 1e5]}], steps=100)[0]
    told = []
    runner.run(sweep, told.append)
    assert told == [96, 96, 96, 12]
