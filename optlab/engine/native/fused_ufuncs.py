"""Graph -> Graph: fuses chains of elementwise arithmetic, each into one NumPy ufunc in machine code.

An update rule on large arrays is about a dozen NumPy calls, each of which reads its arrays from memory and writes them
back. A fused ufunc reads and writes once. Only operations that IEEE 754 rounds correctly are fused, and each is rounded
as before. So fusion changes the speed only: the result is the same to the bit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.native.ir import CONDITIONS
from optlab.engine.native.jit import Code, this_machine
from optlab.engine.native.llvm_builder import ATTRIBUTES, Body
from optlab.engine.native.llvm_rules import RULES, compare, literal, select
from optlab.engine.native.machine import Machine
from optlab.engine.nodes import Node, Op, Var
from optlab.engine.ops import OPS
from optlab.engine.replay import RUN, Input, kinds

EXACT = frozenset(
    [
        *("add", "subtract", "multiply", "divide", "negative", "square", "reciprocal", "sqrt", "absolute", "where"),
        *("positive_zero", "over_cosh_square"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or", "logical_not", "logical_xor"),
    ]
)
"""Operations whose result is the same to the bit on every platform."""

MOST_INPUTS = 16
_REALS = {np.dtype(np.float64): "double", np.dtype(np.float32): "float"}
_FROM_FUNC_AND_DATA = 1  # the index of PyUFunc_FromFuncAndData in NumPy's table of C functions


def fuse(graph: Graph, inputs: Sequence[Input]) -> Graph:
    """The same function with fewer nodes. Returns `graph` itself if nothing can be fused."""
    trees = _Trees(graph, inputs).found()
    if not trees:
        return graph
    operations = _operations(trees)
    nodes = []
    absorbed = {node.output for tree in trees for node in tree.nodes[:-1]}
    last = {tree.nodes[-1].output: (tree, op) for tree, op in zip(trees, operations, strict=True)}
    for node in graph.nodes:
        if node.output in last:
            tree, op = last[node.output]
            nodes.append(Node(op, tree.inputs, {}, node.output))
        elif node.output not in absorbed:
            nodes.append(node)
    return Graph(graph.inputs, tuple(nodes), graph.outputs, graph.constants)


@dataclass(frozen=True)
class _Tree:
    """Nodes in order that become one ufunc. The last node is the result; the others have no use outside the tree.

    `inputs` are computed outside the tree. All numbers have the real type of the result; conditions are of type bool.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[Var, ...]
    constants: Mapping[Var, float]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.nodes[-1].output.dtype


class _Trees:
    """Finds the nodes to fuse: arithmetic on arrays that differ between runs and steps."""

    def __init__(self, graph: Graph, inputs: Sequence[Input]) -> None:
        self.graph = graph
        self.kinds, self.changes = kinds(graph, tuple(inputs))
        self.users: dict[Var, list[Node]] = {}
        for node in graph.nodes:
            for var in node.inputs:
                self.users.setdefault(var, []).append(node)
        self.kept = set(graph.outputs)

    def found(self) -> list[_Tree]:
        part_of: dict[Var, Var] = {}  # a value -> the result of the tree that it is part of
        members: dict[Var, list[Node]] = {}
        for node in reversed(self.graph.nodes):
            if not self._fusible(node):
                continue
            result = self._result_of_all_users(node, part_of) or node.output
            if result is node.output and node.output.dtype.kind == "b":
                continue
            grown = [node, *members.get(result, [])]
            types = {v.dtype for n in grown for v in (*n.inputs, n.output) if v.dtype.kind != "b"}
            if _of_one_type(types) and len(self._from_outside(grown)) <= MOST_INPUTS:
                part_of[node.output], members[result] = result, grown
        return [self._tree(nodes) for nodes in members.values() if len(nodes) > 1]

    def _fusible(self, node: Node) -> bool:
        exact = node.op.name in EXACT and node.op is OPS[node.op.name]  # a user's operation may have the same name
        per_step = self.kinds[node.output] == RUN and self.changes[node.output]
        types = {v.dtype for v in (*node.inputs, node.output) if v.dtype.kind != "b"}
        return exact and per_step and _of_one_type(types)

    def _result_of_all_users(self, node: Node, part_of: Mapping[Var, Var]) -> Var | None:
        """The result of the tree that all users of a value belong to; None if there is none of the same shape."""
        users = self.users.get(node.output, [])
        results = {part_of.get(user.output) for user in users}
        if node.output in self.kept or len(results) != 1 or None in results:
            return None
        (result,) = results
        return result if result is not None and result.shape == node.output.shape else None

    def _from_outside(self, nodes: Sequence[Node]) -> list[Var]:
        inside = {node.output for node in nodes}
        return list(dict.fromkeys(v for n in nodes for v in n.inputs if v not in inside and not self._is_number(v)))

    def _is_number(self, var: Var) -> bool:
        return var in self.graph.constants and not var.shape and var.dtype in _REALS

    def _tree(self, nodes: list[Node]) -> _Tree:
        numbers = {v: float(self.graph.constants[v]) for n in nodes for v in n.inputs if self._is_number(v)}
        return _Tree(tuple(nodes), tuple(self._from_outside(nodes)), numbers)


