"""Simulated restarts: the cost of a run that starts again until it reaches the target."""

from __future__ import annotations

import numpy as np

from optlab.results.profiles.arrange import Arranged, Floats, Ints


def simulated(table: Arranged, first: Ints, random: np.random.Generator) -> Floats:
    """Simulated costs, shape (instances, labels).

    The first trial of the instance (case, seed, target) is the run with this seed. While the last trial missed the
    target, another run of the case is drawn with replacement, and its cost is added: what it spent until the target, or
    in the whole run if it missed the target too. Targets that no run of the case reached cost infinity. The mean over
    many simulations is the expected running time, `ert`.

    Args:
        table: the measured costs.
        first: the unit whose run replaces the run of each unit, shape (units,): `arange` for the measured runs, or a
            bootstrap draw of them. It also says which runs are drawn for the restarts.
        random: the generator of the draws.

    Source: N. Hansen et al., "COCO: performance assessment", 2016 (simulated restarts).

    >>> from optlab.results.profiles.arrange import arranged
    >>> from optlab.results.profiles.examples import COSTS
    >>> table = arranged(COSTS)
    >>> simulated(table, np.arange(4), np.random.default_rng(1))[:, 0] % 100  # one run of 100 missed: 50 + 100 k
    array([40., 60., 50., 50.])
    """
    result = np.empty_like(table.cost)
    for case in range(len(table.cases)):
        rows, units = table.grid(case)
        drawn = np.searchsorted(units, first[units])
        cost, spent = table.cost[rows][drawn], table.spent[rows][drawn]  # (units, targets, labels)
        total = np.where(np.isfinite(cost), cost, spent)
        missed = np.isinf(cost) & np.isfinite(cost).any(axis=0)
        total[:, ~np.isfinite(cost).any(axis=0)] = np.inf
        while missed.any():
            at = np.nonzero(missed)
            again = (random.integers(len(units), size=len(at[0])), *at[1:])
            reached = np.isfinite(cost[again])
            total[at] += np.where(reached, cost[again], spent[again])
            missed[at] = ~reached
        result[rows] = total
    return result
