"""What an experiment is: its file, versions, statuses, errors, the sources of plugins, and files to download."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.execution import fingerprint
from optlab.plugins.external import Foreign
from optlab.report.packing import deflated
from optlab.results.analysis.judged import Judged
from optlab.results.profiles.of_results import Profiled

MOST_ROWS = 5_000
"""The most runs that the page has as CSV; the results folder has all."""


def about(results: Profiled) -> dict[str, Any]:
    """The facts about an experiment as JSON."""
    manifest = results.manifest
    return {
        "spec": _specs(results),
        "statuses": manifest["statuses"],
        "versions": manifest["versions"],
        "hashes": manifest["hashes"],
        "origins": manifest.get("origins", {}),
        "machine": {key: str(value) for key, value in manifest.get("machine", {}).items() if key != "simd"},
        "errors": [
            {"of": sweep.get("described", sweep["label"]), "message": sweep["error"]}
            for sweep in manifest["sweeps"]
            if "error" in sweep
        ],
        "sources": sources(results),
    }


def _specs(results: Profiled) -> str:
    """The text of the experiment file. If there are several, each begins with its name as a comment."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in results.specs.items()}
    return (
        next(iter(texts.values()))
        if len(texts) == 1
        else "\n".join(f"# {name}\n{text}" for name, text in texts.items())
    )


def sources(results: Profiled) -> list[dict[str, str]]:
    """The source of every plugin of the runs that is unchanged since."""
    origin, known = results.origin, set(results.manifest["hashes"]) - set(results.origin.changed_plugins)
    found: dict[str, str] = {}
    for sweep in origin.available.sweeps if origin.available else ():
        for plugin in fingerprint.plugins(sweep):
            name = f"{type(plugin).__name__.lower()} {plugin.name}"
            if name in found or name not in known or isinstance(plugin, Foreign):
                continue
            try:
                found[name] = inspect.getsource(plugin.function)
            except (OSError, TypeError):  # made in an interpreter, or not a function of Python
                continue
    return [{"name": name, "text": text} for name, text in sorted(found.items())]


def files(results: Profiled, judged: Judged | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The files to download, each with name, type and compressed bytes; and notes on what is left out."""
    found = [_file(name, "application/toml", path.read_text(encoding="utf-8")) for name, path in results.specs.items()]
    if judged is not None:
        found.append(_file("ranking.csv", "text/csv", _csv(judged.ranking)))
    if len(results.runs) > MOST_ROWS:
        runs = counted(len(results.runs), "run")
        return found, [f"runs.csv is left out, because there are {runs}; runs.parquet in the folder has all"]
    return [*found, _file("runs.csv", "text/csv", _csv(results.runs.dropna(axis="columns", how="all")))], []


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


def _file(name: str, kind: str, text: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "bytes": deflated(np.frombuffer(text.encode(), np.uint8))}
