"""Graphs as expressions of arrays: pieces of joined and sliced arrays, and graphs that are refused."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad, trace
from optlab.engine.native.array_ir import Rolled, rolled_up
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.segments import Read
from optlab.engine.passes import optimise
from optlab.engine.trace import trace as traced

N = 10
X = np.ones(N)
WEIGHTS = np.arange(1.0, N + 1)


def rolled(f, *args) -> Rolled:
    return rolled_up(optimise(trace(f, *args)), None, (0,))


def ops(found: Rolled) -> list[str]:
    return sorted(found.ops[i] for i in found.needed if found.ops[i] not in ("input", "constant", "load"))


def pieces(found: Rolled) -> list[tuple[int, str]]:
    """The pieces of the first output: the number of entries of each, and its expression."""
    return [(n, found.ops[i]) for n, i in found.outputs[0]]


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda x: np.sum(x * x), ["dot"]),
        (lambda x: np.sum(2.0 * x + 1.0), ["fma", "sum"]),
        (lambda x: x @ x, ["dot"]),
        (lambda x: x / (1.0 + x), ["add", "divide"]),
        (lambda x: np.sum(np.full(N, 2.0) * x[0]), ["dot"]),
        (lambda x: np.max(np.full(N, 2.0) * x[0]), ["multiply"]),
        (lambda x: np.sum(np.sin(x)[1:] - np.cos(x)[1:]), ["cos", "sin", "subtract", "sum"]),
        (lambda x: np.sum(np.reshape(x, (2, 5))) + np.max(x[::-1]), ["add", "max", "sum"]),
        (lambda x: np.sum(np.where(x > 0, x, 1.0)), ["greater", "sum", "where"]),
        (lambda x: np.sum(np.stack([x, 2.0 * x])[0]), ["sum"]),
    ],
)
def test_simplified_expressions(f, left):
    assert ops(rolled(f, X)) == left


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.concatenate([x[:1] * 2.0, np.exp(x[1:])]), [(1, "multiply"), (N - 1, "exp")]),
        (lambda x: np.concatenate([x[:3] * 2.0, np.exp(x[3:])])[2:5], [(1, "multiply"), (2, "exp")]),
        (lambda x: np.concatenate([np.sin(x[:4]), np.exp(x[4:])])[::-2], [(3, "exp"), (2, "sin")]),
        (lambda x: np.concatenate([np.zeros(3), x, np.zeros(3)])[1:4], [(2, "constant"), (1, "load")]),
        (lambda x: np.append(x[:4], x[0]) + np.append(x[2:3], x[:4]), [(1, "add"), (3, "add"), (1, "add")]),
        (lambda x: np.concatenate([x[:2], x[:2]]), [(2, "load"), (2, "load")]),
        (lambda x: np.broadcast_to(x[3], (7,)) * 2.0, [(7, "multiply")]),
        (lambda x: x[:1] * np.ones((3, 1)), [(3, "load")]),
        (lambda x: x[np.array([1, 2, 3, 3, 3, 8])], [(3, "load"), (2, "load"), (1, "load")]),
        (lambda x: np.sum(x.reshape(2, 5) * 2.0, axis=1), [(1, "dot"), (1, "dot")]),
        (lambda x: np.sum(np.exp(x).reshape(2, 5), axis=0), [(5, "add")]),
        (lambda x: np.exp(x).reshape(5, 2).T, [(5, "exp"), (5, "exp")]),
        (lambda x: np.outer(np.ones(3), x) @ x, [(3, "dot")]),
        (lambda x: np.arange(30.0).reshape(3, N) @ x, [(1, "dot"), (1, "dot"), (1, "dot")]),
    ],
)
def test_pieces_of_joined_arrays(f, expected):
    assert pieces(rolled(f, X)) == expected


@pytest.mark.parametrize(
    ("f", "count", "read"),
    [
        (lambda x: np.exp(x)[2:][::-3], 3, Read("input", 0, 9, -3)),
        (lambda x: np.exp(x[::2])[1:4], 3, Read("input", 0, 2, 2)),
        (lambda x: np.exp(x[::-2])[1::2], 2, Read("input", 0, 7, -4)),
    ],
)
def test_a_slice_reads_memory_at_an_offset(f, count, read):
    found = rolled(f, X)
    ((n, i),) = found.outputs[0]
    (load,) = found.args[i]
    assert (n, found.reads[load]) == (count, read)


def test_powers_of_data_are_not_kept_between_steps():
    graph = optimise(trace(lambda x, t, b: x * WEIGHTS**t + b**t, X, 1.0, 0.9))
    assert ops(rolled_up(graph, 1, (0,))) == ["fma", "power", "running"]


def test_values_that_depend_on_data_only_are_data():
    found = rolled(lambda x: x / WEIGHTS + np.sqrt(WEIGHTS)[::-1], X)
    assert ops(found) == ["fma"]
    used = [found.reads[i] for i in found.needed if i in found.reads and found.reads[i].source == "table"]
    values = [found.tables[read.number][read.first :: read.step] for read in used]
    expected = [1 / WEIGHTS, np.sqrt(WEIGHTS)[::-1]]
    assert sorted(map(tuple, values)) == sorted(map(tuple, expected))


def test_a_large_state_is_refused():
    with pytest.raises(Unsupported, match="x and its state are more than 1,000,000 numbers"):
        rolled(lambda x: x * 2.0, np.ones(1_000_001))


def test_a_sum_with_a_few_more_entries_shares_the_loop():
    def step(x):
        def f(x):
            return np.sum((x[1:] - x[:-1] ** 2) ** 2)

        return [f(x), x - 0.1 * grad(f)(x)]

    found = rolled(step, X)
    assert {found.lengths[i] for i in found.needed if i in found.lengths} == {N - 2}
    assert [n for n, _ in found.outputs[1]] == [1, N - 2, 1]


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: np.sort(x), "argsort has no native rule"),
        (lambda x: np.outer(np.tile(x, 7), x), "an array falls into more than 64 pieces"),
        (lambda x: np.sum(x.reshape(5, 2, 1) * np.ones(2), axis=(0, 2)), "axes with others between them has no loop"),
        (lambda x: np.sum(np.tile(x, 13).reshape(65, 2), axis=0), "a sum of more than 64 rows has no loop"),
        (lambda x: np.ones((65, N)) @ x, "a product of matrices with more than 64 entries has no loop"),
        (
            lambda x: grad(lambda x: np.sum(np.tile(x, 13)[::2] ** 2))(x),
            "the reverse of a slice with a step has no loop",
        ),
        (lambda x: x[0] * np.arange(30_000.0), "it has data of 30,000 numbers"),
        (lambda x: x.astype(np.float32), "it computes with numbers of type float32"),
        (lambda x: np.stack([f(x[n]) for n in range(N) for f in (np.sin, np.cos, np.exp)]), "one by one"),
    ],
)
def test_refusals_have_a_reason(f, why):
    with pytest.raises(Unsupported, match=why):
        rolled_up(traced(f, X), None, (0,), 30)
