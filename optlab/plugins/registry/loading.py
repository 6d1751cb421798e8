"""The plugins that a file or a module of a package adds. If anything in it is wrong, none of them is added."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Protocol

from optlab.engine.code_places import column_of
from optlab.engine.containment import contained, described, original
from optlab.errors import PluginError, UserError, did_you_mean
from optlab.plugins import kinds, source_files
from optlab.plugins.code_location import location
from optlab.plugins.kinds import PluginKind
from optlab.plugins.registry.helper_modules import Helpers
from optlab.plugins.registry.source_loader import SourceLoader

DROP_IN = "optlab_plugins_"
"""The names of the modules of drop-in files begin with it. It has no dot, because there is no parent package."""


class Plugin(Protocol):
    """A plugin of any of the kinds in `KINDS`."""

    @property
    def name(self) -> str:
        """The name of the plugin."""
        ...

    @property
    def function(self) -> Callable[..., Any]:
        """The function, or the class, that declares it."""
        ...


KINDS: Mapping[str, PluginKind] = MappingProxyType({kind.plural: kind for kind in kinds.REGISTERED})
"""The kinds of plugin that the registry holds, by their names in the plural."""


@dataclass(frozen=True)
class Source:
    """A file or a package: the names of the plugins that it added, or the error if it could not be loaded.

    `error` is a line for the user. `details` is the traceback if the plugin's own code raised the error.
    """

    origin: str
    kind: str
    names: tuple[str, ...] = ()
    error: str = ""
    details: str = ""


@dataclass(frozen=True)
class Offer:
    """A source and its plugins by kind: all that it declares, or none if something is wrong with it."""

    source: Source
    plugins: Mapping[str, list[Plugin]]

    @staticmethod
    def refused(source: Source) -> Offer:
        return Offer(source, {kind: [] for kind in KINDS})


# ---- drop-in files ---------------------------------------------------------------------------------------------------


def drop_ins(folders: Iterable[str | Path]) -> Iterator[Path]:
    """The drop-in files of some folders, each once. A broken link is included, so that loading it reports the error."""
    seen: set[str] = set()
    for folder in folders:
        for path in sorted(Path(folder).glob("*.py")):
            is_other = path.name.startswith(("_", ".", "test_")) or path.name == "conftest.py"
            if not is_other and (path.is_file() or not path.exists()) and os.path.realpath(path) not in seen:
                seen.add(os.path.realpath(path))
                yield path


def import_file(path: Path) -> ModuleType:
    """Execute a drop-in file as a module. The name of the module cannot clash with an installed one.

    The file may import modules from its folder; see `Helpers`. All its errors are `Exception`s; see `contained`.
    """
    name = f"{DROP_IN}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceLoader(name, os.path.abspath(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    helpers = Helpers(path)
    helpers.install(module)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    try:
        with helpers.importable(), source_files.noticed() as reads, contained():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    module.__dict__[source_files.READS] = tuple(sorted(reads - {os.path.abspath(path)}))
    return module


# ---- what a module adds ----------------------------------------------------------------------------------------------


def offered(module: Any, origin: str, source: str) -> Offer:
    """The plugins that a module declares with decorators or returns from hooks."""
    found, hooks = declared(module), _hooks(module)
    for hook in hooks:
        kind = _kind_of(hook, kinds.GROUP)
        answered = found[kind.plural]
        answered += [p for p in map(kind.plugin, _answer(hook, kinds.GROUP)) if p not in answered]
    names = [plugin.name for plugins in found.values() for plugin in plugins]
    if not names and not hooks and source != "built-in":
        raise PluginError(
            f"{origin}: declares nothing; put @optimizer above the def of an update rule "
            "(the name of a module that plugins import begins with _)"
        )
    return Offer(Source(origin, source, tuple(dict.fromkeys(names))), found)


def hooked(module: Any, group: str, origin: str) -> list[Any]:
    """The results of all hooks of a module that is named by an entry point of a group."""
    hooks = _hooks(module)
    if not hooks:
        names = " or ".join(kind.hook for kind in kinds.ALL if kind.group == group)
        raise PluginError(f"{origin}: implements no hook; it needs {names}")
    return [given for hook in hooks for given in _answer(hook, group)]


def _hooks(module: Any) -> list[Any]:
    """The implementations of hooks in a module."""
    return [value for value in vars(module).values() if inspect.isfunction(value) and hasattr(value, "optlab_impl")]


def _kind_of(hook: Any, group: str) -> PluginKind:
    """The kind of plugins that a hook returns. The module of the hook is named in this group of entry points."""
    name = hook.__name__
    hooks = {kind.hook: kind for kind in kinds.ALL}
    if name not in hooks:
        guess = did_you_mean(name, hooks) or f"; there are {', '.join(hooks)}"
        raise PluginError(f"{location(hook)}: there is no hook {name}{guess}")
    if hooks[name].group != group:
        where = f"a package names the module of {name} in the entry point group {hooks[name].group}"
        raise PluginError(f"{location(hook)}: {where}, not in {group}")
    return hooks[name]


def _answer(hook: Any, group: str) -> list[Any]:
    """The plugins that a hook returns. Raises `PluginError` if they are not of the kind of the hook."""
    kind = _kind_of(hook, group)
    form = f"def {kind.hook}(): return [...], a list of {kind.form}"
    if inspect.signature(hook).parameters:
        raise PluginError(f"{location(hook)}: {kind.hook} takes no arguments; write it as: {form}")
    plugins = hook()
    if not isinstance(plugins, Iterable):
        raise PluginError(f"{location(hook)}: {kind.hook} returns {plugins!r}; write it as: {form}")
    plugins = list(plugins)
    wrong = [plugin for plugin in plugins if not kind.may_be(plugin)]
    if wrong:
        raise PluginError(f"{location(hook)}: {kind.hook} returns {wrong[0]!r}; it must return a list of {kind.form}")
    return plugins


def declared(module: Any) -> dict[str, list[Plugin]]:
    """The plugins that a module itself declares with decorators, by kind. Imported plugins do not count."""
    found: dict[str, list[Plugin]] = {plural: [] for plural in KINDS}
    for value in vars(module).values():
        for plural, kind in KINDS.items():
            if (
                isinstance(value, kind.cls)
                and value.function.__module__ == module.__name__
                and value not in found[plural]
            ):
                found[plural].append(value)
    return found


def one_line(error: BaseException, origin: str) -> str:
    """The error as `file:line:column: message`, with the innermost line of the plugin's own code."""
    error = original(error)
    here = Path(os.path.realpath(origin))
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.lineno}{column_of(frame)}" for frame in frames if Path(frame.filename).resolve() == here]
    what = described(error)
    if isinstance(error, UserError):
        what = str(error).replace(f"{Path(origin).absolute()}:", f"{origin}:")
        if what.startswith(f"{origin}:"):
            return what
    elif isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == here:
        column = f":{error.offset}" if (error.offset or 0) > 0 else ""
        lines, what = [f"{error.lineno}{column}"] if error.lineno else [], f"SyntaxError: {error.msg}"
    elif isinstance(error, ImportError) and "relative import" in str(error):
        what += "; import a module of the same folder by its plain name: from _shared import ..."
    elif isinstance(error, SyntaxError) and not error.filename:
        what += "; a plugin must be a Python file in UTF-8"
    return f"{origin}:{lines[-1]}: {what}" if lines else f"{origin}: {what}"
