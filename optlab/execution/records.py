"""What modules pass to each other: frozen dataclasses, NumPy only.

A run is never an object of its own: it is one position along the *run axis* of a sweep's arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.execution.rule import Key, Rule
from optlab.plugins.problems.base import Problem, Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATUSES = ("done", "diverged", "timeout", "error", "crashed", "interrupted")
"""Every run ends in exactly one of these. `diverged` is data; `error` is a failure."""
FAILURES = ("timeout", "error", "crashed", "interrupted")
"""The statuses of runs that say nothing of their optimizer: they have no loss, not even an infinite one."""
DONE, DIVERGED, TIMEOUT, ERROR, CRASHED, INTERRUPTED = range(len(STATUSES))


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Every run starts at `x`, shape (dim,)."""

    x: Floats


@dataclass(frozen=True)
class DomainDraw:
    """Each seed starts at a point of its own, which is drawn uniformly from the domain of the problem."""


@dataclass(frozen=True)
class ProblemDraw:
    """Each seed starts at a point of its own, which the problem draws, such as the weights of a network."""


@dataclass(frozen=True)
class PixelGrid:
    """Starts that fill a rectangle: the centres of resolution x resolution pixels, from `low` to `high`, (x0, x1) each.

    Pixel number i is in column i % resolution from the left and in row i // resolution from below.

    >>> Grid((0.0, 10.0), (2.0, 14.0), 2).points(np.array([0, 1, 2])).tolist()
    [[0.5, 1.5, 0.5], [11.0, 11.0, 13.0]]
    """

    low: tuple[float, float]
    high: tuple[float, float]
    resolution: int

    def __len__(self) -> int:
        return self.resolution**2

    def centres(self, axis: int) -> Floats:
        """The coordinates of the pixels along one axis (0 or 1), shape (resolution,)."""
        low, high = self.low[axis], self.high[axis]
        return low + (high - low) * ((np.arange(self.resolution) + 0.5) / self.resolution)

    def points(self, pixels: Ints) -> Floats:
        """The centres of pixels by their numbers, shape (2, count)."""
        row, column = np.divmod(pixels, self.resolution)
        return np.stack([self.centres(0)[column], self.centres(1)[row]])


Start = FixedPoint | DomainDraw | ProblemDraw | PixelGrid
"""Where the runs of a case start. Of a `PixelGrid` the seed of a run is the number of its pixel."""


