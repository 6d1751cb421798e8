"""The interface of problems: an objective of one parameter vector, with its start, domain and known minima."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from optlab.errors import PluginError, UserError, counted
from optlab.plugins import code_location, signature
from optlab.plugins.signature import Signature

DATA = ("inputs", "targets")
STEP = "t"
SUPPLIES = (*DATA, STEP)
"""Optional arguments of an objective, supplied by optlab: `inputs` (examples, features) and `targets` (examples,
outputs) of the current minibatch, and the 1-based step `t`. A problem with inputs or targets is trained on a dataset. A
problem with `t` changes from step to step: the loss at x after t - 1 updates is that of step t."""

RESERVED = ("name", "label", "start", "dim", "dataset", "batch_size", "test_fraction", "x", *DATA)

Vector = NDArray[np.float64]
Source = Callable[[], tuple[Any, Any]]


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective and its known properties. A call of the problem calls the objective, in plain NumPy.

    An objective that changes from step to step is that of the first step, unless the call has a `t`.

    `domain` is an array (2, d) of lower and upper bounds, where d is 1 if all coordinates have the same bounds. `start
    = "random"` draws from the domain, and pictures show it. `start` is a point, or for networks the function that draws
    the weights. `minima` are the known global minimisers, or a function that returns them. `dim` is the dimension, or
    None if the objective accepts any dimension; then points are repeated cyclically to the requested dimension.
    `tensors` returns the shapes of the parameter tensors of a network, `outputs` its class probabilities.

    >>> @problem(domain=(-5.0, 5.0), start=(3.0, -2.0), minimum=(0.0, 0.0))
    ... def bowl(x, *, scale=1.0):
    ...     '''A round bowl.'''
    ...     return scale * np.sum(x**2)
    >>> float(bowl(np.array([1.0, 2.0]))), bowl.start_at(4), bowl.bounds(2)[1]
    (5.0, array([ 3., -2.,  3., -2.]), array([5., 5.]))
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)
    domain: Vector | None = field(repr=False)
    start: Vector | Callable[..., Any] | None = field(repr=False)
    minima: tuple[Vector, ...] | Callable[..., Any] = field(repr=False)
    dim: int | None = field(repr=False)
    dataset: str | None = field(repr=False)
    metrics: Mapping[str, Callable[..., Any]] = field(repr=False)
    tensors: Callable[..., Any] | None = field(default=None, repr=False)
    outputs: Callable[..., Any] | None = field(default=None, repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        first = {STEP: 1.0} if self.changes else {}
        return self.function(*args, **{**first, **kwargs})

    @property
    def trains_on_data(self) -> bool:
        return any(name in DATA for name in self.signature.supplied)

    @property
    def changes(self) -> bool:
        """Whether the objective changes from step to step."""
        return STEP in self.signature.supplied

    @property
    def data_options(self) -> dict[str, Any]:
        """The options that optlab adds to a problem trained on data, and defaults; a batch size of 0 means all data."""
        if not self.trains_on_data:
            return {}
        return {"dataset": self.dataset or "digits", "batch_size": 0, "test_fraction": 0.2}

    @property
    def default_dim(self) -> int:
        """The dimension if no other one is requested."""
        return self.dim or (len(self.start) if isinstance(self.start, np.ndarray) else 2)

    def start_at(self, dim: int) -> Vector:
        """The start point in this dimension. Only for problems whose start is a point."""
        assert isinstance(self.start, np.ndarray)
        return np.resize(self.start, dim)

    def minima_at(self, dim: int, options: Mapping[str, Any] = MappingProxyType({})) -> tuple[Vector, ...]:
        """The known minimisers in this dimension, for these options; other options have their defaults.

        Raises:
            PluginError: the function of the minimisers raises an exception, or does not return points.
        """
        if not callable(self.minima):
            return tuple(np.resize(point, dim) for point in self.minima)
        try:
            points = self.minima(dim, **{**self.signature.options, **options})
            return () if points is None else tuple(np.array(points, dtype=float).reshape(-1, dim))
        except Exception as error:
            what = f"the minimum of problem '{self.name}' in {counted(dim, 'dimension')} is not known: {error}"
            raise PluginError(f"{code_location.location(self.minima)}: {what}") from error

    def bounds(self, dim: int) -> Vector:
        """Lower and upper bounds, shape (2, dim). Only for problems with a domain."""
        assert self.domain is not None
        return np.broadcast_to(self.domain, (2, dim)) if self.domain.shape[1] == 1 else self.domain


def problem(
    undecorated: Callable[..., Any] | None = None,
    /,
    *,
    domain: Any = None,
    start: Any = None,
    minimum: Any = (),
    dim: int | None = None,
    dataset: str | None = None,
    metrics: Mapping[str, Callable[..., Any]] | None = None,
    tensors: Callable[..., Any] | None = None,
    outputs: Callable[..., Any] | None = None,
    ranges: Mapping[str, str] = MappingProxyType({}),
    files: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Problem]:
    """Declare an objective, which may take the arguments `SUPPLIES` by name.

    Args:
        domain: `(low, high)` for every coordinate, or one such pair per coordinate.
        start: the default start, a point. For a problem trained on data, a function that draws the start. It takes any
            of `rng` (a `numpy.random.Generator`), `inputs`, `targets` and the problem's choices as keyword arguments,
            and returns the flat vector of all parameters.
        minimum: the global minimiser, or several of them: `(1.0, 1.0)`, `((0.0, 1.0), (0.0, -1.0))`. If it depends on
            the dimension or the options, a function of both: `lambda dim, scale: np.full(dim, scale)`. It gets all
            options of the problem by name. If the objective changes from step to step, the minimiser of the first step.
        dim: the dimension, if it is fixed.
        dataset: the default dataset of a problem trained on data.
        metrics: functions by name, with the same arguments as the objective, evaluated on the test data.
        tensors: for a problem trained on data, `tensors(inputs, targets, choices)` lists the shapes of the consecutive
            tensors in x, for optimizers that work on each tensor.
        outputs: a function with the arguments of the objective that returns a number for each example and class, such
            as its probability, shape (examples, classes); the largest is the class. Of the targets, only the shape may
            be used. Reports show it over the plane if the data have two features.
        ranges: the valid values of options, as intervals or integers: `{"scale": "(0, inf)", "m": "{1, ..., 9}"}`.
        files: files that results depend on, relative to the folder of the plugin's own file; see `optimizer`.

    Raises:
        PluginError: the signature or one of these arguments is invalid.
    """

    if undecorated is not None:
        signature.check_is_function(undecorated, "problem(...)", ("x",))
        where = f"{code_location.location(undecorated)}: problem '{undecorated.__name__}'"
        raise PluginError(f"{where} needs parentheses with a domain or a start: @problem(domain=(-5.0, 5.0))")

    def declare(function: Callable[..., Any]) -> Problem:
        signature.check_is_function(function, "problem(...)", ("x",))

        def wrong(what: str) -> PluginError:
            return PluginError(f"{code_location.location(function)}: problem '{function.__name__}' {what}")

        try:
            given = () if callable(minimum) else minimum
            minima = np.atleast_2d(np.asarray(given, dtype=float)) if np.size(given) else np.empty((0, 0))
            box = None if domain is None else np.array(domain, dtype=float).reshape(-1, 2).T
            first = start if callable(start) or start is None else np.array(start, dtype=float).reshape(-1)
        except (TypeError, ValueError) as error:
            raise wrong(f"has a domain, start or minimum with values that are not numbers ({error})") from None
        read = signature.read(
            function, kind="problem", given=("x",), supplies=SUPPLIES, reserved=RESERVED, ranges=ranges, files=files
        )
        if box is not None and not (box[0] < box[1]).all():
            raise wrong(f"has a domain {domain} whose lower bound is not below the upper one")
        if first is None and box is None:
            raise wrong("has neither a start nor a domain to draw a start from")
        if dim is not None and isinstance(first, np.ndarray) and len(first) > dim:
            raise wrong(f"has dim={dim} and a start of {len(first)} numbers")
        if isinstance(first, np.ndarray) and not np.isfinite(first).all():
            raise wrong(f"has a start {start} that is not finite")
        size = dim or (len(first) if isinstance(first, np.ndarray) else 0)
        if size and any(len(point) > size for point in minima):
            raise wrong(f"has {counted(size, 'parameter')} and a minimum of {counted(minima.shape[1], 'number')}")
        if callable(first) and not {*DATA} & {*read.supplied}:
            raise wrong("has a function as its start, but takes no inputs or targets; use a point as the start")
        return Problem(
            name=function.__name__,
            function=function,
            signature=read,
            domain=box,
            start=first,
            minima=minimum if callable(minimum) else tuple(minima),
            dim=dim,
            dataset=dataset,
            metrics=MappingProxyType(dict(metrics or {})),
            tensors=tensors,
            outputs=outputs,
        )

    return declare


@dataclass(frozen=True)
class Data:
    """Examples: `inputs` float64 (examples, features), `labels` integers (examples,) from 0 to classes - 1."""

    inputs: NDArray[np.float64]
    labels: NDArray[np.int64]

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Split:
    """A dataset split for training: inputs (examples, features), targets one-hot (examples, classes)."""

    name: str
    train_inputs: NDArray[np.float64]
    train_targets: NDArray[np.float64]
    test_inputs: NDArray[np.float64]
    test_targets: NDArray[np.float64]

    def converted(self, dtype: str) -> Split:
        """The same examples in another type of numbers."""
        arrays = (self.train_inputs, self.train_targets, self.test_inputs, self.test_targets)
        return Split(self.name, *(array.astype(dtype) for array in arrays))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named source of examples. Each call loads or generates the same examples."""

    name: str
    function: Callable[[], tuple[Any, Any]] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self) -> Data:
        """The examples.

        Raises:
            UserError: the function does not return a row of inputs and an integer label >= 0 for each example.
        """
        returned = self.function()
        if returned is None:
            raise UserError("it returns nothing (None); end it with: return inputs, labels")
        if not isinstance(returned, tuple | list) or len(returned) != 2:
            raise UserError("it does not return two arrays; end it with: return inputs, labels")
        inputs, labels = np.ascontiguousarray(returned[0], dtype=float), np.asarray(returned[1])
        if inputs.ndim != 2 or not len(inputs):
            raise UserError(f"inputs must be a table, a row for each example, not an array of shape {inputs.shape}")
        if labels.shape != inputs.shape[:1]:
            raise UserError(
                f"labels must be one number for each of the {len(inputs)} rows, not of shape {labels.shape}"
            )
        whole = labels.dtype.kind in "biuf" and (labels == np.rint(labels)) & (labels >= 0) & (labels < 2**31)
        if not np.all(whole):
            raise UserError("labels must be whole numbers, from 0 to one less than the number of classes")
        return Data(inputs, labels.astype(np.int64))


@overload
def dataset(function: Source) -> Dataset: ...
@overload
def dataset(*, files: Sequence[str]) -> Callable[[Source], Dataset]: ...
def dataset(function: Source | None = None, *, files: Sequence[str] = ()) -> Dataset | Callable[[Source], Dataset]:
    """Declare a dataset: a function without arguments that returns inputs and integer labels.

    The returned arrays are part of the identity of results. `files` are the files that the function reads, relative to
    the folder of the plugin's own file. A missing file is an error of the plugin.

    >>> @dataset
    ... def two_points():
    ...     '''One example of each class.'''
    ...     return [[0.0], [1.0]], [0, 1]
    >>> two_points().classes
    2
    """

    def declare(source: Source) -> Dataset:
        read = signature.read(source, kind="dataset", given=(), files=files)
        return Dataset(name=source.__name__, function=source, signature=read)

    return declare if function is None else declare(function)
