"""Listings of the available plugins by kind and name, for Python and notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from optlab.errors import UnknownName, UserError, counted, did_you_mean
from optlab.markup import html
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Plugin


@dataclass(frozen=True, repr=False)
class Listing(Mapping[str, Plugin]):
    """The plugins of one kind by name. Shown as a table of names, options, summaries and files.

    `failures` has a message for each plugin that could not be loaded.
    """

    kind: str
    plugins: Mapping[str, Plugin]
    failures: tuple[str, ...] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The output of `optlab list --json`: name, options with defaults, summary, file and line of each plugin."""
        return [registry.describe(plugin) for plugin in self.plugins.values()]

    def __getitem__(self, name: str) -> Plugin:
        if name not in self.plugins:
            singular = self.kind.removesuffix("s")
            raise UnknownName(f"there is no {singular} {name!r}{did_you_mean(str(name), self.plugins)}")
        return self.plugins[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.plugins)

    def __len__(self) -> int:
        return len(self.plugins)

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        lines = [f"{row['name']:<{width}}  {row['summary']}" for row in self.rows]
        return "\n".join([counted(len(self), self.kind.removesuffix("s")), *lines, *self._not_loaded()])

    def _repr_html_(self) -> str:
        def shown() -> str:
            head = html.line(counted(len(self), self.kind.removesuffix("s")), bold=True)
            rows = [[row["name"], options_of(row), row["summary"], short(row["file"])] for row in self.rows]
            table = html.table(["name", "options", "what it is", "from"], rows)
            return head + table + "".join(map(html.line, self._not_loaded()))

        return html.never_raises(shown, f"the {self.kind}")

    def _not_loaded(self) -> list[str]:
        return [f"not loaded: {failure}" for failure in self.failures]


@dataclass(frozen=True, repr=False)
class Listings(Mapping[str, Listing]):
    """All plugins by kind."""

    kinds: Mapping[str, Listing]

    def __getitem__(self, kind: str) -> Listing:
        return self.kinds[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.kinds.values()))

    def _repr_html_(self) -> str:
        return "".join(listing._repr_html_() for listing in self.kinds.values())


@overload
def available(kind: str, plugins: Folders = ...) -> Listing: ...
@overload
def available(kind: None = None, plugins: Folders = ...) -> Listings: ...
def available(kind: str | None = None, plugins: Folders = ("plugins",)) -> Listing | Listings:
    """The available plugins of a kind, built in and your own, as `optlab list` prints them.

    Args:
        kind: "optimizers", "problems", "schedules", "transforms", "datasets", "suites", "kinds" (of experiment) or
            "figures" (that plugins add to every experiment). Default: all kinds.
        plugins: a folder with drop-in files, or several.

    Returns:
        A `Listing`, which maps names to plugins and is shown as a table. Without a kind, `Listings`, which map the name
        of each kind to its listing.

    Raises:
        UserError: there is no such kind.

    >>> optimizers = available("optimizers", plugins=())
    >>> "adam" in optimizers, optimizers["adam"].signature.options["lr"]
    (True, 0.001)
    >>> list(available(plugins=()))
    ['optimizers', 'problems', 'schedules', 'transforms', 'datasets', 'suites', 'kinds', 'figures']
    """
    known = registry.load(plugins)
    failures = tuple(str(source.error) for source in known.failures)
    kinds = {name: Listing(name, getattr(known, name), failures) for name in registry.KINDS}
    if kind is None:
        return Listings(kinds)
    if kind not in kinds:
        guess = did_you_mean(str(kind), kinds)
        raise UserError(f"there is no kind of plugin {kind!r}{guess}; there are: {', '.join(kinds)}")
    return kinds[kind]


def options_of(row: Mapping[str, Any]) -> str:
    """The options of a plugin with their defaults, as one line of text."""
    given = ((name, f"{v:g}" if isinstance(v, float) else json.dumps(v)) for name, v in row["options"].items())
    return ", ".join(f"{name}={value}" for name, value in given)


def short(file: str) -> str:
    """A path relative to the working directory, or to the folder that contains the package."""
    path = Path(file)
    for base in (Path.cwd(), Path(__file__).parents[2]):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return file
