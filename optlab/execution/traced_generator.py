"""The random generator that a rule gets while it is traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.engine.trace_errors import cannot
from optlab.engine.tracer import Builder, Tracer
from optlab.execution.randomness import Draw

__not_the_users__ = True  # for messages: see `engine.trace_errors`


class TracedGenerator:
    """Replaces the random generator while a rule is traced. Each array that is drawn becomes an input of the graph.

    The draws are appended to `made`. `stream` is the name of their stream.
    """

    def __init__(self, builder: Builder, real: np.dtype[Any], made: list[Draw], stream: str = "draw") -> None:
        self._builder, self._real, self._made, self._stream = builder, real, made, stream

    def standard_normal(self, size: Any = ()) -> Tracer:
        return self._drawn("standard_normal", size)

    def random(self, size: Any = ()) -> Tracer:
        return self._drawn("random", size)

    def standard_exponential(self, size: Any = ()) -> Tracer:
        return self._drawn("standard_exponential", size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = ()) -> Any:
        return loc + scale * self.standard_normal(size)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = ()) -> Any:
        return low + (high - low) * self.random(size)

    def __getattr__(self, name: str) -> Any:
        known = "standard_normal, standard_exponential, random, normal, uniform"
        raise cannot(f"rng has no {name} here", f"compute it with one of these: {known}")

    def _drawn(self, kind: str, size: Any) -> Tracer:
        shape = (size,) if isinstance(size, int) else tuple(size or ())
        self._made.append(Draw(kind, shape, self._stream))
        letter = {"standard_normal": "xi", "random": "u", "standard_exponential": "e"}[kind]
        count = sum(draw.kind == kind for draw in self._made)
        return self._builder.input(shape, self._real, letter if count == 1 else f"{letter}{count}")
