"""The work of `optlab check`: runs the conformance suite on plugins and prints the outcomes."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import typer

from optlab.cli import show
from optlab.cli.options import folders
from optlab.errors import UserError, absent, counted, did_you_mean
from optlab.plugins import code_location, registry
from optlab.plugins.kinds import CHECKED
from optlab.testing.conformance import OUTCOMES, Check, CheckOutcome, checks_for, verdict
from optlab.testing.wrapped_descent import Checked

COLOURS = {"passed": "green", "failed": "red", "advice": "yellow", "skipped": "yellow", "exempt": "yellow"}

Counts = Counter[str]

_OR = " or ".join(", ".join(kind.name for kind in CHECKED).rsplit(", ", 1))


def plugins(what: Sequence[str], more: Sequence[Path]) -> list[Checked]:
    """The optimizers, transforms and schedules to check. Each word is a file, a folder of files, or a name.

    Names are looked up in the folders `more` too. A file without a plugin is reported on stderr. It is an error only
    if no plugin is found at all.
    """
    found: list[Checked] = []
    without: list[str] = []
    known = functools.cache(lambda: registry.load(folders(more)))
    for word in what:
        if not word.endswith(".py") and not (Path(word).is_dir() and word not in known().optimizers):
            found.append(_named(word, known()))
            continue
        for path in [Path(word)] if word.endswith(".py") else registry.drop_ins([word]):
            declared = _in_file(path, folders(more))
            found += declared
            without += [] if declared else [f"{path}: declares no {_OR}; decorate an update rule with @optimizer"]
    if not found:
        raise UserError("\n".join(without) or f"{what[0]}: there is no drop-in file in this folder")
    for line in without:
        typer.echo(line, err=True)
    if known.cache_info().currsize:  # some name was looked up
        show.missing_folder(known(), more)
    return list(dict.fromkeys(found))


def _named(name: str, known: registry.Registry) -> Checked:
    """The optimizer of this name; if there is none, the transform or schedule."""
    others = {**known.schedules, **known.transforms}
    return others[name] if name in others and name not in known.optimizers else known.rule(name)


def _in_file(path: Path, others: Sequence[Path]) -> list[Checked]:
    if not path.is_file():
        there = [str(p) for p in registry.drop_ins([path.parent, *others])]
        guess = did_you_mean(str(path), there) or (f"; there are {', '.join(there)}" if there else "")
        raise UserError(f"{absent(path)}{guess}")
    try:
        module = registry.import_file(path)
    except Exception as error:
        raise UserError(registry.one_line(error, str(path))) from error
    declared = registry.declared(module)
    return [plugin for kind in CHECKED for plugin in declared[kind.plural] if isinstance(plugin, Checked)]


def selected(optimizer: Checked, only: Sequence[str]) -> list[Check]:
    """The checks that apply to an optimizer. Where patterns are given, only the checks that match one.

    `keeps_dtype` matches both `keeps_dtype[float64]` and `keeps_dtype[float32]`.
    """
    checks = checks_for(optimizer)
    for pattern in only:
        if not any(_matches(check.name, pattern) for check in checks):
            names = [check.name for check in checks]
            stems = [name.partition("[")[0] for name in names]
            guess = did_you_mean(pattern, names + stems) or f"; there are {', '.join(names)}"
            raise UserError(f"--only {pattern}: {optimizer.name} has no such check{guess}")
    return [check for check in checks if not only or any(_matches(check.name, pattern) for pattern in only)]


def _matches(name: str, pattern: str) -> bool:
    return name.partition("[")[0] == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))


def run(what: Sequence[Checked], only: Sequence[str] = (), strict: bool = False) -> bool:
    """Run the suite on plugins, and print a total if there are several. Returns whether no check failed."""
    counts = {optimizer.name: _run(optimizer, only, strict) for optimizer in what}
    if len(what) > 1:
        total = sum(counts.values(), Counter())
        failing = [name for name, count in counts.items() if count["failed"]]
        suffix = f"; {', '.join(failing)} fail{'s' * (len(failing) == 1)}" if failing else ""
        _heading(f"{len(what)} plugins in all, {_counted(total)}{suffix}")
    return not any(count["failed"] for count in counts.values())


def _run(optimizer: Checked, only: Sequence[str], strict: bool) -> Counts:
    """Run the checks of one plugin, and print a line for each check, details of failures, and a summary."""
    checks = selected(optimizer, only)
    file, line = code_location.source(optimizer.function)
    _heading(f"{optimizer.name}  {os.path.relpath(file)}:{line}")
    width = max(len(check.name) for check in checks)
    counts: Counts = Counter()
    for check in checks:
        found = verdict(check, optimizer, strict)
        counts[found.outcome] += 1
        for text in _lines(check, found, width):
            typer.echo(text, color=_colour())
    _heading(_counted(counts))
    return counts


def _counted(counts: Counts) -> str:
    parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    return f"{counted(counts.total(), 'check')}: {parts}"


def _lines(check: Check, found: CheckOutcome, width: int) -> Iterator[str]:
    """The line of a verdict, aligned. After a failure or advice: the observed and expected values, a hint."""
    is_long = found.outcome in ("failed", "advice")
    remark = check.catches if is_long else found.text
    gap = " " * (9 - len(found.outcome)) if remark else ""
    yield f"  {check.name:<{width}}  {typer.style(found.outcome, fg=COLOURS[found.outcome])}{gap}{remark}"
    if is_long:
        yield from (f"      {line}" for line in found.text.splitlines())


def _heading(text: str) -> None:
    typer.echo(typer.style(text, bold=True), color=_colour())


def _colour() -> bool | None:
    """False if NO_COLOR is set; None lets Click decide by whether stdout is a terminal."""
    return False if os.environ.get("NO_COLOR") else None
