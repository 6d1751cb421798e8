"""The grammar of plugin functions."""

import functools

import numpy as np
import pytest

from optlab import dataset, optimizer, problem, schedule, transform
from optlab.errors import PluginError, UserError
from optlab.plugins import signature


def rule_of(source):
    """An optimizer written as text, in a file of its own."""
    scope = {"optimizer": optimizer, "np": np}
    exec(compile(f"@optimizer\n{source}\n    return x", "/plugins/rule.py", "exec"), scope)
    return scope["rule"]


def test_the_parts_of_a_signature():
    read = rule_of('def rule(x, g, m=0.0, k=abs, *, t, grad, lr=1.0, n=3, on=True, how="a", sizes=(1, 2)):').signature
    assert dict(read.state) == {"m": 0.0, "k": abs}
    assert read.supplied == ("t", "grad")
    assert dict(read.numbers) == {"lr": 1.0}
    assert dict(read.choices) == {"n": 3, "on": True, "how": "a", "sizes": (1, 2)}
    assert list(read.options) == ["lr", "n", "on", "how", "sizes"]
    with pytest.raises(TypeError):
        read.numbers["lr"] = 2.0


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("x, *args", "takes *args, but every argument needs a name of its own"),
        ("x, g, **more", "takes **more, but every argument needs a name of its own"),
        ("x, grad", "takes (x, grad) by position instead of (x, g)"),
        ("x, *, lr=0.1", "takes (x) by position instead of (x, g)"),
        ("x, g, *, lr", "needs 'lr', but optlab supplies only: f, grad, hvp, loss, rng, steps, t"),
        (
            "x, g, *, step",
            "needs 'step', but optlab supplies only: f, grad, hvp, loss, rng, steps, t (did you mean",
        ),
        ("x, g, *, label=1.0", "has an option 'label', a name that optlab uses itself"),
        ("x, g, *, t=1.0", "has an option 't', a name that optlab uses itself"),
        ("x, g, *, lr=None", "has an option 'lr' whose default is of type NoneType"),
    ],
)
def test_a_wrong_signature_is_reported_with_file_line_and_form(head, said):
    with pytest.raises(PluginError) as info:
        rule_of(f"def rule({head}):")
    assert str(info.value).startswith(f"/plugins/rule.py:1: optimizer 'rule' {said}")
    assert str(info.value).endswith("; write it as: def rule(x, g, state=0.0, *, option=1.0)")


def test_an_initial_state_may_depend_on_choices():
    read = rule_of("def rule(x, g, S=lambda x, history: x, k=abs, z=lambda x, n=2: x, *, history=3, lr=1.0):").signature
    assert list(read.state) == ["S", "k", "z"]


@pytest.mark.parametrize("asked", ["histroy", "lr"])
def test_an_initial_state_may_not_depend_on_numbers(asked):
    with pytest.raises(PluginError, match="state 'S' whose initial value needs more than x and choices"):
        rule_of(f"def rule(x, g, S=lambda x, {asked}: x, *, history=3, lr=1.0):")


def test_only_optimizers_hold_state():
    def objective(x, a=1.0):
        return x

    def factor(t, a=1.0):
        return t

    def data(x):
        return x

    for declare, function in [(problem(start=(0.0,)), objective), (schedule, factor)]:
        with pytest.raises(PluginError, match=r"takes 'a' by position with a default; put options after a \*"):
            declare(function)
    with pytest.raises(PluginError, match=r"takes \(x\) by position instead of \(\)"):
        dataset(data)


def test_functions_without_a_name_are_refused():
    with pytest.raises(PluginError, match=r"test_signature.py:\d+: a schedule needs a name of its own"):
        schedule(lambda t: 1.0)


@pytest.mark.parametrize(
    ("declare", "form"),
    [
        (optimizer, "@optimizer .*; write it as: def name(x, g, state=0.0, *, option=1.0)"),
        (transform, "@transform .*; write it as: def name(x, g, state=0.0, *, option=1.0)"),
        (schedule, "@schedule .*; write it as: def name(t, *, option=1.0)"),
        (problem, "@problem(...) .*; write it as: def name(x, *, option=1.0)"),
        (problem(start=(1.0,)), "@problem(...) .*; write it as: def name(x, *, option=1.0)"),
        (dataset, "@dataset .*; write it as: def name(*, option=1.0)"),
    ],
)
@pytest.mark.parametrize("what", [int, 3, "adam", len, functools.partial(max, 1)])
def test_objects_that_are_not_functions_are_refused(declare, form, what):
    kind = "a class" if what is int else f"a value of type {type(what).__name__}"
    with pytest.raises(PluginError) as info:
        declare(what)
    assert str(info.value) == form.replace(".*", f"decorates a function, not {kind}")


def test_a_problem_is_declared_with_parentheses():
    def bowl(x):
        return np.sum(x**2)

    with pytest.raises(PluginError, match=r"problem 'bowl' needs parentheses with a domain or a start"):
        problem(bowl)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"start": (1.0, 1.0, 1.0), "dim": 2}, "dim=2 and a start of 3 numbers"),
        ({"start": (float("nan"), 1.0)}, "not finite"),
        ({"start": (1.0, 1.0), "minimum": (0.0, 0.0, 0.0)}, "2 parameters and a minimum of 3 numbers"),
    ],
)
def test_a_problem_with_points_of_wrong_dimension(about, message):
    def bowl(x):
        return np.sum(x**2)

    with pytest.raises(PluginError, match=message):
        problem(**about)(bowl)


def test_defaults_of_numpy_types():
    read = rule_of("def rule(x, g, *, lr=np.float32(0.5), n=np.int64(3), on=np.True_):").signature
    assert (dict(read.numbers), dict(read.choices)) == ({"lr": 0.5}, {"n": 3, "on": True})
    assert [type(value) for value in read.options.values()] == [float, int, bool]


def test_an_initial_state_as_a_function_of_x_and_choices():
    assert list(rule_of("def rule(x, g, m=lambda x, n: np.zeros(n), *, n=3, lr=0.1):").signature.state) == ["m"]
    with pytest.raises(PluginError, match="a state 'm' whose initial value needs more than x and choices"):
        rule_of("def rule(x, g, m=lambda x, k: np.zeros(k), *, n=3, lr=0.1):")


@pytest.mark.parametrize("value", [1, 1.5, 10**30])
def test_finite_numbers_are_accepted(value):
    assert signature.as_number("gd", "lr", value) == float(value)


@pytest.mark.parametrize("value", [True, "0.1", None, [0.1], 1j, 10**400])
def test_values_that_are_not_numbers(value):
    with pytest.raises(UserError, match="gd: 'lr' takes a number, not "):
        signature.as_number("gd", "lr", value)
