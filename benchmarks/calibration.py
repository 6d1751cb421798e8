"""The error rates of verdicts: how often equal optimizers are called different, the coverage of intervals, the power.

Experiments are simulated (`simulated`, `simulated_tuning`) and judged like those of a user. In addition, the processor
time of the whole ranking of a thousand runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from statistics import median

import numpy as np
import pandas as pd

from benchmarks import conditions, simulated_tuning
from benchmarks.simulated import FEWER, KINDS, MANY, Found, measured, of_proposals
from benchmarks.simulated_tuning import Tuned, by_choice, tuned
from benchmarks.tables import Report, Table
from optlab.results import analysis

EXPERIMENTS = 2000
CONTESTANTS, SEEDS = (2, 5, 10), (3, 5, 10, 30)


def all_of_them(experiments: int, workers: int) -> tuple[list[Found], list[Tuned]]:
    cells = [(kind, k, n, experiments) for kind in KINDS for k in CONTESTANTS for n in SEEDS]
    nested = [(*case, k, n, experiments) for case in simulated_tuning.CASES
              for k in simulated_tuning.CONTESTANTS for n in simulated_tuning.SEEDS]  # fmt: skip
    with ProcessPoolExecutor(workers) as pool:
        # those that take long first
        waiting = {cell: pool.submit(measured, *cell) for cell in sorted(cells, key=lambda cell: -cell[1] * cell[2])}
        after = [pool.submit(tuned, *case) for case in nested]
        return [waiting[cell].result() for cell in cells], [future.result() for future in after]


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
    named = {(f"{one.kind}, {one.k} optimizers", one.n): one for one in found}
    return _by_seeds(named, columns, title)


def tables_of_tuned(found: Sequence[Tuned], columns: Mapping[str, str], title: str) -> Table:
    """One row per settings, number of seeds for the choice and number of contestants."""
    named = {(f"{one.settings}, {one.tuning_seeds} seeds, {one.k} optimizers", one.n): one for one in found}
    return _by_seeds(named, columns, title)


def _by_seeds(named: Mapping[tuple[str, int], Found | Tuned], columns: Mapping[str, str], title: str) -> Table:
    seeds = sorted({n for _, n in named})
    rows = [[name, *(" / ".join(_percent(getattr(named[name, n], column)) for column in columns) for n in seeds)]
            for name in dict.fromkeys(name for name, _ in named)]  # fmt: skip
    return Table(f"{title}: {' / '.join(columns.values())}", ["", *(f"{n} seeds" for n in seeds)], rows)


def report(rounds: int, scale: float = 1.0, workers: int = 2) -> Report:
    experiments = max(8, round(EXPERIMENTS * scale))
    found, nested = all_of_them(experiments, workers)
    choice, proposals = by_choice(experiments), [of_proposals(experiments, apart) for apart in (1.0, 0.7)]
    times = list(timed(rounds))
    figures = {"simulated": [asdict(one) for one in found], "tuned": [asdict(one) for one in nested],
               "choice": choice, "proposals": proposals,
               "seconds": [{"shape": shape, "seconds": seconds} for shape, seconds in times]}  # fmt: skip
    several = [one for one in found if one.k > 2]
    parts = [
        tables(found, {"false_better": "permutations", "wilcoxon": "signed ranks with Holm"},
               "Equal optimizers of which one is called worse, at 5 %"),
        tables(several, {"false_second": "called worse"}, "Two equal optimizers and worse ones: one of the two is"),
        tables(found, {"covered": "of medians", "ranks_covered": "of ranks"}, "Coverage of the 90 % intervals"),
        tables(found, {"power": "distinguished", "lost": "the better one called worse"},
               "One optimizer better by a unit: the others are"),
        tables_of_tuned(nested, {"false_better": "with a setting that is not worse", "apart": "with any",
                                 "sure": "with any, and a rank that does not begin at 1"},
                        "Equal optimizers with settings chosen on other seeds, of which one is called worse"),
        tables_of_tuned(nested, {"covered": "of medians", "ranks_covered": "of ranks"},
                        "Coverage of the 90 % intervals with settings chosen on other seeds"),
        Table("Two equal optimizers, one with 30 settings, 10 seeds: called different", ["chosen on", "share"],
              [[name, _percent(share)] for name, share in choice.items()]),
        Table("Seeds that are proposed after ten, for two normal optimizers", ["difference of means", "seeds", "power"],
              [[f"{p['apart']} standard deviations", str(p["proposed"]), _percent(p["power"])] for p in proposals]),
        Table("Time of the ranking", ["optimizers x settings x problems x seeds", "runs", "seconds of one processor"],
              [[" x ".join(map(str, shape)), f"{np.prod(shape):,}", f"{median(seconds):.3f}"]
               for shape, seconds in times]),
    ]  # fmt: skip
    about = (
        f"{experiments:,} simulated experiments per cell; {experiments // FEWER:,} for power and signed ranks, "
        f"and with {MANY} seeds for two equal optimizers among worse ones."
    )
    return Report(f"{conditions.text()}. {about}", parts, figures)
