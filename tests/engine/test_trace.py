"""Tracing: errors have the line and what to write instead; values have the shapes and dtypes of NumPy."""

from __future__ import annotations

import math
import random
import re
from typing import Any

import numpy as np
import pytest

import optlab
from optlab import grad, trace
from optlab.errors import TraceError

x3, m23 = np.ones(3), np.ones((2, 3))
LEAKED: list[Any] = []


def in_place(x):
    x += 1
    return x


def assigned(x):
    x[0] = 1
    return x


def branch(x):
    if x[0] > 0:
        return x
    return -x


def loop(x):
    while x[0] > 0:
        x = x - 1
    return x


def both(x):
    return (x[0] > 0) and (x[1] > 0)


def leaks(x):
    LEAKED.append(x)
    return x


def leaks_and_fails(x):
    LEAKED.append(x)
    raise KeyError


# name: function, example argument, what the message must contain
REFUSED: dict[str, tuple[Any, Any, list[str]]] = {
    "x += 1": (in_place, x3, ["writes into an existing array", "x = x + 1"]),
    "x[0] = 1": (assigned, x3, ["x[i] = ...", "np.where"]),
    "array += x": (lambda x: np.ones(3).__iadd__(x), x3, ["writes into an existing array"]),
    "out=": (lambda x: np.exp(x, out=np.ones(3)), x3, ["out=", "existing array"]),
    "np.sum out=": (lambda x: np.sum(x, out=np.ones(3)), x3, ["np.sum", "out="]),
    "where=": (lambda x: np.exp(x, where=np.array([True, False, True])), x3, ["np.exp with where=", "np.where("]),
    "dtype=": (lambda x: np.add(x, 1, dtype=np.float32), x3, ["np.add with dtype="]),
    "if": (branch, x3, ["depends on a traced value", "np.where(condition, a, b)"]),
    "while": (loop, x3, ["depends on a traced value"]),
    "and": (both, x3, ["depends on a traced value", "& | ~"]),
    "not": (lambda x: not x[0], x3, ["depends on a traced value"]),
    "chained comparison": (lambda x: 0 < x[0] < 1, x3, ["chained comparison"]),
    "max() of Python": (lambda x: max(x[0], x[1]), x3, ["depends on a traced value"]),
    "in": (lambda x: 1.0 in x, x3, ["depends on a traced value"]),
    "float()": (lambda x: float(x[0]), x3, ["Python number", "np.exp"]),
    "int()": (lambda x: int(x[0]), x3, ["integer"]),
    "complex()": (lambda x: complex(x[0]), x3, ["complex"]),
    "math.exp": (lambda x: math.exp(x[0]), x3, ["math module", "np.exp"]),
    "math.floor": (lambda x: math.floor(x[0]), x3, ["Python number"]),
    "np.array": (lambda x: np.array([x[0], 1.0]), x3, ["plain array", "np.stack([...])"]),
    "np.asarray": (lambda x: np.asarray(x), x3, ["plain array"]),
    "np.sum of a list": (lambda x: np.sum([x[0], x[1]]), x3, ["plain array", "np.stack"]),
    "assignment into an array": (lambda x: np.ones(3).__setitem__(0, x[0]), x3, ["Python number"]),
    "np.full": (lambda x: np.full_like(x, x[0]), x3, ["traced value"]),
    "range": (lambda x: range(x), 3, ["index or a length"]),
    "list index": (lambda x: [1, 2, 3][x], 1, ["index or a length"]),
    "array index": (lambda x: np.ones(3)[x], 1, ["traced value"]),
    "traced index": (lambda x: x[x], np.array([0, 1]), ["indexing by a traced value"]),
    "traced mask": (lambda x: x[x > 0], x3, ["indexing by a traced value", "np.where"]),
    "traced slice": (lambda x: np.ones(3)[:x], 1, ["index or a length"]),
    "traced np.take": (lambda i: np.take(i, i), np.array([0, 1]), ["np.take at traced indices"]),
    "unsupported function": (lambda x: np.linalg.eig(x), np.eye(2), ["np.linalg.eig", "not supported"]),
    "unsupported function, near one": (lambda x: np.nansum(x), x3, ["np.nansum", "did you mean 'np.sum'?"]),
    "unsupported ufunc": (lambda x: np.spacing(x), x3, ["np.spacing", "not supported"]),
    "unsupported ufunc method": (lambda x: np.add.accumulate(x), x3, ["np.add.accumulate"]),
    "unsupported method": (lambda x: x.flaten(), x3, ["no 'flaten'", "did you mean 'flatten'?"]),
    "unsupported attribute": (lambda x: x.imag, x3, ["no 'imag'", "supported:"]),
    "unsupported argument": (lambda x: np.sum(x, dtype=float), x3, ["np.sum", "dtype"]),
    "unsupported argument of a method": (lambda x: x.sum(dtype=float), x3, ["sum()", "dtype"]),
    "unsupported argument of reduce": (lambda x: np.add.reduce(x, initial=3.0), x3, ["np.add.reduce", "initial"]),
    "np.where of one argument": (lambda x: np.where(x > 0), x3, ["np.where"]),
    "nuclear norm": (lambda x: np.linalg.norm(x, "nuc"), m23, ["ord='nuc'"]),
    "spectral norm": (lambda x: np.linalg.norm(x, 2), m23, ["ord=2"]),
    "shapes": (lambda x: x + np.ones(2), x3, ["add of shapes", "(3,)", "(2,)"]),
    "matrix product": (lambda x: x @ np.ones((4, 2)), x3, ["(3,) and (4, 2)"]),
    "matrix product of matrices": (lambda x: x @ np.ones((2, 3)), m23, ["(2, 3) and (2, 3)"]),
    "matrix product of a number": (lambda x: x @ x, 1.0, ["single number", "*"]),
    "np.dot of rank 3": (lambda x: np.dot(x, np.ones((2, 3, 4))), m23, ["np.dot", "(2, 3, 4)", "@"]),
    "reshape": (lambda x: x.reshape(2, 2), x3, ["(3,)", "(2, 2)"]),
    "reshape to two unknowns": (lambda x: x.reshape(-1, -1), x3, ["(-1, -1)"]),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 1)), x3, ["(3,)", "(2, 1)"]),
    "concatenate": (lambda x: np.concatenate([x, np.ones((2, 2))], axis=1), m23[:1], ["(1, 3)", "(2, 2)", "axis 1"]),
    "concatenate of ranks": (lambda x: np.concatenate([x, 1.0]), x3, ["(3,)", "()"]),
    "concatenate of numbers": (lambda x: np.concatenate([x[0], x[1]]), x3, ["np.stack"]),
    "stack": (lambda x: np.stack([x, x[:2]]), x3, ["(3,)", "(2,)"]),
    "squeeze": (lambda x: np.squeeze(x, 0), x3, ["axis 0", "(3,)", "length 1"]),
    "axis of a sum": (lambda x: np.sum(x, axis=1), x3, ["axis 1", "(3,)"]),
    "axis of a method": (lambda x: x.mean(axis=-2), x3, ["axis -2", "(3,)"]),
    "axis of concatenate": (lambda x: np.concatenate([x, x], axis=1), x3, ["axis 1", "(3,)"]),
    "axis of stack": (lambda x: np.stack([x, x], axis=2), x3, ["axis 2"]),
    "axis of take": (lambda x: np.take(x, [0], axis=1), x3, ["axis 1", "(3,)"]),
    "axis of transpose": (lambda x: np.transpose(x, (0, 2)), m23, ["axis 2", "(2, 3)"]),
    "axis twice": (lambda x: np.transpose(x, (0, 0)), m23, ["(0, 0)", "(2, 3)"]),
    "axis that is no number": (lambda x: np.sum(x, axis="a"), x3, ["np.sum"]),
    "max of nothing": (lambda x: np.max(x[3:]), x3, ["max of no entries"]),
    "index": (lambda x: x[3], x3, ["index 3 is out of bounds", "(3,)"]),
    "too many indices": (lambda x: x[0, 0], x3, ["too many indices", "(3,)"]),
    "index by an array": (lambda x: x[np.array([0, 7])], x3, ["index 7 is out of bounds", "(3,)"]),
    "index that is no number": (lambda x: x["a"], x3, ["x[...]", "(3,)"]),
    "index that is not whole": (lambda x: x[1.5], x3, ["x[...]", "(3,)"]),
    "len()": (lambda x: len(x), 1.0, ["len()", "single number"]),
    "number out of range": (lambda x: x < -1, np.zeros(2, np.uint8), ["-1 does not fit", "uint8", "x * 1.0"]),
    "complex constant": (lambda x: x * 1j, x3, ["complex128", "numbers"]),
    "string constant": (lambda x: x == "a", x3, ["type <U1"]),
    "None": (lambda x: x * None, x3, ["type object"]),
    "returns None": (lambda x: None, x3, ["returns nothing (None)", "return a number or an array"]),
    "returns a set": (lambda x: {x}, x3, ["type set"]),
    "returns a text in a dict": (lambda x: {"x": "y"}, x3, ["type str"]),
    "returns None among others": (lambda x: (x, None), x3, ["returns nothing (None)"]),
}


