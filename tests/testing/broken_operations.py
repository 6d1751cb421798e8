"""Rules with a user operation that is not a function of its inputs: its numbers depend on the execution."""

import numpy as np

from optlab import optimizer
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise

_RNG = np.random.default_rng(0)
SHAKEN = elementwise("shaken", lambda x: x + _RNG.random(x.shape).astype(x.dtype), lambda g, y, x: g)


@optimizer
def draws_in_an_operation(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Random numbers from a generator that is never reset."""
    m = beta * m + (1 - beta) * apply(SHAKEN, g)
    return x - lr * m, m


BROKEN = [
    (draws_in_an_operation, "fused_equals_traced[float64]", "when fused"),
    (draws_in_an_operation, "fused_equals_traced[float32]", "when fused"),
]
