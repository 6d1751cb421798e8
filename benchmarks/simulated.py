"""Simulated experiments of which the truth is known: the losses of k optimizers on n seeds, drawn and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from optlab.results.analysis.contest import Contest
from optlab.results.analysis.intervals import median_interval
from optlab.results.analysis.separation import LEVEL, seeds_needed, step_down
from optlab.results.analysis.ties import EXACT
from optlab.results.analysis.verdict import Verdict

FEWER = 4
"""Experiments on power and with signed ranks are fewer by this factor."""
MANY = 30
"""With this number of seeds, so are those on equal optimizers among worse ones, which take the longest."""

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


@dataclass(frozen=True)
class Losses:
    """A distribution of losses: `draw(rng, k, n)`, `worse(losses)` by one unit, and the median of the equal ones."""

    draw: Draw
    worse: Callable[[np.ndarray, float], np.ndarray]
    median: float


def _plus(losses: np.ndarray, by: float) -> np.ndarray:
    return losses + by


def _normal(rng: np.random.Generator, k: int, n: int) -> np.ndarray:
    return rng.normal(size=(k, n))


def _skewed(rng: np.random.Generator, k: int, n: int) -> np.ndarray:
    return np.exp(rng.normal(size=(k, n)))


def _times(losses: np.ndarray, by: float) -> np.ndarray:
    return losses * np.exp(by)


def _heavy(rng: np.random.Generator, k: int, n: int) -> np.ndarray:
    return rng.standard_t(2, size=(k, n))


def _tied(rng: np.random.Generator, k: int, n: int) -> np.ndarray:
    return rng.binomial(20, 0.5, size=(k, n)).astype(float)


def _tied_worse(losses: np.ndarray, by: float) -> np.ndarray:
    return losses + np.round(2 * by)  # the standard deviation is 2.2


def _shared(rng: np.random.Generator, k: int, n: int) -> np.ndarray:
    return (rng.normal(size=(k, n)) + 3 * rng.normal(size=n)) / np.sqrt(10)  # the median of each label is 0


def _shared_worse(losses: np.ndarray, by: float) -> np.ndarray:
    return losses + by / np.sqrt(10)


KINDS: Mapping[str, Losses] = {
    "normal": Losses(_normal, _plus, 0.0),
    "skewed (log-normal)": Losses(_skewed, _times, 1.0),
    "heavy tails (Student t, 2)": Losses(_heavy, _plus, 0.0),
    "ties (binomial of 20)": Losses(_tied, _tied_worse, 10.0),
    "effects of the seed": Losses(_shared, _shared_worse, 0.0),
}


@dataclass(frozen=True)
class Found:
    """Shares of experiments with k contestants on n seeds.

    false_better: equal contestants, some of them distinguished from the first; `wilcoxon` with signed ranks and Holm.
    covered: intervals of 90 % that hold the median.
    ranks_covered: contestants half a unit apart: 90 % intervals that hold the true rank.
    false_second: two equal contestants and k - 2 worse ones: one of the two distinguished from the other.
    power: one contestant is better by a unit; the share of the others that are distinguished from it. lost: how often
        the better one is distinguished from the first.
    """

    kind: str
    k: int
    n: int
    experiments: int
    false_better: float
    wilcoxon: float
    covered: float
    ranks_covered: float
    false_second: float
    power: float
    lost: float


def measured(kind: str, k: int, n: int, experiments: int) -> Found:
    losses, rng = KINDS[kind], np.random.default_rng([k, n, list(KINDS).index(kind)])
    fewer = max(1, experiments // FEWER)
    found = {name: [] for name in list(Found.__dataclass_fields__)[4:]}
    for number in range(experiments):
        values = losses.draw(rng, k, n)
        found["false_better"].append(distinguished(values).any())
        found["covered"].append(holds(median_interval(values[0]), losses.median))
        spaced = np.stack([losses.worse(row, 0.5 * place) for place, row in enumerate(values)])
        found["ranks_covered"].append(ranks_held(Contest.of(tuple(map(str, range(k))), spaced)))
        if k > 2 and (n < MANY or number < fewer):
            found["false_second"].append(distinguished(_worse_from(losses, values, 2, 2.0))[:2].any())
        if number < fewer:
            found["wilcoxon"].append(wilcoxon_with_holm(values))
            better = distinguished(_worse_from(losses, values, 1, 1.0))
            found["power"].append(better[1:].mean())
            found["lost"].append(better[0])
    return Found(kind, k, n, experiments, **{name: float(np.mean(each or 0.0)) for name, each in found.items()})


def distinguished(values: np.ndarray) -> np.ndarray:
    """Which labels are distinguished from the first, shape (k,)."""
    return step_down(values, EXACT) < LEVEL


def holds(interval: tuple[float, float], value: float) -> bool:
    return interval[0] <= value <= interval[1]


def ranks_held(contest: Contest) -> float:
    """The share of the intervals of ranks that hold the true rank, of labels in their true order."""
    low, high = Verdict(contest).rank_ends
    true = np.arange(len(contest.labels)) + 1
    return float(np.mean((low <= true) & (true <= high)))


def _worse_from(losses: Losses, values: np.ndarray, label: int, by: float) -> np.ndarray:
    """All labels from this one on are worse by some units."""
    return np.concatenate([values[:label], losses.worse(values[label:], by)])


def wilcoxon_with_holm(values: np.ndarray) -> bool:
    """Whether the signed-rank test with Holm's correction distinguishes a label from the one with the lowest median."""
    from scipy.stats import wilcoxon

    first = np.median(values, axis=1).argmin()
    differences = np.delete(values, first, axis=0) - values[first]
    differences = differences[differences.any(axis=1)]
    if not len(differences):
        return False
    # with ties SciPy would try all signs, which takes minutes
    method = "approx" if len(np.unique(np.abs(differences))) < differences.size else "auto"
    return bool(np.min(wilcoxon(differences, axis=1, method=method).pvalue) * (len(values) - 1) < LEVEL)


def of_proposals(experiments: int, apart: float = 1.0, seeds: int = 10) -> dict[str, float]:
    """Two normal optimizers: the median number of seeds that is proposed after some, and the power with this number."""
    rng = np.random.default_rng(6)
    offset = np.array([[0.0], [apart]])
    proposals = [seeds_needed(*(rng.normal(size=(2, seeds)) + offset), EXACT) for _ in range(experiments)]
    proposed = int(median(1001 if proposal is None else proposal for proposal in proposals))
    found = [distinguished(rng.normal(size=(2, proposed)) + offset).any() for _ in range(experiments)]
    return {"apart": apart, "proposed": proposed, "power": float(np.mean(found))}
