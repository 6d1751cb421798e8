"""Finished results, drawn and read again: with the plugins that computed them, or without what needs these."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab import identity, plan, registry, spec
from optlab.choices import FORMATS
from optlab.containment import prints_aside
from optlab.errors import PluginError, PluginWarning, ResultsError, UserError
from optlab.kinds import GRID, Kind
from optlab.plan import Plan
from optlab.registry import Folders, Registry
from optlab.registry.figures import FigurePlugin
from optlab.report.selection import ALL, Selection

if TYPE_CHECKING:
    from optlab.store import Results

Progress = Callable[[int], None]


@prints_aside
def draw(
    results: Results,
    planned: Plan,
    format: str = "png",
    progress: Progress = lambda done: None,
    selection: Selection = ALL,
    plugins: Iterable[FigurePlugin] = (),
) -> list[Path]:
    """All pictures of an experiment, into `plots/`: contours, loss curves, sensitivity, and those of `plugins`. Nothing
    is run again."""
    from optlab.report import pictures

    check_format(format)
    return pictures.draw_all(results, planned, format, progress, selection, plugins=plugins)


def check_format(format: str) -> None:
    if format not in FORMATS:
        raise UserError(f"pictures come as {', '.join(FORMATS)}, not {format!r}")


@prints_aside
def replot(
    folder: str | Path,
    plugins: Folders = ("plugins",),
    format: str = "png",
    only: Sequence[str] = (),
    top: int | None = None,
) -> list[Path]:
    """Draw the pictures of a results folder again.

    The losses and what the learning rate does are drawn from the data alone. Contours need the problem: where its
    plugin is gone, or has changed since the runs, they are left out, and a `PluginWarning` names it and its file.

    Args:
        only: labels of the optimizers that are shown; all where it is empty.
        top: how many are in colour, the best by their ranks; by default as many as there are colours.

    Raises:
        UserError: there is no optimizer with such a label.
        ResultsError: the folder is missing, unfinished or damaged; or it holds a map, and a plugin has changed.
    """
    from optlab import store
    from optlab.report import pictures

    check_format(format)
    results, selection = store.load(Path(folder)), Selection(tuple(only), top)
    known = registry.load(plugins)
    strangers, figures = strangers_of(results, known), known.figures.values()
    if not _kind_of(results, known).is_ranked:
        return draw(results, _plan_of_map(results, known, strangers), format, selection=selection, plugins=figures)
    planned, why = _planned(results, known)
    changed = {name.partition(" ")[2] for name in strangers if name.startswith("problem ")}
    if planned is not None:
        strangers = {name: what for name, what in strangers.items() if name.startswith("problem ")}
    if reasons := list(strangers.values()) or ([why] if why else []):
        warnings.warn(f"contours and known minima are left out: {'; '.join(reasons)}", PluginWarning, stacklevel=2)
    return pictures.draw_all(results, planned, format, lambda done: None, selection, changed, figures)


def maps(results: Results, plugins: Folders = ("plugins",), planned: Plan | None = None) -> list[Any]:
    """The panels of a map as arrays, from its results; of other experiments there are none.

    The plan is made anew from the results unless the one of the runs is at hand.

    Raises:
        ResultsError: a plugin that the map was computed with is gone, or has changed since.
    """
    if planned is None:
        known = registry.load(plugins)
        if _kind_of(results, known).is_ranked:
            return []
        planned = _plan_of_map(results, known, strangers_of(results, known))
    return planned.kind.panels(results, planned)


def _kind_of(results: Results, known: Registry) -> Kind:
    """The kind of experiment of finished results.

    Raises:
        ResultsError: there is no such kind any more.
    """
    facts = results.manifest.get("planned", {}).get("map")
    if facts is None:  # a grid; or the manifest was written when it did not say this
        document = tomllib.loads(results.spec.read_text(encoding="utf-8"))
        return next((kind for kind in known.kinds.values() if kind.name in document), GRID)
    try:
        return known.kind(facts["kind"])
    except UserError as error:
        raise ResultsError(f"{results.folder}: these results cannot be read: {error}") from None


def _plan_of_map(results: Results, known: Registry, strangers: Mapping[str, str]) -> Plan:
    """The plan of a map, of which nothing can be told without the very plugins."""
    planned, why = _planned(results, known)
    if strangers or planned is None:
        reasons = "; ".join(strangers.values()) or why
        raise ResultsError(f"{results.folder}: the map cannot be read from these results: {reasons}")
    return planned


def _planned(results: Results, known: Registry) -> tuple[Plan | None, str]:
    """The plan of finished results, from the experiment beside them; or why there is none, as a plugin has changed."""
    try:
        text = results.spec.read_bytes().decode()
        return plan.make(spec.read(text, str(results.spec), known.kinds.values()), known), ""
    except UserError as error:
        return None, str(error).partition("\n")[0]


# ---- plugins that are not those of the runs --------------------------------------------------------------------------


def strangers_of(results: Results, known: Registry) -> dict[str, str]:
    """The plugins that are gone, or have changed since the runs, by kind and name: what to say of each."""
    origins = results.manifest.get("origins", {})
    found = {}
    for key, hashed in results.manifest["hashes"].items():
        if what := _fault(key, hashed, origins.get(key, ""), known):
            found[key] = what
    return found


def _fault(key: str, hashed: str, origin: str, known: Registry) -> str:
    """What is wrong with a plugin, given by kind and name, or nothing."""
    kind, _, name = key.partition(" ")
    find = known.optimizer if kind == "foreign" else getattr(known, kind)
    try:
        plugin = find(name)
    except UserError as error:
        came = f"; it came from {origin} (--plugins DIR names the folder of drop-in files)" if origin else ""
        is_explained = isinstance(error, PluginError) or kind == "foreign" or "could not be loaded" in str(error)
        return (str(error) if is_explained else f"there is no {kind} {name!r}") + came
    if kind in ("dataset", "foreign") or identity.of_plugin(plugin) == hashed:
        return ""  # pictures show no data, and nothing that a foreign optimizer computes
    return f"{kind} {name!r} has changed since these runs, in {identity.place_of(plugin)}"
