"""Fused arithmetic gives the same bits as without fusion, for any shapes, strides and runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab import grad, trace
from optlab.engine.functions.base import apply
from optlab.engine.native import fused_ufuncs
from optlab.engine.native.fused_ufuncs import EXACT, fuse
from optlab.engine.native.llvm_rules import RULES, select
from optlab.engine.op_kinds import elementwise
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input, compile
from optlab.execution import runner
from optlab.execution.records import ERROR
from optlab.testing.checks import tracing
from optlab.testing.conformance import Failed, run_check
from tests.cases import first_cases


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
    """Compare both; returns the number of saved nodes."""
    graph = optimise(trace(f, *(np.ones(s) for s in shapes)))
    kinds = kinds or [RUN] * len(shapes)
    inputs = [Input(kind) for kind in kinds]
    fewer = fuse(graph, inputs)
    rng = np.random.default_rng(seed)
    data = [rng.normal(size=(*s, runs) if kind == RUN else s) for s, kind in zip(shapes, kinds, strict=True)]
    for values in data:
        values.flat[::7] = rng.choice([0.0, -0.0, np.inf, np.nan, 1e-310, -1e300], size=values.flat[::7].size)
    plain, _ = run(graph, inputs, data, runs)
    quick, _ = run(fewer, inputs, data, runs)
    for a, b in zip(plain, quick, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))
    return len(graph.nodes) - len(fewer.nodes)


@pytest.mark.parametrize("runs", [1, 2, 7, 8, 9, 33])
@pytest.mark.parametrize(
    ("f", "shapes", "saved"),
    [
        (lambda x, y: (x * y + 2.0) / (x - y), [(3,), (3,)], 3),
        (lambda x, y: np.where(x > y, x * x, -y) + 1.0, [(4, 2), (4, 2)], 4),
        (lambda x, y: np.sqrt(abs(x)) * y - 1.0 / x, [(9,), (9,)], 4),
        (lambda x, b: (x + b) * 2.0 - x, [(4, 3), (3,)], 2),  # b is broadcast
        (lambda x, y: (x[::-1] + y) * y[:1], [(8,), (8,)], 1),
        (lambda x, y: (x.T * y - 1.0) / 3.0, [(2, 5), (5, 2)], 2),
        (lambda x, y: (x @ y) * 2.0 + 1.0, [(3, 4), (4, 2)], 1),
        (lambda x, y: (x[1:] - x[:-1]) * y, [(9,), (8,)], 1),
        (lambda x, y: np.sum((x - y) ** 2 * 0.5), [(6,), (6,)], 2),
        (lambda x, y: np.where((x > 0) & ~(y > 0), x, y) * 2.0, [(5,), (5,)], 5),
        (lambda x, y: x * y, [(5,), (5,)], 0),
        (lambda x, y: np.exp(x) + np.sin(y), [(5,), (5,)], 0),
        (lambda x, y: np.maximum(x, y) * 2.0, [(5,), (5,)], 0),  # NumPy may return either of two zeros
        (lambda x, y: (x + 1.0) * y, [(0,), (0,)], 1),
    ],
)
def test_any_shapes_and_strides(f, shapes, saved, runs):
    assert same_with_and_without(f, *shapes, runs=runs) == saved


def test_shared_values_are_not_computed_twice():
    assert same_with_and_without(lambda x: [x * 2.0 + 1.0, np.sin(x * 2.0)], (5,)) == 0
    assert same_with_and_without(lambda x: (x * 2.0 + 1.0) * (x * 2.0), (5,)) == 2


def test_values_without_run_axis_are_not_fused():
    f = lambda x, t, lr: x - lr / (1 - 0.9**t) * x  # noqa: E731
    assert same_with_and_without(f, (9,), (), (), kinds=[RUN, SHARED, UNIFORM]) == 1


def test_more_inputs_than_the_limit_of_a_ufunc():
    def sum_of_all(x):
        total = x[0] * 2.0
        for row in range(1, 40):
            total = total + x[row] * float(row)
        return total

    assert same_with_and_without(sum_of_all, (40, 6)) > 20


@pytest.mark.parametrize("runs", [1, 7, 8, 33])
@pytest.mark.parametrize(
    ("f", "saved"),
    [
        (lambda x, y, t: np.where(t == 1, x, y * 2.0) - x, 2),  # a value per step, the same for all runs
        (lambda x, y, t: np.where(np.isnan(x), y, x * 2.0) + 1.0, 2),  # the comparison is not fused
        (lambda x, y, t: np.where(np.isnan(x)[:1], y, x * 2.0) + 1.0, 2),  # stretched
        (lambda x, y, t: np.where(np.isnan(x)[::-1], y, x * 2.0) + 1.0, 2),  # backwards
        (lambda x, y, t: np.where(np.sum(x) > y[0], y, x) * 2.0, 1),  # one number per run
        (lambda x, y, t: np.where(np.arange(5) > 2, y, x) * 2.0, 1),  # data
        (lambda x, y, t: np.where(x, y, 2.5) + 1.0, 1),  # a number as a condition
        (lambda x, y, t: (x > 0) * y + (y > 0), 3),  # conditions as numbers
        (lambda x, y, t: (np.isnan(x) - y) / np.isnan(y), 1),
        (lambda x, y, t: np.where((x > 0) == (y > 0), x, y), 3),
        (lambda x, y, t: np.where((x > 0) < np.isnan(y), x, y), 2),
        (lambda x, y, t: np.where((x > 0) + (y > 0), x, y), 3),
        (lambda x, y, t: np.where((x > 0) * np.isnan(y), x, y), 2),
        (lambda x, y, t: np.where(np.where(x > 0, y > 0, np.isnan(y)), x, y), 3),
        (lambda x, y, t: np.where(np.logical_and(x, y > 0) | np.logical_not(y), x, y), 4),
        (lambda x, y, t: np.where(np.logical_xor(x, y), x, np.nan) * -0.0, 2),
        (lambda x, y, t: (x * y - 1.0) * np.array([1, 2, 3, 4, 5]) + 2, 1),  # integers are not fused
        (lambda x, y, t: (x * y - y + (x > 0).astype(int)) * 2 - np.sum(x > 0), 1),
    ],
)
def test_conditions_and_whole_numbers(f, saved, runs):
    assert same_with_and_without(f, (5,), (5,), (), runs=runs, kinds=[RUN, RUN, SHARED]) == saved


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conditions_as_inputs(dtype):
    """As for a state of type bool; an operation in place never uses memory of another dtype."""
    first = [np.ones(5, dtype), np.ones(5, bool)]
    graph = optimise(trace(lambda x, c: [np.where(c, x * 2, -x) + 1, c ^ (x > 0.1)], *first))
    inputs = [Input(RUN, carry=0), Input(RUN, carry=1)]
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(5, 9)), rng.random((5, 9)) < 0.5]
    (plain, _), (quick, _) = (run(g, inputs, data, 9) for g in (graph, fuse(graph, inputs)))
    assert [a.dtype for a in quick] == [dtype, bool]
    assert [a.tobytes() for a in quick] == [a.tobytes() for a in plain]


def test_a_user_operation_is_not_replaced_by_one_of_the_same_name():
    root = elementwise("sqrt", lambda x: np.sqrt(np.abs(x)) + 1.0, lambda g, y, x: g)
    assert same_with_and_without(lambda x: apply(root, x * 2.0 + 1.0) - x, (5,)) == 1


@pytest.mark.parametrize(
    ("rule", "place", "name", "wrong"),
    [
        ("adam", RULES, "multiply", lambda b, x, y: x),
        ("adam", RULES, "sqrt", lambda b, x: x),
        ("rprop", RULES, "greater", RULES["less"]),
        ("rprop", vars(fused_ufuncs), "select", lambda b, condition, yes, no: select(b, condition, no, yes)),
    ],
)
def test_a_wrong_rule_is_found_by_the_conformance_suite(rule, place, name, wrong, monkeypatch, built_in):
    """The suite uses fused arithmetic for sweeps of any size."""
    (check,) = (c for c in tracing.CHECKS if c.name == "fused_equals_traced[float32]")
    run_check(check, built_in.optimizer(rule))
    monkeypatch.setitem(place, name, wrong)
    with pytest.raises(Failed, match="when fused"):
        run_check(check, built_in.optimizer(rule))


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


NETWORK = {"name": "mlp", "dataset": "xor", "hidden": [5], "batch_size": 16}


def same_with_and_without_fusing(sweep):
    """The same by the runner."""
    task = runner.Runner([sweep])
    quick, plain = task(sweep), runner.run(dataclasses.replace(sweep, backend="replay"))
    assert any(node.op.name == "fused" for node in task._prepared[sweep.id]._on_replay.graph.nodes)
    assert (plain.status != ERROR).all()
    for name in ("loss", "final_loss", "best_loss", "status", "steps"):
        assert getattr(quick, name).tobytes() == getattr(plain, name).tobytes()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_in_training(planned, activation, monkeypatch):
    rules = [{"name": "adam", "lr": [1e-3, 1e-2]}]
    table = {**NETWORK, "activation": activation}
    (sweep,) = planned({"problem": [table], "optimizer": rules, "steps": 60, "seeds": 3}).sweeps
    monkeypatch.setattr(runner, "WORTH_FUSING", 0)
    same_with_and_without_fusing(sweep)


@pytest.mark.parametrize("share", first_cases(1, [4, 1]))
def test_every_rule_and_transform_on_a_network(planned, built_in, share, monkeypatch):
    """Of one in `share` of them."""
    rules = [{"name": name} for name in built_in.optimizers]
    rules += [{"name": "gd", "label": name, "transforms": [name]} for name in built_in.transforms]
    document = {"problem": [NETWORK], "optimizer": rules[::share], "steps": 8, "seeds": 3}
    monkeypatch.setattr(runner, "WORTH_FUSING", 0)
    sweeps = planned(document).sweeps
    assert len(sweeps) == len(rules[::share])
    for sweep in sweeps:
        same_with_and_without_fusing(sweep)


@pytest.mark.parametrize("rule", ["radam", "rprop"])
def test_rules_with_conditions_in_float32(planned, rule, monkeypatch):
    document = {"problem": [NETWORK], "optimizer": [{"name": rule}], "steps": 20, "precision": "float32"}
    monkeypatch.setattr(runner, "WORTH_FUSING", 0)
    same_with_and_without_fusing(planned(document).sweeps[0])


def test_only_exact_operations_are_fused():
    """In a gradient of tanh, NumPy computes tanh."""
    graph = optimise(trace(grad(lambda x: np.sum(np.tanh(x) ** 2)), np.ones(4)))
    left = {node.op.name for node in fuse(graph, [Input(RUN)]).nodes}
    assert {"tanh", "cosh"} <= left <= {"tanh", "cosh", "fused"} | EXACT
