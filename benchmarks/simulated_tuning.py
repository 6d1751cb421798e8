"""Simulated experiments in which each optimizer has several settings, and one of them is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.simulated import distinguished, holds, ranks_held
from optlab.results.analysis.contest import Contest
from optlab.results.analysis.verdict import Verdict

SETTINGS: Mapping[str, np.ndarray] = {
    "16 equal settings": np.zeros(16),
    "16 settings, a quarter unit apart": np.arange(16) / 4,
    "4 settings, a unit apart": np.arange(4.0),
}
"""The medians of the settings of an optimizer; all optimizers have the same."""
CASES = (*((settings, 3) for settings in SETTINGS), ("4 settings, a unit apart", 10))
"""The settings, and the number of seeds for the choice."""
CONTESTANTS, SEEDS = (2, 5), (10, 30)


@dataclass(frozen=True)
class Tuned:
    """Shares of experiments with k equal contestants, whose settings are chosen on other seeds than the n judged ones.

    false_better: a contestant is distinguished from the first, although its chosen setting is not worse.
    apart: a contestant is distinguished from the first. sure: the interval of its rank does not begin at 1 either.
    covered: intervals of 90 % that hold the median of the chosen setting.
    ranks_covered: contestants half a unit apart: 90 % intervals that hold the true rank.
    """

    settings: str
    tuning_seeds: int
    k: int
    n: int
    experiments: int
    false_better: float
    apart: float
    sure: float
    covered: float
    ranks_covered: float


def tuned(settings: str, tuning_seeds: int, k: int, n: int, experiments: int) -> Tuned:
    rng, medians = np.random.default_rng([7, k, n, tuning_seeds, list(SETTINGS).index(settings)]), SETTINGS[settings]
    found = np.zeros(5)
    for _ in range(experiments):
        tried = rng.normal(size=(k, len(medians), tuning_seeds)) + medians[:, None]
        chosen = np.median(tried, axis=2).argmin(axis=1)
        true = medians[chosen]
        values = rng.normal(size=(k, n)) + true[:, None]
        verdict = Verdict(_contest(values, tried, chosen))
        apart = distinguished(values)
        first = verdict.medians.argmin()
        sure = apart.any() and (apart & (verdict.rank_ends[0] > 1)).any()
        held = np.mean([holds(interval, median) for interval, median in zip(verdict.intervals, true, strict=True)])
        steps = 0.5 * np.arange(k)
        spaced = _contest(values + steps[:, None], tried + steps[:, None, None], chosen)
        found += [(apart & (true <= true[first])).any(), apart.any(), sure, held, ranks_held(spaced)]
    return Tuned(settings, tuning_seeds, k, n, experiments, *map(float, found / experiments))


def _contest(values: np.ndarray, tried: np.ndarray, chosen: np.ndarray) -> Contest:
    labels = tuple(map(str, range(len(values))))
    return Contest(labels, values, tuple(tried), tuple(map(int, chosen)), is_judged_apart=True)


def by_choice(experiments: int, seeds: int = 10, settings: int = 30) -> dict[str, float]:
    """How often two equal optimizers are distinguished, if one has one setting and the other has `settings` equal ones.

    On the judged seeds, and with settings chosen on three others.
    """
    rng, found = np.random.default_rng(5), np.zeros(2)
    for _ in range(experiments):
        one, many = rng.normal(size=(1, seeds)), rng.normal(size=(settings, seeds))
        tuning = rng.normal(size=(settings, 3))
        for place, chosen in enumerate((np.median(many, axis=1).argmin(), np.median(tuning, axis=1).argmin())):
            found[place] += distinguished(np.stack([one[0], many[chosen]])).any()
    return dict(zip(("judged seeds", "other seeds"), map(float, found / experiments), strict=True))