def line_of(f: Any) -> int:
    """The line of the mistake: the only line of a lambda, or the first line of the body of a function."""
    first = f.__code__.co_firstlineno
    return first if f.__name__ == "<lambda>" else first + 1


@pytest.mark.parametrize("name", REFUSED)
def test_an_untraceable_function_reports_the_line_and_a_fix(name):
    f, example, parts = REFUSED[name]
    with pytest.raises(TraceError) as caught:
        trace(f, example)
    message = str(caught.value)
    column = "" if name.startswith("returns") else r":\d+"  # those have the line of the `def`
    assert re.match(rf"{re.escape(__file__)}:{line_of(f)}{column}: ", message), message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(
    ("f", "example", "part"),
    [
        (lambda x: x, x3, "an array of shape (3,)"),
        (lambda x: x[:1], x3, "an array of shape (1,)"),
        (lambda x: (x[0], x[1]), x3, "several values"),
        (lambda x: [x[0]], x3, "several values"),
    ],
)
def test_a_gradient_needs_a_function_with_one_value(f, example, part):
    with pytest.raises(TraceError, match=r"np\.sum adds them up") as caught:
        grad(f)(example)
    assert part in str(caught.value)


@pytest.mark.parametrize("example", ["a", None, 1j, np.array(["a"]), {1}], ids=repr)
def test_arguments_that_are_not_numbers_are_errors(example):
    with pytest.raises(TraceError, match="argument 'x' is of type"):
        trace(lambda x: x, example)


