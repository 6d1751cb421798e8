"""The tests of derivatives are tested: they notice nearly every small mistake that can be made in a rule."""

from __future__ import annotations

import pytest

from optlab.engine.ops import OPS
from tests.engine.mutation import Mutant, all_mutants, mutants_of_the_rules, mutants_of_the_table, mutants_of_vjp, table
from tests.engine.quick import checks_of, checks_of_all

_FACTORS = "both are factors of one product"
_OVER_NOTHING = "0 divided by anything is 0"
_SQUARE = "of a square matrix, or a stack of them, that broadcasts all the same"
_CAUSE = "it only matters what it depends on, and both operands have such a rule"
_SIGN_OF_NAN = "0 and NaN have no sign"
_BOTH_WAYS = "there both formulas are exact"
_NOT_TAKEN = "a branch that is not taken"
_EMPTY_SUM = "a sum over no axis changes nothing"
_COSTS = "it is 0 there already"
_INACTIVE = "0 times any number, and it only matters what is not 0"

SURVIVORS = {
    "hypot, 0: rules.cosine(g, a, y)  ->  rules.cosine(a, g, y)": _FACTORS,
    "hypot, 1: rules.cosine(g, b, y)  ->  rules.cosine(b, g, y)": _FACTORS,
    "arctan2, 0: rules.turning(g, b, a, b)  ->  rules.turning(b, g, a, b)": _FACTORS,
    "arctan2, 1: rules.turning(-g, a, a, b)  ->  rules.turning(a, -g, a, b)": _FACTORS,
    "fmod, 1: np.rint((a - y) / b)  ->  (a - y) / b": "the quotient is whole but for its last bit",
    "share_of_tie: x > y  ->  x >= y": "ties are decided before",
    "_not_zero: emit('kinked', 1.0, length, np.True_)  ->  emit('kinked', 2.0, length, np.True_)": _OVER_NOTHING,
    "share_of_tie: x - y  ->  x + y": _CAUSE,
    "share_of_tie: x - y  ->  x": _CAUSE,
    "share_of_tie: x - y  ->  y": _CAUSE,
    "kinked, 1: lambda g, y, c, x, at: rules.kink(g, at)  ->  lambda g, y, c, x, at: -rules.kink(g, at)": _SIGN_OF_NAN,
    "corner, 0: lambda g, y, x: emit('still', g, x)  ->  lambda g, y, x: -emit('still', g, x)": _SIGN_OF_NAN,
    "still: emit('still', g, x)  ->  emit('still', x, g)": "of both it is 0",
    "still, 1: lambda g, y, c, x: rules.kink(g, x == 0)  ->  lambda g, y, c, x: -rules.kink(g, x == 0)": _SIGN_OF_NAN,
    "sinc: np.abs(t) < 1  ->  np.abs(t) < 2": _BOTH_WAYS,
    "sinc: np.abs(t) < 1  ->  np.abs(t) <= 1": _BOTH_WAYS,
    "sinc: np.where(near, 1.0, t)  ->  np.where(near, 2.0, t)": _NOT_TAKEN,
    "sinc: np.where(near, x, 0.0)  ->  np.where(near, x, 1.0)": _NOT_TAKEN,
    "alive, 0: np.where(m, g, 0.0)  ->  np.where(m, g, 1.0)": "the choice that made the mask cuts it off again",
    "cofactors: -1  ->  -2": _SQUARE,
    "cholesky: -1  ->  -2": _SQUARE,
    "cholesky: -2  ->  -3": _SQUARE,
    "_silenced_product: np.where(f, v, 0.0)  ->  np.where(f, v, 1.0)": _INACTIVE,
    "_silenced_product: np.where(f, 0.0, 1.0)  ->  np.where(f, 0.0, 2.0)": _INACTIVE,
    "_silenced: active.ndim > stack  ->  active.ndim >= stack": _EMPTY_SUM,
    "_silenced: np.sum(active, axis=tuple(range(stack, active.ndim))) if active.ndim > stack else active"
    "  ->  np.sum(active, axis=tuple(range(stack, active.ndim)))": _EMPTY_SUM,
    "_silenced: np.sum(active, axis=tuple(range(stack, active.ndim)))"
    "  ->  np.max(active, axis=tuple(range(stack, active.ndim)))": "there is one that is not 0",
    "_taken: node.op.taken[position] if node.op.taken else None  ->  None": "of ones, the rule makes the same",
    "_silenced: g.light or node in hazards.harmless  ->  g.light": _COSTS,
    "_silenced: g.light or node in hazards.harmless  ->  node in hazards.harmless": _COSTS,
    "_silenced: g.light or node in hazards.harmless  ->  g.light and node in hazards.harmless": _COSTS,
    "_sum_to: np.sum(value, axis=(*range(extra), *stretched)) if extra or stretched else value"
    "  ->  np.sum(value, axis=(*range(extra), *stretched))": _EMPTY_SUM,
    "_sum_to: n == 1 and value.shape[i + extra] != 1  ->  n == 1": "a sum over one entry changes nothing",
}
"""Mutants that compute the same, and why."""


def survives(mutant: Mutant) -> bool:
    names = sorted(mutant.operations or ())
    checks = [check for name in names for check in checks_of(name)] if names else checks_of_all()
    with mutant.installed():
        for check in checks:
            try:
                check()
            except Exception:  # of any kind: a wrong number, or no number at all
                return False
    return True


@pytest.mark.parametrize("make", [mutants_of_the_table, mutants_of_the_rules, mutants_of_vjp], ids=lambda f: f.__name__)
def test_only_equivalent_mutants_survive(make):
    mutants = list(make())
    survivors = {str(mutant) for mutant in mutants if survives(mutant)}
    expected = set(SURVIVORS) & {str(mutant) for mutant in mutants}
    assert survivors == expected, "\n".join(sorted(survivors ^ expected))


def test_at_least_95_of_100_mutants_die():
    mutants = [str(m) for m in all_mutants()]
    assert len(mutants) >= 500
    assert set(SURVIVORS) <= set(mutants)
    assert sum(mutant in SURVIVORS for mutant in mutants) <= 0.05 * len(mutants)


def test_the_rules_as_they_are_pass_and_every_operation_has_a_check():
    for name, op in OPS.items():
        checks = checks_of(name)
        assert checks or not any(op.vjp) or op.variadic, name
        for check in checks:
            check()
    for check in checks_of_all():
        check()


def test_the_rules_of_the_table_are_found():
    assert {name for name, op in OPS.items() if any(op.vjp)} <= set(table())
    assert [len(table()[name]) for name in ("tanh", "clip", "place", "solve", "astype")] == [1, 3, 1, 2, 1]


def test_a_mutant_is_in_place_for_a_while_only():
    before = {name: op.vjp for name, op in OPS.items()}
    mutant = next(m for m in all_mutants() if m.what.startswith("tanh"))
    with mutant.installed():
        assert OPS["tanh"].vjp != before["tanh"]
        with pytest.raises(AssertionError):
            checks_of("tanh")[0]()
    assert {name: op.vjp for name, op in OPS.items()} == before
