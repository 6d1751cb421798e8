"""What a file or a module of a package adds, taken whole or not at all: if anything in it is wrong, nothing of it."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from optlab import sources
from optlab.containment import contained, described, original
from optlab.errors import PluginError, UserError, did_you_mean
from optlab.optimizers.base import Optimizer
from optlab.problems.base import Dataset, Problem
from optlab.registry.helpers import Helpers
from optlab.schedules.base import Schedule
from optlab.signature import location
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
class Offer:
    """A source and what it adds, by kind: all it declares, or nothing where something is wrong with it."""

    source: Source
    plugins: Mapping[str, list[Plugin]]

    @staticmethod
    def refused(source: Source) -> Offer:
        return Offer(source, {kind: [] for kind in KINDS})


# ---- drop-in files ---------------------------------------------------------------------------------------------------


def drop_ins(folders: Iterable[str | Path]) -> Iterator[Path]:
    """The drop-in files of some folders, each once. A link that leads nowhere is one too: it will be said of it."""
    seen: set[str] = set()
    for folder in folders:
        for path in sorted(Path(folder).glob("*.py")):
            is_other = path.name.startswith(("_", ".", "test_")) or path.name == "conftest.py"
            if not is_other and (path.is_file() or not path.exists()) and os.path.realpath(path) not in seen:
                seen.add(os.path.realpath(path))
                yield path


def import_file(path: Path) -> ModuleType:
    """Run a drop-in file as a module of its own, under a name that cannot clash with an installed one.

    It may import modules from its folder; see `Helpers`. Whatever it raises is an `Exception`; see `contained`.
    """
    name = f"optlab_plugins_{path.stem}"  # without a dot: there is no package for it to be in
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    helpers = Helpers(path)
    helpers.install(module)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    try:
        with helpers.importable(), sources.noticed() as reads, contained():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    module.__dict__[sources.READS] = tuple(sorted(reads - {os.path.abspath(path)}))
    return module


# ---- what a module adds ----------------------------------------------------------------------------------------------


def offered(module: Any, origin: str, kind: str) -> Offer:
    """Everything that a module declares with the decorators or gives through hooks."""
    found = declared(module)
    hooks = [value for value in vars(module).values() if inspect.isfunction(value) and hasattr(value, "optlab_impl")]
    for hook in hooks:
        answered = found[_kind_of(hook)]
        answered += [plugin for plugin in _answer(hook) if plugin not in answered]
    names = [plugin.name for plugins in found.values() for plugin in plugins]
    if not names and not hooks and kind != "built-in":
        raise PluginError(
            f"{origin}: declares nothing; put @optimizer above the def of an update rule "
            "(the name of a module that plugins import begins with _)"
        )
    return Offer(Source(origin, kind, tuple(dict.fromkeys(names))), found)


def _kind_of(hook: Any) -> str:
    """The kind of plugins that a hook gives."""
    name = hook.__name__
    kind = name.removeprefix("optlab_")
    if kind not in KINDS or kind == name:
        there_are = [f"optlab_{kind}" for kind in KINDS]
        guess = did_you_mean(name, there_are) or f"; there are {', '.join(there_are)}"
        raise PluginError(f"{location(hook)}: there is no hook {name}{guess}")
    return kind


def _answer(hook: Any) -> list[Plugin]:
    """What a hook gives, if that is what it is for."""
    kind = _kind_of(hook)
    form = f"def optlab_{kind}(): return [...], a list of what @{kind[:-1]} made"
    if inspect.signature(hook).parameters:
        raise PluginError(f"{location(hook)}: optlab_{kind} takes no arguments; the form is: {form}")
    plugins = hook()
    if not isinstance(plugins, Iterable):
        raise PluginError(f"{location(hook)}: optlab_{kind} gives {plugins!r}; the form is: {form}")
    plugins = list(plugins)
    wrong = [plugin for plugin in plugins if not isinstance(plugin, KINDS[kind])]
    if wrong:
        raise PluginError(f"{location(hook)}: optlab_{kind} gives {wrong[0]!r}, which @{kind[:-1]} did not make")
    return plugins


def declared(module: Any) -> dict[str, list[Plugin]]:
    """What a module declares with the decorators, by kind; what it merely imports is not its own."""
    found: dict[str, list[Plugin]] = {kind: [] for kind in KINDS}
    for value in vars(module).values():
        for kind, type_ in KINDS.items():
            if isinstance(value, type_) and value.function.__module__ == module.__name__ and value not in found[kind]:
                found[kind].append(value)
    return found


def one_line(error: BaseException, origin: str) -> str:
    """`file:line: what` for the innermost line of the plugin's own code."""
    error = original(error)
    here = Path(os.path.realpath(origin))
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == here]
    what = described(error)
    if isinstance(error, UserError):
        what = str(error).replace(f"{Path(origin).absolute()}:", f"{origin}:")
        if what.startswith(f"{origin}:"):
            return what
    elif isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == here:
        lines, what = [error.lineno] if error.lineno else [], f"SyntaxError: {error.msg}"
    elif isinstance(error, ImportError) and "relative import" in str(error):
        what += "; what lies in the same folder is imported by its plain name: from _shared import ..."
    elif isinstance(error, SyntaxError) and not error.filename:
        what += "; a plugin is Python, saved as UTF-8"
    return f"{origin}:{lines[-1]}: {what}" if lines else f"{origin}: {what}"
