"""The table [tuning] of an experiment."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, GetPydanticSchema, Strict, Tag

from optlab.experiments.choices import Budget, Search
from optlab.experiments.document.values import MAX_INT

MAX_TRIALS = 100_000
"""The most points that are drawn for one optimizer."""

_Positive = Annotated[int, Strict(), Field(ge=1, le=MAX_INT)]
_Trials = Annotated[int, Strict(), Field(ge=1, le=MAX_TRIALS)]
_Number = Annotated[int, Strict(), Field(ge=0, le=MAX_TRIALS)]


def _increasing(numbers: list[int]) -> tuple[int, ...]:
    if not any(numbers):
        raise ValueError("must have a number above 0, as in [0, 25, 50]")
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise ValueError(f"must increase, as in [0, 25, 50], not {numbers}")
    return tuple(numbers)


_WrittenTrials = Annotated[
    Annotated[list[_Number], Field(json_schema_extra={"minItems": 1}), AfterValidator(_increasing), Tag("<list>")]
    | Annotated[_Trials, AfterValidator(lambda one: (one,)), Tag("<one>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<one>"),
]
_SeveralTrials = Annotated[
    tuple[int, ...], GetPydanticSchema(lambda _, handler: handler.generate_schema(_WrittenTrials))
]
_Word = Annotated[str, Strict(), Field(min_length=1)]


def _doc(text: str) -> Any:
    """The description of a key that editors show."""
    return Field(description=text)


@dataclass(frozen=True)
class TuningSpec:
    """How the settings of each optimizer are chosen, on runs of their own. Only the chosen settings are judged.

    `trials` may be several numbers, in increasing order. Each of them is judged; 0 are the defaults.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    seeds: Annotated[_Positive | None, _doc("runs of each setting; default: 3")] = None
    trials: Annotated[
        _SeveralTrials, _doc("points that are drawn for each optimizer, instead of its grid; a list compares several")
    ] = ()
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
        return bool(self.trials) and self.search != "grid"

    @property
    def method(self) -> str:
        """The search, with its default."""
        return self.search or ("sobol" if self.trials else "grid")
