"""Update rules as graphs of their own."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer
from optlab.drawing import Text
from optlab.explain.rule import draw_rule, rule_graph


def test_the_graph_of_every_rule_computes_one_step(built_in):
    rng = np.random.default_rng(0)
    for rule in built_in.optimizers.values():
        if {"grad", "loss", "hvp"} & set(rule.signature.supplied):
            continue  # these are inputs of their own
        graph = rule_graph(rule)
        values = {v.name: rng.uniform(0.1, 0.9, v.shape) for v in graph.inputs}
        given = {name: values[name] for name in (*rule.signature.supplied, *rule.signature.numbers)}
        expected = rule(values["x"], values["g"], *(values[name] for name in rule.signature.state), **given)
        for found, wanted in zip(
            graph(*values.values()), expected if isinstance(expected, tuple) else [expected], strict=True
        ):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_what_a_rule_asks_for_elsewhere_is_an_input():
    @optimizer
    def curious(x, g, *, steps, f, grad, loss, hvp, lr=0.1):
        """Asks for everything."""
        return x - lr * (grad(x + g) + hvp(g)) * loss(2 * x) * f / steps

    graph = rule_graph(curious)
    assert {v.name: v.shape for v in graph.inputs} == {
        **dict.fromkeys(("x", "g", "grad(p)", "hvp(v)"), (2,)),
        **dict.fromkeys(("steps", "f", "loss(p)", "lr"), ()),
    }


@pytest.mark.parametrize("name", ["gd", "momentum", "adam"])
def test_the_picture_names_all_that_goes_in_and_comes_out(built_in, name):
    rule = built_in.optimizer(name)
    bold = [s.text for s in draw_rule(rule).shapes if isinstance(s, Text) and s.bold]
    read = rule.signature
    assert sorted(bold) == sorted(["x", "g", *read.state, *read.supplied, *read.numbers, "x", *read.state])