def use_leaked_alone(x):
    return LEAKED[-1] * 2


def use_leaked_with_another(x):
    return x + LEAKED[-1]


def return_leaked(x):
    return LEAKED[-1]


@pytest.mark.parametrize("source", [leaks, leaks_and_fails])
@pytest.mark.parametrize("f", [use_leaked_alone, use_leaked_with_another, return_leaked])
def test_a_value_from_an_earlier_trace_is_an_error(f, source):
    try:
        trace(source, 1.0)
    except KeyError:
        assert source is leaks_and_fails
    with pytest.raises(TraceError, match="earlier trace") as caught:
        trace(f, 1.0)
    if f is not return_leaked:
        assert str(caught.value).startswith(f"{__file__}:{line_of(f)}:12: ")
    with pytest.raises(TraceError, match="earlier trace"):
        np.exp(LEAKED[-1])


def test_a_value_from_an_inner_trace_is_an_error():
    def outer(x):
        trace(leaks, 1.0)
        return x + LEAKED[-1]

    with pytest.raises(TraceError, match="earlier trace"):
        trace(outer, 1.0)


def test_errors_of_the_function_itself_pass_unchanged():
    with pytest.raises(KeyError):
        grad(leaks_and_fails)(1.0)


def test_a_trace_error_is_a_user_error_and_a_type_error():
    assert issubclass(TraceError, optlab.OptlabError)
    assert issubclass(TraceError, TypeError)


