"""All plugins by kind and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from optlab.errors import PluginError, UnknownName, UserError, did_you_mean
from optlab.plugins import external
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import Dataset, Problem
from optlab.plugins.registry.figures import FigurePlugin
from optlab.plugins.registry.loading import Source
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.suites.base import Suite
from optlab.plugins.transforms.base import Transform

if TYPE_CHECKING:
    from optlab.experiments.kinds import Kind

_T = TypeVar("_T")

_EXPERIMENT = ("optimizer", "problem", "schedule", "transform", "dataset", "suite")
"""The kinds of what an experiment names."""


@dataclass(frozen=True)
class Registry:
    """All plugins by kind and name, and their sources."""

    optimizers: Mapping[str, Optimizer]
    problems: Mapping[str, Problem]
    schedules: Mapping[str, Schedule]
    transforms: Mapping[str, Transform]
    datasets: Mapping[str, Dataset]
    suites: Mapping[str, Suite]
    kinds: Mapping[str, Kind]
    figures: Mapping[str, FigurePlugin]
    sources: tuple[Source, ...] = field(default=())
    contested: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Names that several sources have: the error message, by kind and name."""
    missing: tuple[str, ...] = field(default=())
    """The given folders for drop-in files that do not exist."""
    unexecuted: frozenset[str] = field(default=frozenset())
    """The drop-in files that were read and not executed (see `unexecuted`), as whole paths."""

    @property
    def failures(self) -> tuple[Source, ...]:
        """The sources that could not be loaded."""
        return tuple(s for s in self.sources if s.error)

    def optimizer(self, name: str) -> Optimizer:
        """An optimizer. A name such as "torch:Adam" is one of another package (see `optlab.plugins.external`)."""
        if ":" in name:
            return external.find(name)
        return self._find("optimizer", self.optimizers, name)

    def rule(self, name: str) -> Optimizer:
        """An optimizer with an update rule that can be inspected. Optimizers of other packages raise `UserError`."""
        found = self.optimizer(name)
        if isinstance(found, external.Foreign):
            raise UserError(
                f"{name} is not a rule of optlab but an optimizer of {found.package}; optlab does not have its formula"
            )
        return found

    def problem(self, name: str) -> Problem:
        return self._find("problem", self.problems, name)

    def schedule(self, name: str) -> Schedule:
        return self._find("schedule", self.schedules, name)

    def transform(self, name: str) -> Transform:
        return self._find("transform", self.transforms, name)

    def dataset(self, name: str) -> Dataset:
        return self._find("dataset", self.datasets, name)

    def suite(self, name: str) -> Suite:
        return self._find("suite", self.suites, name)

    def kind(self, name: str) -> Kind:
        """A kind of experiment."""
        return self._find("kind", self.kinds, name)

    def without_folders(self) -> str:
        """The message that folders for drop-in files do not exist. The user may be in the wrong working directory."""
        names = " and ".join(f"{folder}/" for folder in self.missing)
        return f"there is no folder {names} here ({Path.cwd()}) to load drop-in files from"

    def _find(self, kind: str, table: Mapping[str, _T], name: str) -> _T:
        if message := self.contested.get((f"{kind}s", name)):
            raise PluginError(message)
        if name in table:
            return table[name]
        near = did_you_mean(name, table)
        guess = near or f"; optlab list {kind}s shows all"
        if own := [s for s in self.failures if Path(s.origin).stem == name]:
            guess = f" ({'; '.join(f'{s.origin} could not be loaded: {s.error}' for s in own)})"
        elif others := [other for other in _EXPERIMENT if name in getattr(self, f"{other}s")]:
            guess = f": it is {'an' if others[0] == 'optimizer' else 'a'} {others[0]}"
        elif self.missing and not near:
            guess += f"; {self.without_folders()}"
        elif len(self.failures) == 1:
            guess += f"; {self.failures[0].origin} could not be loaded: {self.failures[0].error}"
        elif self.failures:
            guess += f"; not loaded: {', '.join(s.origin for s in self.failures)} (optlab plugins says why)"
        raise UnknownName(f"there is no {kind} {name!r}{guess}")
