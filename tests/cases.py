"""Cases of a parametrized test: a few for `make test`, all for `make test-all`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def first_cases(count: int, cases: Iterable[Any]) -> list[Any]:
    """The cases, a tuple for several arguments. Those after the first `count` are marked `many`.

    >>> [len(case.marks) for case in first_cases(2, "abc")]
    [0, 0, 1]
    """
    return _marked(cases, lambda n: n >= count)


def every(step: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """The cases, of which all but one of each `step` are marked `many`. Tests of the same cases that differ in `first`
    have different ones.

    >>> [len(case.marks) for case in every(2, "abc")]
    [0, 1, 0]
    >>> [len(case.marks) for case in every(2, "abc", 1)]
    [1, 0, 1]
    """
    return _marked(cases, lambda n: n % step != first)


def _marked(cases: Iterable[Any], is_many: Callable[[int], bool]) -> list[Any]:
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*row, marks=[pytest.mark.many] * is_many(n)) for n, row in enumerate(rows)]
