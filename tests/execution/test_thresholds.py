"""Sizes that choose between two ways of computing, at the real sizes: the same numbers on both sides of each.

Elsewhere are tested: `runner.WORTH_FUSING` (tests/execution/runner/test_worth_fusing.py), `lowering.LONG`
(test_lowering.py), `replayed.CHUNK` (test_runner.py), `local.SMALL` (test_local.py), machine code made quickly
(test_choice.py, test_kernel.py), `linear.MOST` and `quadratic.LARGEST` (tests/experiments/maps/test_linear.py).
"""

from __future__ import annotations

import bisect
import dataclasses

import numpy as np
import pytest

from optlab import grad, problem, trace
from optlab.engine import passes
from optlab.engine.native import array_ir, fused_ufuncs, kernel, scalar_ir, segments, simplify
from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.lowering import lowered
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, Input, compile, reductions
from optlab.execution import executors, runner
from optlab.execution.executors import local
from optlab.execution.records import Trajectories
from optlab.execution.step import build_for


def swept(planned, function, dim, *, steps=3, rule=None, backend="native", seeds=4):
    """A sweep of one rule on a function that is defined here."""
    known = problem(domain=(-1.0, 1.0), start=(0.5,), dim=None)(function)
    table = {"name": known.name, "dim": dim, "start": "random"}
    tables = {"problem": [table], "optimizer": [rule or {"name": "gd", "lr": 1e-3}], "backend": backend}
    (sweep,) = planned({**tables, "steps": steps, "seeds": seeds, "record": {"points": 5}}, known).sweeps
    recording = dataclasses.replace(sweep.recording, final_x=True)
    return dataclasses.replace(sweep, recording=recording)


def same_numbers(sweep, rtol=1e-10):
    """On the requested back end, and on replay. Returns the back end that executed the sweep."""
    task = runner.Runner([sweep])
    found, right = task(sweep), runner.run(dataclasses.replace(sweep, backend="replay"))
    assert (right.status == 0).all()
    for name in ("loss", "first_loss", "final_loss", "best_loss", "final_x"):
        np.testing.assert_allclose(getattr(found, name), getattr(right, name), rtol=rtol, atol=1e-300)
    return task.backend(sweep)


def on_replay(f, x):
    program = compile(optimise(trace(f, x[..., 0])), [Input(RUN)], x.shape[-1])
    np.copyto(program.inputs[0], x)
    program.prepare()
    program.step()
    return np.array(program.outputs[0])


@pytest.mark.parametrize("more", [0, 1])
def test_the_threshold_of_maxima_over_a_long_axis(more):
    length = reductions.LONG + more
    x = np.random.default_rng(0).normal(size=(3, length, 7))
    x[1, 5, 2] = np.nan
    np.testing.assert_array_equal(on_replay(lambda x: np.max(x, axis=1), x), x.max(axis=1))
    runs_first = np.moveaxis(np.empty((7, 3, length)), 0, -1), np.moveaxis(np.empty((7, 3)), 0, -1)
    assert bool(reductions._over_one_of_the_last_two("max", *runs_first, (1,), False)) == (more == 0)


@pytest.mark.parametrize("more", [0, 1])
def test_the_size_of_folded_constants(more):
    size = passes.FOLD_LIMIT + more
    graph = optimise(trace(grad(lambda x: 2.0 * np.sum(x)), np.ones(size)))
    assert bool(graph.nodes) == (more == 1)
    np.testing.assert_array_equal(graph(np.ones(size))[0], np.full(size, 2.0))


@pytest.mark.parametrize("more", [0, 1])
def test_inputs_of_a_fused_operation(more):
    count = fused_ufuncs.MOST_INPUTS + more
    xs = np.random.default_rng(0).normal(size=(count, 5, 9))
    graph = optimise(trace(lambda *v: sum(a * (n + 1.5) for n, a in enumerate(v)), *xs[..., 0]))
    inputs = [Input(RUN)] * count
    fewer = fused_ufuncs.fuse(graph, inputs)
    outputs = []
    for one in (graph, fewer):
        program = compile(one, inputs, 9)
        for buffer, values in zip(program.inputs, xs, strict=True):
            buffer[...] = values
        program.prepare()
        program.step()
        outputs.append(program.outputs[0].tobytes())
    assert outputs[0] == outputs[1]
    assert sum(node.op.name == "fused" for node in fewer.nodes) == 1 + more


@pytest.mark.parametrize("power", [64, 65, -64, -65])
def test_the_threshold_of_integer_powers(planned, power):
    assert {64, -64} == {simplify.LARGEST_POWER, -simplify.LARGEST_POWER}

    def powers(x):
        """Integer powers."""
        return np.sum((x + 2.0) ** power) * 1e-35

    assert same_numbers(swept(planned, powers, 3)) == "native"


