"""The data that modules pass to each other: frozen dataclasses with NumPy arrays.

A run is not an object. It is one position along the *run axis* of the arrays of a sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.execution.noise import Noise
from optlab.execution.rule import Key, Rule
from optlab.execution.savers import Savers
from optlab.plugins.problems.base import Problem, Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATUSES = ("done", "diverged", "error", "timeout", "crashed")
"""Each run ends with exactly one of these. `diverged` is a result; the last three are failures."""
FAILURES = ("error", "timeout", "crashed")
"""The statuses of runs without a result. They have no loss, not even an infinite one, and do not count for ranks."""
DONE, DIVERGED, ERROR, TIMEOUT, CRASHED = range(len(STATUSES))


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Each run starts at `x`, shape (dim,)."""

    x: Floats


@dataclass(frozen=True)
class DomainDraw:
    """Each seed has its own start, which is drawn uniformly from the domain of the problem."""


@dataclass(frozen=True)
class ProblemDraw:
    """Each seed has its own start, which the problem draws, such as the weights of a network."""


@dataclass(frozen=True)
class PixelGrid:
    """Starts in a rectangle: the centres of resolution x resolution pixels. Its corners are `low` and `high`, (x0, x1).

    Pixel i is in column i % resolution from the left and in row i // resolution from the bottom.

    >>> PixelGrid((0.0, 10.0), (2.0, 14.0), 2).points(np.array([0, 1, 2])).tolist()
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
        """The centres of the pixels with these indices, shape (2, count)."""
        row, column = np.divmod(pixels, self.resolution)
        return np.stack([self.centres(0)[column], self.centres(1)[row]])


Start = FixedPoint | DomainDraw | ProblemDraw | PixelGrid
"""The start of the runs of a case. With a `PixelGrid`, the seed of a run is the index of its pixel."""


@dataclass(frozen=True)
class Case:
    """A problem with its choices, dimension and start, but without its numbers.

    Rankings and pictures have one entry per case and title. `choices` are the options that change the graph of the
    problem. `split` and `batch_size` belong to problems that are trained on data; a `batch_size` of 0 is the full
    batch. `precision` is the dtype of all computations. `noise` is the noise on what optimizers receive.
    """

    problem: Problem
    dim: int
    start: Start
    choices: Mapping[str, Any] = field(default_factory=dict)
    split: Split | None = None
    batch_size: int = 0
    precision: str = "float64"
    noise: Noise | None = None

    @property
    def tensors(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the tensors in x. For a test function, x is one tensor."""
        shapes = self.problem.tensors
        if shapes is None or self.split is None:
            return ((self.dim,),)
        return tuple(shapes(self.split.train_inputs, self.split.train_targets, self.choices))

    def computed_in(self, precision: str) -> Case:
        """The same case with another dtype, also of its data."""
        split = None if self.split is None else self.split.converted(precision)
        return replace(self, precision=precision, split=split)

    @property
    def all_choices(self) -> dict[str, Any]:
        """The choices of the problem, and the dataset and batch size of its training."""
        training = {"dataset": self.split.name, "batch_size": self.batch_size} if self.split else {}
        return {**self.choices, **training}

    @property
    def noise_settings(self) -> dict[str, str]:
        """The kind of the noise as "noise", and the quantity that has it as "noise.on"."""
        return {} if self.noise is None else {"noise": self.noise.kind.name, "noise.on": self.noise.on}

    @property
    def is_random(self) -> bool:
        """Whether runs of this case depend on the seed."""
        return not isinstance(self.start, FixedPoint) or bool(self.batch_size) or self.noise is not None


@dataclass(frozen=True)
class Recording:
    """The steps at which a sweep records: `steps` for the history, `evaluations` for metrics on the whole dataset.

    `trajectory`: whether to record the parameters at `steps`. `final_x`: whether to record those at the end.
    """

    steps: Ints
    evaluations: Ints
    trajectory: bool
    final_x: bool = False


STOPS = ("loss", "gradient_norm", "seconds")
"""The reasons for which a run may stop before its last step."""


@dataclass(frozen=True)
class Stop:
    """The limits at which a run stops. None is no limit.

    A run stops at the first step at which the objective is at most `loss`, the Euclidean norm of the gradient is at
    most `gradient_norm`, or the run has taken more than `seconds`. The time of a run is that of its block, divided by
    the number of runs.
    """

    loss: float | None = None
    gradient_norm: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class TargetQuantity:
    """A quantity on the data of a problem that a target is for, such as "test_accuracy"."""

    name: str
    higher_is_better: bool

    def reaches(self, values: Floats, target: Floats) -> NDArray[np.bool_]:
        """Which values are as good as the target or better. A NaN is not."""
        return values >= target if self.higher_is_better else values <= target


