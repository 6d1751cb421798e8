"""Problems that change from step to step: all back ends against plain loops, and what cannot use such problems."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import optlab
from optlab import check_grad, problem
from optlab.engine.native.kernel import STRIDE
from optlab.errors import SpecError
from optlab.execution import runner
from optlab.execution.records import STOPS, Stop
from optlab.execution.runner.protocol import CHUNK
from optlab.execution.step import objective
from optlab.explain.equations import formula

START = np.array([1.0, -2.0])
RULES = {"replay": "gd", "native": "gd", "foreign": "torch:SGD"}


@problem(domain=(-3.0, 3.0), start=START, minimum=(0.0, 0.0))
def moving(x, *, t, speed=0.1):
    """Its minimum moves by `speed` at each step."""
    return 0.5 * np.sum((x - speed * (t - 1)) ** 2)


@problem(start=START)
def shrinking(x, *, t, ratio=0.9):
    """It is multiplied by a power that differs between runs, and by one that does not."""
    return ratio**t * np.sum(x**2) + 0.99**t * x[0]


@problem(start=START)
def waves(x, *, t, speed=0.1):
    """A loss of arrays: the step is part of each entry."""
    return np.sum(np.cos(speed * t * np.arange(40.0)) * np.tanh(x[0] + np.arange(40.0))) + x[1] ** 2


AT = {
    "moving": (lambda x, t, p: 0.5 * np.sum((x - p * (t - 1)) ** 2), lambda x, t, p: x - p * (t - 1)),
    "shrinking": (
        lambda x, t, p: p**t * np.sum(x**2) + 0.99**t * x[0],
        lambda x, t, p: 2 * p**t * x + np.array([0.99**t, 0.0]),
    ),
    "waves": (
        lambda x, t, p: np.sum(np.cos(p * t * np.arange(40.0)) * np.tanh(x[0] + np.arange(40.0))) + x[1] ** 2,
        lambda x, t, p: np.array(
            [np.sum(np.cos(p * t * np.arange(40.0)) / np.cosh(x[0] + np.arange(40.0)) ** 2), 2 * x[1]]
        ),
    ),
}
PROBLEMS = {"moving": (moving, "speed"), "shrinking": (shrinking, "ratio"), "waves": (waves, "speed")}


def by_hand(name, option, lr, steps):
    """The losses and points of one run of gradient descent."""
    f, slope = AT[name]
    x, losses, points = START, [], []
    for now in range(steps + 1):
        losses.append(float(f(x, now + 1, option)))
        points.append(x)
        x = x - lr * slope(x, now + 1, option)
    return losses, points


def sweep_of(planned, name, backend, steps, options, points, stop=None, target=0.1):
    of, option = PROBLEMS[name]
    document = {
        "problem": [{"name": name, option: options}],
        "optimizer": [{"name": RULES[backend], "lr": [0.05, 0.2]}],
        "steps": steps,
        "record": {"points": points},
        "backend": "auto" if backend == "foreign" else backend,
    }
    (sweep,) = planned(document, of).sweeps
    recording = dataclasses.replace(sweep.recording, final_x=True)
    return dataclasses.replace(sweep, target=np.full(len(sweep), target), recording=recording, stop=stop)


def ran(sweep, backend):
    task = runner.Runner([sweep])
    done = task(sweep, lambda done: None)
    assert done.log == ""
    assert task.backend(sweep) == backend
    return done


@settings(max_examples=12)
@given(
    name=st.sampled_from(list(PROBLEMS)),
    steps=st.integers(1, 2 * CHUNK + 2),
    options=st.lists(st.floats(0.5, 1.0), min_size=1, max_size=3, unique=True),
    points=st.integers(0, 40),
)
@example("moving", CHUNK, [0.7], 33)
@example("shrinking", CHUNK + 1, [0.7, 0.9], 3)
@example("waves", 2 * CHUNK, [0.7, 0.9], 65)
def test_all_back_ends_equal_a_plain_loop(planned, name, steps, options, points):
    for backend in RULES:
        sweep = sweep_of(planned, name, backend, steps, options, points)
        done, option = ran(sweep, backend), PROBLEMS[name][1]
        for run, (value, lr) in enumerate(
            zip(sweep.numbers["option", option], sweep.numbers["hyperparameter", "lr"], strict=True)
        ):
            losses, xs = by_hand(name, value, lr, steps)
            found = [done.first_loss[run], done.final_loss[run], done.best_loss[run]]
            np.testing.assert_allclose(found, [losses[0], losses[-1], min(losses)], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(done.final_x[:, run], xs[-1], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(done.loss[:, run], np.take(losses, sweep.recording.steps), 1e-9, 1e-12)
            assert done.reached[run] == next((n for n, loss in enumerate(losses) if loss <= 0.1), -1)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("steps", [STRIDE - 1, STRIDE, STRIDE + 1])
def test_the_last_loss_in_machine_code_has_a_step_of_its_own(planned, name, steps):
    """The table of machine code has rows for a stride of steps, and the last loss needs one more."""
    of_step = [
        ran(sweep_of(planned, name, backend, steps, [0.999, 1.0], 5), backend) for backend in ("native", "replay")
    ]
    for field in ("final_loss", "best_loss", "final_x", "loss", "reached"):
        native, replayed = (getattr(done, field) for done in of_step)
        np.testing.assert_allclose(native, replayed, rtol=1e-10, atol=1e-13, err_msg=field)


@pytest.mark.parametrize("backend", RULES)
def test_limits_hold_for_the_function_of_the_step(planned, backend):
    """The loss falls towards 0.5 (speed / lr)^2 * 2, and passes the limit before."""
    sweep = sweep_of(planned, "moving", backend, 60, [0.0, 0.01], 0, Stop(loss=0.05))
    done = ran(sweep, backend)
    for run in range(len(sweep)):
        speed, lr = sweep.numbers["option", "speed"][run], sweep.numbers["hyperparameter", "lr"][run]
        losses, _ = by_hand("moving", speed, lr, 60)
        last = next((n for n, loss in enumerate(losses[:60]) if loss <= 0.05), None)
        assert done.stopped[run] == (-1 if last is None else STOPS.index("loss"))
        assert done.final_loss[run] == pytest.approx(losses[60 if last is None else last], rel=1e-9)


def test_out_of_time_in_machine_code(planned):
    """Runs that stop because of the time have the loss of the step at which they stop."""
    sweep = sweep_of(planned, "moving", "native", 5 * STRIDE, [0.001], 0, Stop(seconds=1e-9))
    done = ran(sweep, "native")
    assert (done.stopped == STOPS.index("seconds")).all()
    assert set(done.steps) == {STRIDE}
    for run, lr in enumerate(sweep.numbers["hyperparameter", "lr"]):
        losses, _ = by_hand("moving", 0.001, lr, STRIDE)
        assert done.final_loss[run] == pytest.approx(losses[-1], rel=1e-9)


@problem(dataset="xor", start=lambda inputs: np.full(inputs.shape[1], 0.5))
def weighted(x, *, inputs, targets, t):
    """A problem on data that grows with the step."""
    return t * np.mean((inputs @ x - targets[:, 0]) ** 2)


@pytest.mark.parametrize("batch", [0, 8])
def test_problems_on_data_may_change_too(planned, batch):
    document = {"problem": [{"name": "weighted", "batch_size": batch}], "optimizer": [{"name": "gd", "lr": 1e-12}],
                "steps": 3, "record": {"points": 4}}  # fmt: skip
    (sweep,) = planned(document, weighted).sweeps
    done = ran(sweep, "replay")
    of_first = objective(sweep.case, sweep.case.split.train_inputs, sweep.case.split.train_targets)(
        np.full(sweep.case.dim, 0.5)
    )
    np.testing.assert_allclose(done.metrics["train_loss"][:, 0], of_first * np.array([1, 2, 3, 4]), rtol=1e-9)
    assert done.final_loss[0] == pytest.approx(4 * of_first, rel=1e-9)
    if not batch:
        np.testing.assert_allclose(done.loss[:, 0], of_first * np.array([1, 2, 3, 4]), rtol=1e-9)


def test_a_call_is_that_of_the_first_step_unless_it_says_otherwise():
    x = np.array([1.0, 2.0])
    assert moving(x) == moving(x, t=1.0) == 2.5
    assert moving(x, t=11.0, speed=0.1) == pytest.approx(0.5)
    assert check_grad(moving, x)
    found = optlab.minimize(moving, "gd", steps=200, lr=0.5)
    assert found.loss == pytest.approx(2 * 0.5 * (0.1 / 0.5) ** 2)


def test_its_formula_has_the_step():
    assert formula(moving) == "f(x) = 0.5 sum((x − speed · (t − 1))²)   with t = 1, speed = 0.1"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (
            {"optimizer": [{"name": "scipy:BFGS"}]},
            "scipy:BFGS needs the same objective in all steps, but moving changes",
        ),
        ({"basins": {"resolution": 8}}, "moving changes from step to step, and a map needs the same function"),
    ],
)
def test_what_needs_the_same_function_in_all_steps(planned, rest, said):
    with pytest.raises(SpecError) as info:
        planned({"problem": [{"name": "moving"}], "optimizer": [{"name": "gd", "lr": 0.1}]} | rest, moving)
    assert said in str(info.value)


def test_there_is_no_contour_of_a_function_that_changes(tmp_path):
    document = {"name": "e", "steps": 5, "problem": [{"name": moving}], "optimizer": [{"name": "gd", "lr": [0.1, 0.2]}]}
    found = optlab.run(document, out=tmp_path, plots=False)
    assert list(found.figures()) == ["loss_moving", "lr_moving"]
