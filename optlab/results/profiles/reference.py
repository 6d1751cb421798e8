"""The known minima and the targets of the cases of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optlab.experiments.maps.declared import lowest
from optlab.results.subject import Subject


@dataclass(frozen=True)
class References:
    """By the title of the case: its minimum, and the target in its table; only where there is one."""

    minima: Mapping[str, float]
    targets: Mapping[str, float]


def references(results: Subject) -> References:
    """The references of all cases. A problem that has changed since the runs has no known minimum."""
    minima, targets = {}, {}
    plan = results.origin.plan
    for sweep in plan.sweeps if plan else ():
        if sweep.case.problem.name in results.origin.changed:
            continue
        for number in np.unique(sweep.title):
            title = sweep.titles[number]
            if sweep.target is not None:
                targets[title] = float(sweep.target[np.argmax(sweep.title == number)])
            if title not in minima and (least := lowest(sweep.case, sweep.options(int(number)))) is not None:
                minima[title] = least
    return References(minima, targets)
