"""Reads COCO folders with cocopp and writes the runs as Parquet; executed by `isolated`, in its own process."""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd


def main(request: dict[str, Any]) -> None:
    """Write the runs in the folders of a request, one row for each run and target."""
    warnings.simplefilter("ignore")
    from cocopp import genericsettings, pproc  # pyright: ignore[reportMissingImports]

    genericsettings.balance_instances = False  # every run once, as measured
    genericsettings.verbose = False
    tables = [
        _runs(data, folder, request["targets"]) for folder in request["folders"] for data in pproc.DataSetList([folder])
    ]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    table.to_parquet(request["out"])


def _runs(data: Any, folder: str, targets: list[float]) -> pd.DataFrame:
    """The rows of one function in one dimension."""
    cost = np.array(data.detEvals(targets))  # (targets, runs)
    instances = [int(instance) for instance in data.instancenumbers]
    seen: Counter[int] = Counter()
    repeats = []
    for instance in instances:
        repeats.append(seen[instance])
        seen[instance] += 1
    count = len(targets)
    return pd.DataFrame(
        {
            "folder": folder,
            "suite": str(getattr(data, "suite", None) or "bbob"),
            "function": int(data.funcId),
            "dim": int(data.dim),
            "instance": np.repeat(instances, count),
            "repeat": np.repeat(repeats, count),
            "target": np.tile(targets, len(instances)),
            "cost": np.where(np.isnan(cost), np.inf, cost).T.ravel(),
            "spent": np.repeat(np.asarray(data.maxevals, float), count),
            "final": np.repeat(np.asarray(data.finalfunvals, float), count),
        }
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
