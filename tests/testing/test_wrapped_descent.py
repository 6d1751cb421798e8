"""Transforms and schedules in the conformance suite: built-in ones pass, and broken ones are rejected."""

import re

import numpy as np
import pytest

from optlab import transform
from optlab.plugins import registry
from optlab.plugins.transforms.ema import ema
from optlab.plugins.transforms.weight_decay import weight_decay
from optlab.testing.checks import wrappers
from optlab.testing.conformance import Failed, checks_for, run_check, verdict
from optlab.testing.wrapped_descent import as_rule
from tests.cases import every
from tests.testing import broken_wrappers

KNOWN = registry.load(())
SHIPPED = [*KNOWN.transforms.values(), *KNOWN.schedules.values()]


@pytest.mark.parametrize("plugin", every(2, SHIPPED), ids=lambda plugin: plugin.name)
def test_built_in_plugins_pass(plugin):
    found = {check.name: verdict(check, plugin) for check in checks_for(plugin)}
    assert {name: one.text for name, one in found.items() if one.outcome in ("failed", "advice")} == {}
    assert sum(one.outcome == "passed" for one in found.values()) >= 14


@pytest.mark.parametrize(("plugin", "name", "message"), broken_wrappers.BROKEN, ids=lambda v: getattr(v, "name", None))
def test_broken_transforms_and_schedules_are_rejected(plugin, name, message):
    (check,) = (check for check in checks_for(plugin) if check.name == name)
    with np.errstate(all="ignore"), pytest.raises(Failed, match=re.escape(message)):
        run_check(check, plugin)


def test_every_check_of_transforms_and_schedules_rejects_something():
    own = {check.name for check in (*wrappers.TRANSFORM_CHECKS, *wrappers.SCHEDULE_CHECKS)}
    assert own <= {name for _, name, _ in broken_wrappers.BROKEN}


def test_a_transform_as_a_rule_equals_that_in_runs():
    """By hand: decoupled decay, and an average of points that the descent passes by itself."""
    x, g = np.array([3.0]), np.array([2.0])
    (moved,) = as_rule(weight_decay)(x, g, grad=None, lr=0.1, decay=0.5)
    np.testing.assert_allclose(moved, 3.0 - 0.1 * 2.0 - 0.1 * 0.5 * 3.0, rtol=1e-15)
    moved, fast = as_rule(ema)(x, g, np.array([1.0]), grad=lambda p: 4 * p, lr=0.1, decay=0.75)
    np.testing.assert_allclose((moved, fast), ([0.75 * 3.0 + 0.25 * 0.6], [0.6]), rtol=1e-15)


def test_a_random_transform_is_not_checked_for_rest():
    names = {check.name for check in checks_for(KNOWN.transforms["gradient_noise"])}
    assert "stands_still_without_slope" not in names
    assert "keeps_inputs" in names


@transform
def wordless(x, g, *, share=0.5):
    return share * g


def test_missing_texts_give_advice():
    outcomes = {check.name: verdict(check, wordless).outcome for check in checks_for(wordless)}
    assert outcomes.pop("documents_its_hyperparameters") == "advice"
    assert set(outcomes.values()) <= {"passed", "skipped"}
