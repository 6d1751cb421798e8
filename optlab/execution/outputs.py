"""The outputs of a network, such as class probabilities, as a function of its parameters and of examples."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from optlab.engine.containment import contained
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise, settle
from optlab.engine.trace import trace
from optlab.errors import PluginError
from optlab.execution.records import Case
from optlab.plugins.code_location import location


def outputs_graph(case: Case, options: Mapping[str, float], examples: int) -> Graph:
    """The graph (x, inputs) -> (outputs, x, inputs) of a case that trains on data and declares outputs.

    `inputs` has the shape (examples, features), and `outputs` the shape (examples, classes). Each of x and inputs is
    also an output, as the state of a step is.

    Raises:
        TraceError: the function does something that cannot be traced.
        PluginError: it returns something of another shape.
    """
    split, function = case.split, case.problem.outputs
    assert split is not None
    assert function is not None
    shape = (examples, split.train_targets.shape[1])
    targets = np.zeros(shape)
    given = {"inputs": None, "targets": targets, "t": 1.0}
    supplied = {name: given[name] for name in case.problem.signature.supplied}

    def outputs(x: Any, inputs: Any) -> Any:
        with contained():
            return function(x, **{**supplied, "inputs": inputs}, **case.choices, **options)

    graph = trace(
        lambda x, inputs: [outputs(x, inputs), x, inputs],
        np.empty(case.dim),
        np.empty((examples, split.train_inputs.shape[1])),
    )
    if graph.outputs[0].shape != shape:
        found = f"the outputs of problem '{case.problem.name}' have the shape {graph.outputs[0].shape}"
        raise PluginError(f"{location(function)}: {found}; return (examples, classes), here {shape}")
    return optimise(settle(graph))


def outputs_program(case: Case, options: Mapping[str, float], examples: int) -> dict[str, Any]:
    """The WebAssembly module of `outputs_graph` as JSON, for `optlab/report/web/kernels/outputs.js`.

    The memory has x, inputs, and at the index `layout.loss` the outputs.

    Raises:
        Unsupported: an operation has no loop nest. TraceError, PluginError: as `outputs_graph`.
    """
    from optlab.engine.native.webassembly.by_node import module_by_node  # llvmlite takes a while to load

    code, layout = module_by_node(outputs_graph(case, options, examples), 2)
    return {
        "code": base64.b64encode(code).decode(),
        "layout": asdict(layout),
        "is_network": True,
        "dim": case.dim,
        "examples": examples,
    }
