"""A step graph as a WebAssembly module with one loop nest per node, for graphs with matrix products such as networks.

The function `step(memory)` computes one step of one run. Its memory has all values one after the other, as float64:
x and the state, the other inputs, the values of all nodes. Conditions are 0 or 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.native.by_node.nests import Nests
from optlab.engine.native.by_node.places import Arena, Place, Stored
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.llvm_builder import ATTRIBUTES, Body
from optlab.engine.native.llvm_rules import digits
from optlab.engine.native.webassembly.linker import linked
from optlab.engine.native.webassembly.target import SCALAR, object_code
from optlab.engine.nodes import Var

MOST = 4_000_000
"""The most numbers in memory, 32 MB."""


@dataclass(frozen=True)
class NodeLayout:
    """Where the caller of `step` finds its values: indices of float64 numbers in the memory that it passes.

    - `dim`, `entries`: the number of entries of x, and of x and the state together. These begin at index 0.
    - `inputs`: the indices of the other inputs of the graph, single numbers.
    - `loss`: the index of the loss at x. `after`: the index of the first of the next x and state.
    - `size`: the number of all numbers. `imports`, `heap`: as in `module.WasmLayout`.
    """

    dim: int
    entries: int
    inputs: tuple[int, ...]
    loss: int
    after: int
    size: int
    imports: tuple[str, ...]
    heap: int


def module_by_node(graph: Graph, carried: int) -> tuple[bytes, NodeLayout]:
    """The module of a graph (x, *state, *others) -> (loss at x, next x, *next state, ...) of `carried` arrays.

    Raises:
        Unsupported: the graph is too large, or has an operation without a loop nest.
    """
    rest = graph.inputs[carried:]
    if any(var.shape for var in rest):
        raise Unsupported("it takes data that change from step to step")
    declarations, places = _constants(graph)
    body, arena = Body(SCALAR, declarations), _arena(graph)
    inputs = [arena.place(var.shape) for var in graph.inputs]
    nests = Nests(graph, body, arena, places | dict(zip(graph.inputs, inputs, strict=True)))
    nests.write()
    loss, *after = (arena.place(var.shape) for var in graph.outputs[: 1 + carried])
    for var, place in zip(graph.outputs[: 1 + carried], (loss, *after), strict=True):
        nests.copy(nests.places[var], place)
    variables = [f"  {line}" for line in nests.variables]
    function = ["define void @step(ptr %memory) #0 {", *variables, *body.lines, "  ret void", "}"]
    text = "\n".join([*function, *declarations.values(), ATTRIBUTES])
    found = linked(object_code(text, SCALAR), ("step",))
    return found.code, NodeLayout(
        dim=math.prod(graph.inputs[0].shape),
        entries=sum(math.prod(var.shape) for var in graph.inputs[:carried]),
        inputs=tuple(place.offset for place in inputs[carried:]),
        loss=loss.offset,
        after=after[0].offset,
        size=arena.used,
        imports=found.imports,
        heap=found.heap,
    )


def _arena(graph: Graph) -> Arena:
    viewed = [var for node in graph.nodes if node.op.kind == "view" for var in node.inputs]  # they may be copied
    made = [node.output for node in graph.nodes]
    size = sum(math.prod(var.shape) for var in (*graph.inputs, *made, *viewed, *graph.outputs))
    if size > MOST:
        raise Unsupported(f"a step has more than {MOST:,} numbers")
    return Arena("%memory", size)


def _constants(graph: Graph) -> tuple[dict[str, str], dict[Var, Place]]:
    """The constants as data of the module, and their places."""
    declarations: dict[str, str] = {}
    places: dict[Var, Place] = {}
    for n, (var, value) in enumerate(graph.constants.items()):
        numbers = np.array(value, dtype=np.float64, order="C")
        entries = ", ".join(f"double {digits(entry)}" for entry in numbers.ravel().tolist())
        declarations[f"data{n}"] = f"@data{n} = private constant [{numbers.size} x double] [{entries}]"
        places[var] = Place(f"@data{n}", numbers, numbers, Stored.ONE)
    return declarations, places