@dataclass(frozen=True)
class Case:
    """A problem with everything settled but its numeric options: what one tells apart in rankings and pictures.

    `choices` are the problem's options that shape its computation. `split` and `batch_size` belong to problems trained
    on data; a `batch_size` of 0 is the full batch. `precision` is the type that all runs are computed in.
    """

    problem: Problem
    dim: int
    start: Start
    choices: Mapping[str, Any] = field(default_factory=dict)
    split: Split | None = None
    batch_size: int = 0
    precision: str = "float64"

    @property
    def tensors(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the tensors that x is made of; of a test function x is one."""
        shapes = self.problem.tensors
        if shapes is None or self.split is None:
            return ((self.dim,),)
        return tuple(shapes(self.split.train_inputs, self.split.train_targets, self.choices))

    def computed_in(self, precision: str) -> Case:
        """The same case in another type of numbers, its data too."""
        split = None if self.split is None else self.split.converted(precision)
        return replace(self, precision=precision, split=split)

    @property
    def settings(self) -> dict[str, Any]:
        """The options of the problem that shape its computation, and those of its training."""
        training = {"dataset": self.split.name, "batch_size": self.batch_size} if self.split else {}
        return {**self.choices, **training}

    @property
    def is_random(self) -> bool:
        """Whether runs on this case differ between seeds."""
        return not isinstance(self.start, FixedPoint) or bool(self.batch_size)


@dataclass(frozen=True)
class Recording:
    """What a sweep writes down, as steps: `steps` of the history, `evaluations` on the whole dataset.

    `trajectory` asks for the parameters at these steps, `final_x` for those at the end.
    """

    steps: Ints
    evaluations: Ints
    trajectory: bool
    final_x: bool = False


@dataclass(frozen=True)
class Sweep:
    """Runs that are executed together: one case and one rule; all numbers differ along the run axis.

    The arrays have one entry per run: each of the `numbers` of problem, optimizer, schedule and transforms, `run` (its
    number in the plan), `seed`, `title` (the number of its problem's title among `titles`, one for each combination of
    the problem's numbers), and `target`, a loss whose first step is asked for.
    `backend` is "native", "replay" or "auto".
    """

    id: str
    case: Case
    rule: Rule
    numbers: Mapping[Key, Floats]
    label: str
    steps: int
    recording: Recording
    root_seed: int
    run: Ints
    seed: Ints
    titles: tuple[str, ...]
    title: Ints
    target: Floats | None = None
    backend: str = "auto"

    def __len__(self) -> int:
        return len(self.run)

    def numbers_of(self, owner: str) -> dict[str, Floats]:
        """The columns of one owner's numbers, by name."""
        return {name: column for (of, name), column in self.numbers.items() if of == owner}

    def options(self, title: int = 0) -> dict[str, float]:
        """The numeric options of the problem, under one of the titles."""
        first = int(np.argmax(self.title == title))
        return {name: float(column[first]) for name, column in self.numbers_of("option").items()}

    def block(self, part: slice) -> Sweep:
        """Some of the runs. Their numbers are the same, to the bit, whatever block they are in."""
        return replace(
            self,
            run=self.run[part],
            seed=self.seed[part],
            title=self.title[part],
            target=None if self.target is None else self.target[part],
            numbers={key: column[part] for key, column in self.numbers.items()},
        )


@dataclass(frozen=True)
class Trajectories:
    """What a sweep's runs did. Arrays end in the run axis, R runs long.

    `status` (R,) indexes `STATUSES`; `steps` (R,) is the last step taken. `first_loss`, `final_loss`, `best_loss` (R,)
    are of the objective, over the whole training data where there is data. `loss` (len(recording.steps), R) is the
    loss the optimizer saw; `x` (len(recording.steps), dim, R) the parameters, or None where not asked for.
    `metrics` maps a name to (len(recording.evaluations), R). Entries after a run's last step are meaningless.
    `final_x` (dim, R) are the parameters at the end, NaN where a run diverged; `reached` (R,) is the first step whose
    objective is at most the target, -1 where there is none. Both are None where not asked for. `log` says what went
    wrong where a status is `error`.
    """

    status: NDArray[np.uint8]
    steps: Ints
    grad_evals: Ints
    first_loss: Floats
    final_loss: Floats
    best_loss: Floats
    seconds: Floats
    loss: Floats
    x: Floats | None
    metrics: Mapping[str, Floats]
    final_x: Floats | None = None
    reached: Ints | None = None
    log: str = ""

    @staticmethod
    def failed(runs: int, recorded: int, log: str) -> Trajectories:
        """What is left of runs whose code raised; `recorded` is the number of steps of the history."""
        nothing, none = np.full(runs, np.nan), np.zeros(runs, dtype=np.int64)
        return Trajectories(
            status=np.full(runs, ERROR, dtype=np.uint8),
            steps=none,
            grad_evals=none,
            first_loss=nothing,
            final_loss=nothing,
            best_loss=nothing,
            seconds=np.zeros(runs),
            loss=np.full((recorded, runs), np.nan),
            x=None,
            metrics={},
            log=log,
        )

    def summary(self) -> Trajectories:
        """Without what was recorded along the steps, which may be large."""
        return replace(self, loss=self.loss[:0].copy(), x=None, metrics={})

    @staticmethod
    def joined(parts: Sequence[Trajectories]) -> Trajectories:
        """The trajectories of the blocks of a sweep, in order, as those of the sweep.

        Where code raised in one of them, all runs of the sweep have failed: which block a run is in decides nothing.
        """
        if len(parts) == 1:
            return parts[0]
        if logs := dict.fromkeys(part.log for part in parts if part.log):
            return Trajectories.failed(sum(len(part.status) for part in parts), len(parts[0].loss), "\n".join(logs))
        joined: dict[str, Any] = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
            for f in fields(Trajectories)
            if isinstance(getattr(parts[0], f.name), np.ndarray)
        }
        metrics = {name: np.concatenate([part.metrics[name] for part in parts], axis=-1) for name in parts[0].metrics}
        return replace(parts[0], **joined, metrics=metrics)
