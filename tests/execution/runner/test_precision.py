"""Runs in float32: all numbers of a step have this dtype, and the losses equal those of float64 to its precision."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab.engine.native.fused_ufuncs import fuse
from optlab.engine.passes import optimise
from optlab.execution import runner
from optlab.execution.step import build_for
from optlab.experiments import document

MLP = {"name": "mlp", "dataset": "digits", "hidden": [8], "batch_size": 16}


def sweep_of(planned, problem, optimizer, steps=20, **rest):
    (sweep,) = planned({"problem": [problem], "optimizer": [optimizer], "steps": steps, **rest}).sweeps
    return sweep


def test_a_step_is_computed_as_numpy_does_in_float32(planned):
    """Momentum by hand on f(x, y) = x^2 + y^2."""
    problem = {"name": "sphere", "dim": 2, "start": [0.3, -1.7]}
    sweep = sweep_of(planned, problem, {"name": "momentum", "lr": 0.1, "beta": 0.9}, precision="float32")
    done = runner.run(sweep)
    x, m = np.array([0.3, -1.7], np.float32), np.zeros(2, np.float32)
    for n in range(20):
        assert done.x[n, :, 0].tolist() == x.tolist()
        assert done.loss[n, 0] == np.sum(x**2)
        m = np.float32(0.9) * m + 2 * x
        x = x - np.float32(0.1) * m
    assert done.x.dtype == np.float64  # as stored


@pytest.mark.parametrize("name", ["gd", "momentum", "adagrad", "rmsprop", "adam", "nadam", "radam", "rprop", "adan"])
def test_no_number_of_a_network_step_is_wider(planned, name):
    graph = build_for(sweep_of(planned, MLP, {"name": name}, precision="float32")).graph
    kinds = {v.dtype for node in graph.nodes for v in (*node.inputs, node.output) if v.dtype.kind == "f"}
    assert kinds == {np.dtype(np.float32)}
    assert {v.dtype for v in graph.constants if v.dtype.kind == "f"} <= kinds


@pytest.mark.parametrize("rule", [{"name": "adam", "lr": 1e-3}, {"name": "gd", "lr": 0.1, "schedule": "cosine"}])
def test_a_network_learns_as_in_float64(planned, rule):
    narrow, wide = (runner.run(sweep_of(planned, MLP, rule, 60, seeds=3, precision=p)) for p in ("float32", "float64"))
    assert narrow.status.tolist() == wide.status.tolist()
    np.testing.assert_allclose(narrow.loss, wide.loss, rtol=2e-4)
    assert (narrow.loss != wide.loss).any()
    assert narrow.metrics["test_accuracy"].shape == wide.metrics["test_accuracy"].shape


def test_every_built_in_problem_in_float32(planned, built_in):
    for name, known in built_in.problems.items():
        if name.startswith("bbob") and name != "bbob_f1":  # some are so sensitive that five steps differ
            continue
        problem = MLP if known.trains_on_data else {"name": name}
        narrow, wide = (
            runner.run(sweep_of(planned, problem, {"name": "gd", "lr": 1e-5}, 5, precision=p))
            for p in ("float32", "float64")
        )
        np.testing.assert_allclose(narrow.loss, wide.loss, rtol=1e-4, atol=1e-4, err_msg=name)


def test_machine_code_supports_float64_only(planned):
    sweep = sweep_of(planned, {"name": "sphere"}, {"name": "gd"}, precision="float32", backend="native")
    assert runner.choose(sweep, build_for(sweep)) == runner.Choice("replay", "it computes in float32")


def test_arithmetic_is_fused_without_changing_a_bit(planned, monkeypatch):
    sweep = sweep_of(planned, MLP, {"name": "adam"}, 12, seeds=3, precision="float32")
    plain = runner.run(sweep)
    graph = build_for(sweep)
    fused = fuse(optimise(graph.graph), graph.inputs([True] * len(graph.numbers)))
    assert any(node.op.name == "fused" for node in fused.nodes)
    monkeypatch.setattr(runner, "WORTH_FUSING", 0)
    again = runner.run(sweep)
    assert again.loss.tobytes() == plain.loss.tobytes()
    assert again.final_loss.tobytes() == plain.final_loss.tobytes()


def test_another_precision_is_another_experiment(planned):
    sweeps = [sweep_of(planned, MLP, {"name": "gd"}, precision=p) for p in ("float32", "float64")]
    assert sweeps[0].id != sweeps[1].id
    assert dataclasses.replace(sweeps[0].case, split=None).precision == "float32"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("precision", "float23", 'precision must be "float64" or "float32", not the text \'float23\' (did you mean'),
        ("backend", "nativ", 'backend must be "auto", "native" or "replay", not the text \'nativ\' (did you mean'),
        ("backend", 3, 'backend must be "auto", "native" or "replay", not 3'),
    ],
)
def test_an_invalid_precision_is_an_error(key, value, message):
    tables = {"problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}]}
    draft = document.read_dict({"name": "e", "steps": 1, **tables, key: value})
    (mistake,) = draft.mistakes
    assert message in mistake.message
