"""The error rates of verdicts: how often equal optimizers are called different, the coverage of intervals, the power.

Experiments are simulated: the losses of k optimizers on n seeds are drawn from a known distribution, and judged like
the losses of an experiment. In addition, the processor time of the whole ranking of a thousand runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
import pandas as pd

from benchmarks import conditions
from benchmarks.tables import Report, Table
from optlab.results import analysis
from optlab.results.analysis.contest import Contest
from optlab.results.analysis.intervals import median_interval
from optlab.results.analysis.separation import LEVEL, seeds_needed, step_down
from optlab.results.analysis.ties import EXACT
from optlab.results.analysis.verdict import Verdict

EXPERIMENTS = 2000
CONTESTANTS, SEEDS = (2, 5, 10), (3, 5, 10, 30)
SHARE = {3: 8, 5: 8, 10: 8, 30: 32}
"""Experiments on power and with signed ranks are fewer by this factor, by the number of seeds: they take longer."""

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

    false_better: equal contestants, some of them told apart from the first; `wilcoxon` with signed ranks and Holm.
    covered: intervals of 90 % that hold the median.
    false_second: two equal contestants and k - 2 worse ones: one of the two told apart from the other.
    power: one contestant is better by a unit; the share of the others that are told apart from it. lost: how often the
        better one is told apart from the first.
    ranks_covered: contestants half a unit apart: 90 % intervals that hold the true rank.
    """

    kind: str
    k: int
    n: int
    experiments: int
    false_better: float
    wilcoxon: float
    covered: float
    false_second: float
    power: float
    lost: float
    ranks_covered: float


def measured(kind: str, k: int, n: int, experiments: int) -> Found:
    losses, rng = KINDS[kind], np.random.default_rng([k, n, list(KINDS).index(kind)])
    false, covered = np.zeros(2)
    for _ in range(experiments):
        values = losses.draw(rng, k, n)
        false += (step_down(values, EXACT) < LEVEL).any()
        low, high = median_interval(values[0])
        covered += low <= losses.median <= high
    fewer = max(1, experiments // SHARE[n])
    holm, second, power, lost, ranks = np.zeros(5)
    for _ in range(fewer):
        values = losses.draw(rng, k, n)
        holm += wilcoxon_with_holm(values)
        if k > 2:
            some = values.copy()
            some[2:] = losses.worse(some[2:], 2.0)
            second += (step_down(some, EXACT)[:2] < LEVEL).any()
        better = values.copy()
        better[1:] = losses.worse(better[1:], 1.0)
        p = step_down(better, EXACT)
        power += (p[1:] < LEVEL).mean()
        lost += p[0] < LEVEL
        spaced = np.stack([losses.worse(row, 0.5 * place) for place, row in enumerate(values)])
        low, high = Verdict(Contest.of(tuple(map(str, range(k))), spaced)).rank_ends
        true = np.arange(k) + 1
        ranks += np.mean((low <= true) & (true <= high))
    rest = (float(count / fewer) for count in (second, power, lost, ranks))
    return Found(kind, k, n, experiments, false / experiments, holm / fewer, covered / experiments, *rest)


def wilcoxon_with_holm(values: np.ndarray) -> bool:
    """Whether the signed-rank test with Holm's correction tells any label apart from the one with the lowest median."""
    from scipy.stats import wilcoxon

    first = np.median(values, axis=1).argmin()
    differences = np.delete(values, first, axis=0) - values[first]
    differences = differences[differences.any(axis=1)]
    if not len(differences):
        return False
    # with ties SciPy would try all signs, which takes minutes
    method = "approx" if len(np.unique(np.abs(differences))) < differences.size else "auto"
    return bool(np.min(wilcoxon(differences, axis=1, method=method).pvalue) * (len(values) - 1) < LEVEL)


def all_of_them(experiments: int, workers: int) -> list[Found]:
    cases = [(kind, k, n, experiments) for kind in KINDS for k in CONTESTANTS for n in SEEDS]
    cases.sort(key=lambda case: -case[1] * case[2])  # long ones first
    if workers == 1:
        found = [measured(*case) for case in cases]
    else:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(measured, *zip(*cases, strict=True)))
    return sorted(found, key=lambda one: (list(KINDS).index(one.kind), one.k, one.n))


# ---- choosing settings -----------------------------------------------------------------------------------------------


def by_choice(experiments: int, seeds: int = 10, settings: int = 30) -> dict[str, float]:
    """How often two equal optimizers are told apart, if one has one setting and the other has `settings` equal ones.

    On the judged seeds, and with settings chosen on three others.
    """
    rng, found = np.random.default_rng(5), np.zeros(2)
    for _ in range(experiments):
        one, many = rng.normal(size=(1, seeds)), rng.normal(size=(settings, seeds))
        tuning = rng.normal(size=(settings, 3))
        for place, chosen in enumerate((np.median(many, axis=1).argmin(), np.median(tuning, axis=1).argmin())):
            found[place] += (step_down(np.stack([one[0], many[chosen]]), EXACT) < LEVEL).any()
    return dict(zip(("judged seeds", "other seeds"), map(float, found / experiments), strict=True))


