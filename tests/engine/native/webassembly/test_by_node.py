"""One loop nest per node: shapes, views and products in a real engine, against NumPy."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from optlab import trace
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.webassembly.by_node import module_by_node
from optlab.engine.passes import optimise
from tests.node import evaluated, needs_node

A = np.arange(12.0).reshape(3, 4) / 7 - 0.6

FUNCTIONS = {
    "products": lambda x: A @ x[:4] @ (x[2:5] * 2) + x[1:5] @ A.T @ A[:, 1] + x @ x,
    "matrices": lambda x: np.sum((x.reshape(2, 3) @ A) ** 2) + np.sum(np.stack([A, A + 1]) @ x[:4]),
    "order": lambda x: np.sum(x.reshape(2, 3).T.reshape(6) * np.arange(6.0)) + x[::-2][1] + x[-1],
    "folds": lambda x: np.max(x) + np.min(x.reshape(3, 2), axis=0)[1] * np.prod(x) + np.sum(np.mean(A * x[0], axis=1)),
    "choices": lambda x: np.sum(np.where(x > 0.1, x**3, np.exp(x)) / (1 + np.isfinite(x))),
    "conditions": lambda x: np.sum(np.where((x > 0) + (x < -1), x, 2.0)) + np.sum(np.where(x > 0.5, x < 1, x > 0)),
    "parts": lambda x: np.concatenate([x[4:], [3.0], x[:2] ** 2]) @ np.arange(5.0),
}


@needs_node
def test_functions_against_numpy(tmp_path):
    x = np.random.default_rng(3).normal(size=6)
    given = []
    for f in FUNCTIONS.values():
        graph = optimise(trace(lambda x, t, f=f: [f(x), x[::-1] + t], x, 1.0))
        code, layout = module_by_node(graph, 1)
        given.append([base64.b64encode(code).decode(), layout.__dict__, x.tolist()])
    found = evaluated(
        """
        const found = given.map(([code, { heap, size, inputs, loss, after, imports }, x]) => {
          const env = Object.fromEntries(imports.map((name) => [name, Math[name]]));
          const it = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(code, "base64")), { env }).exports;
          it.memory.grow(1);
          const values = new Float64Array(it.memory.buffer, heap, size);
          values.set(x);
          values[inputs[0]] = 5;
          it.step(heap);
          return [values[loss], ...values.subarray(after, after + x.length)];
        });
        console.log(JSON.stringify(found));
        """,
        tmp_path,
        given,
    )
    for (name, f), (loss, *after) in zip(FUNCTIONS.items(), found, strict=True):
        assert loss == pytest.approx(float(f(x)), rel=1e-14), name
        np.testing.assert_array_equal(after, x[::-1] + 5)


def test_operations_without_a_loop_nest():
    graph = optimise(trace(lambda x: [np.sum(np.sort(x)), x], np.ones(3)))
    with pytest.raises(Unsupported, match="has no loop nest"):
        module_by_node(graph, 1)


def test_graphs_that_need_too_much_memory():
    graph = optimise(trace(lambda x: [np.sum(np.outer(x, x) ** 2), x], np.ones(2_001)))
    with pytest.raises(Unsupported, match="more than 4,000,000 numbers"):
        module_by_node(graph, 1)
