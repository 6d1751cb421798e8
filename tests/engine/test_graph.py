"""The graph language: printing, checking, calling."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab import trace
from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var
from optlab.engine.ops import OPS

PRINTED = {
    "gates": (
        lambda x, y, z: (x + y) * z,
        (-2.0, 5.0, -4.0),
        """\
graph(x: f64[], y: f64[], z: f64[])
  a: f64[] = add(x, y)
  b: f64[] = multiply(a, z)
  return b""",
    ),
    "slices and constants": (
        lambda x: np.sum(0.5 * (x[1:] - x[:-1] ** 2) ** 2),
        (np.ones(3),),
        """\
graph(x: f64[3])
  a: f64[2] = getitem(x, index=[1:])
  b: f64[2] = getitem(x, index=[:-1])
  c: f64[2] = square(b)
  d: f64[2] = subtract(a, c)
  e: f64[2] = square(d)
  f: f64[2] = multiply(0.5, e)
  g: f64[] = sum(f, axis=(0,), keepdims=False)
  return g""",
    ),
    "arrays, conditions, whole numbers": (
        lambda a, n: (np.where(a > n, a, np.array([1.0, 2.0])), a[None, ::2]),
        (np.ones(2), 3),
        """\
graph(a: f64[2], n: i64[])
  b: bool[2] = greater(a, n)
  c: f64[2] = where(b, a, <f64[2]>)
  d: f64[1,1] = getitem(a, index=[newaxis, ::2])
  return c, d""",
    ),
    "joining": (
        lambda x: np.concatenate([x, x.astype(np.float32)]),
        (np.ones(1),),
        """\
graph(x: f64[1])
  a: f32[1] = astype(x, dtype=float32)
  b: f64[2] = place(x, a, shape=(2,), indices=[[:1], [1:2]])
  return b""",
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_a_graph_prints_as_a_program(name):
    f, arguments, text = PRINTED[name]
    printed = str(trace(f, *arguments)).replace("[0:1]", "[:1]")
    assert printed == text


def test_names_never_clash():
    graph = trace(lambda *b: b[0] + b[1] + b[2], 1.0, 2.0, 3.0)
    assert str(graph).splitlines()[0] == "graph(in0: f64[], in1: f64[], in2: f64[])"
    many = str(trace(lambda a: sum(a * i for i in range(2, 32)), 1.0))
    names = [line.split(":")[0].strip() for line in many.splitlines()[1:-1]]
    assert len(set(names)) == len(names)
    assert "a" not in names
    assert "aa" in names


def test_calling_a_graph_computes_its_outputs():
    graph = trace(lambda x, y: (x @ y, x * 2), np.ones(3), np.ones(3))
    product, double = graph([1, 2, 3], np.array([4.0, 5.0, 6.0]))
    assert (float(product), double.tolist()) == (32.0, [2, 4, 6])
    with pytest.raises(ValueError, match="zip"):
        graph(1.0)


def test_a_graph_is_immutable():
    graph = trace(lambda x: x + 1, 1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.nodes = ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.nodes[0].op = OPS["exp"]
    assert all(not value.flags.writeable for value in graph.constants.values())


def test_a_graph_keeps_the_constants_it_was_traced_with():
    data = np.ones(2)
    graph = trace(lambda x: x + data, np.ones(2))
    data[:] = 7
    assert graph(np.zeros(2))[0].tolist() == [1.0, 1.0]


f64 = np.dtype(np.float64)


def test_a_graph_refuses_values_that_are_not_defined_or_defined_twice():
    x, y = Var((), f64), Var((), f64)
    node = Node(OPS["exp"], (x,), {}, y)
    with pytest.raises(AssertionError, match="not defined before"):
        Graph((), (node,), (y,))
    with pytest.raises(AssertionError, match="defined twice"):
        Graph((x,), (node, node), (y,))
    with pytest.raises(AssertionError, match="output is not defined"):
        Graph((x,), (), (y,))
