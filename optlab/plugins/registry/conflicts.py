"""Names that are used more than once, within a file or by several sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from optlab.errors import PluginError
from optlab.plugins.code_location import source
from optlab.plugins.registry.loading import Offer, Plugin, Source

Clashes = Mapping[tuple[str, str], Sequence[tuple[Offer, Plugin]]]
"""The plugins that share a name, by kind and name."""


def check(offer: Offer) -> None:
    """Raise `PluginError` if a source has a name twice."""
    for (kind, name), claims in clashes([offer]).items():
        raise PluginError(f"{_place(*claims[-1])}: {clash(kind, name, claims)}")
    if offer.source.kind == "drop-in":
        _check_redefinitions(offer)


def _check_redefinitions(offer: Offer) -> None:
    """Raise `PluginError` if a file defines a plugin twice. Python keeps only the last, so that the text is checked."""
    lines: dict[str, int] = {}
    for statement in ast.parse(Path(offer.source.origin).read_bytes()).body:
        if isinstance(statement, ast.FunctionDef) and statement.decorator_list:
            name, line = statement.name, statement.decorator_list[0].lineno
            first = lines.setdefault(name, line)
            if first != line and name in offer.source.names:
                raise PluginError(
                    f"{offer.source.origin}:{line}: '{name}' is declared in line {first} already; rename one of them"
                )


def clashes(offers: Iterable[Offer]) -> Clashes:
    """The names that several plugins of one kind have."""
    found: dict[tuple[str, str], list[tuple[Offer, Plugin]]] = {}
    for offer in offers:
        for kind, plugins in offer.plugins.items():
            for plugin in plugins:
                found.setdefault((kind, plugin.name), []).append((offer, plugin))
    return {key: claims for key, claims in found.items() if len({id(plugin) for _, plugin in claims}) > 1}


def uncontested(offer: Offer, contested: Clashes) -> Offer:
    """The offer, refused if it shares a name with another one. Built-ins are never refused."""
    for (kind, name), claims in contested.items():
        own = [plugin for owner, plugin in claims if owner is offer]
        if own and offer.source.kind != "built-in":
            error = f"{_place(offer, own[0])}: {clash(kind, name, claims)}"
            return Offer.refused(Source(offer.source.origin, offer.source.kind, error=error))
    return offer


def clash(kind: str, name: str, claims: Sequence[tuple[Offer, Plugin]]) -> str:
    """The error message for a name that several plugins have."""
    places = " and ".join(_place(offer, plugin) for offer, plugin in claims)
    number = "two" if len(claims) == 2 else len(claims)
    return f"{number} {kind} are called '{name}': {places}; rename one of them"


def _place(offer: Offer, plugin: Plugin) -> str:
    """`file:line` of a plugin, with the path of the file as the user wrote it."""
    file, line = source(plugin.function)
    origin = offer.source.origin
    return f"{origin if Path(origin).absolute() == Path(file) else file}:{line}"
