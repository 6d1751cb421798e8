"""The output of the other commands: results on stdout, warnings on stderr."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from optlab.cli import tables
from optlab.errors import counted
from optlab.experiments.choices import CASES_SHOWN

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.api.pipeline import Prospect
    from optlab.engine.gradcheck.check import GradientCheck
    from optlab.experiments.kinds import Plan
    from optlab.plugins.registry import Registry


def load_failures(known: Registry, quiet: bool) -> None:
    """Print warnings for plugins that could not be loaded. They are errors only for experiments that use them."""
    if not quiet:
        for source in known.failures:
            print(f"warning: not loaded: {source.error}", file=sys.stderr)


def loaded(known: Registry, plugins: Sequence[Path], quiet: bool = False, experiment: Path | None = None) -> None:
    """Print which drop-in files could not be loaded, and whether `plugins/` is missing; see `missing_folder`."""
    load_failures(known, quiet)
    missing_folder(known, plugins, quiet, experiment)


def missing_folder(
    known: Registry, plugins: Sequence[Path], quiet: bool = False, experiment: Path | None = None
) -> None:
    """Print a note if the working directory has no folder `plugins/`.

    Args:
        known: the registry.
        plugins: the folders of --plugins. If there are any, nothing is printed.
        quiet: print nothing.
        experiment: the experiment file. A folder `plugins` next to it, or in a folder above, is suggested.
    """
    if quiet or plugins or not known.missing:
        return
    above = experiment.resolve().parents if experiment else ()
    near = next((folder / "plugins" for folder in above if (folder / "plugins").is_dir()), "DIR")
    note = f"there is no folder plugins/ here, so no drop-in files are loaded (--plugins {near})"
    Console(stderr=True, highlight=False, emoji=False).print(Text(note, style="dim"), soft_wrap=True)


def shown(path: Path) -> Path:
    """A path, relative to the working directory if it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def files(paths: Sequence[Path]) -> None:
    for path in paths:
        print(shown(path))
    if not paths:
        print("there is nothing to draw: no steps were recorded, and no learning rate was set")


def each_case(results: ExperimentResults) -> str:
    """The command that draws the pictures of one case, if there are too many cases to draw each; otherwise nothing."""
    cases = list(dict.fromkeys(results.arrays("case")["case"])) if results.kind.is_ranked else []
    if len(cases) <= CASES_SHOWN:
        return ""
    return f"optlab plot {quoted(str(shown(results.place)))} --problem {quoted(str(cases[0]))}"


def quoted(text: str) -> str:
    """A text as one word of a command line, in the quotes that are easiest to read.

    >>> print(quoted("beale"), quoted("sphere (dim=2)"), quoted("mlp (hidden=['a'])"))
    beale 'sphere (dim=2)' "mlp (hidden=['a'])"
    """
    in_double = "'" in text and not set(text) & set('"$`\\!')
    return f'"{text}"' if in_double else shlex.quote(text)


def pictures_of_each(results: ExperimentResults) -> None:
    """Print a note if only the pictures of all cases together were drawn."""
    if command := each_case(results):
        print(f"note: only pictures of all problems together; those of one: {command}", file=sys.stderr)


def boxes(results: ExperimentResults) -> None:
    """Print a warning for letters of labels and titles that no installed font has; pictures show them as boxes."""
    from optlab.figures import fonts

    names = results.arrays("label", "case")
    if letters := fonts.missing([*set(names["label"]), *set(names["case"])]):
        missing = f"no installed font has {' '.join(letters[:12])}{' ...' if len(letters) > 12 else ''}"
        advice = "install a font that has them, such as Noto Sans CJK for Chinese"
        print(f"warning: {missing}: pictures show boxes instead; {advice}", file=sys.stderr)


def size(planned: Plan, prospects: Sequence[Prospect]) -> None:
    """Print the size of a grid, per sweep and in total, and the back end of each sweep with the reason."""
    rows = []
    for sweep, prospect in zip(planned.sweeps, prospects, strict=True):
        problem = sweep.titles[0] + (f" and {len(sweep.titles) - 1} more" if len(sweep.titles) > 1 else "")
        cells = [sweep.label, problem, f"{len(sweep):,}", f"{sweep.steps:,}", f"{prospect.gradients:,}"]
        rows.append([*cells, prospect.choice.backend, prospect.choice.why])
    columns = ["optimizer", "problem", "runs>", "steps>", "gradients>", "back end", "because"]
    console = tables.console()
    spare = ["because", "steps>", "gradients>"]
    console.print(tables.table(columns, rows, f"{planned.name}: the experiment is valid", spare))
    console.print()
    from optlab.experiments.estimate import judging_gradients

    judging = planned.tuning.runs if planned.tuning else 0
    sizes = {"cell": planned.cells, "run": sum(map(len, planned.sweeps)), "sweep": len(planned.sweeps)}
    totals = ", ".join(counted(number, what) for what, number in sizes.items())
    evaluations = counted(sum(p.gradients for p in prospects), "gradient evaluation")
    console.print(tables.sentence(f"{totals}, {evaluations}" + (" for tuning" if judging else "")))
    if planned.tuning:
        at_most = "at most " if planned.tuning.has_several_numbers else ""  # some may choose the same setting
        more = counted(judging_gradients(planned, prospects), "gradient evaluation")
        console.print(
            tables.sentence(f"and {at_most}{counted(judging, 'run')}, {more} for judging the chosen settings")
        )
    if planned.repeats_saved:
        repeats = counted(planned.repeats_saved, "repeat")
        console.print(tables.sentence(f"({repeats} of deterministic cells are left out)"))


def gradient_check(where: str, check: GradientCheck, whole: bool) -> None:
    """Print the outcome at one point: a line, or the table if it is wrong, at a kink, or `whole` is set."""
    if check and not check.kinks and not whole:
        methods = " and ".join(sorted({c.method for c in check.components}))
        sample = f", {len(check.components)} of {check.of} components" if len(check.components) < check.of else ""
        worst = max((c.error for c in check.components), default=0.0)
        print(f"{check.name} at {where}{sample}: right; largest difference {worst:.1e}, by {methods}")
    else:
        print(f"at {where}\n{check}")


def listing(plugins: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of plugins."""
    from optlab.api.catalogue import options_of, short

    rows = []
    for about in plugins:
        dim = [str(about["dim"] or "")] if "dim" in about else []
        rows.append([about["name"], options_of(about), *dim, about["summary"], short(about["file"])])
    dim = ["dim>"] if plugins and "dim" in plugins[0] else []
    tables.console(tables.READABLE).print(
        tables.table(["name", "options", *dim, "what it is", "from"], rows, spare=["from", "options"])
    )


def sources(known: Registry) -> None:
    """Print which plugins were loaded from where."""
    rows = []
    for source in known.sources:
        adds = Text(f"NOT LOADED: {source.error}", style="red") if source.error else Text(", ".join(source.names))
        rows.append([source.origin, source.kind, adds])
    tables.console().print(tables.table(["from", "kind", "adds"], rows, spare="kind"))
    if known.missing:
        print(known.without_folders())
