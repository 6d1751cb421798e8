"""`optlab.minimize`: the forms of its arguments, and its error messages.

Its numbers are compared with those of other packages in `tests/plugins/optimizers`.
"""

from __future__ import annotations

import numpy as np
import pytest

from optlab import minimize, problem
from optlab.errors import UserError
from optlab.plugins import registry


@pytest.mark.parametrize(
    ("objective", "optimizer", "more"),
    [
        ("rosenbrock b=10", "adam lr=0.1 raw_eps=true", {}),
        ({"name": "rosenbrock", "b": 10}, {"name": "adam", "lr": 0.1, "raw_eps": True}, {}),
        ("rosenbrock a=1 b=10.0", "adam lr=0.1", {"raw_eps": True}),
    ],
)
def test_a_name_with_values_is_a_text_or_a_table(objective, optimizer, more):
    def rosenbrock(x):
        return 10 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    found = minimize(objective, optimizer, steps=9, **more)
    same = minimize(rosenbrock, "adam", x0=[-1.5, 2.0], steps=9, lr=0.1, raw_eps=True)
    np.testing.assert_allclose(found.path, same.path, rtol=1e-12)


def test_the_problem_of_the_registry_keeps_its_defaults():
    plain = minimize("rosenbrock", "gd", steps=1)
    minimize("rosenbrock b=10", "gd", steps=1)
    assert minimize("rosenbrock", "gd", steps=1).loss == plain.loss
    assert registry.load(()).problem("rosenbrock").signature.numbers["b"] == 100.0


POWERS = """
import numpy as np
from optlab import problem

@problem(start=(1.0, 2.0))
def powers(x, *, n=2):
    return np.sum(x**n)
"""


def test_a_choice_of_a_problem_is_set_with_its_name(tmp_path):
    (tmp_path / "powers.py").write_text(POWERS)
    losses = [minimize(f, "gd", steps=1, lr=1e-3, plugins=[tmp_path]).losses[0] for f in ("powers n=4", "powers")]
    assert losses == [17.0, 5.0]


@pytest.mark.parametrize(
    ("objective", "optimizer", "more", "said"),
    [
        ("rosenbrok b=10", "gd", {}, "there is no problem 'rosenbrok' (did you mean 'rosenbrock'?)"),
        ("rosenbrock c=10", "gd", {}, "rosenbrock has no option 'c'; it has a, b"),
        ("rosenbrock b=ten", "gd", {}, "rosenbrock: 'b' takes a number, not the text 'ten'"),
        ("rosenbrock b", "gd", {}, "'b' is not NAME=VALUE, like lr=0.01"),
        ({"b": 10}, "gd", {}, '{\'b\': 10} names no problem; write a table as in {"name": "...", "option": 1.0}'),
        ("rosenbrock", {"lr": 0.1}, {}, "{'lr': 0.1} names no optimizer; write a table as in"),
        ("rosenbrock", "adam lr=0.1", {"lr": 0.1}, "adam: 'lr' is given twice, with the name and as an argument"),
        ("rosenbrock", "adam lr=-1", {}, "adam: 'lr' must lie in"),
        ("rosenbrock", "gd", {"x0": [1.0]}, "rosenbrock with an x0 of size 1: Rosenbrock's valley needs at least two"),
        ("rosenbrock", "gd", {"x0": []}, "rosenbrock with an x0 of size 0: Rosenbrock's valley needs at least two"),
        ("rosenbrock", "gd", {"x0": [1j, 2.0]}, "x0 must be a number or an array of numbers: it is complex"),
        (3, "gd", {"x0": [1.0]}, "3 cannot be minimised; give a function, or a problem or its name"),
    ],
)
def test_mistakes(objective, optimizer, more, said):
    with pytest.raises(UserError) as info:
        minimize(objective, optimizer, steps=3, **more)
    assert str(info.value).startswith(said)


def test_an_exception_in_a_problem_is_shown_with_its_line():
    @problem(start=(1.0, 2.0))
    def faulty(x):
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        minimize(faulty, "gd", steps=3)


def test_a_result_is_shown_in_one_line():
    """The losses and the path are long, and a notebook shows the repr of the last value of a cell."""
    shown = repr(minimize("sphere", "gd", x0=[1.0, 1.0], steps=5000, lr=0.5))
    assert shown == "Minimization(x=array([0., 0.]), loss=0.0, status='done', steps=5000, grad_evals=5000)"
