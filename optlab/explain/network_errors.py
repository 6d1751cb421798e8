"""Finds all mistakes in the description of a network, from Python or from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from optlab.errors import did_you_mean
from optlab.experiments.document.source_map import KeyPath as Place
from optlab.experiments.document.values import number, shown
from optlab.explain.network import ACTIVATIONS, LOSSES, activations_of

Wrong = tuple[Place, str]
"""The place of a mistake, such as ("weights", 0, 1) for weights[0][1], and a message that continues its name."""


def mistakes(arguments: Mapping[str, Any]) -> list[Wrong]:
    """All mistakes in the arguments of `backprop`, which are given as lists, numbers and strings, as in TOML."""
    return [*_shapes(arguments), *_names(arguments), *_rate(arguments["lr"])]


def _shapes(arguments: Mapping[str, Any]) -> Iterator[Wrong]:
    weights, biases, inputs, targets = (arguments[key] for key in ("weights", "biases", "inputs", "targets"))
    for key, value in (("weights", weights), ("biases", biases)):
        if not isinstance(value, list) or not value:
            yield (key,), f"must be a list with an entry for every layer after the inputs, not {shown(value)}"
            return
    if len(biases) != len(weights):
        yield ("biases",), f"must be {len(weights)} lists, one for each matrix of weights, not {len(biases)}"
        return
    units = None  # the number of units of the previous layer, if its weights are valid
    for n, (w, b) in enumerate(zip(weights, biases, strict=True)):
        wrong = list(_matrix(w, ("weights", n)))
        yield from wrong
        columns, rows = (None, None) if wrong else (len(w[0]), len(w))
        if n == 0:
            yield from _vector(inputs, ("inputs",), columns, "one for each column of the first weights")
        elif columns and units and columns != units:
            what = f"must have rows of {units} numbers, one for each unit of the previous layer, not of {columns}"
            yield ("weights", n), what
        yield from _vector(b, ("biases", n), rows, "one for each row of the weights")
        units = rows
    yield from _vector(targets, ("targets",), units, "one for each unit of the last layer")


def _vector(value: Any, path: Place, count: int | None = None, why: str = "") -> Iterator[Wrong]:
    """Mistakes in a list of numbers; its length must be `count`, if that is given."""
    if not isinstance(value, list) or not value:
        yield path, f"must be a list of numbers, not {shown(value)}"
        return
    wrong = [((*path, n), error) for n, entry in enumerate(value) if (error := _number(entry))]
    yield from wrong
    if not wrong and count and len(value) != count:
        yield path, f"must hold {count} numbers, {why}, not {len(value)}"


def _number(value: Any) -> str:
    """The mistake in a number, or ""."""
    try:
        number(value)
    except ValueError as error:
        return str(error)
    return ""


def _matrix(value: Any, path: Place) -> Iterator[Wrong]:
    if not isinstance(value, list) or not value:
        yield path, f"must be a list of rows, one for each unit of the layer, not {shown(value)}"
        return
    wrong = [found for n, row in enumerate(value) for found in _vector(row, (*path, n))]
    yield from wrong
    for n, (before, row) in enumerate(pairwise([] if wrong else value), start=1):
        if len(row) != len(before):
            yield (*path, n), f"must hold {len(before)} numbers, as the previous row does, not {len(row)}"


def _names(arguments: Mapping[str, Any]) -> Iterator[Wrong]:
    activation, output, loss = (arguments[key] for key in ("activation", "output", "loss"))
    layers = len(arguments["weights"]) if isinstance(arguments["weights"], list) else 0
    if isinstance(activation, list) and len(activation) != layers:
        yield ("activation",), f"must be one name, or a list of {layers}, one for each layer, not {shown(activation)}"
        return
    names: dict[Place, Any] = {("output",): output} if output is not None else {}
    if isinstance(activation, list):
        names |= {("activation", n): name for n, name in enumerate(activation)}
    else:
        names[("activation",)] = activation
    wrong = [(path, error) for path, name in names.items() if (error := one_of(ACTIVATIONS, name))]
    wrong += [(("loss",), error)] if (error := one_of(LOSSES, loss)) else []
    yield from wrong
    if not wrong and loss == "cross_entropy" and layers:
        last = activations_of(layers, activation, output, loss)[-1]
        if last != "linear":
            path = ("output",) if output is not None else ("activation", layers - 1)
            yield path, f"must be 'linear', not {last!r}: cross_entropy takes the softmax of a linear output"


def one_of(known: Mapping[str, Any], value: Any) -> str:
    """The mistake in a name, or ""."""
    if isinstance(value, str) and value in known:
        return ""
    guess = did_you_mean(value[:60], known) if isinstance(value, str) else ""
    return f"must be one of {', '.join(known)}, not {shown(value)}{guess}"


def _rate(lr: Any) -> Iterator[Wrong]:
    error = _number(lr) or ("" if lr > 0 else f"must be above 0, not {lr}")
    if error:
        yield ("lr",), error


def name_of(path: Place) -> str:
    """The name of a key in a message: weights[1] for the path ("layer", 0, "weights", 1).

    >>> name_of(("layer", 0, "weights", 1, 0))
    'weights[1][0]'
    """
    last = max(n for n, part in enumerate(path) if isinstance(part, str))
    return f"{path[last]}{''.join(f'[{n}]' for n in path[last + 1 :])}"
