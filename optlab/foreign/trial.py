"""What a package says of the options that were written for one of its optimizers, before anything is run."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from optlab.foreign.base import Array, Foreign


def mistake(
    optimizer: Foreign,
    numbers: Mapping[str, Array],
    combinations: Sequence[Mapping[str, Any]],
    written: Collection[str],
) -> tuple[str, str] | None:
    """The key to blame and what is said, for the first values that the package refuses; of a grid, the ends are tried.

    To blame is the first key written whose default would mend it, or else the name of the optimizer.
    """
    defaults = optimizer.signature.options
    first = {name: float(values[0]) for name, values in numbers.items()}
    ends = [{**first, name: float(end)} for name, v in numbers.items() if v.size > 1 for end in (v.min(), v.max())]
    for settings, tried in itertools.product(combinations, [first, *ends]):
        said = optimizer.complaint(tried, settings)
        if not said:
            continue
        for name in written:
            mended = {**tried, **settings, name: defaults[name]}
            if not optimizer.complaint({n: mended[n] for n in tried}, {n: mended[n] for n in settings}):
                return name, said
        return "name", said
    return None
