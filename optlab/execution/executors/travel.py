"""What is sent to workers: sweeps, whose plugins travel as names and hashes of files, and their trajectories.

A worker loads built-in plugins, installed packages and drop-in files itself, because a rule from a file cannot be
unpickled where the file was not executed. Plugins that were given as Python objects travel by value.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle

from optlab.errors import UserError
from optlab.execution.records import Sweep
from optlab.plugins import external
from optlab.plugins.external import Foreign
from optlab.plugins.registry import Registry

_TABLES = ("optimizers", "problems", "schedules", "transforms")
_EXTERNAL = "external"


class OtherFiles(UserError):
    """The files of plugins that a worker finds differ from those of the process that sent the sweep."""


@dataclass(frozen=True)
class Drop:
    """A folder of drop-in files: its absolute path, and the content of its Python files by relative path.

    The content is written into a temporary folder where the path does not exist, on another machine. The files in
    `unexecuted`, whole paths, are neither sent nor loaded.
    """

    folder: str
    texts: Mapping[str, bytes] = field(repr=False, hash=False)
    unexecuted: frozenset[str] = frozenset()

    @staticmethod
    def of(folder: str | Path, unexecuted: frozenset[str] = frozenset()) -> Drop:
        home = Path(folder).absolute()
        files = sorted(path for path in home.rglob("*.py") if path.is_file()) if home.is_dir() else []
        needed = (path for path in files if os.path.realpath(path) not in unexecuted)
        return Drop(str(home), {path.relative_to(home).as_posix(): path.read_bytes() for path in needed}, unexecuted)

    @property
    def digest(self) -> str:
        """The hash of the path and of all files."""
        hashed = hashlib.sha256("\0".join([self.folder, *sorted(self.unexecuted)]).encode())
        for name, text in self.texts.items():
            hashed.update(f"\0{name}\0{len(text)}\0".encode() + text)
        return hashed.hexdigest()


@dataclass(frozen=True)
class Head:
    """All that the blocks of a sweep share: drop-in files, versions, and the sweep.

    `key` is a hash of the content, by which a worker keeps what it has loaded, traced and compiled. `saves`: whether a
    block that is stopped may save its state. `spent`: the seconds of the limit that were spent before.
    """

    drops: tuple[Drop, ...]
    versions: Mapping[str, str] = field(hash=False)
    sweep: bytes = field(repr=False)
    saves: bool = False
    spent: float = 0.0

    @property
    def key(self) -> str:
        parts = [self.sweep, *(drop.digest.encode() for drop in self.drops)]
        return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def written(sweep: Sweep, known: Registry) -> bytes:
    """A sweep as bytes. Plugins of `known` that a worker can load by itself are written as their names."""
    page = io.BytesIO()
    _SweepWriter(page, known).dump(sweep)
    return page.getvalue()


def read(data: bytes, known: Registry) -> Sweep:
    """The sweep that `written` has made, with the plugins of another registry."""
    return _SweepReader(io.BytesIO(data), known).load()


class _SweepWriter(cloudpickle.Pickler):
    def __init__(self, file: io.BytesIO, known: Registry) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._loaded = {name for source in known.sources for name in source.names}
        self._known = known

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if isinstance(obj, Foreign):
            return _EXTERNAL, obj.name
        name = getattr(obj, "name", None)
        if not isinstance(name, str) or name not in self._loaded:
            return None
        return next(((table, name) for table in _TABLES if getattr(self._known, table).get(name) is obj), None)


class _SweepReader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, known: Registry) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, pid: tuple[str, str]) -> Any:
        table, name = pid
        return external.find(name) if table == _EXTERNAL else getattr(self._known, table)[name]


def drops_of(known: Registry) -> tuple[Drop, ...]:
    """The folders of the drop-in files that a registry was loaded from, with their content."""
    files = (source.origin for source in known.sources if source.kind == "drop-in")
    folders = dict.fromkeys(str(Path(file).absolute().parent) for file in files)
    return tuple(Drop.of(folder, known.unexecuted) for folder in folders)
