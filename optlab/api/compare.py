"""Several results in one ranking and one set of pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from optlab.api import experiment_results
from optlab.api.experiment_results import ExperimentResults
from optlab.errors import UserError
from optlab.experiments.kinds import GRID, Kind, Plan
from optlab.plugins.registry import Folders
from optlab.results import store
from optlab.results.analysis import Judged
from optlab.results.replanning import Origin
from optlab.results.sharing import merging, packing


@dataclass(frozen=True, repr=False)
class ComparedResults(ExperimentResults):
    """Several results as one, see `optlab.compare`: `.ranking()`, `.overall()`, `.figures()`, `.profile()`, ...

    compared: the results, by their names. sources: the names of the results that each label stands for. notes: what was
    left out, which labels were made distinct and why, and what is not paired. refused: the metrics that cannot be
    compared, with the reasons.
    """

    compared: Mapping[str, ExperimentResults] = field(default_factory=dict, compare=False)
    titles: tuple[str, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
        """The plan of the shared problems, from the first results whose plugins are unchanged."""
        origins = [results.origin for results in self.compared.values()]
        changed = {key: what for origin in origins for key, what in origin.changed_plugins.items()}
        planned = next((origin.plan for origin in origins if origin.plan is not None), None)
        return Origin(planned and self._shared(planned), changed, "" if planned else origins[0].why)

    def _shared(self, planned: Plan) -> Plan:
        """The plan of one of the results, with all labels and the shared problems only."""
        sweeps = tuple(sweep for sweep in planned.sweeps if set(sweep.titles) & set(self.titles))
        return replace(
            planned, name=self.manifest["name"], sweeps=sweeps, labels=tuple(self.sources), cases=self.titles
        )


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
        titles=merged.titles, sources=merged.sources, notes=merged.notes, refused=merged.refused,
    )  # fmt: skip
    packing.remove_with(compared)
    return compared
