"""Everything the lab knows by name: built-ins, drop-in files and installed packages, in one frozen registry.

All three arrive through the same hooks (`hookspecs.py`). There is no module-global plugin manager: `load` makes one,
asks it, and lets it go.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

import pluggy

from optlab import hookspecs
from optlab.errors import PluginError, UnknownName, UserError, did_you_mean
from optlab.optimizers.base import Optimizer
from optlab.problems.base import Dataset, Problem
from optlab.schedules.base import Schedule
from optlab.signature import location, source, summary
from optlab.transforms.base import Transform

Plugin = Optimizer | Problem | Schedule | Transform | Dataset
KINDS: Mapping[str, type] = MappingProxyType(
    {
        "optimizers": Optimizer,
        "problems": Problem,
        "schedules": Schedule,
        "transforms": Transform,
        "datasets": Dataset,
    }
)
_BUILT_IN = (
    "optlab.optimizers",
    "optlab.schedules",
    "optlab.transforms",
    "optlab.problems.functions",
    "optlab.problems.networks",
    "optlab.problems.datasets",
)
_T = TypeVar("_T", bound=Plugin)


@dataclass(frozen=True)
class Source:
    """Something that was loaded, or could not be: a file or a package, what it added, and what went wrong.

    `error` is a line for the user, `details` the traceback where the fault lies in the plugin's own code.
    """

    origin: str
    kind: str
    names: tuple[str, ...] = ()
    error: str = ""
    details: str = ""


@dataclass(frozen=True)
class Registry:
    """All plugins by kind and name, and where they came from."""

    optimizers: Mapping[str, Optimizer]
    problems: Mapping[str, Problem]
    schedules: Mapping[str, Schedule]
    transforms: Mapping[str, Transform]
    datasets: Mapping[str, Dataset]
    sources: tuple[Source, ...] = field(default=())

    @property
    def failures(self) -> tuple[Source, ...]:
        """What could not be loaded."""
        return tuple(s for s in self.sources if s.error)

    def optimizer(self, name: str) -> Optimizer:
        return self._find("optimizer", self.optimizers, name)

    def problem(self, name: str) -> Problem:
        return self._find("problem", self.problems, name)

    def schedule(self, name: str) -> Schedule:
        return self._find("schedule", self.schedules, name)

    def transform(self, name: str) -> Transform:
        return self._find("transform", self.transforms, name)

    def dataset(self, name: str) -> Dataset:
        return self._find("dataset", self.datasets, name)

    def _find(self, kind: str, table: Mapping[str, _T], name: str) -> _T:
        if name in table:
            return table[name]
        guess = did_you_mean(name, table)
        broken = [f"{s.origin} could not be loaded: {s.error}" for s in self.failures]
        if broken and (not guess or any(Path(s.origin).stem == name for s in self.failures)):
            guess = f" ({'; '.join(broken)})"
        raise UnknownName(f"there is no {kind} {name!r}{guess or f'; optlab list {kind}s shows all'}")


def load(folders: Iterable[str | Path] = ("plugins",)) -> Registry:
    """Built-ins, then installed packages, then drop-in files, in the order of their names.

    Args:
        folders: where drop-in files are looked for; one that does not exist is skipped.

    Raises:
        PluginError: two plugins of one kind share a name. A plugin that merely fails to load is listed in
            `Registry.sources` and stops only those who use it.
    """
    manager = pluggy.PluginManager("optlab")
    manager.add_hookspecs(hookspecs)
    sources: list[Source] = []
    for package in _BUILT_IN:
        for module in _modules(package):
            _register(manager, module, module.__name__, "built-in", sources)
    for entry in sorted(importlib.metadata.entry_points(group="optlab"), key=lambda e: e.name):
        _guarded(manager, entry.value, "package", sources, entry.load)
    for path in drop_ins(folders):
        _guarded(manager, str(path), "drop-in", sources, lambda path=path: import_file(path))
    return _freeze(manager, sources)


def drop_ins(folders: Iterable[str | Path]) -> Iterator[Path]:
    """The drop-in files of some folders, each once."""
    seen: set[Path] = set()
    for folder in folders:
        for path in sorted(Path(folder).glob("*.py")):
            is_other = path.name.startswith(("_", ".", "test_")) or path.name == "conftest.py"
            if not is_other and path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def import_file(path: Path) -> ModuleType:
    """Run a drop-in file as a module of its own, under a name that cannot clash with an installed one."""
    name = f"optlab_plugins.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def declared(module: Any) -> dict[str, list[Plugin]]:
    """What a module declares with the decorators, by kind; what it merely imports is not its own."""
    found: dict[str, list[Plugin]] = {kind: [] for kind in KINDS}
    for value in vars(module).values():
        for kind, type_ in KINDS.items():
            if isinstance(value, type_) and value.function.__module__ == module.__name__ and value not in found[kind]:
                found[kind].append(value)
    return found


class _Declared:
    """A module's declarations, as an implementation of the hooks."""

    def __init__(self, found: dict[str, list[Plugin]]) -> None:
        self._found = found

    @hookspecs.hookimpl
    def optlab_optimizers(self) -> Any:
        return self._found["optimizers"]

    @hookspecs.hookimpl
    def optlab_problems(self) -> Any:
        return self._found["problems"]

    @hookspecs.hookimpl
    def optlab_schedules(self) -> Any:
        return self._found["schedules"]

    @hookspecs.hookimpl
    def optlab_transforms(self) -> Any:
        return self._found["transforms"]

    @hookspecs.hookimpl
    def optlab_datasets(self) -> Any:
        return self._found["datasets"]


