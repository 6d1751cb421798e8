"""Fused arithmetic: the same bits as without, whatever the shapes, strides and runs."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad, trace
from optlab.engine.native.fused import EXACT, fuse
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input, compile


def run(graph, inputs, data, runs):
    program = compile(graph, inputs, runs)
    for buffer, values in zip(program.inputs, data, strict=True):
        buffer[...] = values
    with np.errstate(all="ignore"):
        program.prepare()
        program.step()
        program.step()
    return [np.array(output) for output in program.outputs], program.calls


def same_with_and_without(f, *shapes, runs=5, kinds=None, seed=0):
    """Both ways; returns how many nodes were saved."""
    graph = optimise(trace(f, *(np.ones(s) for s in shapes)))
    kinds = kinds or [RUN] * len(shapes)
    inputs = [Input(kind) for kind in kinds]
    fused = fuse(graph, inputs)
    rng = np.random.default_rng(seed)
    data = [rng.normal(size=(*s, runs) if kind == RUN else s) for s, kind in zip(shapes, kinds, strict=True)]
    for values in data:
        values.flat[::7] = rng.choice([0.0, -0.0, np.inf, np.nan, 1e-310, -1e300], size=values.flat[::7].size)
    plain, _ = run(graph, inputs, data, runs)
    quick, _ = run(fused, inputs, data, runs)
    for a, b in zip(plain, quick, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))
    return len(graph.nodes) - len(fused.nodes)


@pytest.mark.parametrize("runs", [1, 2, 7, 8, 9, 33])
@pytest.mark.parametrize(
    ("f", "shapes", "saved"),
    [
        (lambda x, y: (x * y + 2.0) / (x - y), [(3,), (3,)], 3),
        (lambda x, y: np.where(x > y, x * x, -y) + 1.0, [(4, 2), (4, 2)], 4),
        (lambda x, y: np.sqrt(abs(x)) * y - 1.0 / x, [(9,), (9,)], 4),
        (lambda x, b: (x + b) * 2.0 - x, [(4, 3), (3,)], 2),  # b is stretched
        (lambda x, y: (x[::-1] + y) * y[:1], [(8,), (8,)], 1),
        (lambda x, y: (x.T * y - 1.0) / 3.0, [(2, 5), (5, 2)], 2),
        (lambda x, y: (x @ y) * 2.0 + 1.0, [(3, 4), (4, 2)], 1),
        (lambda x, y: (x[1:] - x[:-1]) * y, [(9,), (8,)], 1),
        (lambda x, y: np.sum((x - y) ** 2 * 0.5), [(6,), (6,)], 2),
        (lambda x, y: np.where((x > 0) & ~(y > 0), x, y) * 2.0, [(5,), (5,)], 5),
        (lambda x, y: x * y, [(5,), (5,)], 0),
        (lambda x, y: np.exp(x) + np.sin(y), [(5,), (5,)], 0),
        (lambda x, y: np.maximum(x, y) * 2.0, [(5,), (5,)], 0),  # of two zeros NumPy may take either
        (lambda x, y: (x + 1.0) * y, [(0,), (0,)], 1),
    ],
)
def test_shapes_and_strides(f, shapes, saved, runs):
    assert same_with_and_without(f, *shapes, runs=runs) == saved


def test_what_is_needed_elsewhere_is_not_computed_twice():
    assert same_with_and_without(lambda x: [x * 2.0 + 1.0, np.sin(x * 2.0)], (5,)) == 0
    assert same_with_and_without(lambda x: (x * 2.0 + 1.0) * (x * 2.0), (5,)) == 2


def test_what_does_not_differ_between_runs_stays_outside():
    f = lambda x, t, lr: x - lr / (1 - 0.9**t) * x  # noqa: E731
    assert same_with_and_without(f, (9,), (), (), kinds=[RUN, SHARED, UNIFORM]) == 1


def test_more_inputs_than_a_ufunc_takes():
    def sum_of_all(x):
        total = x[0] * 2.0
        for row in range(1, 40):
            total = total + x[row] * float(row)
        return total

    assert same_with_and_without(sum_of_all, (40, 6)) > 20


@pytest.mark.parametrize("seed", range(40))
def test_random_arithmetic(seed):
    rng = np.random.default_rng(seed)
    shapes = [tuple(rng.integers(1, 5, size=2).tolist())] * 3 + [()]

    def f(*inputs):
        made = [v if np.ndim(v) else v * np.ones(shapes[0]) for v in inputs]
        for _ in range(12):
            a, b, c = (made[i] for i in rng.integers(0, len(made), size=3))
            ways = [a + b, a - b, a * b, a / b, -a, abs(a), np.sqrt(a), np.where(a < b, b, c), a**2, 1.5 * a, a - b * c]
            made.append(ways[rng.integers(0, len(ways))])
        return made[-3:]

    state = rng.bit_generator.state

    def again(*inputs):
        rng.bit_generator.state = state
        return f(*inputs)

    same_with_and_without(again, *shapes, runs=int(rng.integers(1, 20)), seed=seed)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_in_training(planned, activation, monkeypatch):
    import dataclasses

    from optlab import runner

    table = {"name": "mlp", "dataset": "xor", "hidden": [5], "batch_size": 16, "activation": activation}
    rules = [{"name": "adam", "lr": [1e-3, 1e-2]}]
    (sweep,) = planned({"problem": [table], "optimizer": rules, "steps": 60, "seeds": 3}).sweeps
    monkeypatch.setattr(runner, "WORTH_FUSING", 0)
    fused = runner.run(sweep)
    plain = runner.run(dataclasses.replace(sweep, backend="replay"))
    for name in ("loss", "final_loss", "best_loss", "status"):
        assert getattr(fused, name).tobytes() == getattr(plain, name).tobytes()


def test_only_what_is_exact_is_fused():
    """A gradient through tanh: NumPy's tanh stays NumPy's."""
    graph = optimise(trace(grad(lambda x: np.sum(np.tanh(x) ** 2)), np.ones(4)))
    left = {node.op.name for node in fuse(graph, [Input(RUN)]).nodes}
    assert {"tanh", "cosh"} <= left <= {"tanh", "cosh", "fused"} | EXACT
