"""Trying several optimizers or tuning one, against a plain calculation."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UnknownName, UserError
from optlab.results.analysis import strategies

INF = np.inf


def runs_of(values):
    """A table of runs from (case, optimizer, trials, rate, values for tuning, values for judging or None)."""
    rows = []
    for case, base, trials, rate, tuning, judging in values:
        for phase, losses in (("tuning", tuning), ("judging", judging or [])):
            for seed, loss in enumerate(losses):
                rows.append({
                    "run": len(rows), "case": case, "problem": case, "label": f"{base}, {trials} trials", "base": base,
                    "trials": trials, "hp.lr": rate, "phase": phase, "seed": seed, "schedule": base[0],
                    "status": "done" if np.isfinite(loss) else "diverged", "first_loss": 10.0, "final_loss": loss,
                })  # fmt: skip
    return pd.DataFrame(rows)


VALUES = [
    ("p", "a", 0, 0.1, [3.0, 3.0], [3.0, 3.5, 4.0]),
    ("p", "b", 0, 0.1, [2.0, 2.5], [5.0, 5.0, 5.0]),  # the best for tuning, not for judging
    ("p", "c", 0, 0.1, [INF, INF], [INF, INF, 1.0]),
    ("p", "a", 2, 0.2, [4.0, 4.0], None),
    ("p", "a", 2, 0.3, [1.0, 1.0], [1.0, 1.5, 2.0]),
    ("p", "b", 2, 0.2, [1.5, 1.5], [5.0, 5.0, 5.0]),
    ("p", "b", 2, 0.3, [9.0, 9.0], None),
    ("p", "c", 2, 0.2, [0.5, 0.5], [0.25, 0.5, 0.5]),
    ("p", "c", 2, 0.3, [0.6, 0.6], None),
    ("q", "a", 0, 0.1, [1.0, 1.0], [1.0, 1.0, 1.0]),
    ("q", "b", 0, 0.1, [2.0, 2.0], [2.0, 2.0, 2.0]),
    ("q", "c", 0, 0.1, [3.0, 3.0], [3.0, 3.0, 3.0]),
    ("q", "a", 2, 0.2, [0.1, 0.1], [0.1, 0.1, 0.1]),
    ("q", "a", 2, 0.3, [0.2, 0.2], None),
    ("q", "b", 2, 0.2, [0.3, 0.3], [0.2, 0.2, 0.2]),
    ("q", "b", 2, 0.3, [0.4, 0.4], None),
    ("q", "c", 2, 0.2, [2.0, 2.0], [2.0, 2.0, 2.0]),
    ("q", "c", 2, 0.3, [3.0, 3.0], None),
]
RUNS = runs_of(VALUES)


def places():
    """The place of each optimizer with each number of trials on each case, by counting."""
    judged = {(case, base, trials): statistics.median(judging) for case, base, trials, _, _, judging in VALUES
              if judging}  # fmt: skip
    found = {}
    for case, base, trials in judged:
        others = [v for key, v in judged.items() if key[0] == case and key != (case, base, trials)]
        own = judged[case, base, trials]
        found[case, base, trials] = sum((v < own) + 0.5 * (v == own) for v in others) / len(others)
    return found


def chosen(case, bases, trials):
    """The optimizer with the lowest median for tuning, of those with a judged setting."""
    tuning = {base: statistics.median(t) for c, base, k, _, t, j in VALUES if (c, k) == (case, trials) and j}
    return min(bases, key=lambda base: tuning[base])


def test_places_are_those_of_a_plain_count():
    table = strategies(RUNS).set_index(["strategy", "trials"])
    expected = places()
    for trials in (0, 2):
        every = {base: [expected[case, base, trials] for case in "pq"] for base in "abc"}
        best = [expected[case, chosen(case, "abc", trials), trials] for case in "pq"]
        assert table.loc[("all", trials), "place"] == pytest.approx(np.mean(best))
        assert table.loc[("one", trials), "place"] == pytest.approx(np.mean([*every.values()]))
        for base in "abc":
            assert table.loc[(base, trials), "place"] == pytest.approx(np.mean(every[base]))
    assert table["settings"].to_dict() == {
        ("all", 0): 3,
        ("one", 0): 1,
        ("all", 2): 6,
        ("one", 2): 2,
        **{(base, trials): max(trials, 1) for base, trials in itertools.product("abc", (0, 2))},
    }
    reference = table.loc[("all", 0), "place"]
    np.testing.assert_allclose(table["difference"], table["place"] - reference)
    assert table.loc[("all", 0), ["difference", "low", "high"]].tolist() == [0, 0, 0]


def test_the_best_is_chosen_by_the_runs_for_tuning():
    table = strategies(RUNS).set_index(["strategy", "trials"])
    assert chosen("p", "abc", 0) == "b"
    assert table.loc[("all", 0), "place"] > table.loc[("a", 0), "place"]


def test_optimizers_within_a_column_are_sets_of_their_own():
    table = strategies(RUNS, within="schedule").set_index(["schedule", "strategy", "trials"])
    whole = strategies(RUNS).set_index(["strategy", "trials"])
    for base, trials in itertools.product("abc", (0, 2)):
        alone = {table.loc[(base, strategy, trials), "place"] for strategy in ("all", "one", base)}
        assert alone == {whole.loc[(base, trials), "place"]}
    assert table.loc[("a", "one", 2), "difference"] == pytest.approx(
        whole.loc[("a", 2), "place"] - whole.loc[("a", 0), "place"]
    )


def test_intervals_are_over_problems():
    """With equal values at all seeds, the mean of two resampled cases is one of three values, at 1/4, 1/2, 1/4."""
    constant = runs_of([(*row[:4], [row[4][0]] * 2, row[5] and [row[5][0]] * 3) for row in VALUES])
    table = strategies(constant).set_index(["strategy", "trials"])
    for base in "abc":
        of_cases = []
        for case in "pq":
            values = {(row[1], row[2]): row[5][0] for row in VALUES if row[0] == case and row[5]}
            own = values.pop((base, 2))
            of_cases.append(sum((v < own) + 0.5 * (v == own) for v in values.values()) / len(values))
        ends = table.loc[(base, 2), ["place_low", "place_high"]].tolist()
        assert ends == pytest.approx(sorted(of_cases))


def test_intervals_are_over_seeds():
    """One case; the median of three seeds is 3 if at least two draws are 3, with the probability 7/27, else below."""
    runs = runs_of([
        ("p", "a", 0, 0.1, [1.0], [1.0, 1.0, 3.0]),
        ("p", "a", 2, 0.1, [1.0], [2.0, 2.0, 2.0]),
        ("p", "a", 2, 0.2, [2.0], None),
    ])  # fmt: skip
    table = strategies(runs).set_index(["strategy", "trials"])
    assert table.loc[("a", 0), ["place", "place_low", "place_high"]].tolist() == [0, 0, 1]
    assert table.loc[("a", 2), ["difference", "low", "high"]].tolist() == [1, -1, 1]


def test_an_optimizer_with_errors_is_left_out():
    broken = RUNS.assign(status=RUNS["status"].mask((RUNS["label"] == "c, 2 trials") & (RUNS["case"] == "q"), "error"))
    table = strategies(broken)
    assert "c" not in set(table[table["trials"] == 2]["strategy"])
    assert "c" in set(table[table["trials"] == 0]["strategy"])
    assert len(table[table["trials"] == 2]) == 4


def test_what_cannot_be_computed_is_said():
    with pytest.raises(UserError, match=r"write several in \[tuning\], as in trials = \[0, 25, 50\]"):
        strategies(RUNS.drop(columns="trials"))
    with pytest.raises(UserError, match="runs of every optimizer ended with an error"):
        strategies(RUNS.assign(status="error"))
    with pytest.raises(UserError, match="within: the runs have no column 'schedul'"):
        strategies(RUNS, within="schedul")
    with pytest.raises(UnknownName, match="there is no metric 'loss'"):
        strategies(RUNS, by="loss")
    with pytest.raises(UserError, match="timed together, so that seconds have no intervals; choose another metric"):
        strategies(RUNS.assign(seconds=0.1), by="seconds")


def test_equally_good_optimizers_count_the_same_in_any_order():
    """All missed the target on the seed for tuning, so that none is the best."""
    values = [
        ("p", "a", 0, 0.1, [INF], [1.0, 1.0]),
        ("p", "b", 0, 0.1, [INF], [5.0, 5.0]),
        ("p", "c", 0, 0.1, [INF], [9.0, 9.0]),
        *(("p", base, 2, 0.2, [0.5], [20.0, 20.0]) for base in "abc"),
    ]
    tables = [strategies(runs_of(order)) for order in (values, values[::-1])]
    found = [table[(table["strategy"] == "all") & (table["trials"] == 0)].iloc[0] for table in tables]
    assert [row["place"] for row in found] == [pytest.approx(0.2)] * 2  # the mean of 0, 1/5 and 2/5
    assert found[0]["place_high"] == found[1]["place_high"]
