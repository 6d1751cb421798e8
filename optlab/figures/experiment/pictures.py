"""The pictures of an experiment: which there are, and which optimizers are in colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from optlab.errors import UserError, counted, named
from optlab.execution.second_process import SecondProcess
from optlab.experiments.cases import Titled, WithoutProblem, slugs, titled
from optlab.experiments.choices import CASES_SHOWN
from optlab.experiments.kinds import Plan
from optlab.figures import style
from optlab.figures.experiment import from_plugins, maps, over_cases, per_case, unit_tests, verdicts
from optlab.figures.experiment.absent import reason
from optlab.figures.experiment.inputs import PictureInputs
from optlab.figures.saving import AHEAD, saver
from optlab.figures.style import Look
from optlab.plugins.registry.figures import FigurePlugin
from optlab.results import analysis, store
from optlab.results.looks import best_first, looks_of
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import ALL, Selection
from optlab.results.subject import ALL_CASES, NamedFigure


def draw_all(
    results: Profiled,
    format: str,
    progress: Callable[[int], None],
    selection: Selection = ALL,
    report: Callable[[], str] | None = None,
    second: SecondProcess | None = None,
) -> list[Path]:
    """Draw the selected pictures of an experiment into its `plots/`. `progress(1)` is called after each.

    `report` returns the text of the report, which is published with them. `second` is the process that saves them, if
    it was started before.

    All files appear together, after the last is drawn. Pictures that need a problem are left out if the problem is gone
    or has changed since the runs, or if there is no plan. The pictures of plugins come last. Earlier pictures of other
    kinds than the selected ones stay.

    Raises:
        UserError: there is no picture of a selected kind, and the message has the reason; or no selected case.
    """
    with saver(_estimated(results, selection), second) as saving, store.drawing(results, format) as drawing:

        def draw(figure: NamedFigure) -> None:
            drawing.add(saving.save(figure.make(), drawing.folder / f"{figure.name}.{format}"))
            progress(1)

        found = figures(results, selection)  # one after the other, so that the second process starts early
        more = from_plugins.extras(results, selection) if selection.wants("extra") else []
        if selection.kinds:
            found = _with_all_kinds(found, bool(more), results, selection)
        for figure in islice(found, AHEAD):  # enough for the second process while this one writes the report
            draw(figure)
        if report is not None:
            drawing.add_report(report())
            progress(1)
        for figure in found:
            draw(figure)
        saving.finish()
        is_none_left_out = from_plugins.draw(more, drawing, progress)
        are_all = not results.origin.left_out and is_none_left_out
        return drawing.publish(are_all=None if selection.kinds or selection.cases else are_all)


def _estimated(results: Profiled, selection: Selection) -> int:
    """About how many pictures there will be."""
    planned = results.origin.plan
    if planned is not None and not selection.kinds and not selection.cases:
        return count(planned)
    return max(len(selection.kinds), 2) * (len(selection.cases) or results.runs["case"].nunique())


def _with_all_kinds(
    figures: Iterator[NamedFigure], has_more: bool, results: Profiled, selection: Selection
) -> Iterator[NamedFigure]:
    """The pictures, after the check that there is one of each selected kind."""
    found = list(figures)
    for kind in selection.kinds:
        if kind not in {figure.kind for figure in found} and not (kind == "extra" and has_more):
            raise UserError(f"kind: there is no picture {kind!r} of these results: {reason(kind, results, selection)}")
    return iter(found)


def count(planned: Plan, plugins: Iterable[FigurePlugin] = ()) -> int:
    """The number of pictures. The pictures of a plugin count as one, since their number is not known beforehand."""
    more = maps.count(planned) + len([*plugins])
    if not planned.kind.is_ranked:
        return more
    if planned.tuning and planned.tuning.has_several_numbers:
        return more + 1
    recorded = planned.is_recorded
    cases = [*titled(planned)]
    more += len(over_cases.usual(len(cases), len(planned.labels))) if recorded else 0
    more += verdicts.usual(len(cases), len(planned.labels), planned.tuning is not None)
    more += unit_tests.usual(planned)
    if len(cases) > CASES_SHOWN:
        return more
    with_paths = sum(map(per_case.has_map, cases)) if recorded else 0
    return more + len(cases) * (1 + recorded) + len(per_case.OF_PATHS) * with_paths


def figures(results: Profiled, selection: Selection = ALL) -> Iterator[NamedFigure]:
    """The selected pictures of an experiment, not drawn yet; see `draw_all`."""
    planned = results.origin.plan
    labels = planned.labels if planned else tuple(dict.fromkeys(results.runs["label"]))
    is_ranked = planned is None or planned.kind.is_ranked
    selection.check(labels, is_ranked)
    chosen = selection.chosen(list(dict.fromkeys(results.runs["case"]))) if selection.cases else None
    if planned is not None:
        of_maps = (found for found in maps.figures(results, planned, selection) if selection.wants(found.kind))
        yield from (found for found in of_maps if chosen is None or found.case in chosen)
    if not is_ranked:
        return
    if analysis.has_strategies(results.runs) and not selection.kinds:  # too many labels for the other kinds
        selection = replace(selection, kinds=("strategies",))
    shown = shown_of(results, selection)
    for source in (per_case, over_cases, verdicts, unit_tests):
        yield from (figure for figure in source.figures(shown) if chosen is None or figure.case in chosen)


def shown_of(results: Profiled, selection: Selection) -> PictureInputs:
    """What the pictures of ranked results share.

    Raises:
        UnknownName, UserError: see `Selection.check`.
    """
    planned = results.origin.plan
    labels = planned.labels if planned else tuple(dict.fromkeys(results.runs["label"]))
    selection.check(labels, is_ranked=True)
    cases, compared = _cases(results), selection.compared(labels)
    chosen = selection.chosen([case.title for case in cases])
    judged = results.judged()
    looks = looks_of(labels, best_first(labels, judged.placed), selection)
    note = _selected(len(compared), looks, len(cases), [label for label in labels if label not in compared])
    with_pictures = [case for case in cases if case.title in chosen]
    titles = [*(case.title for case in cases), ALL_CASES]
    files = dict(zip(titles, slugs(titles), strict=True))
    return PictureInputs(results, selection, with_pictures, len(cases), files, compared, looks, note, judged)


def _cases(results: Profiled) -> list[Titled | WithoutProblem]:
    """The cases of the results, each with its problem if the problem is unchanged since the runs."""
    planned, changed = results.origin.plan, results.origin.changed
    all_cases = {case.title: case for case in titled(planned)} if planned else {}
    known = {title: case for title, case in all_cases.items() if case.case.problem.name not in changed}
    runs = results.runs
    steps = results.manifest.get("planned", {}).get("steps") or int(runs["steps"].max())
    return [known.get(title) or WithoutProblem(title, steps) for title in dict.fromkeys(runs["case"])]


def _selected(labels: int, looks: Mapping[str, Look], cases: int, without: Sequence[str]) -> str:
    """The note on the selection of optimizers, for the subtitle."""
    facts = [f"{len(looks)} of {counted(labels, 'optimizer')} shown"] if len(looks) < labels else []
    if thin := len(style.faint(looks)):
        by = ", by their ranks on all problems" if cases > 1 else ""
        facts.append(f"in colour the best {len(looks) - thin} of {len(looks)}{by}")
    if without:
        facts.append(f"compared without {', '.join(map(named, without))}")
    return "".join(f"; {fact}" for fact in facts)
