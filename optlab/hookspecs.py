"""The hook specifications: how optimizers, problems, schedules, transforms and datasets reach the lab.

A drop-in file needs none of this: whatever it declares with a decorator is found. An installed package names a module
in the entry point group `optlab`, and that module implements any of these hooks.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from optlab.optimizers.base import Optimizer
from optlab.problems.base import Dataset, Problem
from optlab.schedules.base import Schedule
from optlab.transforms.base import Transform

hookspec = pluggy.HookspecMarker("optlab")
hookimpl = pluggy.HookimplMarker("optlab")


@hookspec
def optlab_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """The optimizers this plugin adds."""


@hookspec
def optlab_problems() -> Iterable[Problem]:  # type: ignore[empty-body]
    """The problems this plugin adds."""


@hookspec
def optlab_schedules() -> Iterable[Schedule]:  # type: ignore[empty-body]
    """The schedules this plugin adds."""


@hookspec
def optlab_transforms() -> Iterable[Transform]:  # type: ignore[empty-body]
    """The transforms this plugin adds."""


@hookspec
def optlab_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """The datasets this plugin adds."""
