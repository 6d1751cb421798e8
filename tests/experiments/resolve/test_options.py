"""Values of a wrong type are reported at their place, if possible with a correct value."""

from __future__ import annotations

import pytest

from optlab import optimizer
from optlab.errors import SpecError

GD, MLP = {"name": "gd"}, {"name": "mlp", "dataset": "xor"}


@optimizer
def whole(x, g, *, lr=1):
    """A drop-in rule with an integer default instead of a float."""
    return x - lr * g


@pytest.mark.parametrize(
    ("problem", "rule", "said"),
    [
        (
            MLP | {"batch_size": 1e9},
            GD,
            "problem 1, batch_size: mlp: 'batch_size' takes an integer, not 1000000000.0; write 1000000000",
        ),
        (MLP | {"batch_size": 2.5}, GD, "problem 1, batch_size: mlp: 'batch_size' takes an integer, not 2.5"),
        (MLP, {"name": "lbfgs", "history": 2.5}, "optimizer 1, history: lbfgs: 'history' takes an integer, not 2.5"),
        (
            MLP,
            {"name": "whole", "lr": 0.5},
            "optimizer 1, lr: whole: 'lr' takes an integer, not 0.5; "
            "give it a default with a point, as in 1.0, to make it a number",
        ),
        (MLP, {"name": "gd", "lr": "big"}, "optimizer 1, lr: gd: 'lr' takes a number, not the text 'big'"),
    ],
)
def test_a_value_of_the_wrong_type(planned, problem, rule, said):
    with pytest.raises(SpecError) as info:
        planned({"problem": [problem], "optimizer": [rule]}, whole)
    assert str(info.value) == f"<experiment>: {said}"
