"""Where results come from: what the manifest says of the code, the data and the machine that they were made with."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

import optlab
from optlab import identity
from optlab.foreign import Foreign
from optlab.plan import Plan
from optlab.records import STATUSES


def about(planned: Plan, counts: Mapping[str, int], backends: Mapping[str, str]) -> dict[str, Any]:
    """What one needs to know to trust the numbers and to get them again; nothing that names a person or a host."""
    from importlib.metadata import version

    numpy_config = np.show_config(mode="dicts")
    blas = numpy_config["Build Dependencies"]["blas"]
    return {
        "name": planned.name,
        "experiment": planned.id,
        "statuses": {status: counts.get(status, 0) for status in STATUSES},
        "cells": planned.cells,
        "runs": planned.runs,
        "repeats_saved": planned.repeats_saved,
        "sweeps": [
            {"id": s.id, "label": s.label, "cases": list(s.titles), "runs": len(s), "backend": backends[s.id]}
            for s in planned.sweeps
        ],
        "versions": {
            "optlab": optlab.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "pandas", "pyarrow", "matplotlib", "llvmlite")},
            **_foreign_versions(planned),
        },
        "hashes": hashes(planned),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "byteorder": sys.byteorder,
            "simd": numpy_config["SIMD Extensions"]["found"],
        },
        "blas": {"name": blas.get("name"), "version": blas.get("version"), "threads": 1},
    }


def _foreign_versions(planned: Plan) -> dict[str, str]:
    """The version of each package whose optimizers the experiment uses."""
    optimizers = {sweep.optimizer for sweep in planned.sweeps if isinstance(sweep.optimizer, Foreign)}
    return dict(sorted(pair for optimizer in optimizers for pair in optimizer.versions.items()))


def hashes(planned: Plan) -> dict[str, str]:
    """The hash of every plugin and every dataset that the experiment uses, by kind and name."""
    found = {}
    for sweep in planned.sweeps:
        found |= {f"{type(p).__name__.lower()} {p.name}": identity.of_plugin(p) for p in identity.plugins(sweep)}
        if sweep.case.split:
            found[f"dataset {sweep.case.split.name}"] = identity.of_data(sweep.case.split)
    return dict(sorted(found.items()))
