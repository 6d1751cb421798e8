"""Hashes of everything that results depend on. Equal inputs have equal hashes, also in another process."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import itertools
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import optlab
from optlab.execution.captured_values import digest_of
from optlab.execution.records import Sweep
from optlab.plugins import source_files
from optlab.plugins.code_location import is_built_in, source
from optlab.plugins.external import Foreign
from optlab.plugins.problems.base import Problem, Split
from optlab.plugins.source_files import is_users


def of_sweep(sweep: Sweep) -> str:
    """The hash of the code, data, settings and arrays of a sweep."""
    case = sweep.case
    return digest(
        [
            versions(),
            *(of_plugin(p) for p in plugins(sweep)),
            *(type(case.start).__name__, *vars(case.start).values()),
            case.dim,
            case.batch_size,
            dict(case.choices),
            of_data(case.split) if case.split else None,
            [dict(part.choices) for part in sweep.rule.parts],
            [sweep.label, sweep.steps, sweep.root_seed, sweep.titles, sweep.backend, case.precision],
            *(sweep.recording.steps, sweep.recording.evaluations, sweep.recording.trajectory),
            *([] if sweep.target is None else [sweep.target]),
            *([] if sweep.target_of is None else [sweep.target_of.name, sweep.target_of.higher_is_better]),
            *([] if sweep.stop is None else [vars(sweep.stop)]),
            *([] if case.noise is None else [case.noise.kind.name, case.noise.on]),
            *(sweep.run, sweep.seed),
            *itertools.chain.from_iterable(sweep.numbers.items()),
        ]
    )


def plugins(sweep: Sweep) -> list[Any]:
    """The plugins whose code a sweep executes."""
    return [sweep.case.problem, *(part.plugin for part in sweep.rule.parts)]


def versions() -> dict[str, str]:
    """The versions that all results depend on. Between releases, only the hash of optlab's sources changes."""
    return {
        "optlab": optlab.__version__,
        "optlab's sources": source_files.own_digest(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "llvmlite": _version("llvmlite"),
    }


@functools.cache
def _version(package: str) -> str:
    """The version of an installed package, or an empty text."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def place_of(plugin: Any) -> str:
    """The path of a plugin in the working directory, or only its file name elsewhere, because a path may be private."""
    if isinstance(plugin, Foreign) or is_built_in(plugin.function):
        return "optlab itself"
    path = Path(source(plugin.function)[0]).absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name


def of_plugin(plugin: Any) -> str:
    """The hash of the name of a plugin and of everything that its results depend on:

    - the file that declares it, and the user's own modules that this file imports;
    - the versions of the imported packages;
    - the files that were read while the plugin was loaded, and the files that it declares;
    - the values of the variables that its functions use, because in a notebook or a loop equal texts may have different
      values.

    The hash of an optimizer of another package depends on the version of the package. A built-in plugin is part of
    optlab's sources.
    """
    if isinstance(plugin, Foreign):
        return digest([plugin.name, dict(plugin.versions)])
    file = source(plugin.function)[0]
    try:
        text = Path(file).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # typed into a notebook: there is no file to compare
        text, more = file, []
    else:
        more = [] if is_built_in(plugin.function) else _more(plugin, Path(file), text)
    values = "" if is_built_in(plugin.function) else digest_of(_functions(plugin))
    files = plugin.signature.files if hasattr(plugin, "signature") else ()  # a kind of experiment has no signature
    return digest([type(plugin).__name__, plugin.name, text, *more, *map(_content, files), values])


def _functions(plugin: Any) -> list[Any]:
    """The functions of a plugin, and the declared values that its results depend on."""
    if not isinstance(plugin, Problem):
        return [plugin.function]
    return [plugin.function, plugin.start, plugin.metrics, plugin.tensors, plugin.domain, plugin.minima]


def _more(plugin: Any, file: Path, text: str) -> list[str]:
    """The hashes of the other files and packages that a file depends on, in an order independent of their paths."""
    files, packages = _needed(plugin, file, text)
    return sorted(map(_content, files - {file.resolve()})) + sorted(map(_installed, packages))


def _needed(plugin: Any, file: Path, text: str) -> tuple[set[Path], set[str]]:
    """The user's own modules and the files that a plugin file depends on, itself included, and other packages."""
    modules, packages = _imported(file.resolve(), text)
    reads = {Path(path).resolve() for path in _globals(plugin.function).get(source_files.READS, ())}
    return {*modules, *reads}, packages


def files_of(plugin: Any) -> list[Path]:
    """The file of a drop-in plugin, and all other files that `of_plugin` includes, in the order of their paths."""
    file = Path(source(plugin.function)[0])
    needed, _ = _needed(plugin, file, file.read_text(encoding="utf-8", errors="surrogateescape"))
    declared = {Path(path) for path in getattr(getattr(plugin, "signature", None), "files", ())}
    return [file, *sorted((needed | declared) - {file, file.resolve()})]


def are_built_in(sweep: Sweep) -> bool:
    """Whether a sweep executes no code of the user."""
    return all(isinstance(plugin, Foreign) or is_built_in(plugin.function) for plugin in plugins(sweep))


def is_of_package(plugin: Any) -> bool:
    """Whether an installed package has a plugin, and not the user's own file."""
    return not is_users(os.path.abspath(source(plugin.function)[0]))


def _globals(function: Any) -> Mapping[str, Any]:
    """The globals of the module of a function or a class."""
    if inspect.isclass(function):
        return vars(sys.modules[function.__module__])
    return inspect.unwrap(function).__globals__


def _content(path: str | Path) -> str:
    """The hash of a file's content, or an empty text if the file cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _installed(package: str) -> str:
    """An installed package with its version, or with the hash of its file if it has no version."""
    return f"{package} {_version(package) or _content(_place(package))}"


def _place(package: str) -> str:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    return (spec.origin if spec else None) or ""


def _imported(file: Path, text: str) -> tuple[set[Path], set[str]]:
    """The files of the user's own modules that a file imports, also indirectly, and the names of other packages."""
    folder = file.parent
    modules = {file}
    own, packages = set[str](), set[str]()
    waiting = [(text, "")]
    while waiting:
        for name in _imports(*waiting.pop()):
            found = _file_of(name, folder)
            if found.suffix != ".py" or not found.is_file() or not _belongs_to(found, folder):
                packages.add(name.partition(".")[0])
                continue
            own.add(name.partition(".")[0])
            if found not in modules:
                modules.add(found)
                package = name if found.name == "__init__.py" else name.rpartition(".")[0]
                waiting.append((found.read_text(encoding="utf-8", errors="surrogateescape"), package))
    return modules, packages - own - _PYTHONS


def _belongs_to(module: Path, folder: Path) -> bool:
    """Whether a module is the user's own, or belongs to the same installed package as a plugin in `folder`.

    Code in a virtual environment inside the folder of a script is not the user's own.
    """
    is_in_package = not is_users(str(folder)) and module.is_relative_to(folder)
    return is_in_package or is_users(str(module))


_PYTHONS = {*sys.stdlib_module_names, "numpy", "optlab"}
"""Packages that need no hash of their own, because `versions` covers them."""


def _file_of(name: str, folder: Path) -> Path:
    """The file of a loaded module. Otherwise its file in `folder`: helpers of drop-in files do not stay loaded."""
    if name in sys.modules:
        return Path(getattr(sys.modules[name], "__file__", None) or "").resolve()
    place = folder.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_name(f"{place.name}.py")


@functools.cache
def _imports(text: str, package: str) -> tuple[str, ...]:
    """The modules that a text may import. For `from a import b`, these are both a and a.b."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # the file was changed since it was loaded, or is not in UTF-8
        return ()
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names += [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return tuple(names)


def of_data(split: Split) -> str:
    """The hash of a dataset and its split."""
    return digest(vars(split).values())


def digest(parts: Iterable[Any]) -> str:
    """The hash of arrays and of values that can be written as JSON.

    >>> digest([1, "a"]) == digest([1, "a"]), digest([1, "a"]) == digest([1, "b"])
    (True, False)
    """
    hashed = hashlib.sha256()
    for part in parts:
        is_array = isinstance(part, np.ndarray)
        hashed.update(np.ascontiguousarray(part).tobytes() if is_array else json.dumps(part, sort_keys=True).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()[:16]
