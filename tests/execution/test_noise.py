"""Noise on what optimizers receive, against a plain loop with draws that are made here again from their definition."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optlab import optimizer, problem
from optlab.execution import noise, runner

A = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]])
START = np.array([1.0, -2.0, 0.5])
LR = 0.05


@problem(start=START)
def valley(x, *, steep=1.0):
    return 0.5 * steep * np.dot(x, np.dot(A, x)) + np.cos(x[0])


def value(x, steep):
    return 0.5 * steep * x @ A @ x + np.cos(x[0])


def slope(x, steep):
    return steep * A @ x - np.array([np.sin(x[0]), 0.0, 0.0])


def curvature(x, v, steep):
    return steep * A @ v - np.array([np.cos(x[0]) * v[0], 0.0, 0.0])


@optimizer
def uses_all(x, g, m=0.0, *, t, f, grad, loss, hvp, lr=0.05):
    """A rule that receives everything with noise: f, g, and at a second point the loss, gradient and Hessian."""
    p = x - lr * g
    m = 0.5 * m + grad(p)
    return x - lr * (m + 0.1 * hvp(g)) - 1e-2 * (loss(p) - 0.5 * f) * np.sign(x) / t, m


def uniform(root, purpose, seed, size):
    """The numbers of one seed, from the counter of Philox."""
    counts = -(-size // 4)
    entropy = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
    bits = np.random.Philox(np.random.SeedSequence([root, entropy]))
    bits.advance(seed * counts)
    return np.random.Generator(bits).random(counts * 4)[:size]


def drawn(kind, shape, scale, df, seed, step, root=0):
    """The noise of a step: what is added, or by what is multiplied."""
    size = int(np.prod(shape))

    def u(number, count=size):
        return uniform(root, f"noise {number} of step {step}", seed, count)

    if kind in ("normal", "multiplicative"):
        pairs = u(0, 2 * size)
        xi = np.sqrt(-2 * np.log1p(-pairs[:size])) * np.cos(2 * np.pi * pairs[size:])
        found = scale * xi + (kind == "multiplicative")
    elif kind == "dropout":
        found = np.where(u(0) < scale, 0.0, 1.0)
    else:
        df = 1.0 if kind == "cauchy" else df
        radius = np.sqrt(df * ((1 - u(0)) ** (-2 / df) - 1))
        found = scale * radius * np.cos(2 * np.pi * u(1))
    return found.reshape(shape)


def by_hand(kind, on, scale, df, seed, steps, steep, second=True):
    """The points and the exact losses of one run of `uses_all`, or of gradient descent."""
    x, m, xs, losses = START, 0.0, [START], []
    factor = kind in ("multiplicative", "dropout")
    for t in range(1, steps + 1):
        shape = (3,) if on == "gradient" else ()
        z = drawn(kind, shape, scale, df, seed, t)

        def noisy(exact, where, z=z):
            return exact if where != on else exact * z if factor else exact + z

        def loss(p, noisy=noisy):
            return noisy(value(p, steep), "loss")

        def grad(p, z=z, noisy=noisy):
            of_loss = z if on == "loss" and factor else 1.0
            return noisy(slope(p, steep) * of_loss, "gradient")

        def hvp(p, v, z=z):
            return curvature(p, v, steep) * (z if factor else 1.0)

        losses.append(value(x, steep))
        g = grad(x)
        if second:
            p = x - LR * g
            m = 0.5 * m + grad(p)
            x = x - LR * (m + 0.1 * hvp(x, g)) - 1e-2 * (loss(p) - 0.5 * loss(x)) * np.sign(x) / t
        else:
            x = x - LR * g
        xs.append(x)
    return np.array(xs), np.array([*losses, value(x, steep)])


def sweeps(planned, rule, noise, steps=40, seeds=3, steep=(1.0,), **more):
    document = {
        "problem": [{"name": "valley", "noise": noise, "steep": list(steep)}],
        "optimizer": [{"name": rule, "lr": LR}],
        "steps": steps,
        "seeds": seeds,
        "record": {"points": steps + 1, "trajectories": True},
        **more,
    }
    return planned(document, valley, uses_all).sweeps


NOISES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["normal", "multiplicative", "student_t", "cauchy", "dropout"]),
        "on": st.sampled_from(["gradient", "loss"]),
        "scale": st.floats(0.0, 0.9),
    }
)


CASES = given(written=NOISES, df=st.floats(1.0, 50.0), steps=st.integers(1, 70), steep=st.floats(0.1, 2.0))


@settings(max_examples=12)
@CASES
def test_runs_are_those_of_a_plain_loop(planned, written, df, steps, steep):
    check_runs(planned, written, df, steps, steep)


@pytest.mark.many
@settings(max_examples=200)
@CASES
def test_many_runs_are_those_of_a_plain_loop(planned, written, df, steps, steep):
    check_runs(planned, written, df, steps, steep)


def check_runs(planned, written, df, steps, steep):
    kind, on, scale = written["kind"], written["on"], written["scale"]
    options = {**written, "df": df} if kind == "student_t" else written
    for rule, second in (("uses_all", True), ("gd", False), ("torch:SGD", False)):
        (sweep,) = sweeps(planned, rule, options, steps, 2, (steep,))
        done = runner.run(sweep)
        assert done.log == ""
        for run in range(2):
            xs, losses = by_hand(kind, on, scale, df, run, steps, steep, second)
            if np.abs(xs).max() > 1e3:  # differences of rounding grow as much
                continue
            np.testing.assert_allclose(done.x[:, :, run], xs, rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(done.loss[:, run], losses, rtol=1e-7, atol=1e-9)
            assert done.final_loss[run] == done.loss[-1, run]
            assert done.best_loss[run] == done.loss[:, run].min()


def test_draws_follow_their_distributions():
    rng, size = np.random.default_rng(1), 40_000
    for made, known in [
        (noise.normal(rng, size, scale=2.0), stats.norm(scale=2.0)),
        (noise.multiplicative(rng, size, scale=0.5), stats.norm(1.0, 0.5)),
        (noise.student_t(rng, size, scale=2.0, df=1.5), stats.t(1.5, scale=2.0)),
        (noise.student_t(rng, size, scale=1.0, df=30.0), stats.t(30.0)),
        (noise.cauchy(rng, size, scale=3.0), stats.cauchy(scale=3.0)),
    ]:
        assert stats.kstest(made, known.cdf).pvalue > 1e-3
    kept = noise.dropout(rng, size, scale=0.3)
    assert set(kept.tolist()) == {0.0, 1.0}
    assert abs(kept.mean() - 0.7) < 0.01


def test_all_optimizers_get_the_same_noise(planned):
    """The first step of gradient descent is lr (g + noise), of its counterparts in other packages too."""
    written = {"kind": "cauchy", "scale": 0.3}
    found = [runner.run(sweeps(planned, rule, written, 1)[0]).x[1] for rule in ("gd", "sgd", "torch:SGD", "optax:sgd")]
    for x in found[1:]:
        np.testing.assert_allclose(x, found[0], rtol=1e-12)
    assert len({*found[0][0]}) == 3  # three seeds from one fixed start


def test_a_run_does_not_depend_on_the_others(planned):
    together = sweeps(planned, "uses_all", {"kind": "normal", "scale": [0.0, 0.1, 0.5]}, seeds=4, steep=(0.5, 1.0))[0]
    alone = sweeps(planned, "uses_all", {"kind": "normal", "scale": 0.1}, seeds=2, steep=(1.0,))[0]
    whole, part, single = (runner.run(s) for s in (together, together.block(slice(5, 9)), alone))
    np.testing.assert_array_equal(whole.x[..., 5:9], part.x)
    steep, scale = (together.numbers[key] for key in (("option", "steep"), ("noise", "scale")))
    same = np.flatnonzero((steep == 1.0) & (scale == 0.1) & (together.seed < 2))
    np.testing.assert_array_equal(whole.x[..., same], single.x)


@pytest.mark.parametrize("kind", noise.KINDS)
def test_noise_of_scale_0_changes_no_bit(planned, kind):
    for place in noise.PLACES:
        (quiet,) = sweeps(planned, "uses_all", {"kind": kind, "scale": 0.0, "on": place}, seeds=1)
        exact = dataclasses.replace(quiet, case=dataclasses.replace(quiet.case, noise=None))
        np.testing.assert_array_equal(runner.run(quiet).x, runner.run(exact).x)


@pytest.mark.parametrize("kind", noise.KINDS)
def test_single_precision(planned, kind):
    (sweep,) = sweeps(planned, "gd", {"kind": kind, "scale": 0.1}, steps=20, precision="float32")
    done = runner.run(sweep)
    for run in range(3):
        xs, losses = by_hand(kind, "gradient", 0.1, 3.0, run, 20, 1.0, second=False)
        np.testing.assert_allclose(done.x[:, :, run], xs, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(done.loss[:, run], losses, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("place", noise.PLACES)
@pytest.mark.parametrize("kind", ["normal", "student_t", "dropout"])
def test_machine_code_gets_the_same_noise(planned, kind, place):
    (sweep,) = sweeps(planned, "adam", {"kind": kind, "on": place})
    asked = dataclasses.replace(sweep, backend="native")
    task, right = runner.Runner([asked]), runner.run(dataclasses.replace(sweep, backend="replay"))
    found = task(asked)
    assert task.backend(asked) == "native"
    assert found.status.tolist() == right.status.tolist()
    for name in ("x", "loss", "final_loss", "best_loss"):
        np.testing.assert_allclose(getattr(found, name), getattr(right, name), rtol=1e-9, atol=1e-12)


def test_networks_with_minibatches(planned):
    """The recorded losses are those on the minibatches, without noise."""
    table = {"name": "mlp", "hidden": [4], "dataset": "xor", "batch_size": 20}
    document = {"optimizer": [{"name": "gd", "lr": 0.0}], "seeds": 2, "record": {"points": 11}}
    quiet = runner.run(planned({**document, "problem": [table]}).sweeps[0])
    for place in noise.PLACES:
        noisy = {**table, "noise": {"kind": "normal", "scale": 5.0, "on": place}}
        for rule in ("gd", "torch:SGD"):
            rules = [{"name": rule, "lr": 0.0}]
            done = runner.run(planned({**document, "optimizer": rules, "problem": [noisy]}).sweeps[0])
            np.testing.assert_allclose(done.loss, quiet.loss, rtol=1e-12)
            np.testing.assert_allclose(done.metrics["train_loss"], quiet.metrics["train_loss"], rtol=1e-12)


def test_every_run_draws_its_own_random_numbers_as_before(planned):
    """The noise of a problem does not move the random numbers of a rule."""
    rule = {"name": "sgld", "lr": 1e-3}
    document = {"optimizer": [rule], "steps": 5, "record": {"points": 6, "trajectories": True}}
    quiet = {"name": "valley", "noise": {"kind": "dropout", "scale": 0.0}}
    (before,) = planned({**document, "problem": [{"name": "valley"}]}, valley).sweeps
    (after,) = planned({**document, "problem": [quiet]}, valley).sweeps
    np.testing.assert_array_equal(runner.run(before).x, runner.run(after).x)
