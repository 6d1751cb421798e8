"""The table [tuning] of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, Strict

from optlab.experiments.choices import Budget, Search
from optlab.experiments.document.values import MAX_INT

MAX_TRIALS = 100_000
"""The most points that are drawn for one optimizer."""

_Positive = Annotated[int, Strict(), Field(ge=1, le=MAX_INT)]
_Trials = Annotated[int, Strict(), Field(ge=1, le=MAX_TRIALS)]
_Word = Annotated[str, Strict(), Field(min_length=1)]


def _doc(text: str) -> Any:
    """The description of a key that editors show."""
    return Field(description=text)


@dataclass(frozen=True)
class TuningSpec:
    """How the settings of each optimizer are chosen, on runs of their own. Only the chosen settings are judged."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    seeds: Annotated[_Positive | None, _doc("runs of each setting; default: 3")] = None
    trials: Annotated[_Trials | None, _doc("points that are drawn for each optimizer, instead of its grid")] = None
    search: Annotated[Search | None, _doc('how points are drawn; default: "sobol" with trials, else "grid"')] = None
    budget: Annotated[Budget, _doc("what is equal for all optimizers")] = "steps"
    select: Annotated[_Word, _doc("the metric that settings are chosen by")] = "final_loss"

    SEEDS: ClassVar[int] = 3

    @property
    def repeats(self) -> int:
        """The number of runs of each setting with anything random in it."""
        return self.seeds or self.SEEDS

    @property
    def draws(self) -> bool:
        """Whether points are drawn from the ranges, instead of all points of the grid."""
        return self.trials is not None and self.search != "grid"

    @property
    def method(self) -> str:
        """The search, with its default."""
        return self.search or ("grid" if self.trials is None else "sobol")