def _of_one_type(types: set[np.dtype[Any]]) -> bool:
    return len(types) <= 1 and types <= _REALS.keys()


# ---- ufuncs ----------------------------------------------------------------------------------------------------------


def _operations(trees: Sequence[_Tree]) -> list[Op]:
    """Each tree as an operation of the graph language. All trees are compiled together, in one module."""
    machine, declarations = this_machine(), dict[str, str]()
    loops = [line for n, tree in enumerate(trees) for line in _loop(f"loop{n}", tree, machine, declarations)]
    code = Code("\n".join([*loops, *declarations.values(), ATTRIBUTES]))
    return [_operation(code, f"loop{n}", tree) for n, tree in enumerate(trees)]


def _operation(code: Code, name: str, tree: _Tree) -> Op:
    output = tree.nodes[-1].output
    ufunc = _ufunc(code, name, [var.dtype for var in (*tree.inputs, output)])
    return Op("fused", "elementwise", ufunc, lambda *inputs: (output.shape, output.dtype), in_place=True)


def _ufunc(code: Code, name: str, dtypes: Sequence[np.dtype[Any]]) -> Any:
    """A NumPy ufunc with the function `name` as its inner loop; `dtypes` are those of the inputs and of the output."""
    loops = (ctypes.c_void_p * 1)(code.address(name))
    types = (ctypes.c_char * len(dtypes))(*[dtype.num for dtype in dtypes])
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
        *(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int),
        *(ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int),
    )(_numpys_function(_FROM_FUNC_AND_DATA))
    data = (ctypes.c_void_p * 1)(None)
    ufunc = make(loops, data, types, 1, len(dtypes) - 1, 1, -1, b"fused", b"", 0)
    return _OwningUfunc(ufunc, (code, loops, types, data))


class _OwningUfunc:
    """A ufunc that owns the memory that it points to, as NumPy keeps no reference to that memory."""

    def __init__(self, ufunc: Any, memory: Any) -> None:
        self._ufunc, self._memory = ufunc, memory

    def __call__(self, *arrays: Any) -> Any:
        return self._ufunc(*arrays)


def _numpys_function(place: int) -> int:
    """The address of a function of NumPy's C interface."""
    from numpy._core import _multiarray_umath  # pyright: ignore[reportAttributeAccessIssue]

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(get(_multiarray_umath._UFUNC_API, None), ctypes.POINTER(ctypes.c_void_p))
    address = table[place]
    assert address is not None
    return address


