"""Modules that drop-in files import from their own folder."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from optlab.plugins.registry.source_loader import SourceLoader
from optlab.plugins.source_files import is_users_module

_ONE_AT_A_TIME = threading.RLock()
"""Guards `sys.modules`, which all threads share."""


class Helpers:
    """Lets a drop-in file import modules of its folder by plain names: `from _shared import RATE`.

    Installed modules have precedence, so that a plugin cannot replace them. Outside of `importable` the modules are not
    in `sys.modules`, so that modules of another folder may have the same names. A module is loaded once for each file.

    Functions of the file may also import when they are called later. For this, `install` replaces `__import__` in the
    file and in each module that is loaded for it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.absolute()
        self._folder = self._file.parent
        self._loaded: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def install(self, module: ModuleType) -> None:
        """Let a module import from the folder at any time. Call this before the module is executed."""
        module.__dict__["__builtins__"] = self._builtins

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Within this context, any code can import modules of the folder."""
        with _ONE_AT_A_TIME:
            before = set(sys.modules)
            first, last = _HelperFinder(self._within), _HelperFinder(self._beside)
            sys.modules.update({name: module for name, module in self._loaded.items() if name not in before})
            sys.meta_path.insert(0, first)
            sys.meta_path.append(last)
            try:
                yield
            finally:
                sys.meta_path.remove(first)
                sys.meta_path.remove(last)
                for name in sys.modules.keys() - before:
                    if self._is_helper(sys.modules[name]):
                        self._loaded[name] = sys.modules.pop(name)

    def _import(self, *args: Any, **kwargs: Any) -> Any:
        with self.importable():
            return builtins.__import__(*args, **kwargs)

    def _is_helper(self, module: ModuleType) -> bool:
        """Whether a module is the user's own, or a package in the folder of the file, but not the file itself.

        Such modules from other folders are removed from `sys.modules` too. Otherwise they would be stale when the file
        is loaded again.
        """
        about = vars(module)  # getattr would not do: some modules, such as torch.classes, invent attributes
        own, path = about.get("__file__"), about.get("__path__", ())
        if own and is_users_module(module):
            return Path(own) != self._file
        places = [Path(place) for place in (*([own] if own else []), *path)]
        return any(self._folder in place.parents and place != self._file for place in places)

    def _beside(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """A module in the folder of the file."""
        return self._spec(name, [str(self._folder)]) if path is None else None

    def _within(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """A module in a package in the folder."""
        inside = [place for place in path or () if self._folder in Path(place).parents]
        return self._spec(name, inside) if inside else None

    def _spec(self, name: str, path: Sequence[str]) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(self, spec.loader)
        return spec


class _HelperFinder(MetaPathFinder):
    """Finds modules with a function."""

    def __init__(self, find: Callable[[str, Sequence[str] | None], ModuleSpec | None]) -> None:
        self._find = find

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        return self._find(fullname, path)


class _Loader(SourceLoader):
    """Loads a module of the folder, and lets it import from the folder too."""

    def __init__(self, helpers: Helpers, loader: SourceFileLoader) -> None:
        super().__init__(loader.name, loader.path)
        self._helpers = helpers

    def exec_module(self, module: ModuleType) -> None:
        self._helpers.install(module)
        super().exec_module(module)
