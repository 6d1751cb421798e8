"""The first stages of an experiment: TOML -> spec -> plan. Nothing is run or written."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optlab.engine.containment import prints_aside
from optlab.errors import UserError, did_you_mean
from optlab.execution import fingerprint
from optlab.execution.executors.choice import PROCESSES, name_of
from optlab.execution.executors.protocol import DEFAULT, Asked, SweepLimits
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.experiments.choices import BACKENDS
from optlab.experiments.document.text import text_of
from optlab.experiments.kinds import Plan
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Registry


@dataclass(frozen=True)
class Job:
    """A checked and planned experiment, and the folder for its results."""

    source: str
    plan: Plan
    registry: Registry
    folder: Path
    asked: Asked = DEFAULT
    """Where sweeps are executed. It changes no number of the results."""

    @property
    def is_apart(self) -> bool:
        """Whether code of the user is executed in other processes, because it may end or hold this one."""
        has_code = bool(self.registry.figures) or not all(map(fingerprint.are_built_in, self.plan.sweeps))
        return hasattr(os, "fork") and name_of(self.asked) == PROCESSES and has_code


@prints_aside
def prepare(
    experiment: str | Path | Mapping[str, Any],
    out: str | Path = "results",
    plugins: Folders | Registry = ("plugins",),
    backend: str | None = None,
    asked: Asked = DEFAULT,
) -> Job:
    """Read, check and plan an experiment. Nothing is run or written. `backend` and `asked` override the experiment's.

    `plugins` are folders of drop-in files, or a registry that is loaded already. In a dictionary, a plugin object may
    replace a name. With processes, plugins are tried out in a process of their own before.

    Raises:
        SpecError: with all mistakes of the file at once.
        PluginError: two plugins share a name.
        UserError: there is no such back end.
    """
    if backend not in (None, *BACKENDS):
        guess = did_you_mean(str(backend), BACKENDS)
        raise UserError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}{guess}")
    given = experiment if isinstance(experiment, Mapping) else _File(str(experiment), text_of(Path(experiment)))
    before, findings = _asked_before(given, asked), None
    if name_of(before) == PROCESSES and _may_have_plugins(given, plugins):
        from optlab.api import probing  # takes time to load, and most experiments run in threads

        findings = probing.tried(plugins, functools.partial(_planned, given, backend), before.limits)
        plugins = findings.load(plugins)
    known = plugins if isinstance(plugins, Registry) else registry.load(plugins)
    text, draft, known = _read(given, backend, known)
    known = findings.withhold(known) if findings else known
    planned = plan.make(draft, known)
    return Job(text, planned, known, Path(out) / planned.name, _asked(draft, asked))


@dataclass(frozen=True)
class _File:
    """An experiment file and its text."""

    path: str
    text: str


_Given = _File | Mapping[str, Any]


def _read(given: _Given, backend: str | None, known: Registry) -> tuple[str, documents.Draft, Registry]:
    """The text of an experiment, its draft, and the registry with the plugins that are given as objects."""
    if isinstance(given, _File):
        draft = documents.read(given.text, given.path, known.kinds.values())
        return given.text, _on(backend, draft), known
    document, known = registry.with_names(given, known)
    draft = _on(backend, documents.read_dict(document, known.kinds.values()))
    return _as_toml(draft.document), draft, known


def _planned(given: _Given, backend: str | None, known: Registry, change: Callable[[Registry], Registry]) -> Plan:
    _, draft, known = _read(given, backend, known)
    return plan.make(draft, change(known))


def _on(backend: str | None, draft: documents.Draft) -> documents.Draft:
    if backend is None or draft.spec is None:
        return draft
    return replace(draft, spec=replace(draft.spec, backend=backend))


def _as_toml(document: Mapping[str, Any]) -> str:
    import tomli_w

    return tomli_w.dumps(dict(document))


# ---- where sweeps are executed ---------------------------------------------------------------------------------------


def _asked(draft: documents.Draft, asked: Asked) -> Asked:
    """What is asked for, with what the file says where nothing else is."""
    spec = draft.spec
    assert spec is not None
    limits = spec.limits
    seconds, memory = (None, None) if limits is None else (limits.seconds, limits.memory)
    own = asked.limits or SweepLimits(math.inf if seconds is None else seconds, memory)
    return replace(asked, name=asked.name or spec.executor or "", limits=own)


def _asked_before(given: _Given, asked: Asked) -> Asked:
    """What is asked for, read without any plugin. Mistakes are said when the whole experiment is read."""
    table: Mapping[str, Any] = {}
    with contextlib.suppress(tomllib.TOMLDecodeError):
        table = tomllib.loads(given.text) if isinstance(given, _File) else given
    return _asked(documents.read_dict({key: table[key] for key in ("executor", "limits") if key in table}), asked)


def _may_have_plugins(given: _Given, plugins: Folders | Registry) -> bool:
    """Whether there may be code of the user."""
    if isinstance(given, Mapping) or isinstance(plugins, Registry):
        return True
    return any(registry.drop_ins(registry.several(plugins)))
