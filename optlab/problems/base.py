"""What a problem is: an objective of one parameter vector, where it starts, its domain, where its minima are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from optlab import signature
from optlab.errors import PluginError, UserError
from optlab.signature import Signature
from optlab.wording import counted

SUPPLIES = ("inputs", "targets")
"""What an objective may ask the lab for: the `inputs` (examples, features) and `targets` (examples, outputs) of
the minibatch at hand. A problem that does is trained on a dataset."""

RESERVED = ("name", "label", "start", "dim", "dataset", "batch_size", "test_fraction", "x", *SUPPLIES)

Vector = NDArray[np.float64]
Source = Callable[[], tuple[Any, Any]]


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective and what is known of it. Calling it calls the objective, in plain NumPy.

    `domain` is an array (2, d) of lower and upper bounds, d being 1 where all coordinates share them; it is what
    `start = "random"` draws from and what pictures show. `start` is a point, or for networks the function that draws
    the weights. `minima` are the known global minimisers. `dim` is the dimension, or None where any will do: points
    are then repeated cyclically to the dimension asked for. `tensors` gives the shapes that the parameters of a network
    have.

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
    minima: tuple[Vector, ...] = field(repr=False)
    dim: int | None = field(repr=False)
    dataset: str | None = field(repr=False)
    metrics: Mapping[str, Callable[..., Any]] = field(repr=False)
    tensors: Callable[..., Any] | None = field(default=None, repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def trains_on_data(self) -> bool:
        return bool(self.signature.supplied)

    @property
    def data_options(self) -> dict[str, Any]:
        """The lab's own options for a problem trained on data, with their defaults; a batch size of 0 is all data."""
        if not self.trains_on_data:
            return {}
        return {"dataset": self.dataset or "digits", "batch_size": 0, "test_fraction": 0.2}

    @property
    def default_dim(self) -> int:
        """The dimension where none is asked for."""
        return self.dim or (len(self.start) if isinstance(self.start, np.ndarray) else 2)

    def start_at(self, dim: int) -> Vector:
        """The start in a dimension. Only for problems whose start is a point."""
        assert isinstance(self.start, np.ndarray)
        return np.resize(self.start, dim)

    def minima_at(self, dim: int) -> tuple[Vector, ...]:
        """The known minimisers in a dimension."""
        return tuple(np.resize(point, dim) for point in self.minima)

    def bounds(self, dim: int) -> Vector:
        """Lower and upper bounds, shape (2, dim). Only for problems that have a domain."""
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
    files: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Problem]:
    """Declare an objective.

    Args:
        domain: `(low, high)` for every coordinate, or one such pair per coordinate.
        start: the default start, a point; for a problem trained on data, a function that draws it: it takes any of
            `rng` (a `numpy.random.Generator`), `inputs`, `targets` and the problem's choices as keywords, and
            returns the flat vector of all parameters.
        minimum: the global minimiser, or several of them: `(1.0, 1.0)`, `((0.0, 1.0), (0.0, -1.0))`.
        dim: the dimension, where it is fixed.
        dataset: the default dataset of a problem trained on data.
        metrics: functions like the objective (same arguments), evaluated on the test data, by name.
        tensors: for a problem trained on data, `tensors(inputs, targets, choices)` lists the shapes of the tensors that
            x holds one after the other, for optimizers that work on each of them.
        files: files that results depend on, relative to the folder of the plugin's own file; see `optimizer`.

    Raises:
        PluginError: the signature or one of these does not fit.
    """

    if undecorated is not None:
        signature.check_is_function(undecorated, "problem(...)", ("x",))
        where = f"{signature.location(undecorated)}: problem '{undecorated.__name__}'"
        raise PluginError(f"{where} needs parentheses with a domain or a start: @problem(domain=(-5.0, 5.0))")

    def declare(function: Callable[..., Any]) -> Problem:
        signature.check_is_function(function, "problem(...)", ("x",))

        def wrong(what: str) -> PluginError:
            return PluginError(f"{signature.location(function)}: problem '{function.__name__}' {what}")

        try:
            minima = np.atleast_2d(np.asarray(minimum, dtype=float)) if np.size(minimum) else np.empty((0, 0))
            box = None if domain is None else np.array(domain, dtype=float).reshape(-1, 2).T
            first = start if callable(start) or start is None else np.array(start, dtype=float).reshape(-1)
        except (TypeError, ValueError) as error:
            raise wrong(f"has a domain, start or minimum that is not made of numbers ({error})") from None
        read = signature.read(function, kind="problem", given=("x",), supplies=SUPPLIES, reserved=RESERVED, files=files)
        if box is not None and not (box[0] < box[1]).all():
            raise wrong(f"has a domain {domain} whose lower bound is not below the upper one")
        if first is None and box is None:
            raise wrong("has neither a start nor a domain to draw one from")
        if dim is not None and isinstance(first, np.ndarray) and len(first) > dim:
            raise wrong(f"has dim={dim} and a start of {len(first)} numbers")
        if isinstance(first, np.ndarray) and not np.isfinite(first).all():
            raise wrong(f"has a start {start} that is not finite")
        size = dim or (len(first) if isinstance(first, np.ndarray) else 0)
        if size and any(len(point) > size for point in minima):
            raise wrong(f"has {counted(size, 'parameter')} and a minimum of {counted(minima.shape[1], 'number')}")
        if callable(first) and not read.supplied:
            raise wrong("draws its start by a function, but asks for no inputs or targets; give it a point")
        return Problem(
            name=function.__name__,
            function=function,
            signature=read,
            domain=box,
            start=first,
            minima=tuple(minima),
            dim=dim,
            dataset=dataset,
            metrics=MappingProxyType(dict(metrics or {})),
            tensors=tensors,
        )

    return declare


