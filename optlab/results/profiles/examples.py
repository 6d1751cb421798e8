"""A small table of costs for the examples in docstrings: two cases, two labels, two seeds, one target."""

from __future__ import annotations

import numpy as np
import pandas as pd

COSTS = pd.DataFrame(
    [
        ("bowl", "gd", 0, 40.0),
        ("bowl", "gd", 1, 60.0),
        ("bowl", "adam", 0, 20.0),
        ("bowl", "adam", 1, 60.0),
        ("valley", "gd", 0, 50.0),
        ("valley", "gd", 1, np.inf),
        ("valley", "adam", 0, 100.0),
        ("valley", "adam", 1, 90.0),
    ],
    columns=["case", "label", "seed", "cost"],
).assign(target=0.0, spent=lambda frame: frame["cost"].clip(upper=100.0))

FACTS = {
    "unit": "gradients",
    "cases": 2,
    "seeds": 2,
    "targets": [1e-3],
    "is_solved": True,
    "unknown": [],
    "own": [],
    "every": 1,
    "failed": [],
    "is_shared": False,
}