# ---- what can be traced ---------------------------------------------------------------------------------------------


def test_shape_and_type_are_known_while_tracing():
    seen: dict[str, Any] = {}

    def f(x):
        seen.update(shape=x.shape, ndim=x.ndim, size=x.size, dtype=x.dtype, len=len(x), T=x.T.shape, text=f"{x:.2f}")
        return x

    trace(f, m23)
    expected = {"shape": (2, 3), "ndim": 2, "size": 6, "dtype": np.float64, "len": 2, "T": (3, 2)}
    assert seen == {**expected, "text": "<traced f64[2,3]>"}


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "b1"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 1,
        lambda x: x * 2.5,
        lambda x: x * np.float64(2.5),
        lambda x: x / 2,
        lambda x: (x > 0) * 3,
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.where(x > 0, 1.0, 0.0),
        lambda x: np.mean(x),
        lambda x: np.concatenate([x, [1.5]]),
        lambda x: np.maximum(x, 1.5),
        lambda x: x.astype(np.float32) + 1,
    ],
)
def test_types_follow_numpy(f, dtype):
    x = np.array([0, 1, 1]).astype(dtype)
    graph = trace(f, x)
    assert graph.outputs[0].dtype == graph(x)[0].dtype == f(x).dtype
    assert graph(x)[0].tolist() == f(x).tolist()


GENERATOR = np.random.default_rng(0)
CALLS: list[int] = []


def counts_calls(x):
    CALLS.append(1)
    return x * len(CALLS)


def grows(x):
    CALLS.append(1)
    return sum([x] * len(CALLS))


CHANGING = {
    "np.random": lambda x: np.sum(x * np.random.normal(size=3)),  # noqa: NPY002
    "np.random of a number": lambda x: np.sum(x) + np.random.rand(),  # noqa: NPY002
    "a generator from outside": lambda x: np.sum(x * GENERATOR.normal(size=3)),
    "random of Python": lambda x: np.sum(x) * random.random(),
}


@pytest.mark.parametrize("name", CHANGING)
def test_random_numbers_within_a_function_are_refused(name):
    with pytest.raises(TraceError, match=r"computes something else when it is traced again.*arguments") as caught:
        trace(CHANGING[name], x3)
    assert str(caught.value).startswith(f"{__file__}:{line_of(CHANGING[name])}: ")


@pytest.mark.parametrize("f", [counts_calls, grows])
def test_state_between_calls_is_detected(f):
    with pytest.raises(TraceError, match="keep state between calls") as caught:
        trace(f, 1.0)
    assert str(caught.value).startswith(f"{__file__}:{f.__code__.co_firstlineno + (2 if f is counts_calls else 0)}: ")


@pytest.mark.parametrize("name", ["np.random", "np.random of a number"])
def test_random_numbers_are_detected_by_every_derivative(name):
    with pytest.raises(TraceError, match="computes something else"):
        grad(CHANGING[name])(x3)


def test_random_numbers_without_effect_on_the_graph_are_allowed():
    assert grad(lambda x: np.sum(x) if np.random.rand() < 2 else x)(x3).tolist() == [1, 1, 1]  # noqa: NPY002


def test_a_generator_with_a_seed_within_the_function_is_allowed():
    f = lambda x: x * np.random.default_rng(0).normal(size=3)  # noqa: E731
    assert trace(f, x3)(x3)[0].tolist() == f(x3).tolist()


def test_control_flow_on_plain_values_is_allowed():
    def f(x, *, power=3):
        total = 0.0
        for i in range(len(x)):
            if i % 2 == 0:
                total = total + x[i] ** power
        return total if total is not None else x

    assert optlab.grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [3.0, 0.0, 27.0]
    assert optlab.grad(f)(np.array([1.0, 2.0, 3.0]), power=2).tolist() == [2.0, 0.0, 6.0]


def test_private_attributes_raise_attribute_errors():
    def f(x):
        assert not hasattr(x, "_repr_html_")
        assert not hasattr(x, "__cuda_array_interface__")
        return x

    trace(f, 1.0)
