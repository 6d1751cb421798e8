"""A check of the options of a foreign optimizer by trial steps, before an experiment runs."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from optlab.plugins.external.base import Array, Foreign


def mistake(
    optimizer: Foreign,
    numbers: Mapping[str, Array],
    combinations: Sequence[Mapping[str, Any]],
    written: Collection[str],
) -> tuple[str, str] | None:
    """The key and the error message for the first values that the package rejects. For a grid, both ends are tried.

    The key is the first one in the document whose default value removes the error, or else "name".
    """
    defaults = optimizer.signature.options
    first = {name: float(values[0]) for name, values in numbers.items()}
    ends = [{**first, name: float(end)} for name, v in numbers.items() if v.size > 1 for end in (v.min(), v.max())]
    for choices, tried in itertools.product(combinations, [first, *ends]):
        message = optimizer.complaint(tried, choices)
        if not message:
            continue
        for name in written:
            mended = {**tried, **choices, name: defaults[name]}
            if not optimizer.complaint({n: mended[n] for n in tried}, {n: mended[n] for n in choices}):
                return name, message
        return "name", message
    return None
