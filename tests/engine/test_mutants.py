"""Mutation tests: the tests of derivatives detect nearly every small mistake in a rule."""

from __future__ import annotations

import ast

import pytest

from optlab.engine.ops import OPS
from tests.cases import first_cases
from tests.engine.mutation import (
    Mutant,
    all_mutants,
    changes,
    mutants_of_the_rules,
    mutants_of_the_table,
    mutants_of_vjp,
    table,
)
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
    "hypot, 0: v0(v1, v2, v3)  ->  v0(v2, v1, v3)": _FACTORS,
    "hypot, 1: v0(v1, v2, v3)  ->  v0(v2, v1, v3)": _FACTORS,
    "arctan2, 0: v0(v1, v2, v3, v2)  ->  v0(v2, v1, v3, v2)": _FACTORS,
    "arctan2, 1: v0(-v1, v2, v2, v3)  ->  v0(v2, -v1, v2, v3)": _FACTORS,
    "fmod, 1: rint((v0 - v1) / v2)  ->  (v0 - v1) / v2": "the quotient is whole but for its last bit",
    "share_of_tie: v0 > v1  ->  v0 >= v1": "ties are decided before",
    "_not_zero: v0('nan_slope', 1.0, v1, True_)  ->  v0('nan_slope', 2.0, v1, True_)": _OVER_NOTHING,
    "share_of_tie: v0 - v1  ->  v0 + v1": _CAUSE,
    "share_of_tie: v0 - v1  ->  v0": _CAUSE,
    "share_of_tie: v0 - v1  ->  v1": _CAUSE,
    "nan_slope, 1: v0(v1, v2)  ->  -v0(v1, v2)": _SIGN_OF_NAN,
    "undefined_curvature, 0: v0('zero_slope', v1, v2)  ->  -v0('zero_slope', v1, v2)": _SIGN_OF_NAN,
    "zero_slope: v0('zero_slope', v1, v2)  ->  v0('zero_slope', v2, v1)": "both are 0",
    "zero_slope, 1: v0(v1, v2 == 0)  ->  -v0(v1, v2 == 0)": _SIGN_OF_NAN,
    "sinc: abs(v0) < 1  ->  abs(v0) < 2": _BOTH_WAYS,
    "sinc: abs(v0) < 1  ->  abs(v0) <= 1": _BOTH_WAYS,
    "sinc: where(v0, 1.0, v1)  ->  where(v0, 2.0, v1)": _NOT_TAKEN,
    "sinc: where(v0, v1, 0.0)  ->  where(v0, v1, 1.0)": _NOT_TAKEN,
    "masked_gradient, 0: where(v0, v1, 0.0)  ->  where(v0, v1, 1.0)": "the mask is applied twice",
    "cofactors: v0.shape[-1]  ->  v0.shape[-2]": _SQUARE,
    "cholesky: v0.shape[-1]  ->  v0.shape[-2]": _SQUARE,
    "cholesky: v0.shape[-2:]  ->  v0.shape[-3:]": _SQUARE,
    "_silenced_product: where(v0, v1, 0.0)  ->  where(v0, v1, 1.0)": _INACTIVE,
    "_silenced_product: where(v0, 0.0, 1.0)  ->  where(v0, 0.0, 2.0)": _INACTIVE,
    "_silenced: v0.ndim > v1  ->  v0.ndim >= v1": _EMPTY_SUM,
    "_silenced: sum(v0, axis=tuple(range(v1, v0.ndim))) if v0.ndim > v1 else v0"
    "  ->  sum(v0, axis=tuple(range(v1, v0.ndim)))": _EMPTY_SUM,
    "_silenced: sum(v0, axis=tuple(range(v1, v0.ndim)))"
    "  ->  max(v0, axis=tuple(range(v1, v0.ndim)))": "there is one that is not 0",
    "_taken: v0.v1.v2[v3] if v0.v1.v2 else None  ->  None": "of ones, the rule makes the same",
    "_silenced: v0.v1 or v2 in v3.v4  ->  v0.v1": _COSTS,
    "_silenced: v0.v1 or v2 in v3.v4  ->  v2 in v3.v4": _COSTS,
    "_silenced: v0.v1 or v2 in v3.v4  ->  v0.v1 and v2 in v3.v4": _COSTS,
    "_sum_to: sum(v2, axis=(*range(v0), *v1)) if v0 or v1 else v2  ->  sum(v2, axis=(*range(v0), *v1))": _EMPTY_SUM,
    "_sum_to: v0 == 1 and v1.shape[v2 + v3] != 1  ->  v0 == 1": "a sum over one entry changes nothing",
}
"""Mutants that are equivalent, by `key`, with the reason. In a key v0, v1, ... are names of the source."""


