"""Several results in one ranking and one set of pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from optlab.api import experiment_results
from optlab.api.experiment_results import ExperimentResults
from optlab.errors import UserError, named
from optlab.experiments.kinds import GRID, Kind, Plan
from optlab.plugins.registry import Folders
from optlab.results import store
from optlab.results.analysis import Judged
from optlab.results.replanning import Origin
from optlab.results.sharing import merging, packing


@dataclass(frozen=True, repr=False)
class ComparedResults(ExperimentResults):
    """Several results as one, see `optlab.compare`: `.ranking()`, `.overall()`, `.figures()`, `.profile()`, ...

    compared: the results, by their names. sources: the names of the results that each label stands for. labels: by the
    names of the results, the labels of their sweeps. notes: what was left out, which labels were made distinct and why,
    and what is not paired. refused: the metrics that cannot be compared, with the reasons.
    """

    compared: Mapping[str, ExperimentResults] = field(default_factory=dict, compare=False)
    titles: tuple[str, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def judged(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> Judged:
        if by in self.refused:
            raise UserError(f"{by} cannot be compared: {self.refused[by]}")
        return super().judged(by, without=without)

    @property
    def kind(self) -> Kind:
        return GRID

    @cached_property
    def origin(self) -> Origin:
        """The plan of the shared problems with the sweeps of all results, as far as their plugins are unchanged."""
        origins = {name: results.origin for name, results in self.compared.items()}
        changed = {key: what for origin in origins.values() for key, what in origin.changed_plugins.items()}
        plans = {name: origin.plan for name, origin in origins.items() if origin.plan is not None}
        return Origin(self._shared(plans), changed, "" if plans else next(iter(origins.values())).why)

    def _shared(self, plans: Mapping[str, Plan]) -> Plan | None:
        """One plan of several, with all labels and the shared problems only.

        Sweeps with another seed of the experiment are left out, because the seeds of their runs are other ones here.
        """
        if not plans:
            return None
        first, first_plan = next(iter(plans.items()))
        seeds = {name: self.compared[name].manifest["planned"]["seed"] for name in plans}
        sweeps = tuple(
            replace(sweep, label=self.labels[name].get(sweep.label, sweep.label))
            for name, planned in plans.items()
            for sweep in planned.sweeps
            if set(sweep.titles) & set(self.titles)
            and (name == first or (sweep.label in self.labels[name] and seeds[name] == seeds[first]))
        )
        return replace(
            first_plan, name=self.manifest["name"], sweeps=sweeps, labels=tuple(self.sources), cases=self.titles
        )

    @property
    def specs(self) -> Mapping[str, Path]:
        return {f"{name.replace('/', '_')}.toml": results.spec for name, results in self.compared.items()}

    @property
    def remarks(self) -> Sequence[str]:
        """From which results each label is, and what was left out or changed."""
        own = {
            name: ", ".join(named(label) for label, names in self.sources.items() if name in names)
            for name in self.compared
        }
        return [*(f"{name}: {labels}" for name, labels in own.items()), *self.notes]


def compare(*results: str | Path | ExperimentResults, plugins: Folders = ("plugins",)) -> ComparedResults:
    """Several results in one ranking and one set of pictures. Nothing is run or written.

    Runs are paired by seed where the seeds of the experiments are equal. Compared are the problems that all results
    have with the same settings, function, data and steps; the others are left out, and `.notes` says why. A label of
    several results stays one if its settings, its sources and the seed of the experiment are equal. Otherwise the name
    of the result is added to it, as in "adam [mine]".

    Args:
        results: two or more folders of results, packed files, or results that are loaded already.
        plugins: folders of drop-in files, for pictures that need a problem.

    Raises:
        UserError: they share no problem, settings were chosen in other ways, or one is a map or given twice.
        ResultsError: results are missing or damaged.
    """
    loaded = [one if isinstance(one, ExperimentResults) else experiment_results.load(one, plugins) for one in results]
    places = [str(one.place) if isinstance(one, ExperimentResults) else str(one) for one in results]
    for one, place in zip(loaded, places, strict=True):
        if not one.kind.is_ranked:
            raise UserError(f"{place}: is a map, and optimizers have no ranks in a map; see optlab plot")
    folder = Path(tempfile.mkdtemp(prefix="optlab-"))
    try:
        merged = merging.merge(list(zip(places, loaded, strict=True)), folder)
        found = store.load(folder)
    except BaseException:
        packing.remove(folder)
        raise
    compared = ComparedResults(
        found.folder, found.manifest, plugins=plugins, compared=dict(zip(merged.names, loaded, strict=True)),
        titles=merged.titles, sources=merged.sources, labels=merged.labels, notes=merged.notes, refused=merged.refused,
    )  # fmt: skip
    packing.remove_with(compared)
    return compared
