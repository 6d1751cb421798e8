"""Hashes of all that bears on results: what is the same has the same hash, today and in another process."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import itertools
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import optlab
from optlab.foreign import Foreign
from optlab.records import Floats, Grid, Split, Sweep
from optlab.signature import is_built_in, source


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
    """The hash of a plugin's name, of the file that declares it and of what that imports from its own folder; or of
    the versions of its packages."""
    if isinstance(plugin, Foreign):
        return digest([plugin.name, dict(plugin.versions)])
    file = source(plugin.function)[0]
    try:
        text = Path(file).read_text(encoding="utf-8", errors="surrogateescape")
        helpers = [] if is_built_in(plugin.function) else _helpers(Path(file), text)
    except OSError:  # typed into a notebook: there is no file to compare
        text, helpers = file, []
    return digest([type(plugin).__name__, plugin.name, text, *helpers])


def _helpers(file: Path, text: str) -> list[str]:
    """The texts of the modules in the folder of a file, or below it, that it imports, and those import."""
    folder = file.resolve().parent
    texts = {file.resolve(): text}
    waiting = [(text, "")]
    while waiting:
        for name in _imports(*waiting.pop()):
            found = _file_of(name, folder)
            if found.suffix == ".py" and found.is_relative_to(folder) and found not in texts and found.is_file():
                texts[found] = found.read_text(encoding="utf-8")
                package = name if found.name == "__init__.py" else name.rpartition(".")[0]
                waiting.append((texts[found], package))
    return [texts[path] for path in sorted(texts) if path != file.resolve()]


def _file_of(name: str, folder: Path) -> Path:
    """Where a module was loaded from; where it would be in a folder, whose modules are forgotten after loading."""
    if name in sys.modules:
        return Path(getattr(sys.modules[name], "__file__", None) or "").resolve()
    place = folder.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_name(f"{place.name}.py")


@functools.cache
def _imports(text: str, package: str) -> tuple[str, ...]:
    """The modules that a text may import: of `from a import b`, both a and a.b."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # it was changed since it was loaded, or is not in UTF-8
        return ()
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


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
