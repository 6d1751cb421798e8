"""The order of the labels over several cases: mean ranks, the tests of Friedman and Nemenyi, leaving out a case."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.results.analysis.resampling import RESAMPLES
from optlab.results.analysis.verdict import TAILS, Verdict

Floats = NDArray[np.float64]

LEVEL = 0.05
ROUNDING = 1e-9
"""Mean ranks that differ by less are equal."""


def overall(ranking: pd.DataFrame, verdicts: Mapping[str, Verdict], labels: Sequence[str]) -> pd.DataFrame:
    """One row per label, over all cases.

    `mean_rank` is the mean rank, where equal labels of a case share the mean of their places. `cases` is the number of
    cases, `wins` the number of first places (shared ones included), `at_edge` the number of cases whose best value is
    on the edge of the grid, and `diverged` the share of diverged runs (mean over cases). `failed` is the number of
    cases on which runs of the label failed; if there are any, `mean_rank` and `diverged` are NaN. Cases without ranks
    do not count in the two means; they are NaN if there are no other cases. A mean rank compares the labels of this
    experiment only: without one of the labels, the other mean ranks change.

    `mean_low` and `mean_high` are the 5 % and 95 % quantiles of the mean rank in a thousand resamples of the cases and
    of the seeds in each case. They are missing if there is one case. `among_first` is the share of the cases on which
    the label cannot be distinguished from the first, of those with several seeds.

    Args:
        ranking: the columns of `ranking`. verdicts: the verdict on each case. labels: the order of equal mean ranks.
    """
    table = ranking.assign(rank=ranking["rank"].astype(float))
    table["wins"] = table["rank"] == 1
    table["rank"] = table.groupby("case", sort=False)["rank"].rank()  # the mean of the places of equal labels
    table["at_edge"] = table["at_edge"] != ""
    table["diverged"] = table["diverged"].where(table["rank"].notna())
    table["failed"] = table["failed"] > 0
    table["with_first"] = table["with_first"].astype("Float64")
    by_label = table.groupby("label", sort=False)
    result = by_label.agg(
        mean_rank=("rank", "mean"),
        cases=("case", "size"),
        wins=("wins", "sum"),
        among_first=("with_first", "mean"),
        at_edge=("at_edge", "sum"),
        diverged=("diverged", "mean"),
        failed=("failed", "sum"),
    )
    result["among_first"] = result["among_first"].astype("Float64").to_numpy(float, na_value=np.nan)
    result.loc[result["failed"] > 0, ["mean_rank", "diverged", "among_first"]] = np.nan
    result.insert(1, "mean_low", np.nan)
    result.insert(2, "mean_high", np.nan)
    compared, cases, _ = rank_table(ranking)
    if compared:
        result.loc[list(compared), ["mean_low", "mean_high"]] = _ends([verdicts[case] for case in cases], compared).T
    result = result.loc[[label for label in labels if label in result.index]]
    return result.reset_index().sort_values("mean_rank", kind="stable", ignore_index=True)


def rank_table(ranking: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """The labels without failed runs, the cases with ranks, and the ranks, shape (cases, labels).

    Equal labels share the mean of their places. All are empty if there are fewer than two cases or labels.
    """
    failed = set(ranking["label"][ranking["failed"] > 0])
    ranked = ranking[ranking["rank"].notna() & ~ranking["label"].isin(failed)]
    table = ranked.pivot(index="case", columns="label", values="rank")
    table = table.reindex(index=ranked["case"].unique(), columns=ranked["label"].unique()).dropna(axis="columns")
    if min(table.shape) < 2:
        return (), (), np.empty((0, 0))
    return tuple(table.columns), tuple(table.index), shared(table.to_numpy(float))


def shared(ranks: Floats) -> Floats:
    """Ranks (..., labels), of which equal ones share the mean of their places instead of the best.

    >>> shared(np.array([1.0, 1.0, 3.0, 4.0])).tolist()
    [1.5, 1.5, 3.0, 4.0]
    """
    equal = (ranks[..., :, None] == ranks[..., None, :]).sum(axis=-1)
    better = (ranks[..., :, None] > ranks[..., None, :]).sum(axis=-1)
    return better + (equal + 1) / 2


def _ends(verdicts: Sequence[Verdict], labels: Sequence[str]) -> Floats:
    """The quantiles of the mean ranks over resamples of cases and seeds, shape (2, L)."""
    parts = []
    for verdict in verdicts:
        ranks = np.tile(verdict.ranks, (RESAMPLES, 1)) if verdict.is_open else verdict.resampled
        parts.append(shared(ranks[:, [verdict.contest.labels.index(label) for label in labels]]))
    cases = np.random.default_rng(2).integers(len(parts), size=(RESAMPLES, len(parts)))
    drawn = np.stack(parts)[cases, np.arange(RESAMPLES)[:, None]]  # (resamples, cases, labels)
    return np.quantile(drawn.mean(axis=1), TAILS, axis=0)


@dataclass(frozen=True)
class Friedman:
    """The tests of Friedman and Nemenyi (Demsar, 2006) for k labels on N cases.

    labels, mean_ranks: the labels with their mean ranks; equal labels share the mean of their places.
    cases: N.
    chi2, chi2_p: 12 N / (k (k + 1)) (sum of R_j**2 - k (k + 1)**2 / 4) for mean ranks R_j, and its p-value with k - 1
        degrees of freedom. Ties are not corrected for, as in the paper, which makes the test conservative.
    f, f_p: the statistic of Iman & Davenport, (N - 1) chi2 / (N (k - 1) - chi2), with k - 1 and (k - 1) (N - 1) degrees
        of freedom. It is at least 1 / k!**(N - 1), the probability that N cases agree on the order by chance.
    cd: the critical difference of Nemenyi at 5 %. Labels whose mean ranks differ by less cannot be distinguished.
    """

    labels: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    cases: int
    chi2: float
    chi2_p: float
    f: float
    f_p: float
    cd: float


def friedman_test(ranks: Floats, labels: tuple[str, ...]) -> Friedman:
    """The tests for ranks (N, k), N > 1 and k > 1. Equal ranks in a row are replaced by the mean of their places."""
    from scipy.special import chdtrc, fdtrc

    cases, k = ranks.shape
    mean = shared(ranks).mean(axis=0)
    chi2 = float(12 * cases / (k * (k + 1)) * np.sum((mean - (k + 1) / 2) ** 2))
    rest = cases * (k - 1) - chi2
    f = (cases - 1) * chi2 / rest if rest > 1e-9 * cases else np.inf
    f_p = float(fdtrc(k - 1, (k - 1) * (cases - 1), f)) if np.isfinite(f) else 0.0
    f_p = max(f_p, math.factorial(min(k, 20)) ** (1.0 - cases))  # by chance, all cases agree with this probability
    cd = studentized_range(k) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * cases))
    return Friedman(labels, tuple(map(float, mean)), cases, chi2, float(chdtrc(k - 1, chi2)), float(f), f_p, float(cd))


def studentized_range(k: int, level: float = LEVEL) -> float:
    """The quantile 1 - level of the range of k standard normal variables, from the distribution of the range,

        P(range <= q) = k * integral of phi(z) (Phi(z) - Phi(z - q))**(k - 1) dz.

    `scipy.stats.studentized_range` gives the same; loading `scipy.stats` takes longer than all else here.
    """
    from scipy.special import ndtr

    z = np.linspace(-9.0, 9.0, 1801)  # with the trapezoidal rule, the error is that of rounding
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    low, high = 0.0, 18.0
    for _ in range(60):
        q = (low + high) / 2
        covered = k * np.trapezoid(density * (ndtr(z) - ndtr(z - q)) ** (k - 1), z)
        low, high = (q, high) if covered < 1 - level else (low, q)
    return high


def without_each_case(ranking: pd.DataFrame) -> pd.DataFrame:
    """The mean ranks if one case is left out: how the order depends on it.

    Columns: `without` (the case), `label`, `mean_rank` over the other cases, and `place`: 1 + the number of labels with
    a lower mean rank. Empty if there are fewer than two cases with ranks, or two labels without failed runs.
    """
    labels, cases, ranks = rank_table(ranking)
    parts = [pd.DataFrame({"without": [], "label": [], "mean_rank": [], "place": []})]
    for number, case in enumerate(cases):
        mean = np.delete(ranks, number, axis=0).mean(axis=0)
        place = (mean[:, None] > mean + ROUNDING).sum(axis=1) + 1
        part = pd.DataFrame({"without": case, "label": labels, "mean_rank": mean, "place": place})
        parts.append(part.sort_values("place", kind="stable"))
    return pd.concat(parts[-len(cases) :], ignore_index=True)
