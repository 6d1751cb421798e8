"""Definitions of the papers, written out run by run, to compare profiles with."""

from __future__ import annotations

import numpy as np
import pandas as pd


def random_costs(seed=0, cases=3, labels=("p", "q", "r"), seeds=4, targets=(1.0, 0.1), missed=0.2):
    """A table of costs; `missed` is the share of targets that are not reached. Harder targets cost more."""
    random = np.random.default_rng(seed)
    rows = []
    for case in range(cases):
        for label in labels:
            for s in range(seeds):
                cost, spent = 0.0, float(random.integers(500, 900))
                for target in targets:
                    cost += float(random.integers(1, 60))
                    cost = np.inf if random.random() < missed else cost
                    rows.append((f"case {case}", label, s, target, cost, spent))
    return pd.DataFrame(rows, columns=["case", "label", "seed", "target", "cost", "spent"])


def at(frame, label, x):
    """The value of a label's step function at x."""
    rows = frame[frame["label"] == label]
    below = rows[rows["x"] <= x]
    return below["y"].iloc[-1] if len(below) else 0.0
