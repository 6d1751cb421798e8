"""The results of an experiment for Python and notebooks: tables, the ranking, pictures, and the plan."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from optlab.api.report import Report
from optlab.api.result_pictures import Pictured, drawn, existing
from optlab.errors import ResultsError, UnknownName, UserError, counted, did_you_mean, short
from optlab.execution.runner import Graphs
from optlab.experiments.kinds import GRID, Kind, Plan
from optlab.experiments.kinds.base import faults_of
from optlab.markup import html
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Registry
from optlab.results import analysis, replanning, store
from optlab.results.replanning import Origin
from optlab.results.selection import ALL

ROWS = 24
"""Rows of the ranking that a notebook shows."""
PANELS = 6
"""Panels of a map for which a notebook shows numbers."""
SMALL = 88.0
"""Pixels per inch of the picture in a notebook."""


@dataclass(frozen=True, repr=False)
class ExperimentResults(Pictured):
    """The results of a finished experiment. A notebook shows the ranking and the first picture.

    `runs` has one row per run; `history` (run, step, loss, ...) and `trajectories` (run, step, x0, x1, ...) one row per
    recorded step of each run. Each table is read at its first use, and kept.

    `planned` is the plan of the runs, if it is available, and `known` its registry. Otherwise the plan is made again at
    its first use, from the experiment file in the folder and the drop-in files in `plugins`. `built` has the step
    graphs that were built for the runs. `packed` is the packed file that the results were loaded from, or None; its
    members are then in `folder`, a temporary one that is removed with this object.

    Raises:
        ResultsError: a table is read after another run replaced the results in the folder, or after they were removed.
    """

    planned: Plan | None = field(default=None, compare=False)
    known: Registry | None = field(default=None, compare=False)
    plugins: Folders = field(default=("plugins",), compare=False)
    built: Graphs = field(default_factory=lambda: Graphs(was_run=True), compare=False)
    packed: Path | None = field(default=None, compare=False)
    _here: Path = field(default_factory=Path.cwd, compare=False)

    @property
    def place(self) -> Path:
        """What messages name: the packed file, or the folder."""
        return self.packed or self.folder

    @property
    def graphs(self) -> Graphs:
        return self.built

    @cached_property
    def origin(self) -> Origin:
        """The plan and the plugins of the runs, as far as they are still available."""
        if self.planned:
            figures = tuple(self.known.figures.values()) if self.known else ()
            return Origin(self.planned, kind=self.planned.kind, figures=figures)
        folders = registry.several(self.plugins)
        if Path.cwd() != self._here:  # folders are relative to where the results were loaded
            folders = [self._here / folder for folder in folders]
        return replanning.origin_of(self, folders)

    @property
    def kind(self) -> Kind:
        """The kind of experiment. For a plain grid, no plugin is loaded.

        Raises:
            ResultsError: the kind does not exist any more.
        """
        return GRID if replanning.is_grid(self) else self.origin.kind

    @property
    def plan(self) -> Plan:
        """The plan of the experiment: its sweeps, with their arrays of options and hyperparameters.

        Raises:
            ResultsError: a plugin of the runs is gone or has changed since.
        """
        return self.exact_plan("the experiment cannot be planned again")

    @cached_property
    def panels(self) -> tuple[Any, ...]:
        """The panels of a map as arrays, one for each problem, optimizer and further setting. Empty for other
        experiments.

        Raises:
            ResultsError: a plugin of the map is gone or has changed since.
        """
        if self.kind is GRID:
            return ()
        planned = self.exact_plan("the map cannot be read from these results")
        with faults_of(planned.kind):
            return tuple(planned.kind.panels(self, planned))

    def exact_plan(self, refusal: str) -> Plan:
        """The plan, made with the unchanged plugins of the runs. Raises ResultsError if there is none."""
        if self.origin.plan is None or self.origin.changed_plugins:
            raise ResultsError(f"{self.place}: {refusal}: {'; '.join(self.origin.reasons)}")
        return self.origin.plan

    # ---- tables and pictures -----------------------------------------------------------------------------------------

    def ranking(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> pd.DataFrame:
        """The optimizers of each case, ranked by the median of a metric at their best settings, as in `optlab rank`.

        Columns: `case`, `rank`; `rank_low` and `rank_high` (the 90 % interval of the rank), `first` (the probability to
        be the first), `with_first` (whether it cannot be distinguished from the first), `p` (the adjusted p-value of
        this comparison) and `seeds_needed` (about how many seeds would distinguish it); `label`, `settings` (the best),
        `tuned` (how they were chosen), `median` and `interval` (the median over `n` seeds and its 90 % interval), `low`
        and `high` (the 10 % and the 90 % quantile over the seeds), `cells` (number of settings), `diverged` (share of
        all runs), `failed` (number of runs that ended with an error), `at_edge` (hyperparameters whose best value is
        the first or the last of the grid) and `run` (the run to show). What needs several seeds is missing if there is
        one.

        Args:
            by: "final_loss", "best_loss", "test_loss", "test_accuracy", "steps_to_target", "gradients_to_target",
                "area" or "seconds".
            without: labels that are left out of the comparison.

        Raises:
            UnknownName: there is no such metric, or no such label.
            UserError: the metric was not recorded, or the results are a map; a map has no ranks.
        """
        return self.judged(by, without=without).ranking

    def overall(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> pd.DataFrame:
        """The optimizers over all cases: `mean_rank` with its 90 % interval `mean_low` and `mean_high` over resamples
        of cases and seeds, `among_first` (the share of cases on which it cannot be distinguished from the first),
        `cases`, `wins`, `at_edge`, `diverged`, and `failed` (cases with errors: such an optimizer has no mean rank).

        Args, Raises: see `ranking`.
        """
        return self.judged(by, without=without).overall

    def friedman(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> analysis.Friedman | None:
        """The tests of Friedman and Nemenyi over all cases (Demsar, 2006), with the critical difference of mean ranks
        in `.cd`. None if there are fewer than two cases with ranks, or two optimizers without errors.

        Args, Raises: see `ranking`.
        """
        return self.judged(by, without=without).friedman

    def without_each_case(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> pd.DataFrame:
        """The mean ranks if one case is left out: columns `without` (the case), `label`, `mean_rank` and `place`.

        Args, Raises: see `ranking`.
        """
        return self.judged(by, without=without).without_each_case

    def units(self) -> pd.DataFrame:
        """How many unit tests each optimizer passed, by difficulty: `label`, `difficulty`, `passed` and `tests`.

        Raises:
            UserError: there are no unit tests (`suite = "units"`), or no reference (gd or sgd with a grid of lr).
        """
        return analysis.units(self.runs)

    def unit_tests(self) -> pd.DataFrame:
        """Each unit test with each optimizer: its features, the `gain` of the best settings, `verdict` and `passed`.

        Raises: see `units`.
        """
        return analysis.unit_tests(self.runs)

    def judged(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> analysis.Judged:
        """All verdicts by one metric, each computed at its first use: `.ranking`, `.overall`, `.friedman`, and so on.

        Args, Raises: see `ranking`.
        """
        return self._judged_usually if by == "final_loss" and not without else self._judged(by, without)

    @cached_property
    def _judged_usually(self) -> analysis.Judged:
        """The verdicts by the final loss. Tables, pictures and the report show them."""
        return self._judged("final_loss", ())

    def _judged(self, by: str, without: Sequence[str]) -> analysis.Judged:
        if not self.kind.is_ranked:
            raise UserError(
                "optimizers have no ranks in a map; use .panels for its arrays, .figures() for its pictures"
            )
        runs = self.runs
        labels = list(dict.fromkeys(runs["label"]))
        for label in without:
            if label not in labels:
                guess = did_you_mean(str(label), labels)
                raise UnknownName(f"without: no optimizer has the label {label!r}{guess}; {existing(labels)}")
        kept = runs[~runs["label"].isin(list(without))].reset_index(drop=True) if without else runs
        if kept.empty:
            raise UserError("all optimizers are left out; keep at least one")
        tuning = tomllib.loads(self.spec.read_text(encoding="utf-8")).get("tuning", {})
        search = str(tuning.get("search") or ("sobol" if "trials" in tuning else "grid"))
        return analysis.Judged.of(kept, by, search, str(tuning.get("select", "final_loss")))

    def report(self, landscapes: bool = False) -> Report:
        """The results as one HTML page that needs no network: surfaces, curves, ranking, sources and files.

        A notebook shows it. `.save(path)` writes it to a file, and `.text` is the page.

        Args:
            landscapes: whether the parameters of networks along the steps are computed again where they were not
                recorded, for the loss around the paths. This may take ten seconds. Without it, they are if this takes
                less than about a second.
        """
        from optlab.report.page import report

        judged = self.judged() if self.kind.is_ranked else None
        return Report(report(self, judged, landscapes), self.manifest["name"])

    # ---- in a notebook -----------------------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return html.never_raises(self._html, f"the results in {self.place}")

    def _html(self) -> str:
        ended = store.outcomes(self.manifest)
        head = html.line(self.manifest["name"], bold=True) + html.line(f"{ended}; in {self.place}", faint=True)
        picture = html.never_raises(self._first, "the first picture")
        if not self.kind.is_ranked:
            return head + picture + "".join(panel._repr_html_() for panel in self.panels[:PANELS])
        return head + self._ranked() + picture

    def _ranked(self) -> str:
        """The first rows of the ranking as HTML."""
        ranked = self.ranking()
        several, is_sure = ranked["case"].nunique() > 1, bool(ranked["with_first"].notna().any())
        rows = []
        for row in ranked.head(ROWS).to_dict("records"):
            loss = "error" if row["failed"] else short(row["median"]) if row["median"] < float("inf") else "none"
            cells = [_rank(row), row["label"], row["settings"], loss, *[_yes(row["with_first"])] * is_sure]
            rows.append([row["case"]] * several + [*cells, f"{100 * row['diverged']:.0f} %"])
        columns = ["case"] * several + ["rank>", "optimizer", "best settings", "final loss>"]
        columns += ["could be first"] * is_sure + ["diverged>"]
        more = len(ranked) - ROWS
        return html.table(columns, rows) + (
            html.line(f"and {counted(more, 'more row')}: .ranking() has all", faint=True) if more > 0 else ""
        )

    def _first(self) -> str:
        found = self.named_figures(ALL)
        if not found:
            return ""
        figure = drawn(found[0])
        return html.image(figure.png(SMALL), 64 * figure.get_figwidth(), f"{found[0].kind} of {found[0].case}")


def _rank(row: Mapping[Any, Any]) -> str:
    """A rank, or its interval such as "1-3"."""
    if pd.isna(row["rank"]):
        return "-"
    is_interval = not pd.isna(row["rank_low"]) and row["rank_low"] < row["rank_high"]
    return f"{row['rank_low']}-{row['rank_high']}" if is_interval else str(row["rank"])


def _yes(value: Any) -> str:
    return "-" if pd.isna(value) else "yes" if value else "no"


def of(
    results: store.Results, planned: Plan, known: Registry | None = None, graphs: Graphs | None = None
) -> ExperimentResults:
    """Results with their plan, the registry of the plan, and the step graphs that were built."""
    return ExperimentResults(results.folder, results.manifest, planned, known, built=graphs or Graphs(was_run=True))


def load(results: str | Path, plugins: Folders = ("plugins",)) -> ExperimentResults:
    """The results in a folder or in a packed file; see `optlab.load`."""
    path = Path(results)
    if not path.is_file() and not (path.suffix == ".zip" and not path.is_dir()):
        found = store.load(path)
        return ExperimentResults(found.folder, found.manifest, plugins=plugins)
    from optlab.results.sharing import packing

    found = packing.unpacked(path)
    loaded = ExperimentResults(found.folder, found.manifest, plugins=plugins, packed=path)
    packing.remove_with(loaded)
    return loaded
