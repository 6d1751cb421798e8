"""Reads a network from a TOML file. The file either gives all numbers,

    inputs  = [0.1, 0.2]
    targets = [0.01, 0.99]

    [[layer]]                              # into layer 2
    weights = [[0.1, 0.2], [0.3, 0.4]]     # row j: the weights into unit j, one for each unit of the layer before
    biases  = [0.55, 0.56]

or only the sizes of the layers. Then the weights are drawn as for the problem `mlp`, and the biases are 0:

    sizes = [3, 4, 2]
    seed  = 0                              # the default
    init  = "xavier"                       # the default; or "he"

In the second form `inputs` and `targets` are optional: by default the inputs are random numbers between 0 and 1, and
the target is 1 for the first output and 0 for the others. Both forms accept `activation`, `output`, `loss` and `lr`,
with the same meaning and defaults as in `backprop`. A [[layer]] may also have its own `activation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from optlab.errors import Mistake, SpecError, did_you_mean
from optlab.execution.randomness import generator
from optlab.experiments.document.source_map import KeyPath as Place
from optlab.experiments.document.source_map import parse
from optlab.experiments.document.text import located, printable, text_of
from optlab.experiments.document.values import MAX_INT, shown
from optlab.explain.network import activations_of
from optlab.explain.network_errors import Wrong, mistakes, name_of, one_of
from optlab.plugins.problems.networks.mlp import INITS

MAX_WEIGHTS = 1_000_000
"""The maximum number of weights and biases that are drawn for one network."""

DEFAULTS = {"activation": "sigmoid", "output": None, "loss": "half_squared_error", "lr": 0.5}
_DRAWN = ("sizes", "seed", "init")
_KEYS = ("inputs", "targets", *DEFAULTS, "layer", *_DRAWN)
_LAYER = ("weights", "biases", "activation")


def read(path: str | Path) -> dict[str, Any]:
    """Read the arguments for `backprop` from a file. The docstring of this module shows the two forms of such files.

    Raises:
        UserError: the file cannot be read.
        SpecError: the file has mistakes; the message lists all of them with file, line and column.
    """
    text = text_of(Path(path))
    document = parse(text)
    if isinstance(document, Mistake):
        raise SpecError(str(path), [document], printable(text))
    found, arguments = [*_form(document)], {}
    if not found:
        arguments = _drawn(document) if "sizes" in document else _given(document)
        found = [(_place(where, document), what) for where, what in mistakes(arguments)]
    found = [Mistake(where, f"{name_of(where)} {what}") for where, what in dict.fromkeys(found)]
    found += [*_unknown(document, _KEYS)]
    for n, layer in enumerate(document["layer"] if _is_tables(document.get("layer")) else []):
        found += [*_unknown(layer, _LAYER, ("layer", n))]
    if found:
        raise SpecError(str(path), located(found, text), printable(text))
    return arguments


def _form(document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Mistakes because of which the arguments cannot be built."""
    if "layer" in document and "sizes" in document:
        yield ("sizes",), "and [[layer]] exclude each other: write sizes for random weights, or [[layer]] to give them"
    elif "layer" in document:
        for key in [key for key in ("seed", "init") if key in document]:
            yield (key,), "applies only to random weights, and this file gives the weights"
        if not _is_tables(document["layer"]):
            yield ("layer",), "must be tables: write [[layer]]"
            return
        for n, layer in enumerate(document["layer"]):
            yield from _missing(layer, ("weights", "biases"), ("layer", n))
        yield from _missing(document, ("inputs", "targets"))
        common = document.get("activation", "")
        if not isinstance(common, str) and any("activation" in layer for layer in document["layer"]):
            yield ("activation",), f"must be a single name if a [[layer]] has an activation, not {shown(common)}"
    elif "sizes" in document:
        yield from _sizes(document["sizes"])
        if not _is_whole(seed := document.get("seed", 0), 0):
            yield ("seed",), f"must be a whole number from 0 on, not {shown(seed)}"
        if error := one_of(INITS, document.get("init", "xavier")):
            yield ("init",), error
    else:
        yield ("layer",), "is missing: write [[layer]] with weights and biases, or sizes = [2, 3, 2] for random weights"


def _missing(table: Mapping[str, Any], keys: tuple[str, ...], path: Place = ()) -> Iterator[Wrong]:
    forms = {"weights": "[[0.1, 0.2], [0.3, 0.4]]"}
    for key in keys:
        if key not in table:
            yield (*path, key), f"is missing: write {key} = {forms.get(key, '[0.1, 0.2]')}"


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], path: Place = ()) -> Iterator[Mistake]:
    for key in table:
        if key not in known:
            guess = did_you_mean(key, known) or f" (known here: {', '.join(known)})"
            yield Mistake((*path, key), f"unknown key {key[:60]}{guess}")


def _sizes(sizes: Any) -> Iterator[Wrong]:
    if not isinstance(sizes, list) or len(sizes) < 2:
        yield ("sizes",), f"must be a list of two or more whole numbers, as in [2, 3, 2], not {shown(sizes)}"
        return
    wrong = [n for n, size in enumerate(sizes) if not _is_whole(size, 1)]
    yield from ((("sizes", n), f"must be a whole number from 1 on, not {shown(sizes[n])}") for n in wrong)
    count = 0 if wrong else sum((m + 1) * n for m, n in pairwise(sizes))
    if count > MAX_WEIGHTS:
        yield ("sizes",), f"give more than {MAX_WEIGHTS:,} weights and biases"


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_INT


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _drawn(document: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for a file with `sizes`: the weights are those of `mlp` in a run with the same seed."""
    sizes, seed = document["sizes"], document.get("seed", 0)
    draw, rng = INITS[document.get("init", "xavier")], generator(0, "start", seed)
    weights = [draw(rng, m, n).reshape(m, n).T.tolist() for m, n in pairwise(sizes)]
    own = {
        "weights": weights,
        "biases": [[0.0] * n for n in sizes[1:]],
        "inputs": document.get("inputs", rng.random(sizes[0]).tolist()),
        "targets": document.get("targets", [1.0] + [0.0] * (sizes[-1] - 1)),
    }
    return own | {key: document.get(key, default) for key, default in DEFAULTS.items()}


def _given(document: Mapping[str, Any]) -> dict[str, Any]:
    layers, rest = document["layer"], {key: document.get(key, default) for key, default in DEFAULTS.items()}
    if any("activation" in layer for layer in layers):
        common = activations_of(len(layers), rest["activation"], rest["output"], rest["loss"])
        names = [layer.get("activation", name) for layer, name in zip(layers, common, strict=True)]
        rest |= {"activation": names, "output": None}
    own = {key: [layer[key] for layer in layers] for key in ("weights", "biases")}
    return own | {key: document[key] for key in ("inputs", "targets")} | rest


def _place(path: Place, document: Mapping[str, Any]) -> Place:
    """The place of an argument in the file: weights[n] is in the table of layer n."""
    key, *rest = path
    if "layer" not in document or not rest or key not in _LAYER:
        return path
    if key == "activation" and key not in document["layer"][int(rest[0])]:  # the layer uses the activation of the file
        return ("output",) if "output" in document and rest[0] == len(document["layer"]) - 1 else ("activation",)
    return ("layer", rest[0], key, *rest[1:])
