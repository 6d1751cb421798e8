"""Other libraries on the same work, where they are installed. None of them is needed.

JAX runs all runs at once, `jit(vmap(scan))` in float64, compiled before the clock starts, on as many threads as it
likes: so its clock is the one on the wall. PyTorch and autograd run eagerly, one run at a time: so they do the first
run only, for a few steps.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.by_hand import BETA1, BETA2, EPS
from benchmarks.measure import Contender, Result
from optlab.randomness import Minibatches
from optlab.records import Sweep

NAMES = ("jax", "torch", "autograd")
FEW = 200
"""Steps of those that do one run at a time."""


def missing() -> list[str]:
    return [name for name in NAMES if importlib.util.find_spec(name) is None]


def _available(table: dict[str, Contender]) -> list[Contender]:
    return [contender for name, contender in table.items() if name not in missing()]


def rosenbrock(rates: np.ndarray, steps: int, start: tuple[float, float]) -> list[Contender]:
    runs, few, lr = len(rates), min(steps, FEW), float(rates[0])
    compiled: list[Any] = []

    def with_jax() -> Result:
        if not compiled:
            compiled.append(_jax_program(_rosenbrock, steps))
        x, losses = compiled[0](np.broadcast_to(np.array(start), (runs, 2)), rates, None)
        return np.asarray(x).T, np.asarray(losses).T

    def with_torch() -> Result:
        return _torch_loop(lambda x, t: _rosenbrock(x, None), np.array(start), lr, few)

    def with_autograd() -> Result:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from autograd import value_and_grad
        f = value_and_grad(lambda x: _rosenbrock(x, None))
        x, m, v, losses = np.array(start), 0.0, 0.0, np.empty((few, 1))
        for t in range(1, few + 1):
            losses[t - 1], g = f(x)
            x, m, v = _adam(x, g, m, v, t, lr, np.sqrt)
        return x[:, None], losses

    return _available(
        {
            "jax": Contender("JAX jit(vmap(scan))", with_jax, runs, steps, clock=time.perf_counter),
            "torch": Contender("PyTorch eager, one run", with_torch, 1, few),
            "autograd": Contender("autograd, one run", with_autograd, 1, few),
        }
    )


def mlp(work: Sweep, start: np.ndarray, activation: str) -> list[Contender]:
    """JAX is handed the indices of all minibatches, drawn beforehand."""
    split = work.case.split
    assert split is not None
    inputs, targets = split.train_inputs, split.train_targets
    (_, runs), steps, lr = start.shape, work.steps, float(work.hyperparameters["lr"][0])
    few = min(steps, FEW)
    index = np.empty((steps, runs, work.case.batch_size), np.int64)
    batches = Minibatches(work.root_seed, work.seed, len(inputs), work.case.batch_size)
    for t, out in enumerate(index, start=1):
        batches.fill(t, out)
    compiled: list[Any] = []

    def with_jax() -> Result:
        import jax.numpy as jnp
        from jax.nn import logsumexp

        act = jnp.tanh if activation == "tanh" else lambda z: jnp.maximum(z, 0)
        if not compiled:
            held = jnp.asarray(inputs), jnp.asarray(targets)
            lse = lambda z: logsumexp(z, axis=1)  # noqa: E731
            compiled.append(_jax_program(lambda x, i: _mlp(x, held[0][i], held[1][i], act, lse), steps))
        x, losses = compiled[0](start.T, np.full(runs, lr), np.moveaxis(index, 1, 0))
        return np.asarray(x).T, np.asarray(losses).T

    def with_torch() -> Result:
        import torch

        held = torch.from_numpy(inputs), torch.from_numpy(targets)
        act = torch.tanh if activation == "tanh" else torch.relu
        order = torch.from_numpy(index[:, 0])

        def f(x: Any, t: int) -> Any:
            return _mlp(x, held[0][order[t - 1]], held[1][order[t - 1]], act, lambda z: torch.logsumexp(z, 1))

        return _torch_loop(f, start[:, 0].copy(), lr, few)

    return _available(
        {
            "jax": Contender("JAX jit(vmap(scan))", with_jax, runs, steps, clock=time.perf_counter),
            "torch": Contender("PyTorch eager, one run", with_torch, 1, few),
        }
    )


def _rosenbrock(x: Any, index: Any) -> Any:
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


def _mlp(x: Any, a: Any, y: Any, act: Any, logsumexp: Any) -> Any:
    h = act(a @ x[:2048].reshape(64, 32) + x[2048:2080])
    z = h @ x[2080:2400].reshape(32, 10) + x[2400:2410]
    return (logsumexp(z) - (y * z).sum(1)).mean()


def _adam(x: Any, g: Any, m: Any, v: Any, t: Any, lr: Any, sqrt: Any) -> tuple[Any, Any, Any]:
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g**2
    return x - lr * (m / (1 - BETA1**t)) / (sqrt(v / (1 - BETA2**t)) + EPS), m, v


def _jax_program(f: Any, steps: int) -> Any:
    """(x (runs, dim), lr (runs,), index (runs, steps, batch) or None) -> final x and losses (runs, steps)."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def one(x: Any, lr: Any, index: Any) -> Any:
        def step(carry: Any, now: Any) -> Any:
            x, m, v = carry
            t, i = now
            loss, g = jax.value_and_grad(f)(x, i)
            return _adam(x, g, m, v, t, lr, jnp.sqrt), loss

        (x, _, _), losses = jax.lax.scan(step, (x, 0 * x, 0 * x), (jnp.arange(1.0, steps + 1), index))
        return x, losses

    compiled = jax.jit(jax.vmap(one))
    return lambda *arguments: jax.block_until_ready(compiled(*arguments))


def _torch_loop(f: Any, start: np.ndarray, lr: float, steps: int) -> Result:
    import torch

    x = torch.tensor(start, requires_grad=True)
    adam = torch.optim.Adam([x], lr=lr, betas=(BETA1, BETA2), eps=EPS)
    losses = np.empty((steps, 1))
    for t in range(1, steps + 1):
        adam.zero_grad()
        loss = f(x, t)
        loss.backward()
        adam.step()
        losses[t - 1] = loss.item()
    return x.detach().numpy()[:, None], losses