def _loop(name: str, tree: _Tree, machine: Machine, declarations: dict[str, str]) -> list[str]:
    """The inner loop of a ufunc: with vectors if each array is contiguous or one number, otherwise entry by entry.

    A single number is first broadcast to a vector in memory, so that all operands are read in the same way.
    """
    real, size = _REALS[tree.dtype], tree.dtype.itemsize
    lanes = replace(machine, width=machine.width * 8 // size)
    wide = Body(lanes, declarations, real=real)
    single = Body(replace(machine, width=1, vectors={}), declarations, "w", real)
    result = len(tree.inputs)
    for n in range(result + 1):
        wide.put(f"%p{n} = load ptr, ptr {wide.at('%arrays', str(n), 'ptr')}, align 8")
        wide.put(f"%s{n} = load i64, ptr {wide.at('%steps', str(n), 'i64')}, align 8")
    wide.put("%n = load i64, ptr %lengths, align 8")
    ready = wide.line(f"icmp eq i64 %s{result}, {size}")
    for n, var in enumerate(tree.inputs):
        kind = _in_memory(var, real)
        number, contiguous = wide.line(f"icmp eq i64 %s{n}, 0"), wide.line(f"icmp eq i64 %s{n}, {var.dtype.itemsize}")
        ready = wide.line(f"and i1 {ready}, {wide.line(f'or i1 {number}, {contiguous}')}")
        wide.put(f"%b{n} = alloca {wide.vector(kind)}, align 64")
        wide.store(wide.spread_from(f"%p{n}", kind), f"%b{n}", wide.vector(kind), align=64)
        wide.put(f"%q{n} = select i1 {number}, ptr %b{n}, ptr %p{n}")
    whole = wide.line(f"and i64 %n, {-wide.width}")
    wide.put(f"%vectors = select i1 {ready}, i64 {whole}, i64 0")
    wide.put("br label %wide")
    _entries(wide, tree, "wide", ("entry", "0"), ("%vectors", "single"), "q")
    _entries(single, tree, "single", ("wide", "%vectors"), ("%n", "done"), "p")
    arguments = "ptr %arrays, ptr %lengths, ptr %steps, ptr %data"
    return [f"define void @{name}({arguments}) #0 {{", "entry:", *wide.lines, *single.lines, "done:", "  ret void", "}"]


def _entries(body: Body, tree: _Tree, label: str, begin: tuple[str, str], end: tuple[str, str], pointer: str) -> None:
    """A loop that computes and stores the entries, vector by vector.

    `begin` is the label of the block before the loop and the first index; `end` is the end index and the label of the
    block after the loop.
    """
    body.label(label)
    body.put(f"%{label}.i = phi i64 [ {begin[1]}, %{begin[0]} ], [ %{label}.next, %{label}.body ]")
    body.put(f"%{label}.more = icmp slt i64 %{label}.i, {end[0]}")
    body.put(f"br i1 %{label}.more, label %{label}.body, label %{end[1]}")
    body.label(f"{label}.body")
    values = {var: literal(number, body.real) for var, number in tree.constants.items()}
    for n, var in enumerate(tree.inputs):
        values[var] = _read(body, var, body.at(f"%{pointer}{n}", body.times(f"%{label}.i", f"%s{n}"), "i8"))
    for node in tree.nodes:
        values[node.output] = _written(body, node, values)
    result = len(tree.inputs)
    place = body.at(f"%p{result}", body.times(f"%{label}.i", f"%s{result}"), "i8")
    body.store(values[tree.nodes[-1].output], place)
    body.put(f"%{label}.next = add i64 %{label}.i, {body.width}")
    body.put(f"br label %{label}")


def _in_memory(var: Var, real: str) -> str:
    """The type of an entry in memory: a condition is a byte."""
    return "i8" if var.dtype.kind == "b" else real


def _read(body: Body, var: Var, place: str) -> str:
    """Numbers or conditions at an address."""
    kind = _in_memory(var, body.real)
    value = body.load(place, body.vector(kind), align=var.dtype.itemsize)
    return body.line(f"icmp ne {body.vector(kind)} {value}, zeroinitializer") if kind == "i8" else value


def _written(body: Body, node: Node, values: Mapping[Var, str]) -> str:
    """A node's value. As in NumPy, a condition used as a number is 1 or 0, and a nonzero number counts as true."""

    def number(var: Var) -> str:
        one, zero = literal(1.0, body.real), literal(0.0, body.real)
        return select(body, values[var], one, zero) if var.dtype.kind == "b" else values[var]

    def condition(var: Var) -> str:
        return values[var] if var.dtype.kind == "b" else compare(body, "une", values[var], literal(0.0, body.real))

    name, inputs = node.op.name, node.inputs
    if name.startswith("logical"):
        return RULES[name](body, *map(condition, inputs))
    if name == "where":
        made = select(body, condition(inputs[0]), number(inputs[1]), number(inputs[2]))
    elif name == "square":
        made = RULES["multiply"](body, *[number(inputs[0])] * 2)
    elif name == "reciprocal":
        made = RULES["divide"](body, literal(1.0, body.real), number(inputs[0]))
    else:
        made = RULES[name](body, *map(number, inputs))
    if node.output.dtype.kind == "b" and name not in CONDITIONS:
        return compare(body, "une", made, literal(0.0, body.real))
    return made
