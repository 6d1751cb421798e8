"""The plugin files that an experiment depends on, as one text. It is stored with the results.

The names of files are relative: to the working directory, or to their folder of drop-in files if it is elsewhere. So
the text has no absolute path, and the files can be written into any folder and loaded from there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from optlab.errors import DamagedResults
from optlab.execution import fingerprint
from optlab.experiments.kinds import Plan
from optlab.plugins.code_location import is_built_in, source
from optlab.plugins.external import Foreign
from optlab.plugins.registry import DROP_IN, Registry

MOST = 32_000_000
"""The most bytes of files that are stored. Larger files, such as data, are named only."""


@dataclass(frozen=True)
class Sources:
    """The files of plugins.

    folders: the folders of drop-in files. files: the content of each file by its name, such as "plugins/mine.py".
    absent: what is needed and not stored, with the reason, by the kind and the name of the plugin.
    """

    folders: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.files or self.absent)

    def text(self) -> str:
        """The sources as JSON. Files that are no texts in UTF-8 are written in Base64."""
        texts, others = {}, {}
        for name, content in sorted(self.files.items()):
            try:
                texts[name] = content.decode()
            except UnicodeDecodeError:
                others[name] = base64.b64encode(content).decode()
        absent = dict(sorted(self.absent.items()))
        return json.dumps({"folders": self.folders, "files": texts, "base64": others, "absent": absent}, indent=1)

    @staticmethod
    def read(text: str, name: str) -> Sources:
        """The sources in a text. `name` is its file, for messages.

        Raises:
            DamagedResults: it is no such text, or a name of a file leads outside of its folder.
        """
        try:
            found = json.loads(text)
            files = {file: content.encode() for file, content in found["files"].items()}
            files |= {file: base64.b64decode(content, validate=True) for file, content in found["base64"].items()}
            sources = Sources(tuple(found["folders"]), files, dict(found["absent"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedResults(f"{name}: is damaged") from None
        for file in (*sources.folders, *sources.files):
            if not is_inside(file):
                raise DamagedResults(f"{name}: the name {file!r} leads outside of the folder of the sources")
        return sources

    def write(self, folder: Path) -> list[Path]:
        """Write the files below a folder. Returns the folders of drop-in files there."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return [folder / name for name in self.folders]


def is_inside(name: str) -> bool:
    r"""Whether a name with slashes stays within a folder on every system.

    >>> [is_inside(name) for name in ("plugins/a.py", "../a.py", "/a.py", "C:\\a.py", "a//b", "")]
    [True, False, False, False, False, False]
    """
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not any(sign in name for sign in "\\:\0")


def sources_of(planned: Plan, document: Mapping[str, Any], known: Registry) -> Sources:
    """The files of the plugins that are not built in and that an experiment uses.

    Args:
        document: the experiment file as a dictionary.
        known: the registry of the plan.
    """
    used = dict(_used(planned, document, known))
    declaring = {name: Path(s.origin) for s in known.sources if s.kind == "drop-in" for name in s.names}
    drop_ins = {key: declaring[p.name] for key, p in used.items() if p.name in declaring and _is_drop_in(p, declaring)}
    absent = {
        key: "was given as an object of Python; run its script again"
        for key, plugin in used.items()
        if key not in drop_ins and not fingerprint.is_of_package(plugin)
    }
    folders = _folders(drop_ins.values())
    files: dict[str, bytes] = {}
    size = 0
    for key, declared in drop_ins.items():
        for path in dict.fromkeys([declared, *fingerprint.files_of(used[key])]):
            name = _name(path, folders)
            content = path.read_bytes() if path.is_file() else b""
            if name is None:
                absent[key] = f"needs the file {path.name} outside of its folder and of the working directory"
            elif name not in files and size + len(content) > MOST:
                absent[key] = f"needs the file {path.name}, which is too large to be stored ({len(content):,} bytes)"
            elif name not in files:
                files[name] = content
                size += len(content)
    return Sources(tuple(folders.values()), files, absent)


def _used(planned: Plan, document: Mapping[str, Any], known: Registry) -> Iterator[tuple[str, Any]]:
    """The plugins that an experiment uses and that are not built in, by kind and name."""
    plugins = {p for sweep in planned.sweeps for p in fingerprint.plugins(sweep) if not isinstance(p, Foreign)}
    plugins |= {known.datasets[s.case.split.name] for s in planned.sweeps
                if s.case.split and s.case.split.name in known.datasets}  # fmt: skip
    tables = document.get("problem", ())
    plugins |= {known.suites[t["suite"]] for t in tables if t.get("suite") in known.suites}
    for plugin in sorted(plugins, key=lambda plugin: (type(plugin).__name__, plugin.name)):
        if not is_built_in(plugin.function):
            yield f"{type(plugin).__name__.lower()} {plugin.name}", plugin
    if not is_built_in(planned.kind.function):
        yield f"kind {planned.kind.name}", planned.kind


def _is_drop_in(plugin: Any, declaring: Mapping[str, Path]) -> bool:
    """Whether a drop-in file declares a plugin, itself or through a module of its folder. An object from a script may
    have the same name."""
    is_beside = Path(source(plugin.function)[0]).absolute().is_relative_to(declaring[plugin.name].absolute().parent)
    return plugin.function.__module__.startswith(DROP_IN) or is_beside


def _folders(files: Iterable[Path]) -> dict[Path, str]:
    """The folders of drop-in files, each with a relative name of its own."""
    found: dict[Path, str] = {}
    for folder in dict.fromkeys(file.absolute().parent for file in files):
        name = _within(folder, Path.cwd()) or folder.name or "plugins"
        same = sum(1 for other in found.values() if other.partition(" ")[0] == name)
        found[folder] = f"{name} {same + 1}" if same else name
    return found


def _name(path: Path, folders: Mapping[Path, str]) -> str | None:
    """The relative name of a file, or None if there is none."""
    for place in dict.fromkeys((path.absolute(), path.resolve())):
        for folder, name in folders.items():
            for root in (folder, folder.resolve()):
                if inner := _within(place, root):
                    return f"{name}/{inner}"
        if inner := _within(place, Path.cwd()):
            return inner
    return None


def _within(path: Path, folder: Path) -> str:
    """The path relative to a folder, with slashes; empty if it is not inside."""
    if not path.is_relative_to(folder) or path == folder:
        return ""
    return PurePosixPath(*path.relative_to(folder).parts).as_posix()
