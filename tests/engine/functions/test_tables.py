"""The tables of functions: the argument names of NumPy, a test for every row, and methods equal to functions."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from optlab.engine import functions
from optlab.engine.functions import FUNCTIONS, METHODS, UFUNCS, full_name
from optlab.engine.functions.tables import IN_PLACE, INSTEAD, THEMES
from optlab.engine.ops import OPS
from optlab.engine.trace import trace

torch = pytest.importorskip("torch")

CASES = {
    np.fix: [(np.fix, lambda x: x.trunc() + 0 * x, [(2, 3)])],
    np.copy: [(lambda x: np.copy(x) * 1.0, lambda x: x * 1, [(3,)])],
    np.shape: [(lambda x: x * np.shape(x)[1], lambda x: x * 3, [(2, 3)])],
    np.ndim: [(lambda x: x * np.ndim(x), lambda x: x * 2, [(2, 3)])],
    "sum": [(lambda x: x.sum(axis=0), lambda x: x.sum(0), [(2, 3)])],
    "prod": [(lambda x: x.prod(-1, keepdims=True), lambda x: x.prod(-1, True), [(2, 3)])],
    "max": [(lambda x: x.max(axis=0), lambda x: x.amax(0), [(2, 3)])],
    "min": [(lambda x: x.min(), torch.amin, [(2, 3)])],
    "mean": [(lambda x: x.mean(axis=1, keepdims=True), lambda x: x.mean(1, True), [(2, 3)])],
    "var": [(lambda x: x.var(axis=0, ddof=1), lambda x: x.var(0, correction=1), [(3, 2)])],
    "std": [(lambda x: x.std(), lambda x: x.std(correction=0), [(3, 2)])],
    "any": [(lambda x: x * x.any(axis=0), lambda x: x * 1, [(3, 2)])],
    "all": [(lambda x: x * (x > 0).all(axis=0, keepdims=True), lambda x: x * (x > 0).all(0), [(3, 2)])],
    "cumsum": [(lambda x: x.cumsum(axis=0), lambda x: x.cumsum(0), [(3, 2)])],
    "cumprod": [(lambda x: x.cumprod(), lambda x: x.reshape(-1).cumprod(0), [(3, 2)])],
    "dot": [(lambda a, b: a.dot(b), torch.mv, [(2, 3), (3,)])],
    "trace": [(lambda x: x.trace(offset=1), lambda x: x.diagonal(1).sum(), [(2, 3)])],
    "diagonal": [(lambda x: x.diagonal(0, 1, 0), lambda x: x.diagonal(0, 1, 0), [(2, 3, 2)])],
    "clip": [
        (lambda x: x.clip(-0.5, 0.5), lambda x: x.clamp(-0.5, 0.5), [(6,)]),
        (lambda x: x.clip(max=0.5), lambda x: x.clamp(max=0.5), [(6,)]),
    ],
    "round": [(lambda x: x.round(decimals=1), lambda x: torch.round(x, decimals=1) + 0 * x, [(3,)])],
    "reshape": [
        (lambda x: x.reshape(3, 2), lambda x: x.reshape(3, 2), [(2, 3)]),
        (lambda x: x.reshape((3, -1)), lambda x: x.reshape(3, 2), [(2, 3)]),
        (lambda x: x.reshape(-1), lambda x: x.reshape(6), [(2, 3)]),
    ],
    "transpose": [
        (lambda x: x.transpose(1, 0), lambda x: x.T, [(2, 3)]),
        (lambda x: x.transpose(), lambda x: x.T, [(2, 3)]),
        (lambda x: x.transpose((0, 2, 1)), lambda x: x.mT, [(2, 3, 2)]),
        (lambda x: x.transpose(None), lambda x: x.T, [(2, 3)]),
    ],
    "swapaxes": [(lambda x: x.swapaxes(0, -1), lambda x: x.swapaxes(0, -1), [(2, 3, 4)])],
    "ravel": [(lambda x: x.ravel(), lambda x: x.reshape(-1), [(2, 3)])],
    "flatten": [(lambda x: x.flatten(), lambda x: x.reshape(-1), [(2, 3)])],
    "squeeze": [(lambda x: x.squeeze(axis=0), torch.squeeze, [(1, 3)])],
    "repeat": [(lambda x: x.repeat(2, axis=1), lambda x: x.repeat_interleave(2, 1), [(1, 3)])],
    "take": [(lambda x: x.take([0, 0, 2]), lambda x: x[[0, 0, 2]], [(3,)])],
    "compress": [(lambda x: x.compress([True, False, True]), lambda x: x[[0, 2]], [(3,)])],
    "argsort": [(lambda x: x * x.argsort(axis=0), lambda x: x * x.argsort(0), [(3, 2)])],
    "argmax": [(lambda x: x * x.argmax(axis=0), lambda x: x * x.argmax(0), [(3, 2)])],
    "argmin": [(lambda x: x * x.argmin(-1, keepdims=True), lambda x: x * x.argmin(-1, True), [(3, 2)])],
    "astype": [(lambda x: x.astype(float, copy=False), lambda x: x * 1, [(3,)])],
    "copy": [(lambda x: x.copy() * 1.0, lambda x: x * 1, [(3,)])],
    "T": [(lambda x: x.T, lambda x: x.T, [(2, 3)])],
    "mT": [(lambda x: x.mT, lambda x: x.mT, [(2, 3, 2)])],
    "+x": [(lambda x: +(x * 1.0), lambda x: x * 1, [(3,)])],
    "abs(x)": [(lambda x: abs(x), abs, [(3,)])],
    "iteration": [
        (
            lambda x: sum(v * (i + 1.0) for i, v in enumerate(x)),
            lambda x: x @ torch.arange(1.0, 4).double(),
            [(3,)],
        )
    ],
    "unpacking": [(lambda x: next(a * b for a, b in [x]), lambda x: x[0] * x[1], [(2,)])],
    "np.add.reduce": [
        (lambda x: np.add.reduce(x), lambda x: x.sum(0), [(2, 3)]),
        (lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True), lambda x: x.sum((0, 1), True), [(2, 3)]),
    ],
    "np.multiply.reduce": [(lambda x: np.multiply.reduce(x), lambda x: x.prod(0), [(2, 3)])],
    "np.maximum.reduce": [(lambda x: np.maximum.reduce(x, axis=1), lambda x: x.amax(1), [(2, 3)])],
    "np.minimum.reduce": [(lambda x: np.minimum.reduce(x, axis=None), torch.amin, [(2, 3)])],
    "np.multiply.outer": [
        (lambda a, b: np.multiply.outer(a, b), lambda a, b: a[..., None] * b, [(2, 3), (2,)]),
        (lambda a: np.maximum.outer([0.5, 0.0], a), lambda a: torch.tensor([[0.5], [0.0]]).double().maximum(a), [(3,)]),
    ],
    "boolean mask": [(lambda x: x[np.array([True, False, True])], lambda x: x[[0, 2]], [(3,)])],
    "mask of a matrix": [(lambda x: x[np.eye(2) > 0], lambda x: x.diagonal(), [(2, 2)])],
    "x[True]": [(lambda x: x[True], lambda x: x[None], [(3,)])],
    "integer arrays": [(lambda x: x[[0, 1], [2, -1]], lambda x: x[[0, 1], [2, -1]], [(2, 3)])],
    "array and slice": [(lambda x: x[:, np.array([1, 1])], lambda x: x[:, [1, 1]], [(2, 3)])],
    "arrays around a slice": [(lambda x: x[[0, 1], :, [1]], lambda x: x[[0, 1], :, 1], [(2, 3, 2)])],
    "newaxis": [(lambda x: x[:, None, ..., 0], lambda x: x[:, None, ..., 0], [(2, 3)])],
    "negative step": [(lambda x: x[::-2], lambda x: x.flip(0)[::2], [(5,)])],
    "np.int64 index": [(lambda x: x[np.int64(1)], lambda x: x[1], [(3,)])],
    "empty slice": [(lambda x: np.concatenate([x[5:], x]), lambda x: x * 1, [(3,)])],
    "reflected": [
        (
            lambda x: np.ones(3) @ x + (2.0 - x[0]) * 3.0 / x[1],
            lambda x: x.sum() + (2 - x[0]) * 3 / x[1],
            [(3,)],
        )
    ],
    **{
        f"x**{p}": [(lambda x, p=p: (x * x + 0.5) ** p, lambda x, p=p: (x * x + 0.5) ** p, [(3,)])]
        for p in (0, 1, 2, 3, 4, 5, -1, -2, 0.5, 1.5)
    },
    "2**x": [(lambda x: 2.0**x, lambda x: 2.0**x, [(3,)])],
}


def test_every_row_and_every_method_has_a_case():
    assert {f for f in CASES if callable(f)} == {
        f for f, row in FUNCTIONS.items() if row.__module__ == functions.tables.__name__
    }
    assert set(METHODS) <= set(CASES)


def test_cases_of_methods(case, check):
    check(case)


def test_a_function_is_in_one_table():
    assert sum(map(len, THEMES.values())) == len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=full_name)
def test_arguments_are_those_of_numpy(function):
    """Positional arguments have the same order, names are those of NumPy, and defaults are equal."""
    try:
        theirs = inspect.signature(function).parameters
    except ValueError:
        pytest.skip("this NumPy does not tell the arguments of its functions in C")
    ours = inspect.signature(FUNCTIONS[function]).parameters
    own = {"constant_values", "subscripts", "operands"}  # for **kwargs and *operands of NumPy
    positional = [p for p in ours.values() if p.kind is not p.KEYWORD_ONLY and p.name not in own]
    assert [p.name for p in positional] == list(theirs)[: len(positional)]
    for name, parameter in ours.items():
        if name in own:
            continue
        unset = repr(theirs[name].default) == "<no value>"
        if parameter.default is not parameter.empty and not unset:
            assert parameter.default == theirs[name].default, name


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_those_of_arrays(name):
    assert hasattr(np.ndarray, name)


def test_functions_suggested_in_messages_exist():
    known = {name for name, _ in functions.supported()}
    for name in INSTEAD:
        parts = name.split(".")[1:]
        function = np
        for part in parts:
            function = getattr(function, part)
        assert name not in known
    for name in IN_PLACE:
        assert name not in METHODS
    texts = " ".join([*INSTEAD.values(), *IN_PLACE.values()])
    for name in {word.strip("(),.") for word in texts.replace("(", " ").split() if word.startswith("np.")}:
        assert name in known, name


def test_supported_names_are_numpys():
    for name, _ in functions.supported():
        *path, last = name.split(".")[1:]
        assert hasattr(getattr(np, path[0]) if path else np, last), name
    primitives = {getattr(np, name) for name in OPS if isinstance(getattr(np, name, None), np.ufunc)}
    assert len(list(functions.supported())) == len(FUNCTIONS) + len(primitives | set(UFUNCS))


PLAIN = {
    np.where: lambda a: np.where(a > 0, a, 1.0),
    np.select: lambda a: np.select([a > 0], [a]),
    np.average: lambda a: np.average(a, weights=a + 5),
    np.astype: lambda a: np.astype(a, int),
    np.reshape: lambda a: np.reshape(a, (4,)),
    np.expand_dims: lambda a: np.expand_dims(a, 0),
    np.swapaxes: lambda a: np.swapaxes(a, 0, 1),
    np.moveaxis: lambda a: np.moveaxis(a, 0, 1),
    np.broadcast_to: lambda a: np.broadcast_to(a, (3, 2, 2)),
    np.full_like: lambda a: np.full_like(a, 2.0),
    np.split: lambda a: np.split(a, 2),
    np.array_split: lambda a: np.array_split(a, 2),
    np.roll: lambda a: np.roll(a, 1),
    np.repeat: lambda a: np.repeat(a, 2),
    np.tile: lambda a: np.tile(a, 2),
    np.pad: lambda a: np.pad(a, 1),
    np.take: lambda a: np.take(a, [0]),
    np.take_along_axis: lambda a: np.take_along_axis(a, np.argsort(a), 1),
    np.compress: lambda a: np.compress([True], a),
    np.einsum: lambda a: np.einsum("ij,jk", a, a),
    np.polyval: lambda a: np.polyval([1.0, 2.0], a),
    **{
        f: lambda a, f=f: f(a, a)
        for f in (np.dot, np.vdot, np.inner, np.outer, np.tensordot, np.linalg.solve, np.append)
    },
    **{f: lambda a, f=f: f([a, a]) for f in (np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack)},
}


@pytest.mark.parametrize("f", FUNCTIONS, ids=full_name)
def test_functions_of_plain_arrays_are_left_to_numpy(f):
    """NumPy computes values that are not traced, also within a traced function."""
    plain = np.array([[3.0, 1.0], [1.0, 2.0]])
    call = PLAIN.get(f, f)

    def traced(x):
        return x * np.sum(call(plain))

    graph = trace(traced, 2.0)
    assert [node.op.name for node in graph.nodes] == ["multiply"]
    assert graph(2.0)[0] == 2.0 * np.sum(call(plain))
