"""Update rules as graphs."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer
from optlab.execution.rule import Rule
from optlab.explain.rule_drawing import draw_rule, rule_graph
from optlab.markup.svg import Text


def test_the_graph_of_every_rule_computes_one_step(built_in):
    rng = np.random.default_rng(0)
    for rule in built_in.optimizers.values():
        if {"grad", "loss", "f", "hvp", "rng"} & set(rule.signature.supplied):
            continue
        graph = rule_graph(rule)
        values = {v.name: rng.uniform(0.1, 0.9, v.shape) for v in graph.inputs}
        given = {name: values[name] for name in (*rule.signature.supplied, *rule.signature.numbers) if name in values}
        expected = rule(values["x"], values["g"], *(values[name] for name in rule.signature.state), **given)
        for found, wanted in zip(
            graph(*values.values()), expected if isinstance(expected, tuple) else [expected], strict=True
        ):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_gradients_at_other_points_have_names():
    @optimizer
    def curious(x, g, *, steps, f, grad, loss, hvp, lr=0.1):
        """Uses all arguments."""
        return x - lr * (grad(x + g) + hvp(g)) * loss(2 * x) * f / steps

    graph = rule_graph(curious)
    assert {v.name: v.shape for v in graph.inputs} == {"x": (2,), "g": (2,), "steps": (), "lr": ()}
    unknown = [node.op.name for node in graph.nodes if node.op.kind == "unknown"]
    assert sorted(unknown) == ["gradient_at", "hessian_times", "loss_at", "loss_at"]


def test_schedules_and_transforms_are_in_the_graph(built_in):
    transforms = (built_in.transform("clip_value"), built_in.transform("weight_decay"))
    rule = Rule(built_in.optimizer("gd"), {}, built_in.schedule("step"), {}, transforms, ({}, {}))
    graph = rule_graph(rule)
    values = {"x": np.array([1.0, 2.0]), "g": np.array([3.0, -5.0]), "t": 8.0}
    values |= {"lr": 0.1, "every": 5.0, "factor": 0.5, "limit": 4.0, "decay": 0.2}
    assert [v.name for v in graph.inputs] == list(values)
    (x,) = graph(*map(np.asarray, values.values()))
    np.testing.assert_allclose(x, [1 - 0.05 * 3 - 0.05 * 0.2 * 1, 2 + 0.05 * 4 - 0.05 * 0.2 * 2], rtol=1e-14)


@pytest.mark.parametrize("name", ["gd", "momentum", "adam"])
def test_the_picture_names_all_inputs_and_outputs(built_in, name):
    rule = built_in.optimizer(name)
    bold = [s.text for s in draw_rule(rule).shapes if isinstance(s, Text) and s.bold]
    read = rule.signature
    assert sorted(bold) == sorted(["x", "g", *read.state, *read.supplied, *read.numbers, "x", *read.state])
