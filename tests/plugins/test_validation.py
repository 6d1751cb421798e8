"""Values for a plugin are validated equally in experiment files, in Python, by the bridge to torch and on the command
line."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import minimize, optimizer, schedule, transform
from optlab.api import subjects
from optlab.api.bridges.torch import as_torch
from optlab.cli import functions
from optlab.errors import SpecError, UserError
from optlab.plugins import validation


@optimizer(ranges={"beta": "[0, 1)", "k": "[1, 9]"})
def rule(x, g, *, lr=0.1, beta=0.5, k=3, flag=False, how="long", sizes=(1, 2)):
    """One option of each kind."""
    return x - lr * g


@optimizer
def without_rate(x, g, *, scale=1.0):
    return x - scale * g


@optimizer
def whole_rate(x, g, *, lr=1):
    return x - lr * g


@schedule
def halves(t, *, every=10.0):
    return 0.5 ** (t / every)


@transform
def takes_rate(x, *, step, lr):
    return step(x) - lr * x


@transform
def scales(x, g, *, by=1.0):
    return by * g


POINT = "; give it a default with a point, as in 1.0, to make it a number"
WRONG = [
    ("lr", "fast", "rule: 'lr' takes a number, not the text 'fast'"),
    ("lr", True, "rule: 'lr' takes a number, not true"),
    ("beta", 1.0, "rule: 'beta' must lie in [0, 1), not 1"),
    ("beta", -0.5, "rule: 'beta' must lie in [0, 1), not -0.5"),
    ("k", 2.5, f"rule: 'k' takes an integer, not 2.5{POINT}"),
    ("k", 2.0, "rule: 'k' takes an integer, not 2.0; write 2"),
    ("k", True, f"rule: 'k' takes an integer, not true{POINT}"),
    ("k", 10, "rule: 'k' must lie in [1, 9], not 10"),
    ("flag", 1, "rule: 'flag' takes true or false, not 1"),
    ("flag", "yes", "rule: 'flag' takes true or false, not the text 'yes'"),
    ("how", 5, "rule: 'how' takes a string, not 5"),
    ("sizes", 5, "rule: 'sizes' takes a list, not 5"),
    ("bta", 0.5, "rule has no option 'bta' (did you mean 'beta'?)"),
    ("rate", 0.5, "rule has no option 'rate'; it has lr, beta, k, flag, how, sizes"),
]


def said(call):
    with pytest.raises(UserError) as info:
        call()
    return str(info.value)


def in_a_file(planned, table, *plugins):
    with pytest.raises(SpecError) as info:
        planned({"problem": [{"name": "beale"}], "optimizer": [table]}, *plugins)
    (mistake,) = info.value.mistakes
    return mistake.message


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_option_of_an_optimizer(planned, name, value, message):
    typed = f"{name}={str(value).lower() if isinstance(value, bool) else value}"
    assert in_a_file(planned, {"name": "rule", name: value}, rule) == message
    assert said(lambda: minimize("beale", rule, steps=1, **{name: value})) == message
    assert said(lambda: subjects.options_of(rule, functions.pairs([typed]))) == message
    if name != "rate":  # as_torch has one option more
        assert said(lambda: as_torch(rule, **{name: value})) == message


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("lr", 1, 1.0),
        ("lr", np.float32(0.5), 0.5),
        ("k", np.int64(5), 5),
        ("flag", np.True_, True),
        ("sizes", [3], [3]),
        ("how", "short", "short"),
    ],
)
def test_a_right_option_has_the_type_of_its_default(name, value, kept):
    numbers, choices = validation.with_defaults(rule, {name: value})
    found = {**numbers, **choices}
    assert (found[name], type(found[name])) == (kept, type(kept))
    assert {**found, name: None} == {**rule.signature.options, name: None}


RULES = [
    ("without_rate", "halves", (), "a schedule multiplies the hyperparameter 'lr'; without_rate has none"),
    (
        "whole_rate",
        "halves",
        (),
        "a schedule multiplies the hyperparameter 'lr'; give it a default with a point, as in 1.0, to make it a number "
        "in whole_rate",
    ),
    ("without_rate", None, ("takes_rate",), "takes_rate needs 'lr', but without_rate has no such hyperparameter"),
    ("rule", None, ("scales", "scales"), "scales is given twice; a rule can have each transform once"),
    ("torch:SGD", None, ("scales",), "scales needs a rule of optlab, but torch:SGD is an optimizer of torch"),
]


@pytest.mark.parametrize(("name", "scheduled", "around", "message"), RULES)
def test_wrong_combinations(planned, name, scheduled, around, message):
    plugins = {p.name: p for p in (rule, without_rate, whole_rate, halves, takes_rate, scales)}
    table = {"name": name, "transforms": [{"name": one} for one in around]}
    table |= {"schedule": {"name": scheduled}} if scheduled else {}
    assert in_a_file(planned, table, *plugins.values()) == message
    given = {"schedule": plugins.get(scheduled), "transforms": [plugins[one] for one in around]}
    assert said(lambda: minimize("beale", plugins.get(name, name), steps=1, **given)) == message


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("clip_norm", {"max_norm": -1.0}, r"clip_norm: 'max_norm' must lie in"),
        ("clip_norm", {"max_norm": "x"}, r"clip_norm: 'max_norm' takes a number, not the text 'x'"),
        ("clip_norm", {"max": 1.0}, r"clip_norm has no option 'max'; it has max_norm"),
    ],
)
def test_a_wrong_option_of_a_transform(planned, name, given, message):
    in_file = in_a_file(planned, {"name": "gd", "transforms": [{"name": name, **given}]})
    in_python = said(lambda: minimize("beale", "gd", steps=1, transforms=[{"name": name, **given}]))
    assert in_file == in_python
    assert in_file.startswith(message)
