"""Why runs are computed although results of similar sweeps are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optlab.errors import counted
from optlab.execution.cache.addresses import Address
from optlab.execution.cache.rows import Rows
from optlab.execution.cache.segments import Damaged
from optlab.execution.cache.store import RunStore
from optlab.execution.records import Ints, Sweep
from optlab.execution.rule import shown_as

_FEW = 2
"""The most settings by which a sweep is a variant of an earlier one."""


@dataclass(frozen=True)
class Change:
    """A sweep with runs that are not kept, and the places of these runs."""

    sweep: Sweep
    address: Address
    missing: Ints


def sentences(sweeps: Sequence[Sweep], missing: int, changes: Sequence[Change], store: RunStore) -> list[str]:
    """What of sweeps is kept, and why the other runs are computed. Empty if nothing of them is in the store."""
    runs = sum(len(sweep) for sweep in sweeps)
    why = dict.fromkeys(reason for change in changes for reason in _why(change, store))
    if missing == runs and not why:
        return []
    end = "nothing is computed" if not missing else f"{missing:,} computed"
    return [f"{runs - missing:,} of {counted(runs, 'run')} kept from earlier, {end}", *why]


def of_checkpoints(begun: Sequence[tuple[Sweep, int, int]], changes: Sequence[Change], store: RunStore) -> list[str]:
    """Which runs are continued, and why others are not although there is a checkpoint of their problem and rule.

    `begun` has sweeps, the steps of their checkpoints, and the numbers of runs.
    """
    said = [
        f"{sweep.label}: {counted(runs, 'run')} continued at step {step:,} of {sweep.steps:,}"
        for sweep, step, runs in begun
    ]
    of_begun = {sweep.id for sweep, _, _ in begun}
    for change in changes:
        for entry in [] if change.sweep.id in of_begun else store.checkpoints:
            if entry.family == change.address.identity.family and entry.key != change.address.identity.key:
                with contextlib.suppress(Damaged, OSError):
                    if why := _changed(change, entry.description()[0]["parts"]):
                        said.append(f"a checkpoint of {counted(entry.runs, 'run')} is not continued; {', '.join(why)}")
    return said


def of_timeouts(sweep: Sweep, runs: int, seconds: float) -> str:
    """Runs that are not executed, because they reached the same limit before."""
    reached = f"{counted(runs, 'run')} reached limits.seconds = {seconds:g} before"
    return f"{sweep.label}: {reached}; another limit, or optlab cache --clear, tries them again"


def _why(change: Change, store: RunStore) -> list[str]:
    """The reasons for one sweep. None if nothing like it was kept."""
    own = change.address.identity
    held: list[Rows] = []
    for entry in store.of_key(own.key):
        with contextlib.suppress(Damaged, OSError):
            held.append(entry.arrays("rows")["rows"])
    if held:
        return [f"{change.sweep.label}: {new}" for new in _new_values(change, np.concatenate(held))]
    for entry in store.of_family(own.family)[:1]:
        with contextlib.suppress(Damaged, OSError):
            return _changed(change, entry.description()[0]["parts"])
    return []


def _new_values(change: Change, held: Rows) -> list[str]:
    names = ["seed", *map(shown_as, change.address.numbers)]
    wanted = change.address.rows[change.missing]
    found = []
    for name, own, known in zip(names, wanted.T, held.T, strict=False):
        if new := len(np.setdiff1d(own, known)):
            found.append(f"{name} has {counted(new, 'new value')}")
    return found or [f"{counted(len(change.missing), 'run')} with new combinations of values"]


def _changed(change: Change, before: dict[str, str]) -> list[str]:
    """What differs from an earlier sweep of the same problem and rule. With many other settings it is of another
    experiment, about which nobody asked."""
    now = change.address.identity.parts
    differing = [name for name in now if before.get(name) != now[name]]
    plugins = [change.sweep.case.problem.name, *(part.plugin.name for part in change.sweep.rule.parts)]
    code = [name for name in plugins if name in differing]
    settings = [name for name in differing if name not in (*plugins, "code")]
    if "code" in differing and not code and not settings:
        settings.append("options")
    found = [f"{name}: its code has changed" for name in code if "code" in differing]
    return found + [f"{change.sweep.label}: other {', '.join(settings)}"] * (0 < len(settings) <= _FEW)
