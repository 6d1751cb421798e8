"""The work of `optlab check`: finds plugins and runs the conformance suite on them."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import typer

from optlab.cli import show
from optlab.cli.check_steps import Begun, CheckVerdict, Loading, PluginChecks, Step
from optlab.cli.options import folders
from optlab.errors import UserError, absent, did_you_mean
from optlab.plugins import code_location, registry
from optlab.plugins.kinds import CHECKED
from optlab.testing.conformance import Check, checks_for, verdict
from optlab.testing.wrapped_descent import Checked

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


def steps(
    what: Sequence[str], more: Sequence[Path], only: Sequence[str] = (), strict: bool = False, first: int = 0
) -> Iterator[Step]:
    """Run the suite on plugins, from the plugin with the number `first` on. Each step is yielded before it is made."""
    yield Loading(", ".join(what))
    for plugin in plugins(what, more)[first:]:
        checks = selected(plugin, only)
        file, line = code_location.source(plugin.function)
        yield PluginChecks(plugin.name, f"{os.path.relpath(file)}:{line}", tuple(check.name for check in checks))
        for check in checks:
            yield Begun(check.name)
            found = verdict(check, plugin, strict)
            yield CheckVerdict(check.name, found.outcome, found.text, check.catches)