def sorts(x):
    """Sorted, each entry with a weight."""
    return np.sum(np.sort(x) * np.arange(1, x.size + 1)) + np.sum(x**2)


@pytest.mark.many
def test_the_longest_sort_in_machine_code(planned):
    """Machine code up to a number of entries between 35 and 60; one more runs on replay."""
    longest = bisect.bisect(range(35, 60), False, key=lambda n: choice_of(swept(planned, sorts, n)).backend != "native")
    assert 0 < longest < 25
    assert same_numbers(swept(planned, sorts, 34 + longest)) == "native"
    assert same_numbers(swept(planned, sorts, 35 + longest)) == "replay"


def choice_of(sweep):
    return runner.choose(sweep, build_for(sweep))


@pytest.mark.parametrize(("more", "backend"), [(0, "native"), (1, "replay")])
def test_the_size_of_data_in_the_code(planned, more, backend):
    data = np.sin(np.arange(segments.MOST_DATA + more))

    def fits(x):
        """A distance from data."""
        return np.sum((x - data) ** 2) / data.size

    assert same_numbers(swept(planned, fits, data.size, seeds=2)) == backend


@pytest.mark.parametrize("more", [0, 1])
def test_rows_that_become_loops(planned, more):
    rows = segments.MOST_PIECES + more

    def summed(x):
        """The squares of sums over rows."""
        return np.sum(np.sum(x.reshape(rows, 10), axis=0) ** 2) / rows

    sweep = swept(planned, summed, rows * 10)
    graph = build_for(sweep).graph
    form = lowered(graph, len(graph.outputs) - 1, range(len(graph.outputs) - 1))
    assert isinstance(form, Rolled) == (more == 0)
    assert same_numbers(sweep) == "native"


def test_the_number_of_inputs_of_a_run():
    for more in (0, 1):
        graph = optimise(trace(lambda x: x * 2.0, np.ones(array_ir.LARGEST + more)))
        if more:
            with pytest.raises(Unsupported, match="more than 1,000,000 numbers"):
                array_ir.rolled_up(graph, None, (0,))
        else:
            assert isinstance(array_ir.rolled_up(graph, None, (0,)), Rolled)


def test_the_number_of_unrolled_operations(planned):
    """A product over the entries has no loop, so each of its operations is written out, or none."""

    def multiplied(x):
        """One product."""
        return np.prod(1.0 + 0.1 * np.sin(x) / x.size)

    assert same_numbers(swept(planned, multiplied, 300)) == "native"
    why = choice_of(swept(planned, multiplied, 5_000)).why
    assert why.startswith(f"it has more than {scalar_ir.LIMIT:,} operations on single numbers")


@pytest.mark.parametrize("steps", [kernel.STRIDE - 1, kernel.STRIDE, kernel.STRIDE + 1])
@pytest.mark.parametrize("workers", [1, 2])
def test_steps_between_two_calls(planned, steps, workers):
    """With enough runs for several threads; numbers that depend on the step alone are computed anew in each call."""

    def bowl(x):
        """A narrow bowl."""
        return np.sum(x**2 * np.array([1.0, 30.0]))

    rule = {"name": "adam", "lr": 1e-4, "schedule": "cosine"}
    sweep = swept(planned, bowl, 2, steps=steps, rule=rule, seeds=40)
    assert same_numbers(sweep, rtol=1e-7) == "native"
    one, many = runner.Runner([sweep])(sweep), runner.Runner([sweep], workers)(sweep)
    assert one.final_x is not None
    assert many.final_x is not None
    assert one.final_x.tobytes() == many.final_x.tobytes()


def test_the_memory_above_which_machine_code_gets_blocks(planned):
    """Adam holds 3,000 numbers of a run here."""
    for runs in (runner.WHOLE // 3_000, runner.WHOLE // 3_000 + 1):
        rule = {"name": "adam", "lr": {"linear": [0.1, 0.2], "num": runs}}
        tables = {"problem": [{"name": "sphere", "dim": 1_000}], "optimizer": [rule], "backend": "native", "steps": 1}
        (sweep,) = planned(tables).sweeps
        assert runner.Runner([sweep]).divides(sweep) == (runs * 3_000 > runner.WHOLE)


@pytest.mark.parametrize(("runs", "count"), [(1_499, 1), (1_501, 2)])
def test_blocks_of_runs(planned, runs, count):
    """One and a half blocks are two blocks."""
    rule = {"name": "adam", "lr": {"linear": [0.1, 0.2], "num": runs}}
    tables = {"problem": [{"name": "sphere", "dim": local.BLOCK // 1_000}], "backend": "replay", "steps": 5}
    (sweep,) = planned({**tables, "optimizer": [rule]}).sweeps
    cut = executors.blocks(sweep)
    assert len(cut) == count
    task = runner.Runner([sweep])
    joined = Trajectories.joined([task(block) for block in cut])
    assert joined.final_loss.tobytes() == task(sweep).final_loss.tobytes()
