"""Callbacks from compiled jax code: losses and gradients that NumPy computes while the compiled code runs."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from optlab.plugins.external.base import Array, Look

_TICKETS = itertools.count(1)
_ANSWERS: dict[int, Callable[[Array], tuple[float, Array]]] = {}
"""The callbacks by number. The compiled code gets the number as an argument, since several runs may share the code."""


@contextlib.contextmanager
def given_by(look: Look) -> Iterator[int]:
    """The number of a callback to `look`. An exception of `look` is raised at the end; until then, results are NaN."""
    raised: list[BaseException] = []

    def answer(x: Array) -> tuple[float, Array]:
        if not raised:
            try:
                return look(x)
            except BaseException as error:  # an exception cannot pass through compiled code
                raised.append(error)
        return np.nan, np.full_like(x, np.nan)

    ticket = next(_TICKETS)
    _ANSWERS[ticket] = answer
    try:
        yield ticket
    finally:
        del _ANSWERS[ticket]
        if raised:
            raise raised[0]


def value_function(ticket: Any) -> Callable[[Any], Any]:
    """The loss as a jax function of the parameter tensors, with its gradient."""

    def ask(x: Any) -> Any:
        shapes = [jax.ShapeDtypeStruct(part.shape, part.dtype) for part in x]
        return jax.pure_callback(_answer, (jax.ShapeDtypeStruct((), x[0].dtype), tuple(shapes)), ticket, x)

    def backward(g: Any, cotangent: Any) -> Any:
        return (tuple(cotangent * part for part in g),)

    value = jax.custom_vjp(lambda x: ask(x)[0])
    value.defvjp(ask, backward)
    return value


def _answer(ticket: Any, x: Any) -> Any:
    parts = [np.asarray(part) for part in x]
    loss, g = _ANSWERS[int(ticket)](np.concatenate([part.reshape(-1) for part in parts]))
    ends = np.cumsum([part.size for part in parts])[:-1]
    shaped = (piece.reshape(part.shape) for piece, part in zip(np.split(g, ends), parts, strict=True))
    return np.asarray(loss, parts[0].dtype), tuple(np.asarray(piece, parts[0].dtype) for piece in shaped)