def function_name(function: Callable[..., Any]) -> str:
    """What a function is called as a problem; one without a name of its own, as a lambda, is an "objective"."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "objective"


def from_function(function: Callable[..., Any]) -> Problem:
    """A plain function as a problem without a domain and a start.

    Arguments without a default are the parameters: one is the vector x, several are one number each. Arguments whose
    default is a number, a text, a truth value or a list are options.

    Raises:
        PluginError: the function takes nothing to differentiate by, or arguments without a name of their own.

    >>> def bowl(a, b, scale=2.0):
    ...     return scale * (a**2 + b**2)
    >>> made = from_function(bowl)
    >>> made.name, made.dim, dict(made.signature.numbers), float(made(np.array([1.0, 2.0]), scale=3.0))
    ('bowl', 2, {'scale': 2.0}, 15.0)
    """
    name = function_name(function)
    if not hasattr(inspect.unwrap(function), "__code__"):
        raise PluginError(f"{function!r} is not a Python function; write one that calls it: def f(x): ...")
    where = f"{signature.location(function)}: function '{name}'"
    parameters = inspect.signature(function).parameters.values()
    if starred := [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]:
        raise PluginError(f"{where} takes {starred[0]}, but every argument needs a name of its own")
    needed = [p.name for p in parameters if p.default is p.empty]
    if not needed:
        raise PluginError(f"{where} has no argument without a default, so there is nothing to differentiate by")

    @functools.wraps(function)  # in messages it has the user's name and line
    def of_vector(x: Any, **options: Any) -> Any:
        values = [x] if len(needed) == 1 else [x[i] for i in range(len(needed))]
        return function(**dict(zip(needed, values, strict=True)), **options)

    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    numbers = {key: value for key, value in defaults.items() if type(value) is float}
    choices = {key: value for key, value in defaults.items() if type(value) in (bool, int, str, tuple, list)}
    read = Signature({}, MappingProxyType(numbers), MappingProxyType(choices), ())
    dim = len(needed) if len(needed) > 1 else None
    return Problem(name, of_vector, read, None, None, (), dim, None, {})


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
    """A named source of examples. Calling it loads or generates them, always the same ones."""

    name: str
    function: Callable[[], tuple[Any, Any]] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self) -> Data:
        """The examples.

        Raises:
            UserError: what the function returns is not a row of inputs and a whole number from 0 on for each example.
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

    What it returns is part of what identifies results. `files` are those that it reads, relative to the folder of the
    plugin's own file; one that is missing is an error of the plugin.

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
