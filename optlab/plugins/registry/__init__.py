"""One frozen registry of all plugins by name: built-ins, drop-in files and installed packages.

All three are registered through the same hooks (`hookspecs.py`). There is no global plugin manager: `load` makes a
temporary one.

A drop-in file or a module of a package is loaded completely or not at all. If anything in it is wrong, none of its
plugins is in the registry, and the reason is in `Registry.sources`. If two sources have the same name, optlab cannot
decide between them and loads neither. Looking the name up raises an error with both places, even if one of the two is a
built-in. Other names are not affected.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import Any

import pluggy

from optlab.engine.containment import contained, placed
from optlab.errors import PluginError, UserError
from optlab.plugins import hookspecs
from optlab.plugins.code_location import source
from optlab.plugins.kinds import COMMANDS, GROUP, PluginKind
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import Problem
from optlab.plugins.registry.conflicts import Clashes, check, clash, clashes, uncontested
from optlab.plugins.registry.loading import DROP_IN as DROP_IN
from optlab.plugins.registry.loading import KINDS as KINDS
from optlab.plugins.registry.loading import Offer, Plugin, Source, hooked, offered
from optlab.plugins.registry.loading import declared as declared
from optlab.plugins.registry.loading import drop_ins as drop_ins
from optlab.plugins.registry.loading import import_file as import_file
from optlab.plugins.registry.loading import one_line as one_line
from optlab.plugins.registry.lookup import Registry as Registry
from optlab.plugins.registry.objects import with_names as with_names
from optlab.plugins.side_effects import undisturbed
from optlab.plugins.signature import summary
from optlab.plugins.transforms.base import Transform

Folders = str | Path | Iterable[str | Path]
"""The folder or folders of drop-in files."""

Importer = Callable[[Path], ModuleType]
"""Makes a module of a drop-in file."""


def several(folders: Folders) -> list[str | Path]:
    """The folders as a list. A single text is one folder, not a sequence of letters."""
    return [folders] if isinstance(folders, str | Path) else list(folders)


def load(folders: Folders = ("plugins",), importer: Importer = import_file) -> Registry:
    """Load built-ins, then installed packages, then drop-in files, each sorted by name.

    Args:
        folders: the folder or folders of drop-in files. A folder that does not exist is skipped.
        importer: makes a module of each drop-in file.

    A wrong plugin does not raise an error here. The reason is in `Registry.failures`, and only looking up the plugin
    raises.
    """
    homes = dict.fromkeys(home for kind in KINDS.values() for home in kind.homes)
    modules = [offered(module, module.__name__, "built-in") for home in homes for module in _modules(home)]
    offers = [offer for offer in modules if offer.source.names]  # some modules hold only shared functions
    packages = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda e: e.name)
    offers += [_guarded(entry.value, "package", entry.load) for entry in packages]
    offers += [_guarded(str(path), "drop-in", partial(importer, path)) for path in drop_ins(several(folders))]
    contested = clashes(offers)
    missing = tuple(str(folder) for folder in several(folders) if not Path(folder).is_dir())
    return replace(_freeze([uncontested(offer, contested) for offer in offers], contested), missing=missing)


def _freeze(offers: Sequence[Offer], contested: Clashes) -> Registry:
    manager = pluggy.PluginManager("optlab")
    manager.add_hookspecs(hookspecs)
    for plugins in _joined(offers):
        manager.register(_implementation(plugins))
    tables: dict[str, Any] = {kind.plural: _table(manager, kind) for kind in KINDS.values()}
    message = {key: clash(*key, claims) for key, claims in contested.items()}
    return Registry(**tables, sources=tuple(offer.source for offer in offers), contested=MappingProxyType(message))


def commands_of(point: importlib.metadata.EntryPoint) -> list[Any]:
    """The commands of the module of an entry point in the group `optlab.commands`.

    Raises:
        PluginError: the module cannot be loaded, or has no hook for commands.
    """
    origin = point.value
    try:
        with contextlib.redirect_stdout(sys.stderr), undisturbed(lambda: origin), contained():
            return hooked(point.load(), COMMANDS, origin)
    except UserError:
        raise
    except Exception as error:
        raise PluginError(f"{origin}: {placed(error)}") from error


def _guarded(origin: str, kind: str, load_module: Callable[[], Any]) -> Offer:
    """The plugins of the module that `load_module` returns. A failure is recorded, and other modules are still loaded.

    The output of plugins is sent to stderr, because stdout is for the output of the command.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), undisturbed(lambda: origin), contained():
            offer = offered(load_module(), origin, kind)
        check(offer)
    except Exception as error:
        failure = Source(origin, kind, error=one_line(error, origin), details=traceback.format_exc())
        return Offer.refused(failure)
    return offer


def _joined(offers: Sequence[Offer]) -> Iterator[Mapping[str, list[Plugin]]]:
    """The plugins to register together: those of all built-in modules, then those of each other source.

    pluggy examines all attributes of what it registers, which takes a millisecond for each of a hundred modules.
    """
    built_in = [offer.plugins for offer in offers if offer.source.kind == "built-in"]
    yield {kind: [plugin for plugins in built_in for plugin in plugins[kind]] for kind in KINDS}
    yield from (offer.plugins for offer in offers if offer.source.kind != "built-in")


def _implementation(found: Mapping[str, list[Plugin]]) -> Any:
    """The plugins of a source as an implementation of the hooks."""

    def hook(kind: PluginKind) -> Any:
        def answer() -> list[Plugin]:
            return found[kind.plural]

        answer.__name__ = kind.hook
        return hookspecs.hookimpl(answer)

    return SimpleNamespace(**{kind.hook: hook(kind) for kind in KINDS.values()})


def _modules(package: str) -> Iterator[ModuleType]:
    folder = importlib.import_module(package).__path__
    for info in sorted(pkgutil.iter_modules(folder), key=lambda i: i.name):
        if not info.ispkg and info.name != "base":
            yield importlib.import_module(f"{package}.{info.name}")


def _table(manager: pluggy.PluginManager, kind: PluginKind) -> Mapping[str, Any]:
    answers = reversed(getattr(manager.hook, kind.hook)())  # pluggy calls the last registered first
    return MappingProxyType({plugin.name: plugin for answer in answers for plugin in answer})


def describe(plugin: Any) -> dict[str, Any]:
    """The properties of a plugin that `optlab list` shows."""
    file, line = source(plugin.function)
    about: dict[str, Any] = {
        "name": plugin.name,
        "options": _options(plugin),
        "summary": summary(plugin.function),
        "file": file,
        "line": line,
    }
    if isinstance(plugin, Optimizer | Transform):
        about["state"] = list(plugin.signature.state)
    if isinstance(plugin, Problem):
        about["options"] |= plugin.data_options
        about["dim"] = plugin.dim or (None if callable(plugin.start) else "any")  # None: it follows from the options
        about["minima"] = [point.tolist() for point in plugin.minima_at(plugin.default_dim)]
    return about


def _options(plugin: Any) -> dict[str, Any]:
    """The options with their defaults. For a kind of experiment, the keys of its table; None if a key is required."""
    if not hasattr(plugin, "table"):
        return dict(plugin.signature.options) if hasattr(plugin, "signature") else {}
    keys = fields(plugin.table) if plugin.table else ()
    return {key.name: None if key.default is MISSING else key.default for key in keys}
