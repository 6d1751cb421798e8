"""Hashes of all that bears on results: what is the same has the same hash, today and in another process."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import optlab
from optlab.foreign import Foreign
from optlab.records import Floats, Grid, Split, Sweep
from optlab.signature import source


def of_sweep(sweep: Sweep) -> str:
    """The hash of code, data, settings and every array of a sweep."""
    case = sweep.case
    return digest(
        [
            optlab.__version__,
            *(of_plugin(p) for p in plugins(sweep)),
            vars(case.start) if isinstance(case.start, Grid) else case.start,
            case.dim,
            case.batch_size,
            dict(case.choices),
            of_data(case.split) if case.split else None,
            dict(sweep.settings),
            dict(sweep.schedule_settings),
            [sweep.label, sweep.steps, sweep.root_seed, sweep.titles, sweep.backend, case.precision],
            *(sweep.recording.steps, sweep.recording.evaluations, sweep.recording.trajectory),
            *([] if sweep.target is None else [sweep.target]),
            *(sweep.run, sweep.seed),
            *_named(sweep.options),
            *_named(sweep.hyperparameters),
            *_named(sweep.schedule_numbers),
            [dict(settings) for settings in sweep.transform_settings],
            *_named(sweep.transform_numbers),
        ]
    )


def plugins(sweep: Sweep) -> list[Any]:
    """The plugins whose code a sweep runs."""
    return [p for p in (sweep.case.problem, sweep.optimizer, sweep.schedule, *sweep.transforms) if p is not None]


def of_plugin(plugin: Any) -> str:
    """The hash of a plugin's name and the text of the file that declares it, or the versions of its packages."""
    if isinstance(plugin, Foreign):
        return digest([plugin.name, dict(plugin.versions)])
    file = source(plugin.function)[0]
    try:
        text = Path(file).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # typed into a notebook: there is no file to compare
        text = file
    return digest([type(plugin).__name__, plugin.name, text])


def of_data(split: Split) -> str:
    """The hash of a dataset and how it is split."""
    return digest(vars(split).values())


def digest(parts: Iterable[Any]) -> str:
    """The hash of arrays, and of whatever else can be written as JSON.

    >>> digest([1, "a"]) == digest([1, "a"]), digest([1, "a"]) == digest([1, "b"])
    (True, False)
    """
    hashed = hashlib.sha256()
    for part in parts:
        is_array = isinstance(part, np.ndarray)
        hashed.update(np.ascontiguousarray(part).tobytes() if is_array else json.dumps(part, sort_keys=True).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()[:16]


def _named(columns: Mapping[str, Floats]) -> Iterable[Any]:
    return itertools.chain.from_iterable(columns.items())
