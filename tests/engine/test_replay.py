"""Programs on buffers: equal to the reference, independent of other runs, and without aliasing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optlab import grad, logsumexp, relu, sigmoid, trace
from optlab.engine.derivatives import gradient_graph
from optlab.engine.functions.indexing import rows
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input, Program, compile
from optlab.engine.replay.calls import Calls
from optlab.engine.replay.memory import Memory
from optlab.errors import TraceError
from tests.cases import first_cases

KINDS = [SHARED, UNIFORM, RUN]


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):  # as the runner does
        yield


def fill(program: Program, kinds: Any, data: Any, runs: int) -> None:
    """`data` has the run axis last; uniform inputs are taken from the first run."""
    for buffer, kind, values in zip(program.inputs, kinds, data, strict=True):
        buffer[...] = values[..., :runs] if kind == RUN else values[..., 0]


def with_run_axis(graph: Graph, outputs: Any, runs: int) -> list[np.ndarray]:
    """Copies of the outputs, all with a run axis."""
    arrays = [np.asarray(o) for o in outputs]
    arrays = [a if a.ndim > len(v.shape) else a[..., None] for a, v in zip(arrays, graph.outputs, strict=True)]
    return [np.broadcast_to(a, (*v.shape, runs)).copy() for a, v in zip(arrays, graph.outputs, strict=True)]


def replay(graph: Graph, data: Any, runs: int, kinds: Any = None, changes: Any = None) -> list[np.ndarray]:
    kinds = kinds or [RUN] * len(data)
    changes = changes or [True] * len(data)
    program = compile(graph, [Input(k, c) for k, c in zip(kinds, changes, strict=True)], runs)
    fill(program, kinds, data, runs)
    program.prepare()
    program.step()
    first = with_run_axis(graph, program.outputs, runs)
    program.step()  # no value of a step remains in the next one
    assert bits(first) == bits(with_run_axis(graph, program.outputs, runs))
    return first


def bits(arrays: Any) -> list[bytes]:
    return [np.ascontiguousarray(a).tobytes() for a in arrays]


def draw(rng: np.random.Generator, graph: Graph, runs: int) -> list[np.ndarray]:
    return [rng.normal(size=(*v.shape, runs)) for v in graph.inputs]


def check_against_reference(graph: Graph, data: Any, got: Any, runs: int) -> None:
    ordered = {"reduce", "matmul", "add_at", "place"}  # these sum in an order that depends on the number of runs
    exact = not any(node.op.kind in ordered for node in graph.nodes)
    for run in range(runs):
        for mine, theirs in zip(got, graph(*(d[..., run] for d in data)), strict=True):
            if exact:
                assert bits([mine[..., run]]) == bits([theirs])
            else:
                assert np.allclose(mine[..., run], theirs, rtol=1e-11, atol=1e-11, equal_nan=True)


def check_company(graph: Graph, data: Any, runs: int = 100) -> list[np.ndarray]:
    """Every run alone, the first 7 runs, and all 100 have the same bits."""
    together = replay(graph, data, runs)
    assert bits(replay(graph, data, 7)) == bits(a[..., :7] for a in together)
    for run in (0, 1, runs - 1):
        alone = replay(graph, [d[..., run:] for d in data], 1)
        assert bits(alone) == bits(a[..., run : run + 1] for a in together)
    return together


# ---- random programs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", first_cases(2, range(8)))
def test_random_programs_do_not_depend_on_other_runs(block, random_program):
    for seed in range(10 * block, 10 * block + 10):
        rng = np.random.default_rng(seed)
        program = random_program(rng)
        graphs = [
            optimise(trace(program.several, *program.inputs)),
            gradient_graph(trace(program.numpy, *program.inputs), tuple(range(len(program.inputs)))),
        ]
        for graph in graphs:
            data = draw(rng, graph, 20)
            together = check_company(graph, data, 20)
            check_against_reference(graph, data, together, 2)
            uniform = [bool(rng.random() < 0.4) for _ in data]
            changes = [bool(rng.random() < 0.6) for _ in data]
            for values, same in zip(data, uniform, strict=True):
                values[...] = values[..., :1] if same else values
            together = replay(graph, data, 20)
            kinds = [UNIFORM if same else RUN for same in uniform]
            assert bits(replay(graph, data, 20, kinds, changes)) == bits(together), seed
            kinds = [SHARED if same else RUN for same in uniform]
            for mine, theirs in zip(replay(graph, data, 20, kinds, changes), together, strict=True):
                assert np.allclose(mine, theirs, rtol=1e-11, atol=1e-11, equal_nan=True), seed


# ---- what a run computes does not depend on its company -----------------------------------------------------------

i, j = np.ogrid[0:300, 0:4]
TABLE = np.sin(i * 1.7 + j)
W = np.cos(np.arange(12.0)).reshape(4, 3)

COMPANY = {
    "rosenbrock": (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), [(300,)]),
    "every function": (
        lambda x: np.exp(np.sin(x)) + np.log1p(x * x) * np.tanh(x) - np.cos(x) ** 3 + sigmoid(x) ** 1.7 + np.tan(x),
        [(37,)],
    ),
    "exponents": (lambda x, p: np.power(np.abs(x), p) + abs(x) ** -1.3, [(9,), ()]),
    "sums of two axes": (lambda x: (np.sum(x, axis=(0, 2)), np.sum(x), np.mean(x, axis=(0, 1))), [(5, 7, 11)]),
    "axes of length one": (lambda x: (np.sum(x, axis=1), np.sum(x, axis=(0, 1)), np.sum(x, 2)), [(9, 1, 1)]),
    "a single parameter": (lambda x: np.sum(np.exp(x)) / np.linalg.norm(x), [(1,)]),
    "sums of views": (lambda x: (np.sum(x[::-1, ::2]), np.sum(x.T, axis=(0, 1)), np.sum(x[:, 0])), [(17, 13)]),
    "sums of stretched values": (lambda x, a: (np.sum(np.broadcast_to(a, 50)), np.sum(x * a)), [(50,), ()]),
    "extrema": (lambda x: (np.max(x, axis=0), np.min(x, axis=(0, 1)), logsumexp(x, axis=1), logsumexp(x)), [(33, 9)]),
    "overlaps": (lambda x: grad(lambda x: np.sum(np.sin(x[2:]) * x[1:-1] * x[:-2]))(x), [(40,)]),
    "repeated indices": (lambda x: grad(lambda x: np.sum(np.sin(x[[0, 2, 0, 1, 0]]) * W.ravel()[:5]))(x), [(3,)]),
    "numbers, vectors, matrices": (lambda a, v, m: np.sum(a * v + m / (2 + v * v), axis=0) - a, [(), (4,), (3, 4)]),
    "matrix products": (
        lambda a, b: (a @ b, np.sum(a.T @ a, axis=0), a @ b[:, 0], b[:, 0] @ b, np.sum(a @ b)),
        [(30, 20), (20, 9)],
    ),
    "products and stretched values": (lambda a, s: (a @ W, np.sum(np.broadcast_to(s, (9, 30))) + s), [(5, 4), ()]),
    "network": (
        lambda x, lr: (
            x
            - lr
            * grad(
                lambda x: np.mean(
                    logsumexp(relu(TABLE @ x[:12].reshape(4, 3) + x[12:15]) @ x[15:24].reshape(3, 3), axis=1)
                    - np.sum(TABLE[:, :3] * x[24:], axis=1)
                )
            )(x)
        ),
        [(27,), ()],
    ),
}


@pytest.mark.parametrize("name", COMPANY)
def test_a_run_alone_equals_that_among_seven_and_a_hundred(name):
    f, shapes = COMPANY[name]
    graph = optimise(trace(f, *(np.ones(s) for s in shapes)))
    data = draw(np.random.default_rng(0), graph, 100)
    together = check_company(graph, data)
    check_against_reference(graph, data, together, 3)


@pytest.mark.parametrize("name", COMPANY)
def test_uniform_numbers_give_the_same_bits(name):
    f, shapes = COMPANY[name]
    graph = optimise(trace(f, *(np.ones(s) for s in shapes)))
    data = draw(np.random.default_rng(1), graph, 9)
    for position in range(len(data)):
        same = [np.broadcast_to(d[..., :1], d.shape) if at == position else d for at, d in enumerate(data)]
        together = replay(graph, same, 9)
        kinds = [UNIFORM if at == position else RUN for at in range(len(data))]
        for changes in ([True] * len(data), [at != position for at in range(len(data))]):
            assert bits(replay(graph, same, 9, kinds, changes)) == bits(together)


@pytest.mark.parametrize("p", [2.0, 0.5, -1.0, 3.0])
def test_an_exponent_swept_or_not_gives_the_same_bits(p):
    """NumPy has fast paths for some exponents if all entries are equal."""
    graph = trace(lambda x, p: np.power(x, p), np.ones(50), 1.0)
    x = np.random.default_rng(0).uniform(0.1, 3.0, size=(50, 10))
    mixed = np.full(10, 1.7)
    mixed[:5] = p
    swept = replay(graph, [x, mixed], 10)[0][:, :5]
    assert bits([swept]) == bits(a[:, :5] for a in replay(graph, [x, np.full(10, p)], 10, [RUN, UNIFORM]))
    assert bits([swept[:, :1]]) == bits(replay(graph, [x, mixed], 1))


def test_minibatches_gathered_per_run():
    """An index that differs between runs selects rows of shared data; the gradient includes the product."""

    def step(x, index):
        batch = rows(TABLE, index)
        loss = lambda x: np.mean(np.tanh(batch @ x.reshape(4, 3)) ** 2)  # noqa: E731
        return loss(x), x - 0.1 * grad(loss)(x)

    graph = optimise(trace(step, np.ones(12), np.arange(8)))
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(12, 100)), rng.integers(300, size=(8, 100))]
    check_against_reference(graph, data, check_company(graph, data), 5)


def test_a_varying_index_into_a_varying_array_is_refused():
    graph = trace(lambda a, index: rows(a, index), np.ones((3, 2)), np.arange(2))
    with pytest.raises(TraceError, match="needs the same array for all runs"):
        compile(graph, [Input(), Input()], 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: grad(lambda x: x[0] * x[2])(x),
        lambda x: np.stack([x[1], x[0] * 2, 3.0]),
        lambda x: np.concatenate([x[::-1], x, [1.0]]).reshape(7, 1),
        lambda x: (x, x, np.ones(2), x.reshape(3, 1).T),
        lambda x: (x > 0, x.astype(np.float32), x.astype(int), np.sum(x > 0)),
        lambda x: np.where(x > 0, x, np.sum(x)),
        lambda x: np.where(True, x, 0.0),
        lambda x: (np.sum(x[3:]), x[3:], np.sum(np.outer(W[0], W[1])[:, :0] @ np.ones((0, 2)) + x[:2])),
        lambda x: np.full(3, 2.0) * np.sum(x[np.array([0, 0, -1])]),
    ],
)
def test_all_kinds_of_inputs_in_all_kinds_of_programs(f, kind):
    graph = trace(f, np.array([0.5, -1.5, 2.5]))
    for g in (graph, optimise(graph)):
        data = [np.array([0.5, -1.5, 2.5])[:, None] + np.zeros(4)]
        for changes in (True, False):
            check_against_reference(g, data, replay(g, data, 4, [kind], [changes]), 4)


# ---- carried inputs -------------------------------------------------------------------------------------------------

A = np.array([1.0, -2.0, 3.0])

RULES = {
    "gd": lambda x, m, v: (x - 0.1 * np.sin(x), m, v),
    "momentum": lambda x, m, v: (x - 0.1 * (0.9 * m + np.sin(x)), 0.9 * m + np.sin(x), v),
    "swap": lambda x, m, v: (x - np.sin(x), v, m),
    "rotation": lambda x, m, v: (m, v, x),
    "the old x": lambda x, m, v: (x - 0.1 * v, x, m),
    "the old x reversed": lambda x, m, v: (x * 0.5, x[::-1], m[::-1]),
    "itself reversed": lambda x, m, v: (x[::-1], m[::-1] + v, v[::-1]),
    "one value twice": lambda x, m, v: (x - m, x - m, m),
    "the new x as a state": lambda x, m, v: (x - m, (x - m) * 2, (x - m)[::-1]),
    "constants": lambda x, m, v: (x - m, np.ones(3), A),
    "read after its update": lambda x, m, v: (x + 1, m + x, v * x),
    "overlapping views": lambda x, m, v: (np.concatenate([x[1:], x[:1]]) + m, np.stack([x[2], x[0], m[1]]), v),
    "sums of old and new": lambda x, m, v: (x - np.sum(m), m + np.sum(x), np.broadcast_to(np.sum(x - np.sum(m)), 3)),
    "choices": lambda x, m, v: (np.where(x > m, x - 1, m), np.where(x > m, m, x), np.maximum(v, x)),
}


@pytest.mark.parametrize("extra", ["none", "before", "after"])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("name", RULES)
def test_carried_states_against_a_plain_numpy_loop(name, runs, extra):
    rule = RULES[name]

    def step(x, m, v):
        seen = (x[0], m[::2], np.sum(x * m)) if extra != "none" else ()
        return (*seen, *rule(x, m, v)) if extra == "before" else (*rule(x, m, v), *seen)

    graph = optimise(trace(step, A, A, A))
    first = 3 if extra == "before" else 0
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(3, runs)) for _ in range(3)]
    program = compile(graph, [Input(carry=first + i) for i in range(3)], runs)
    fill(program, [RUN] * 3, data, runs)
    program.prepare()
    for _ in range(5):
        program.step()
        got = with_run_axis(graph, program.outputs, runs)
        plain = [step(*(d[:, run] for d in data)) for run in range(runs)]
        expected = [np.stack([np.asarray(p[k]) for p in plain], axis=-1) for k in range(len(graph.outputs))]
        for mine, theirs in zip(got, expected, strict=True):
            assert np.allclose(mine, theirs, rtol=1e-13, atol=1e-13)
        data = expected[first : first + 3]
        for buffer, value in zip(program.inputs, data, strict=True):
            assert np.allclose(buffer, value, rtol=1e-13, atol=1e-13)


def random_rule(rng: np.random.Generator, random_program: Any) -> SimpleNamespace:
    """An update rule with one to four states and up to two numbers, and next states of every kind."""
    shape = [(3,), (4,), (), (2, 3), (1,)][rng.integers(5)]
    states, numbers = int(rng.integers(1, 5)), int(rng.integers(0, 3))
    shapes = [shape] * states + [[(), shape][rng.integers(2)] for _ in range(numbers)]
    program = random_program(rng, shapes, int(rng.integers(1, 14)))
    values = program.every(*program.inputs)
    fits = [k for k, v in enumerate(values) if np.shape(v) == shape]
    kinds = rng.choice(
        ["value", "state", "step", "view", "constant", "number"], states, p=[0.45, 0.15, 0.15, 0.1, 0.05, 0.1]
    )
    picks = [(k, int(rng.integers(states)) if k == "state" else int(rng.choice(fits))) for k in kinds]
    seen = [int(k) for k in rng.integers(len(values), size=rng.integers(0, 3))]
    before = len(seen) + 1 if rng.random() < 0.5 else 0

    def following(kind: str, at: int, position: int, values: Any) -> Any:
        return {
            "value": lambda: values[at],
            "state": lambda: values[at],
            "step": lambda: values[position] - 0.3 * values[at],
            "view": lambda: np.reshape(np.reshape(values[at], -1)[::-1], shape),
            "constant": lambda: np.full(shape, 0.5),
            "number": lambda: values[len(shapes) - 1] * 2.0 + np.zeros(shape),
        }[kind]()

    def step(*inputs: Any) -> tuple[Any, ...]:
        values = program.every(*inputs)
        carried = [following(kind, at, k, values) for k, (kind, at) in enumerate(picks)]
        others = [*(values[k] for k in seen), np.reshape(inputs[0], -1)[:1]]
        return (*others, *carried) if before else (*carried, *others)

    return SimpleNamespace(graph=optimise(trace(step, *program.inputs)), states=states, first=before)


@pytest.mark.parametrize("block", range(4))
def test_memory_of_random_update_rules_never_overlaps(block, random_program):
    """States updated in place are equal to the bit to states that are copied."""
    for seed in range(100 * block, 100 * block + 100):
        rng = np.random.default_rng(seed)
        rule = random_rule(rng, random_program)
        graph, runs = rule.graph, int(rng.choice([1, 2, 5]))
        others = len(graph.inputs) - rule.states
        kinds = [RUN] * rule.states + [int(k) for k in rng.integers(3, size=others)]
        changes = [True] * rule.states + [bool(c) for c in rng.random(others) < 0.5]
        data = draw(rng, graph, runs)
        carries = [rule.first + k if k < rule.states else None for k in range(len(kinds))]
        carried = compile(graph, [Input(*given) for given in zip(kinds, changes, carries, strict=True)], runs)
        by_hand = compile(graph, [Input(*given) for given in zip(kinds, changes, strict=True)], runs)
        for program in (carried, by_hand):
            fill(program, kinds, data, runs)
            program.prepare()
        for _ in range(4):
            carried.step()
            by_hand.step()
            expected = with_run_axis(graph, by_hand.outputs, runs)
            assert bits(with_run_axis(graph, carried.outputs, runs)) == bits(expected), seed
            for k in range(rule.states):
                assert bits([carried.inputs[k]]) == bits([expected[rule.first + k]]), seed
                by_hand.inputs[k][...] = expected[rule.first + k]


# ---- costs ---------------------------------------------------------------------------------------------------------


def test_constant_values_are_computed_once():
    graph = optimise(trace(lambda x, lr: x - np.sqrt(np.exp(lr)) * x, A, 0.1))
    program = compile(graph, [Input(carry=0), Input(UNIFORM, changes=False)], 5)
    assert program.calls == 2
    program.inputs[0][...], program.inputs[1][...] = 1.0, 0.0
    program.prepare()
    program.step()
    assert program.inputs[0].tolist() == [[0.0] * 5] * 3


def test_an_update_in_place_costs_no_copy():
    momentum = optimise(trace(lambda x, m: (x - (0.9 * m + x), 0.9 * m + x), A, A))
    program = compile(momentum, [Input(carry=0), Input(carry=1)], 5)
    assert program.calls == 3
    assert np.shares_memory(program.inputs[1], program.outputs[1])
    assert np.shares_memory(program.inputs[0], program.outputs[0])


def test_a_long_chain_needs_one_buffer():
    def chain(x):
        for _ in range(50):
            x = np.sin(x) + 1.0
        return x

    memory = Memory(optimise(trace(chain, A)), (Input(),), 4)
    Calls(memory).lower()
    assert (
        len({a.__array_interface__["data"][0] for v, a in memory.arrays.items() if v not in memory.graph.constants})
        == 2
    )


def test_parts_are_computed_in_the_memory_of_the_whole():
    graph = optimise(trace(lambda x: np.concatenate([np.sin(x), np.cos(x)]), A))
    assert compile(graph, [Input()], 4).calls == 2
