"""Other libraries on the same work, if they are installed.

JAX does all runs at once, `jit(vmap(scan))` in float64, compiled before the clock starts, on any number of
threads, so it is measured in wall time. PyTorch and autograd run eagerly, one run at a time, so they do only the
first run, for a few steps.
"""

from __future__ import annotations

import functools
import time
import warnings
from typing import Any

import numpy as np

from benchmarks import conditions
from benchmarks.by_hand import BETA1, BETA2, EPS
from benchmarks.measure import Contender, Result
from optlab.execution.randomness import Minibatches
from optlab.execution.records import Sweep

FEW = 200
"""The number of steps of libraries that do one run at a time."""


def _available(table: dict[str, list[Contender]]) -> list[Contender]:
    return [contender for name, own in table.items() if name not in conditions.missing() for contender in own]


def trajectories(f: Any, rates: np.ndarray, steps: int, start: np.ndarray) -> list[Contender]:
    """Adam on a function of JAX arrays, for every learning rate."""
    x = np.broadcast_to(start, (len(rates), len(start)))
    return _available({"jax": [_jax("JAX jit(vmap(scan))", lambda x, _: f(x), _jax_step, x, rates, steps)]})


def rosenbrock(rates: np.ndarray, steps: int, start: tuple[float, float]) -> list[Contender]:
    """In JAX also with a number per coordinate in place of vectors of two, which compiles to faster loops."""
    few, lr = min(steps, FEW), float(rates[0])
    x = np.broadcast_to(np.array(start), (len(rates), 2))

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
            "jax": [
                _jax("JAX jit(vmap(scan))", _rosenbrock, _jax_step, x, rates, steps),
                _jax("JAX, by coordinate", _rosenbrock, _jax_step_by_coordinate, tuple(x.T), rates, steps),
            ],
            "torch": [Contender("PyTorch eager, one run", with_torch, 1, few, clock=time.perf_counter)],
            "autograd": [Contender("autograd, one run", with_autograd, 1, few, clock=time.perf_counter)],
        }
    )


def mlp(work: Sweep, start: np.ndarray, activation: str) -> list[Contender]:
    """JAX gets the indices of all minibatches, drawn beforehand."""
    split = work.case.split
    assert split is not None
    inputs, targets = split.train_inputs, split.train_targets
    (_, runs), steps, lr = start.shape, work.steps, float(work.numbers["hyperparameter", "lr"][0])
    few = min(steps, FEW)
    index = np.empty((steps, runs, work.case.batch_size), np.int64)
    batches = Minibatches(work.root_seed, work.seed, len(inputs), work.case.batch_size)
    for t, out in enumerate(index, start=1):
        batches.fill(t, out)

    def in_jax(x: Any, i: Any) -> Any:
        import jax.numpy as jnp
        from jax.nn import logsumexp

        act = jnp.tanh if activation == "tanh" else lambda z: jnp.maximum(z, 0)
        lse = functools.partial(logsumexp, axis=1)
        return _mlp(x, jnp.asarray(inputs)[i], jnp.asarray(targets)[i], act, lse)

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
            "jax": [
                _jax(
                    "JAX jit(vmap(scan))",
                    in_jax,
                    _jax_step,
                    start.T,
                    np.full(runs, lr),
                    steps,
                    np.moveaxis(index, 1, 0),
                )
            ],
            "torch": [Contender("PyTorch eager, one run", with_torch, 1, few)],
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


def _jax(name: str, f: Any, step: Any, x: Any, rates: np.ndarray, steps: int, index: Any = None) -> Contender:
    """`f(x, index)` of one run; x is (runs, dim), or a tuple of (runs,) by coordinate; index (runs, steps, batch)."""

    @functools.cache
    def ready() -> Any:
        import jax

        program = _jax_program(f, step, steps)
        given = jax.device_put((x, rates, index))
        return lambda: program(*given)

    def read(result: Any) -> Result:
        x, losses = result
        return np.array(x) if isinstance(x, tuple) else np.asarray(x).T, np.asarray(losses)

    return Contender(name, lambda: ready()(), len(rates), steps, clock=time.perf_counter, read=read)


def _jax_program(f: Any, step: Any, steps: int) -> Any:
    """(x, lr, index) -> final x and losses (steps, runs), an order that needs no transpose in JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def one(x: Any, lr: Any, index: Any) -> Any:
        def advance(carry: Any, now: Any) -> Any:
            x, m, v = carry
            t, i = now
            loss, g = jax.value_and_grad(f)(x, i)
            return step(x, g, m, v, t, lr), loss

        zero = jax.tree.map(jnp.zeros_like, x)
        (x, _, _), losses = jax.lax.scan(advance, (x, zero, zero), (jnp.arange(1.0, steps + 1), index))
        return x, losses

    compiled = jax.jit(jax.vmap(one, out_axes=(0, 1)))
    return lambda *arguments: jax.block_until_ready(compiled(*arguments))


def _jax_step(x: Any, g: Any, m: Any, v: Any, t: Any, lr: Any) -> Any:
    import jax.numpy as jnp

    return _adam(x, g, m, v, t, lr, jnp.sqrt)


def _jax_step_by_coordinate(x: Any, g: Any, m: Any, v: Any, t: Any, lr: Any) -> Any:
    return tuple(zip(*(_jax_step(*own, t, lr) for own in zip(x, g, m, v, strict=True)), strict=True))


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
