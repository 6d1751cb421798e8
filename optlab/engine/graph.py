"""Graphs: functions as lists of operations on typed values. They are immutable, printable and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.nodes import Node, Var, names_in, show

if TYPE_CHECKING:
    from optlab.markup.svg import Drawing


@dataclass(frozen=True, eq=False)
class Graph:
    """A function as a list of nodes in order of execution.

    A call with arrays computes node by node. This is slow but simple, and it is the reference for the back ends. A
    graph is printed as a program:

    >>> from optlab.engine import trace
    >>> print(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0))
    graph(x: f64[], y: f64[], z: f64[])
      a: f64[] = add(x, y)
      b: f64[] = multiply(a, z)
      return b
    >>> float(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)(-2.0, 5.0, -4.0)[0])
    -12.0
    """

    inputs: tuple[Var, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Var, ...]
    constants: Mapping[Var, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every value is defined exactly once, before it is used."""
        defined = {*self.inputs, *self.constants}
        for node in self.nodes:
            for var in node.inputs:
                assert var in defined, f"{node.op.name} uses a value that is not defined before it"
            assert node.output not in defined, f"the output of {node.op.name} is defined twice"
            defined.add(node.output)
        assert all(var in defined for var in self.outputs), "an output is not defined"

    def __call__(self, *arrays: Any) -> list[NDArray[Any]]:
        """The outputs for these inputs, computed node by node."""
        values: dict[Var, Any] = dict(self.constants)
        values.update(zip(self.inputs, (np.asarray(a) for a in arrays), strict=True))
        with np.errstate(all="ignore"):
            for node in self.nodes:
                values[node.output] = node.op.run(*(values[v] for v in node.inputs), **node.params)
        return [np.asarray(values[v]) for v in self.outputs]

    def producers(self) -> dict[Var, Node]:
        """The node that computes each value."""
        return {node.output: node for node in self.nodes}

    def written_out(self) -> tuple[Any, ...]:
        """The full content of a graph. Two graphs with the same content compute the same results, to the bit."""
        values = [*self.inputs, *self.constants, *(node.output for node in self.nodes)]
        number = {var: i for i, var in enumerate(values)}
        return (
            [(var.name, var.shape, var.dtype) for var in self.inputs],
            [(value.tobytes(), value.shape, value.dtype) for value in self.constants.values()],
            [(node.op.name, [number[v] for v in node.inputs], str(dict(node.params))) for node in self.nodes],
            [number[v] for v in self.outputs],
        )

    def draw(self) -> Drawing:
        """The graph as a picture, from the inputs on the left to the outputs on the right, with the types of arrays."""
        from optlab.engine.draw.circuit import draw

        return draw(self)

    def _repr_svg_(self) -> str:
        return self.draw().svg()

    def __str__(self) -> str:
        names = names_in(self)
        head = ", ".join(f"{names[v]}: {v}" for v in self.inputs)
        lines = [f"graph({head})"]
        for node in self.nodes:
            terms = [names[v] for v in node.inputs]
            terms += [f"{key}={show(value)}" for key, value in node.params.items()]
            lines.append(f"  {names[node.output]}: {node.output} = {node.op.name}({', '.join(terms)})")
        lines.append(f"  return {', '.join(names[v] for v in self.outputs)}")
        return "\n".join(lines)
