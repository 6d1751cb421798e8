"""Plugins whose functions are not executed."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.plugins.code_location import source
from optlab.plugins.withheld import Fate, NotExecuted, fate_of, withheld

FATE = Fate("crashed", "ended the process with SIGSEGV")


@optimizer
def steps(x, g, *, lr=0.1):
    return x - lr * g


@problem(
    dataset="xor",
    start=lambda inputs: np.zeros(inputs.shape[1]),
    minimum=lambda dim: np.zeros(dim),
    metrics={"size": lambda x, inputs: np.sum(x)},
)
def fits(x, *, inputs):
    return np.sum(inputs @ x)


def test_a_withheld_rule_raises_and_keeps_its_name_and_place():
    rule = withheld(steps, FATE)
    assert (rule.name, rule.signature, source(rule.function)) == (steps.name, steps.signature, source(steps.function))
    with pytest.raises(NotExecuted, match="the code ended the process with SIGSEGV"):
        rule(1.0, 2.0)
    assert (fate_of(rule), fate_of(steps)) == (FATE, None)


def test_a_withheld_problem_can_be_planned_and_not_evaluated():
    changed = withheld(fits, FATE)
    assert changed.start is fits.start
    assert changed.minima_at(2) == ()
    for function in (changed, changed.metrics["size"]):
        with pytest.raises(NotExecuted):
            function(np.ones(2), inputs=np.ones((1, 2)))


def test_a_start_that_ends_the_process_is_withheld_too():
    with pytest.raises(NotExecuted):
        withheld(fits, FATE, "start").start(inputs=np.ones((1, 2)))
