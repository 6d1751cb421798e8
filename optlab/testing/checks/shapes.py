"""Returned arrays have the shapes and dtypes of the arguments, and all entries are treated equally."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from optlab.engine.trace import trace
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import CALLED, TRACED, Check, on_each_ground
from optlab.testing.ground import (
    BOWL,
    DIM,
    START,
    STEPS,
    Ground,
    Skipped,
    call,
    failed,
    history,
    initial,
    names,
    update,
)
from optlab.testing.landscapes import Bowl


def keeps_shape(optimizer: Optimizer) -> None:
    """x and each state keep their shapes, for one, two and five parameters; for rules for tensors, also for a wide and
    a tall matrix."""
    shapes = [(1,), (2,), (DIM + 1,)] + [(2, 3), (3, 2)] * (optimizer.per == "tensor")
    for shape in shapes:
        bowl = Bowl.of(shape)
        values = initial(optimizer, bowl.centre + 1)
        for t in range(1, STEPS + 1):
            result = update(optimizer, bowl, values, t)
            for name, old, new in zip(names(optimizer), values, result, strict=True):
                if np.shape(new) != np.shape(old):
                    raise failed(
                        optimizer,
                        f"returns {name} of shape {np.shape(new)} where it was given {np.shape(old)}",
                        "the same shapes as the arguments",
                        "a sum, mean or norm over x is a single number; np.zeros_like(x) has the shape of x",
                    )
            values = result


def _why_another_dtype(optimizer: Optimizer) -> str:
    if "rng" in optimizer.signature.supplied:
        return "rng draws float64: write rng.standard_normal(x.shape).astype(x.dtype)"
    return (
        "np.zeros(n), np.array(...), np.where(c, 1.0, 0.0) and np.eye(n) without dtype=x.dtype are float64; "
        "np.zeros_like(x), t, lr, ... have the dtype of x"
    )


@on_each_ground
def keeps_dtype(optimizer: Optimizer, ground: Ground, dtype: str) -> None:
    """x and each state keep their dtype, if t and the hyperparameters are NumPy numbers of that dtype.

    With Python numbers, `lr * g` would keep the dtype too, but `np.sqrt(1 - beta2**t) * g` would not, although it is
    correct.
    """
    bowl = Bowl.of(ground.shape, dtype)
    values = initial(optimizer, ground.start.astype(dtype))
    number = np.dtype(dtype).type
    numbers = {name: number(default) for name, default in optimizer.signature.numbers.items()}
    for t in range(1, STEPS + 1):
        result = call(optimizer, bowl, values, bowl.grad(values[0]), number(t), **numbers)
        for name, old, new in zip(names(optimizer), values, map(np.asarray, result), strict=True):
            if new.dtype != old.dtype:
                raise failed(
                    optimizer,
                    f"returns {name} as {new.dtype} where it was given {old.dtype}",
                    f"{old.dtype}, the dtype of the argument",
                    _why_another_dtype(optimizer),
                )
        values = [np.array(value) for value in result]


def treats_entries_alike(optimizer: Optimizer) -> None:
    """If each parameter is updated independently, their order does not matter.

    The parameters are independent if the traced graph has elementwise operations only: no reductions, no indexing, no
    matrix products.
    """
    if not _is_elementwise(optimizer):
        raise Skipped("its parameters are not updated independently")
    order = np.roll(np.arange(DIM), 1)
    wanted = history(optimizer, BOWL, START)[-1]
    mixed = history(optimizer, Bowl(BOWL.curvature[order], BOWL.centre[order]), START[order])[-1]
    for name, a, b in zip(names(optimizer), wanted, mixed, strict=True):
        if not np.allclose(a[order], b, rtol=1e-12, atol=0, equal_nan=True):
            raise failed(
                optimizer,
                f"gives {name} = {a[order]}, and {b} when the parameters are in another order",
                "the same numbers in the other order",
                "a constant that differs between entries, such as np.arange(x.size), depends on their positions",
            )


def _is_elementwise(optimizer: Optimizer) -> bool:
    """Whether the rule has elementwise operations only, and states of the shape of x only."""
    if optimizer.per == "tensor" or {"f", "grad", "loss", "hvp", "rng"} & set(optimizer.signature.supplied):
        return False
    values = initial(optimizer, START)
    if any(value.shape != START.shape for value in values):
        return False
    supplied = {"t": 1.0, "steps": float(STEPS)}

    def rule(x: Any, g: Any, *state: Any) -> Any:
        return optimizer(x, g, *state, **{name: supplied[name] for name in optimizer.signature.supplied})

    graph = trace(rule, values[0], START, *values[1:])
    return all(node.op.kind == "elementwise" for node in graph.nodes)


CHECKS = (
    Check("keeps_shape", keeps_shape, "a number instead of an array, or broadcasting to a larger array"),
    *(
        Check(f"keeps_dtype[{dtype}]", functools.partial(keeps_dtype, dtype=dtype), "float32 silently becomes float64")
        for dtype in ("float64", "float32")
    ),
    Check(
        "treats_entries_alike",
        treats_entries_alike,
        "the update of an entry depends on its position in x",
        needs=(CALLED, TRACED),
    ),
)
