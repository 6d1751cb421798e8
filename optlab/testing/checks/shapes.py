"""What comes back has the shape and the type of what went in, and entries are treated alike."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from optlab.engine.trace import trace
from optlab.optimizers.base import Optimizer
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
    """x and each state come back in the shape they had, for one, two and five parameters; for tensors, of a
    wide and of a tall matrix."""
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
                        "the same shapes in and out",
                        "a sum, mean or norm over x is a single number; np.zeros_like(x) has the shape of x",
                    )
            values = result


def _of_types(optimizer: Optimizer) -> str:
    if "rng" in optimizer.signature.supplied:
        return "rng draws float64: write rng.standard_normal(x.shape).astype(x.dtype)"
    return (
        "np.zeros(n), np.array(...), np.where(c, 1.0, 0.0) are float64, and np.eye(n) without dtype=x.dtype; "
        "np.zeros_like and t, lr, ... adapt"
    )


@on_each_ground
def keeps_dtype(optimizer: Optimizer, ground: Ground, dtype: str) -> None:
    """x and each state come back in the dtype they had, t and the hyperparameters being of that dtype too.

    As Python numbers they would be more lenient in `lr * g`, but not in `np.sqrt(1 - beta2**t) * g`, which is as right.
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
                    f"{old.dtype} in, {old.dtype} out",
                    _of_types(optimizer),
                )
        values = [np.array(value) for value in result]


def treats_entries_alike(optimizer: Optimizer) -> None:
    """Where each parameter is updated by itself, their order does not matter.

    Whether it is so is seen in the traced graph: no reduction over x, no part of it taken, no matrix.
    """
    if not _is_elementwise(optimizer):
        raise Skipped("its parameters are updated together")
    order = np.roll(np.arange(DIM), 1)
    wanted = history(optimizer, BOWL, START)[-1]
    mixed = history(optimizer, Bowl(BOWL.curvature[order], BOWL.centre[order]), START[order])[-1]
    for name, a, b in zip(names(optimizer), wanted, mixed, strict=True):
        if not np.allclose(a[order], b, rtol=1e-12, atol=0, equal_nan=True):
            raise failed(
                optimizer,
                f"gives {name} = {a[order]}, and {b} when the parameters come in another order",
                "the same numbers in the other order",
                "a constant that differs between entries, as np.arange(x.size), knows their places",
            )


def _is_elementwise(optimizer: Optimizer) -> bool:
    """Whether the rule alone is made of operations entry by entry, and its state of arrays like x."""
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
    Check("keeps_shape", keeps_shape, "a number where an array was, or broadcasting to a larger array"),
    *(
        Check(f"keeps_dtype[{dtype}]", functools.partial(keeps_dtype, dtype=dtype), "float32 silently becomes float64")
        for dtype in ("float64", "float32")
    ),
    Check(
        "treats_entries_alike", treats_entries_alike, "an entry is treated by its place in x", needs=(CALLED, TRACED)
    ),
)
