"""Tracers and Builders. While a function is traced, its arguments are Tracers, and a Builder records a graph.

NumPy dispatches every operation on a Tracer to this module (`__array_ufunc__`, `__array_function__`, NEP 13 and 18);
NumPy is not patched. An inner trace (a gradient inside a traced function) may use values of the outer trace. The
builder of the inner trace captures them as additional inputs.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from optlab.engine import functions
from optlab.engine.functions.indexing import getitem
from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Op, Shape, Var
from optlab.engine.ops import OPS
from optlab.engine.trace_errors import cannot, users_line, users_place
from optlab.errors import TraceError

_AGE = itertools.count()
"""Distinguishes inner traces from outer ones. It is the only state of the engine that is kept between calls."""


class Builder:
    """Records a graph. A builder may capture values of older builders, but not of younger ones."""

    def __init__(self) -> None:
        self.age = next(_AGE)
        self.open = True
        self.inputs: list[Var] = []
        self.nodes: list[Node] = []
        self.nodes_by_output: dict[Var, Node] = {}
        self.constants: dict[Var, Any] = {}
        self.lines: dict[Var, str] = {}
        self.captured: dict[Tracer, Tracer] = {}

    def input(self, shape: Shape, dtype: Any, name: str = "") -> Tracer:
        """A new input."""
        var = Var(tuple(shape), np.dtype(dtype), name)
        self.inputs.append(var)
        return Tracer(self, var)

    def constant(self, value: Any) -> Tracer:
        """A new constant. The value is copied, so that later changes of the original have no effect."""
        array = np.array(value)
        if array.dtype.kind not in "fiub":
            raise cannot(f"a constant of type {array.dtype} meets a traced value", "use numbers or arrays of numbers")
        array.flags.writeable = False
        var = Var(array.shape, array.dtype)
        self.constants[var] = array
        self.lines[var] = users_line()
        return Tracer(self, var)

    def lift(self, values: Sequence[Any]) -> list[Tracer]:
        """Operands as tracers of this builder. A Python number takes the dtype of the other operands (NEP 50)."""
        lifted = []
        for value in values:
            if isinstance(value, Tracer):
                lifted.append(self._adopt(value))
            elif isinstance(value, bool | int | float):
                types = [v.dtype if isinstance(v, Tracer | np.ndarray | np.generic) else v for v in values]
                lifted.append(self._number(value, np.result_type(*types)))
            else:
                lifted.append(self.constant(value))
        return lifted

    def _number(self, value: float, dtype: np.dtype[Any]) -> Tracer:
        try:
            return self.constant(np.asarray(value, dtype=dtype))
        except OverflowError:
            raise cannot(
                f"{value} does not fit into the dtype {dtype}", "convert the array to floats: x * 1.0"
            ) from None

    def _adopt(self, value: Tracer) -> Tracer:
        if value.builder is self:
            return value
        if not value.builder.open:
            raise _ended()
        if value not in self.captured:
            self.captured[value] = self.input(value.shape, value.dtype, value.stands_for.name)
        return self.captured[value]

    def emit(self, op: str | Op, values: Sequence[Any], params: dict[str, Any]) -> Tracer:
        """Append one operation, given as an `Op` or by its name in the table."""
        op = OPS[op] if isinstance(op, str) else op
        for value in values:
            if isinstance(value, Tracer) and value.builder.age > self.age:
                return value.builder.emit(op, values, params)
        if not self.open:
            raise _ended()
        inputs = tuple(t.stands_for for t in self.lift(values))
        try:
            shape, dtype = op.infer(*inputs, **params)
        except (ValueError, TypeError, IndexError) as error:
            shapes = " and ".join(str(v.shape) for v in inputs)
            raise TraceError(f"{users_place()}: {op.name} of shapes {shapes}: {error}") from None
        output = Var(shape, dtype)
        self.nodes.append(Node(op, inputs, params, output))
        self.nodes_by_output[output] = self.nodes[-1]
        return Tracer(self, output)

    def inline(self, graph: Graph, values: Sequence[Any]) -> list[Tracer]:
        """Append a whole graph, applied to these values."""
        here: dict[Var, Any] = dict(zip(graph.inputs, values, strict=True))
        here.update(graph.constants)
        for var, value in here.items():
            if not isinstance(value, Tracer):
                here[var] = self.constant(np.asarray(value, dtype=var.dtype))
        for node in graph.nodes:
            here[node.output] = self.emit(node.op, [here[v] for v in node.inputs], dict(node.params))
        return self.lift([here[v] for v in graph.outputs])

    def finish(self, outputs: Sequence[Any]) -> Graph:
        """End the trace and return the graph."""
        lifted = self.lift(list(outputs))
        self.open = False
        return Graph(tuple(self.inputs), tuple(self.nodes), tuple(t.stands_for for t in lifted), self.constants)


class Tracer(np.lib.mixins.NDArrayOperatorsMixin):
    """Represents an array while a function is traced. It has a shape and a dtype, but no numbers."""

    __slots__ = ("builder", "stands_for")

    def __init__(self, builder: Builder, var: Var) -> None:
        self.builder = builder
        self.stands_for = var

    @property
    def shape(self) -> Shape:
        return self.stands_for.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.stands_for.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    @property
    def T(self) -> Tracer:  # noqa: N802
        return functions.method(self, "transpose")()

    @property
    def mT(self) -> Tracer:  # noqa: N802
        return functions.method(self, "swapaxes")(-1, -2)

    def __repr__(self) -> str:
        return f"<traced {self.stands_for}>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]

    # NumPy's own dispatch

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise cannot(
                f"np.{ufunc.__name__} writes into an existing array (an operator like += or -=, or out=)",
                "write x = x + 1 in place of x += 1",
            )
        if kwargs.get("where", True) is not True:
            raise cannot(f"np.{ufunc.__name__} with where=", "use np.where(condition, a, b)")
        return functions.apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return functions.apply_function(func, args, kwargs)

    # methods and indexing, as on an array

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return functions.method(self, name)

    def __getitem__(self, index: Any) -> Tracer:
        return getitem(self, index)

    def __len__(self) -> int:
        if not self.shape:
            raise cannot("len() of a single number", "only arrays have a length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self))])

    # what cannot be traced

    def __setitem__(self, index: Any, value: Any) -> None:
        raise cannot(
            "a traced array is written to (x[i] = ...)",
            "build a new one, with np.where, np.concatenate or np.stack",
        )

    def __bool__(self) -> bool:
        raise cannot(
            "the control flow depends on a traced value (if, while, and, or, not, or a chained comparison)",
            "use np.where(condition, a, b), and & | ~ between conditions",
        )

    def __float__(self) -> float:
        raise cannot(
            "a traced value is turned into a Python number (float(), a function of the math module, or a[i] = x)",
            "use np.exp, np.sqrt, ... in place of math.exp, math.sqrt, ..., and np.stack to build an array",
        )

    def __int__(self) -> int:
        raise cannot("a traced value is turned into an integer", "use np.floor, or an option with an integer default")

    def __index__(self) -> int:
        raise cannot(
            "a traced value is used as an index or a length", "use np.where, or an option with an integer default"
        )

    def __complex__(self) -> complex:
        raise cannot("a traced value is turned into a complex number", "the lab computes with real numbers")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise cannot(
            "a traced value is packed into a plain array (np.array([...]) or np.asarray)",
            "use np.stack([...]) or np.concatenate([...])",
        )


@contextlib.contextmanager
def unwrapped() -> Iterator[None]:
    """Raise the `TraceError` itself where NumPy wraps it in a ValueError: `a[i] = x` with plain `a` and traced x."""
    try:
        yield
    except ValueError as error:
        if isinstance(error.__cause__, TraceError):
            raise error.__cause__ from None
        raise


def _ended() -> TraceError:
    return cannot("a value from an earlier trace is used after that trace ended", "pass it as an argument")
