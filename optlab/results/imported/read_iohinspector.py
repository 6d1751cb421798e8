"""Reads IOH folders with iohinspector and writes the runs as Parquet; executed by `isolated`, in its own process."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd


def main(request: dict[str, Any]) -> None:
    """Write the runs in the folders of a request, one row for each run and target."""
    warnings.simplefilter("ignore")
    from iohinspector import DataManager  # pyright: ignore[reportMissingImports]

    tables = []
    for folder in request["folders"]:
        manager = DataManager()
        manager.add_folder(folder)
        for data in manager.data_sets:
            if data.function.maximization:
                raise SystemExit(f"{data.function.name} is maximized; only minimized functions can be judged")
        facts = {run["data_id"]: run for run in manager.overview.to_dicts()}
        for number, record in manager.load(monotonic=False).to_pandas().groupby("data_id"):
            tables.append(_run(facts[number], record, folder, request["targets"]))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    if len(table):
        run = ["folder", "label", "suite", "function", "dim", "instance"]
        table["repeat"] = table.groupby(run)["data_id"].transform(lambda column: pd.factorize(column)[0])
    table.to_parquet(request["out"])


def _run(facts: dict[str, Any], record: pd.DataFrame, folder: str, targets: list[float]) -> pd.DataFrame:
    """The rows of one run: the first evaluation at which the lowest value is at most each target."""
    record = record.sort_values("evaluations")
    lowest = np.minimum.accumulate(record["raw_y"].to_numpy(float))
    at = np.searchsorted(-lowest, -np.asarray(targets))
    evaluations = np.append(record["evaluations"].to_numpy(float), np.inf)
    return pd.DataFrame(
        {
            "folder": folder,
            "label": facts["algorithm_name"],
            "suite": facts["suite"],
            "function": int(facts["function_id"]),
            "dim": int(facts["dimension"]),
            "instance": int(facts["instance"]),
            "data_id": facts["data_id"],
            "target": targets,
            "cost": evaluations[at],
            "spent": float(facts["evals"]),
            "final": min(float(facts["best_y"]), float(lowest[-1])),
        }
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