@dataclass(frozen=True)
class Sweep:
    """Runs that are executed together. They have the same case and rule; their numbers vary along the run axis.

    These arrays have one entry per run:

    - `numbers`: each number of the problem, optimizer, schedule and transforms.
    - `run`: the index of the run in the plan. `seed`: its seed.
    - `title`: the index in `titles`, which has one title for each combination of the problem's numbers.
    - `target`: a loss. The first step with at most this loss is recorded. With `target_of`, a value of this quantity
      instead; the first evaluation that reaches it is recorded.

    `backend` is "native", "replay" or "auto". `stop` has the limits at which runs end early, or is None. `savers` makes
    what saves the state of a block, or is None.
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
    stop: Stop | None = None
    target_of: TargetQuantity | None = None
    savers: Savers | None = None

    def __len__(self) -> int:
        return len(self.run)

    def numbers_of(self, owner: str) -> dict[str, Floats]:
        """The numbers of one owner, by name, each with one entry per run."""
        return {name: column for (of, name), column in self.numbers.items() if of == owner}

    def options(self, title: int = 0) -> dict[str, float]:
        """The numeric options of the problem for one of the titles."""
        first = int(np.argmax(self.title == title))
        return {name: float(column[first]) for name, column in self.numbers_of("option").items()}

    def block(self, part: slice | Ints) -> Sweep:
        """Some of the runs, by their places. The results of a run have the same bits in any block."""
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
    """The recorded values of the runs of a sweep. The run axis, of length R, is the last axis of each array. Entries
    after the last step of a run have no meaning.

    - `status` (R,): the index in `STATUSES`. `steps` (R,): the last step taken.
    - `first_loss`, `final_loss`, `best_loss` (R,): the objective, over the whole training data if there is data.
    - `loss` (len(recording.steps), R): the loss that the optimizer received.
    - `x` (len(recording.steps), dim, R): the parameters, or None if not requested.
    - `metrics`: by name, arrays of shape (len(recording.evaluations), R).
    - `final_x` (dim, R): the parameters at the end, NaN where a run diverged. None if not requested.
    - `reached` (R,): the first step that reaches the target, or -1. None if there is no target.
    - `stopped` (R,): the index in `STOPS` of the limit at which a run stopped, or -1. None if there are no limits.
    - `log`: the traceback of an exception, if runs have the status `error`.
    - `measures`: values (R,) by name that were computed from the values along the steps, which a summary omits.
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
    stopped: Ints | None = None
    log: str = ""
    measures: Mapping[str, Floats] = field(default_factory=dict)

    @staticmethod
    def failed(runs: int, recorded: int, log: str, status: int = ERROR) -> Trajectories:
        """The trajectories of runs that failed with an exception. `recorded` is the number of steps of the history."""
        nothing, none = np.full(runs, np.nan), np.zeros(runs, dtype=np.int64)
        return Trajectories(
            status=np.full(runs, status, dtype=np.uint8),
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

    def summary(self, measures: Mapping[str, Floats] = {}) -> Trajectories:
        """A copy without the values recorded along the steps, which may be large. It keeps `measures` of them."""
        return replace(self, loss=self.loss[:0].copy(), x=None, metrics={}, measures=measures)

    @staticmethod
    def joined(parts: Sequence[Trajectories]) -> Trajectories:
        """The trajectories of a sweep, joined from those of its blocks in order.

        If one block failed, all runs of the sweep count as failed, so that the result does not depend on the division.
        """
        if len(parts) == 1:
            return parts[0]
        if logs := dict.fromkeys(part.log for part in parts if part.log):
            runs, status = sum(len(part.status) for part in parts), max(int(part.status.max()) for part in parts)
            return Trajectories.failed(runs, len(parts[0].loss), "\n".join(logs), status)
        joined: dict[str, Any] = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
            for f in fields(Trajectories)
            if isinstance(getattr(parts[0], f.name), np.ndarray)
        }
        metrics = {name: np.concatenate([part.metrics[name] for part in parts], axis=-1) for name in parts[0].metrics}
        return replace(parts[0], **joined, metrics=metrics)
