"""Rules for each tensor of a network: against optax, and Muon against torch, by hand and by what it promises too."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from optlab import grad
from optlab.execution import runner
from optlab.plugins.optimizers.muon import muon, orthogonalized
from tests.cases import every

MLP = {"name": "mlp", "dataset": "xor", "hidden": [5]}
STEPS = 30
MUON = {"name": "muon", "lr": 0.05, "beta": 0.8, "vector_share": 0.2, "beta1": 0.7, "beta2": 0.95}


def swept(planned, **table):
    tables = {"problem": [MLP], "optimizer": [table], "steps": STEPS, "seeds": 3}
    (sweep,) = planned(tables | {"record": {"trajectories": True, "points": STEPS + 1}}).sweeps
    return sweep, runner.run(sweep).x


def gradient_of(case):
    split = case.split
    f = functools.partial(case.problem, inputs=split.train_inputs, targets=split.train_targets, **case.choices)
    return grad(f)


def tensors_of(x, shapes):
    at, found = 0, {}
    for n, shape in enumerate(shapes):
        size = int(np.prod(shape))
        found[str(n)] = x[at : at + size].reshape(shape)
        at += size
    return found


def flat(tree):
    return np.concatenate([np.ravel(tree[name]) for name in sorted(tree)])


def in_optax(make, case, starts):
    """x after every step from each start, in float64, for any JAX configuration of other tests."""
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    with jax.enable_x64(True):
        rule, slope, paths = make(optax), gradient_of(case), []
        update = jax.jit(rule.update)
        for start in starts:
            tree = {name: jax.numpy.array(part) for name, part in tensors_of(start, case.tensors).items()}
            state, found = rule.init(tree), [start]
            for _ in range(STEPS):
                g = tensors_of(slope(found[-1]), case.tensors)
                updates, state = update({k: jax.numpy.array(v) for k, v in g.items()}, state, tree)
                tree = optax.apply_updates(tree, updates)
                found.append(flat(tree))
            paths.append(found)
        return np.array(paths)


@pytest.mark.parametrize(
    ("table", "make"),
    every(
        2,
        [
            (
                {"name": "lamb", "lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-5, "weight_decay": 0.1},
                lambda o: o.lamb(0.02, b1=0.8, b2=0.95, eps=1e-5, weight_decay=0.1),
            ),
            ({"name": "lamb", "lr": 0.01}, lambda o: o.lamb(0.01)),
            ({"name": "lars", "lr": 2.0}, lambda o: o.lars(2.0)),
            (
                {
                    "name": "lars",
                    "lr": 1.0,
                    "beta": 0.5,
                    "trust": 0.02,
                    "eps": 1e-3,
                    "weight_decay": 0.1,
                    "nesterov": True,
                },
                lambda o: o.lars(1.0, 0.1, trust_coefficient=0.02, eps=1e-3, momentum=0.5, nesterov=True),
            ),
            (
                {"name": "muon", "eps": 1e-8, "corrected": True},
                lambda o: o.contrib.muon(0.02, adam_learning_rate=0.001),
            ),
            (
                {**MUON, "eps": 1e-8, "corrected": True, "weight_decay": 0.1},
                lambda o: o.contrib.muon(
                    0.05, beta=0.8, weight_decay=0.1, adam_b1=0.7, adam_b2=0.95, adam_learning_rate=0.01
                ),
            ),
            (
                {**MUON, "eps": 1e-3, "vector_eps": 1e-3, "corrected": True, "nesterov": False},
                lambda o: o.contrib.muon(
                    0.05, beta=0.8, eps=1e-3, nesterov=False, adam_b1=0.7, adam_b2=0.95, adam_learning_rate=0.01
                ),
            ),
        ],
    ),
    ids=["lamb, all options", "lamb", "lars", "lars, all options", "muon", "muon, all options", "muon, no nesterov"],
)
def test_trajectories_equal_those_of_optax(planned, table, make):
    sweep, x = swept(planned, **table)
    theirs = in_optax(make, sweep.case, x[0].T)
    assert len(theirs) == 3
    for run, path in enumerate(theirs):
        np.testing.assert_allclose(x[:, :, run], path, rtol=1e-10, atol=1e-12)
    assert np.abs(x[-1] - x[0]).max() > 1e-3


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5)])
def test_muons_matrix_has_singular_values_around_one(shape):
    g = np.random.default_rng(0).normal(size=shape)
    found = orthogonalized(g, 1e-7)
    values = np.linalg.svd(found, compute_uv=False)
    assert (values > 0.5).all()
    assert (values < 1.5).all()
    u, _, v = np.linalg.svd(g, full_matrices=False)
    rotated = u.T @ found @ v.T  # the singular vectors stay
    np.testing.assert_allclose(rotated - np.diag(np.diag(rotated)), 0, atol=1e-10)


@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_by_hand(planned, nesterov):
    """Two steps on matrices by the polynomial of the singular values, on vectors by torch's Adam."""
    import torch

    options = {"lr": 0.05, "beta": 0.9, "weight_decay": 0.2, "nesterov": nesterov, "vector_share": 0.2}
    sweep, x = swept(planned, name="muon", **options)
    slope, shapes = gradient_of(sweep.case), sweep.case.tensors
    parts = tensors_of(x[0, :, 0], shapes)
    momentum = dict.fromkeys(parts, 0.0)
    vectors = {n: torch.tensor(p, requires_grad=True) for n, p in parts.items() if p.ndim == 1}
    adam = torch.optim.Adam(vectors.values(), lr=0.01)
    for step in range(2):
        gradients = tensors_of(slope(x[step, :, 0]), shapes)
        for name, vector in vectors.items():
            vector.grad = torch.tensor(gradients[name])
        adam.step()
        for name, part in parts.items():
            if part.ndim == 1:
                parts[name] = vectors[name].detach().numpy().copy()
                continue
            g = gradients[name]
            momentum[name] = 0.9 * momentum[name] + 0.1 * g
            u, s, v = np.linalg.svd(0.9 * momentum[name] + 0.1 * g if nesterov else momentum[name], full_matrices=False)
            s = s / (np.linalg.norm(s) + 1e-7)
            for _ in range(5):
                s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
            scale = np.sqrt(max(1, part.shape[1] / part.shape[0]))
            parts[name] = (1 - 0.05 * 0.2) * part - 0.05 * scale * (u * s) @ v
        np.testing.assert_allclose(x[step + 1, :, 0], flat(parts), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("shape", [(4, 7), (7, 4)])
def test_muon_equals_that_of_torch_except_for_precision(monkeypatch, shape, nesterov):
    """torch orthogonalizes in bfloat16, which is float64 here; its matrices are the transposes of ours."""
    import torch

    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=shape), rng.normal(size=shape)
    weight = torch.tensor(x.T.copy(), requires_grad=True)
    options = {"lr": 0.05, "weight_decay": 0.2, "nesterov": nesterov, "eps": 1e-30}
    theirs = torch.optim.Muon([weight], momentum=0.9, **options)
    m = v = np.zeros(shape)
    for step in range(1, STEPS + 1):
        x, m, v = muon(x, x - target, m, v, t=step, beta=0.9, **options)
        weight.grad = weight.detach() - torch.tensor(target.T)
        theirs.step()
        np.testing.assert_allclose(x, weight.detach().numpy().T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "table", [{"name": "lamb", "lr": 0.02}, {"name": "lars", "lr": 0.5, "trust": 0.05}, {"name": "muon"}]
)
def test_networks_learn(planned, table):
    tables = {"problem": [MLP], "optimizer": [table], "steps": 1000, "seeds": 3}
    (sweep,) = planned(tables).sweeps
    done = runner.run(sweep)
    assert (done.best_loss < 0.5 * done.first_loss).all()


@pytest.mark.parametrize("name", ["lamb", "lars", "muon"])
def test_rules_for_tensors_run_on_functions_of_one_vector(planned, name):
    tables = {"problem": [{"name": "sphere", "start": [1.0, 2.0]}], "optimizer": [{"name": name}], "steps": 50}
    (sweep,) = planned(tables).sweeps
    done = runner.run(sweep)
    assert done.final_loss[0] < done.first_loss[0]