def of_proposals(experiments: int, apart: float = 1.0, seeds: int = 10) -> dict[str, float]:
    """Two normal optimizers: the median number of seeds that is proposed after some, and the power with this number."""
    rng = np.random.default_rng(6)
    offset = np.array([[0.0], [apart]])
    proposals = [seeds_needed(*(rng.normal(size=(2, seeds)) + offset), EXACT) for _ in range(experiments)]
    proposed = int(median(1001 if proposal is None else proposal for proposal in proposals))
    told = [(step_down(rng.normal(size=(2, proposed)) + offset, EXACT) < LEVEL).any() for _ in range(experiments)]
    return {"apart": apart, "proposed": proposed, "power": float(np.mean(told))}


# ---- time ------------------------------------------------------------------------------------------------------------


def thousand_runs(labels: int, cells: int, cases: int, seeds: int) -> pd.DataFrame:
    """A table of runs with random losses."""
    shape = (cases, labels, cells, seeds)
    case, label, cell, seed = (part.ravel() for part in np.indices(shape))
    loss = np.random.default_rng(0).random(case.size)
    return pd.DataFrame(
        {
            "run": np.arange(case.size), "case": np.char.mod("case %d", case), "label": np.char.mod("label %d", label),
            "seed": seed, "hp.lr": 10.0**-cell, "status": "done", "first_loss": 10.0, "final_loss": loss + 0.1 * label,
        }
    )  # fmt: skip


SHAPES = ((5, 20, 1, 10), (5, 5, 4, 10), (14, 1, 7, 10), (10, 1, 1, 100))


def timed(rounds: int) -> Iterator[tuple[tuple[int, ...], list[float]]]:
    for shape in SHAPES:
        runs = thousand_runs(*shape)
        analysis.ranking(runs)
        seconds = []
        for _ in range(rounds):
            begin = time.process_time()
            analysis.ranking(runs)
            seconds.append(time.process_time() - begin)
        yield shape, seconds


# ---- tables ----------------------------------------------------------------------------------------------------------


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def tables(found: Sequence[Found], columns: Mapping[str, str], title: str) -> Table:
    """One row per kind and number of contestants; for each number of seeds the columns in one cell."""
    rows = []
    for kind in dict.fromkeys(one.kind for one in found):
        for k in sorted({one.k for one in found}):
            own = {one.n: one for one in found if (one.kind, one.k) == (kind, k)}
            cells = [" / ".join(_percent(getattr(own[n], name)) for name in columns) for n in sorted(own)]
            rows.append([f"{kind}, {k} optimizers", *cells])
    seeds = sorted({one.n for one in found})
    return Table(f"{title}: {' / '.join(columns.values())}", ["", *(f"{n} seeds" for n in seeds)], rows)


def report(rounds: int, scale: float = 1.0, workers: int = 2) -> Report:
    experiments = max(8, round(EXPERIMENTS * scale))
    found = all_of_them(experiments, workers if scale > 0.1 else 1)
    choice, proposals = by_choice(experiments), [of_proposals(experiments, apart) for apart in (1.0, 0.7)]
    times = list(timed(rounds))
    figures = {"simulated": [asdict(one) for one in found], "choice": choice, "proposals": proposals,
               "seconds": [{"shape": shape, "seconds": seconds} for shape, seconds in times]}  # fmt: skip
    several = [one for one in found if one.k > 2]
    parts = [
        tables(found, {"false_better": "permutations", "wilcoxon": "signed ranks with Holm"},
               "Equal optimizers of which one is called worse, at 5 %"),
        tables(several, {"false_second": "called worse"}, "Two equal optimizers and worse ones: one of the two is"),
        tables(found, {"covered": "of medians", "ranks_covered": "of ranks"}, "Coverage of the 90 % intervals"),
        tables(found, {"power": "told apart", "lost": "the better one called worse"},
               "One optimizer better by a unit: the others are"),
        Table("Two equal optimizers, one with 30 settings, 10 seeds: called different", ["chosen on", "share"],
              [[name, _percent(share)] for name, share in choice.items()]),
        Table("Seeds that are proposed after ten, for two normal optimizers", ["difference of means", "seeds", "power"],
              [[f"{p['apart']} standard deviations", str(p["proposed"]), _percent(p["power"])] for p in proposals]),
        Table("Time of the ranking", ["optimizers x settings x problems x seeds", "runs", "seconds of one processor"],
              [[" x ".join(map(str, shape)), f"{np.prod(shape):,}", f"{median(seconds):.3f}"]
               for shape, seconds in times]),
    ]  # fmt: skip
    fewer = (
        f"{experiments // SHARE[10]:,} (with 30 seeds {experiments // SHARE[30]:,}) for power, ranks and signed ranks"
    )
    about = f"{experiments:,} simulated experiments per cell; {fewer}."
    return Report(f"{conditions.text()}. {about}", parts, figures)