def survives(mutant: Mutant) -> bool:
    names = sorted(mutant.operations or ())
    checks = [check for name in names for check in checks_of(name)] if names else checks_of_all()
    with mutant.installed():
        for check in checks:
            try:
                check()
            except Exception:  # any exception counts, also of a wrong number
                return False
    return True


@pytest.mark.parametrize("share", first_cases(1, [16, 1]))
@pytest.mark.parametrize("make", [mutants_of_the_table, mutants_of_the_rules, mutants_of_vjp], ids=lambda f: f.__name__)
def test_only_equivalent_mutants_survive(make, share):
    """Of one in `share` of the mutants."""
    mutants = list(make())[::share]
    wrong = [mutant for mutant in mutants if survives(mutant) != (mutant.key in SURVIVORS)]
    assert not wrong, "\n".join(map(str, wrong))


def test_at_least_95_percent_of_mutants_fail_a_test():
    mutants = [mutant.key for mutant in all_mutants()]
    assert len(set(mutants)) == len(mutants) >= 500
    assert set(SURVIVORS) <= set(mutants)
    assert len(SURVIVORS) <= 0.05 * len(mutants)


def test_every_operation_has_a_check():
    for name, op in OPS.items():
        assert checks_of(name) or not any(op.vjp) or op.variadic, name


@pytest.mark.parametrize("share", first_cases(1, [8, 1]))
def test_the_original_rules_pass(share):
    """One in `share` of the checks; the tests of derivatives make these checks with more numbers."""
    for check in [check for name in OPS for check in checks_of(name)][::share] + list(checks_of_all())[::share]:
        check()


def test_the_rules_of_the_table_are_found():
    assert {name for name, op in OPS.items() if any(op.vjp)} <= set(table())
    assert [len(table()[name]) for name in ("tanh", "clip", "place", "solve", "astype")] == [1, 3, 1, 2, 1]


WORDINGS = [
    """
def rule(g, x, parts):
    far = np.where(x > 1.0, other.slope(g, x), 0.0)
    return far * parts.count + sum(np.abs(p) for p in parts) if x.ndim > 1 else far
""",
    """
def rule(cotangent, operand, pieces):
    if_far = np.where(operand > 1.0, slope(cotangent, operand), 0.0)
    return if_far * pieces.number + sum(np.abs(piece) for piece in pieces) if operand.ndim > 1 else if_far
""",
]


def test_a_key_does_not_depend_on_names_and_modules():
    one, other = (list(changes(ast.parse(text), {"other": ast})) for text in WORDINGS)
    assert len(one) >= 10
    assert [change.form for change in one] == [change.form for change in other]
    assert not {change.source for change in one} & {change.source for change in other if "g" in change.source}


def test_a_mutant_is_removed_after_use():
    before = {name: op.vjp for name, op in OPS.items()}
    mutant = next(m for m in all_mutants() if m.where == "tanh, 0")
    with mutant.installed():
        assert OPS["tanh"].vjp != before["tanh"]
        with pytest.raises(AssertionError):
            checks_of("tanh")[0]()
    assert {name: op.vjp for name, op in OPS.items()} == before
