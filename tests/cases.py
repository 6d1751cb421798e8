"""Cases of a parametrized test: the first few for `make test`, all for `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_cases(count: int, cases: Iterable[Any]) -> list[Any]:
    """The cases, a tuple for several arguments. Those after the first `count` are marked `many`.

    >>> [len(case.marks) for case in first_cases(2, "abc")]
    [0, 0, 1]
    """
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*row, marks=[pytest.mark.many] * (n >= count)) for n, row in enumerate(rows)]