def _modules(package: str) -> Iterator[ModuleType]:
    folder = importlib.import_module(package).__path__
    for info in sorted(pkgutil.iter_modules(folder), key=lambda i: i.name):
        if not info.ispkg and info.name != "base":
            yield importlib.import_module(f"{package}.{info.name}")


def _guarded(manager: pluggy.PluginManager, origin: str, kind: str, sources: list[Source], load_module: Any) -> None:
    """Register what a loader gives; a failure is noted, and stops nobody else."""
    try:
        _register(manager, load_module(), origin, kind, sources)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # a plugin may even call sys.exit
        sources.append(Source(origin, kind, error=one_line(error, origin), details=traceback.format_exc()))


def one_line(error: BaseException, origin: str) -> str:
    """`file:line: what` for the innermost line of the plugin's own code."""
    if isinstance(error, UserError):
        return str(error)
    what = f"{type(error).__name__}: {error}"
    here = Path(origin).resolve()
    if isinstance(error, SyntaxError) and error.filename:
        file = origin if Path(error.filename).resolve() == here else error.filename
        return f"{file}:{error.lineno}: SyntaxError: {error.msg}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == here]
    return f"{origin}:{lines[-1]}: {what}" if lines else f"{origin}: {what}"


def _register(manager: pluggy.PluginManager, module: Any, origin: str, kind: str, sources: list[Source]) -> None:
    found = declared(module)
    hooks = [k for k in KINDS if hasattr(getattr(module, f"optlab_{k}", None), "optlab_impl")]
    names = [plugin.name for plugins in found.values() for plugin in plugins]
    names += [plugin.name for k in hooks for plugin in _answer(module, k)]
    if not names and not hooks and kind != "built-in":
        raise PluginError(f"{origin}: declares nothing; decorate an update rule with @optimizer")
    manager.register(_Declared(found), name=f"{origin} (declared)")
    if hooks:
        manager.register(module, name=origin)
    sources.append(Source(origin, kind, tuple(dict.fromkeys(names))))


def _answer(module: Any, kind: str) -> list[Plugin]:
    """What a module's hook gives, if that is what the hook is for."""
    hook = getattr(module, f"optlab_{kind}")
    plugins = list(hook())
    wrong = [plugin for plugin in plugins if not isinstance(plugin, KINDS[kind])]
    if wrong:
        raise PluginError(f"{location(hook)}: optlab_{kind} gives {wrong[0]!r}, which @{kind[:-1]} did not make")
    return plugins


def _freeze(manager: pluggy.PluginManager, sources: list[Source]) -> Registry:
    tables: dict[str, Mapping[str, Any]] = {}
    for kind in KINDS:
        answers = reversed(getattr(manager.hook, f"optlab_{kind}")())  # pluggy calls the last registered first
        tables[kind] = _unique(kind, [plugin for answer in answers for plugin in answer])
    return Registry(**tables, sources=tuple(sources))


def _unique(kind: str, plugins: Iterable[Plugin]) -> Mapping[str, Plugin]:
    table: dict[str, Plugin] = {}
    for plugin in plugins:
        other = table.setdefault(plugin.name, plugin)
        if other is not plugin:
            first, second = (":".join(map(str, source(p.function))) for p in (other, plugin))
            raise PluginError(f"two {kind} are called '{plugin.name}': {first} and {second}; rename one of them")
    return MappingProxyType(table)


def describe(plugin: Plugin) -> dict[str, Any]:
    """What `optlab list` shows of a plugin."""
    file, line = source(plugin.function)
    about: dict[str, Any] = {
        "name": plugin.name,
        "options": dict(plugin.signature.options),
        "summary": summary(plugin.function),
        "file": file,
        "line": line,
    }
    if isinstance(plugin, Optimizer | Transform):
        about["state"] = list(plugin.signature.state)
    if isinstance(plugin, Problem):
        about["options"] |= plugin.data_options
        about["dim"] = plugin.dim
        about["minima"] = [point.tolist() for point in plugin.minima]
    return about
