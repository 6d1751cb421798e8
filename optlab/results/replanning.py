"""The plan of finished results, made again from their experiment file and the current plugins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optlab.engine.containment import prints_aside
from optlab.errors import PluginError, ResultsError, UserError
from optlab.execution import fingerprint
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.experiments.kinds import GRID, Kind, Plan
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Registry
from optlab.plugins.registry.figures import FigurePlugin

if TYPE_CHECKING:
    from optlab.results.store import Results


@dataclass(frozen=True)
class Origin:
    """The plan and the plugins of finished results, as far as they are still available.

    plan: the plan of the experiment, or None if it cannot be made, for example because a plugin is gone.
    changed_plugins: a message for each plugin that is gone or has changed since the runs, by kind and name.
    why: the reason why there is no plan.
    """

    plan: Plan | None
    changed_plugins: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    kind: Kind = GRID
    figures: tuple[FigurePlugin, ...] = ()
    """The plugins that draw pictures of every experiment."""
    rest: Plan | None = None
    """If there is no plan: a plan of the problems and optimizers that are still available, or None."""

    @property
    def available(self) -> Plan | None:
        """The plan, or a plan of what is still available."""
        return self.plan or self.rest

    @property
    def changed(self) -> set[str]:
        """The problems that are gone or have changed since the runs. Pictures that need them cannot be drawn."""
        return {name.partition(" ")[2] for name in self.changed_plugins if name.startswith("problem ")}

    @property
    def reasons(self) -> list[str]:
        """Why the plan or plugins differ from those of the runs; empty if they are the same."""
        return list(self.changed_plugins.values()) or ([self.why] if self.why else [])

    @property
    def left_out(self) -> list[str]:
        """Why pictures that need a problem are left out; empty if none is. A changed optimizer does not count: only
        maps need optimizers."""
        if self.plan is None:
            return self.reasons
        return [what for name, what in self.changed_plugins.items() if name.startswith("problem ")]


@prints_aside
def origin_of(results: Results, plugins: Folders = ("plugins",)) -> Origin:
    """The origin of finished results, from their experiment file and the plugins of these folders."""
    known = registry.load(plugins)
    try:
        text = results.spec.read_bytes().decode()
        planned, why = plan.make(documents.read(text, str(results.spec), known.kinds.values()), known), ""
    except ResultsError:
        raise
    except UserError as error:
        planned, why = None, str(error).partition("\n")[0]
    return Origin(
        planned,
        changed_plugins_of(results, known),
        why,
        kind_of(results, known),
        tuple(known.figures.values()),
        None if planned else _rest(results, known),
    )


def _rest(results: Results, known: Registry) -> Plan | None:
    """A plan of the problems and optimizers that are still available. Without such an optimizer, it has gradient
    descent, because the problems alone have surfaces."""
    try:
        document = tomllib.loads(results.spec.read_text(encoding="utf-8"))
        problems = [table for table in document.get("problem", ()) if table.get("name") in known.problems]

        def planned(optimizers: list[Any], problems: list[Any], of: Mapping[str, Any] = document) -> Plan | None:
            table = {**of, "problem": problems, "optimizer": optimizers}
            with suppress(UserError):
                return plan.make(documents.read_dict(table, known.kinds.values()), known)
            return None

        left = [table for table in document.get("optimizer", ()) if planned([table], problems[:1])]
        untuned = {name: value for name, value in document.items() if name != "tuning"}
        return (planned(left, problems) if left else None) or planned([{"name": "gd", "lr": 1.0}], problems, untuned)
    except (ValueError, AttributeError):  # the file may have any mistake
        return None


def is_grid(results: Results) -> bool:
    """Whether the manifest records that the experiment is a plain grid. Old manifests do not record the kind."""
    facts = results.manifest.get("planned", {})
    return "map" in facts and facts["map"] is None


def kind_of(results: Results, known: Registry) -> Kind:
    """The kind of experiment of finished results.

    Raises:
        ResultsError: the kind does not exist any more.
    """
    facts = results.manifest.get("planned", {}).get("map")
    if facts is None:  # a grid, or a manifest that does not record the kind
        document = tomllib.loads(results.spec.read_text(encoding="utf-8"))
        return next((kind for kind in known.kinds.values() if kind.name in document), GRID)
    try:
        return known.kind(facts["kind"])
    except UserError as error:
        raise ResultsError(f"{results.place}: these results cannot be read: {error}") from None


def changed_plugins_of(results: Results, known: Registry) -> dict[str, str]:
    """A message for each plugin that is gone or has changed since the runs, by kind and name."""
    origins = results.manifest.get("origins", {})
    found = {}
    for key, hashed in results.manifest["hashes"].items():
        if what := _fault(key, hashed, origins.get(key, ""), known):
            found[key] = what
    return found


def _fault(key: str, hashed: str, origin: str, known: Registry) -> str:
    """A message if the plugin of a kind and name is gone or has changed, otherwise an empty text."""
    kind, _, name = key.partition(" ")
    find = known.optimizer if kind == "foreign" else getattr(known, kind)
    try:
        plugin = find(name)
    except UserError as error:
        came = f"; it came from {origin} (--plugins DIR names the folder of drop-in files)" if origin else ""
        is_explained = isinstance(error, PluginError) or kind == "foreign" or "could not be loaded" in str(error)
        return (str(error) if is_explained else f"there is no {kind} {name!r}") + came
    if kind in ("dataset", "foreign") or fingerprint.of_plugin(plugin) == hashed:
        return ""  # no picture needs a dataset or a foreign optimizer
    return f"{kind} {name!r} has changed since these runs, in {fingerprint.place_of(plugin)}"
