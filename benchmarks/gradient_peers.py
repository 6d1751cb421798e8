"""autograd, PyTorch and JAX on a value and its gradient, if they are installed.

At one point each library uses its best way: `value_and_grad`, a forward pass and `torch.autograd.grad`, and
`jit(value_and_grad)`. At many points autograd and PyTorch evaluate the same formula on arrays of all points at once,
and JAX `jit(vmap(value_and_grad))`, compiled beforehand. None of them loops over points. All use one thread. JAX
computes in another thread than the caller, so its clock is the processor time of the whole process, with which more
threads would give no advantage.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.objectives import Array, Namespace, Objective

Arrays = tuple[Array, Array]
"""The values, shape (points,), and the gradients, shape (dim, points)."""

USED = ("sin", "cos", "exp", "sqrt", "abs", "clip", "mean", "sum", "array", "arange", "linalg", "pi", "e", "tanh")
"""The names from NumPy that test functions and networks use."""


@dataclass(frozen=True)
class Evaluator:
    """One way to evaluate an objective and its gradient: the timed function, and a function that reads its result."""

    name: str
    points: int
    evaluate: Callable[[], Any]
    read: Callable[[Any], Arrays]
    clock: Callable[[], float] = time.thread_time


def evaluators(objective: Objective, many: bool) -> list[Evaluator]:
    """One evaluator per installed library."""
    return [make(objective, many) for name, make in MAKERS.items() if importlib.util.find_spec(name)]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread, and JAX as well if it has not started before."""
    os.environ.setdefault("NPROC", "1")  # read by JAX when it starts its threads
    if importlib.util.find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _with_autograd(objective: Objective, many: bool) -> Evaluator:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import autograd.numpy as xp
        from autograd import make_vjp, value_and_grad
        from autograd.tracer import getval

    def logsumexp(z: Any) -> Any:
        top = np.max(getval(z), -1, keepdims=True)
        return xp.log(xp.sum(xp.exp(z - top), -1)) + top[..., 0]

    own = {name: getattr(xp, name) for name in USED}
    own |= dict(array=np.array, arange=np.arange)  # constants need no derivative
    f = _written(objective, many, SimpleNamespace(**own, logsumexp=logsumexp, relu=lambda z: xp.maximum(z, 0.0)))
    x = objective.laid_out(many)
    ones = np.ones(len(objective.points))
    differentiated = value_and_grad(f)

    def at_all() -> Any:
        pullback, values = make_vjp(f)(x)
        return values, pullback(ones)

    return _evaluator("autograd", objective, many, at_all if many else lambda: differentiated(x), time.thread_time)


def _with_torch(objective: Objective, many: bool) -> Evaluator:
    import torch

    def constant(value: Any) -> Any:
        return torch.tensor(value, dtype=torch.float64)

    def clip(v: Any, *bounds: Any) -> Any:
        return torch.clamp(v, *(torch.from_numpy(b) if isinstance(b, np.ndarray) else b for b in bounds))

    own = {name: getattr(torch, name) for name in ("sin", "cos", "exp", "abs", "mean", "sum", "tanh", "relu", "linalg")}
    own |= dict(pi=math.pi, e=math.e, clip=clip, array=constant)
    own["sqrt"] = lambda v: torch.sqrt(v) if isinstance(v, torch.Tensor) else math.sqrt(v)
    own["arange"] = functools.partial(torch.arange, dtype=torch.float64)
    f = _written(objective, many, SimpleNamespace(**own, logsumexp=lambda z: torch.logsumexp(z, -1)))
    x = torch.tensor(objective.laid_out(many), requires_grad=True)
    ones = torch.ones(len(objective.points), dtype=torch.float64) if many else None

    def evaluate() -> Any:
        values = f(x)
        return values.detach(), torch.autograd.grad(values, x, ones)[0]

    return _evaluator("torch", objective, many, evaluate, time.thread_time)


def _with_jax(objective: Objective, many: bool) -> Evaluator:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    own = {name: getattr(jnp, name) for name in USED}
    own |= dict(relu=jax.nn.relu, logsumexp=functools.partial(jax.nn.logsumexp, axis=-1))
    axis = 0 if objective.points_first else 1
    one = jax.value_and_grad(objective.write(SimpleNamespace(**own)))
    compiled = jax.jit(jax.vmap(one, axis, (0, axis)) if many else one)
    x = jnp.asarray(objective.laid_out(many))
    return _evaluator("jax", objective, many, lambda: jax.block_until_ready(compiled(x)), time.process_time)


MAKERS = {"autograd": _with_autograd, "torch": _with_torch, "jax": _with_jax}


def _evaluator(name: str, objective: Objective, many: bool, evaluate: Callable[[], Any], clock: Any) -> Evaluator:
    def read(result: Any) -> Arrays:
        value, gradient = map(np.asarray, result)
        if not many:
            return value[None], gradient[:, None]
        return value, gradient.T if objective.points_first else gradient

    return Evaluator(name, len(objective.points) if many else 1, evaluate, read, clock)


def _written(objective: Objective, many: bool, xp: Namespace) -> Callable[[Any], Any]:
    return objective.write(_for_points(xp) if many and not objective.points_first else xp)


def _for_points(xp: Namespace) -> Namespace:
    """A namespace for arrays whose last axis is the axis of points: sums keep it, constants are broadcast over it."""

    def column(value: Any) -> Any:
        return value[:, None] if np.ndim(value) else value

    return SimpleNamespace(
        **{
            **vars(xp),
            "sum": lambda v: xp.sum(v, 0),
            "mean": lambda v: xp.mean(v, 0),
            "linalg": SimpleNamespace(norm=lambda v: xp.linalg.norm(v, None, 0)),
            "array": lambda value: column(xp.array(value)),
            "arange": lambda n: column(xp.arange(n)),
            "clip": lambda v, low, high: xp.clip(v, column(low), column(high)),
        }
    )
