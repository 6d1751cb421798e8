"""Gates: the text's numbers, and the gradient at every gate against torch."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

import optlab
from optlab.errors import UserError
from optlab.explain.gates import gates
from optlab.explain.parser import parse


def of(text, **values):
    parsed = parse(text)
    return gates(parsed.function, [values[name] for name in parsed.names], parsed.names)


def gradients(found):
    return {name: float(value) for name, value in found.gradients.items()}


def test_inputs_that_tie_share_the_gradient_and_a_note_is_printed():
    found = of("max(x, y)", x=1, y=1)
    assert gradients(found) == {"x": 0.5, "y": 0.5}
    assert "the selected input gets the whole gradient, the others get none; inputs that tie share it" in str(found)


# ---- the text's examples ---------------------------------------------------------------------------------------------


def test_the_example_of_the_text():
    found = of("(x + y) * z", x=-2, y=5, z=-4)
    q, f = found.gates
    assert (q.name, q.written, float(q.value), float(q.gradient)) == ("q", "x + y", 3.0, -4.0)
    assert (f.name, f.written, float(f.value), float(f.gradient)) == ("f", "q * z", -12.0, 1.0)
    assert [(w.name, float(w.value), float(w.local), float(w.gradient)) for w in f.wires] == [
        ("q", 3.0, -4.0, -4.0),
        ("z", -4.0, 3.0, 3.0),
    ]
    assert [(w.name, float(w.local), float(w.gradient)) for w in q.wires] == [("x", 1.0, -4.0), ("y", 1.0, -4.0)]
    assert float(found.value) == -12.0
    assert gradients(found) == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert str(found).splitlines()[-1] == "f = -12; df/dx = -4, df/dy = -4, df/dz = 3"


def test_the_gates_of_the_second_figure_distribute_route_and_swap():
    found = of("2*(x*y + max(z, w))", x=3, y=-4, z=2, w=-1)
    assert float(found.value) == -20.0
    assert gradients(found) == {"x": -8.0, "y": 6.0, "z": 2.0, "w": 0.0}
    assert [(g.written, g.role, float(g.value), float(g.gradient)) for g in found.gates] == [
        ("x * y", "swaps", -12.0, 2.0),
        ("max(z, w)", "routes", 2.0, 2.0),
        ("q1 + q2", "distributes", -10.0, 2.0),
        ("2 * q3", "swaps", -20.0, 1.0),
    ]
    text = str(found)
    for role in ("distributes", "routes", "swaps"):
        assert sum(line.startswith(f"{role}: ") for line in text.splitlines()) == 1


def test_a_neuron_by_hand():
    found = of("1/(1+exp(-(w0*x0+w1*x1+w2)))", w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    s = 1 / (1 + math.exp(-1))
    slope = s * (1 - s)
    expected = {"w0": -slope, "x0": 2 * slope, "w1": -2 * slope, "x1": -3 * slope, "w2": slope}
    assert float(found.value) == pytest.approx(s, abs=1e-15)
    assert gradients(found) == pytest.approx(expected, abs=1e-15)


def test_the_printed_table():
    assert str(of("x*x - 0.5", x=3)) == (
        "gate         value  gradient  input  value  local  flows back  the gate\n"
        "q = x * x        9         1      x      3      3           3  swaps\n"
        "                                  x      3      3           3\n"
        "f = q - 0.5    8.5         1      q      9      1           1  distributes, turning\n"
        "                                0.5    0.5     -1          -1\n"
        "\n"
        "swaps: each input gets the gradient times the other input\n"
        "distributes, turning: the first input gets the gradient unchanged, the second with opposite sign\n"
        "\n"
        "f = 8.5; df/dx = 6"
    )


# ---- against torch ---------------------------------------------------------------------------------------------------

UNARY = {
    "exp": lambda a: torch.exp(a),
    "sin": lambda a: torch.sin(a),
    "cos": lambda a: torch.cos(a),
    "tanh": lambda a: torch.tanh(a),
    "sigmoid": lambda a: torch.sigmoid(a),
    "relu": lambda a: torch.relu(a),
    "abs": lambda a: torch.abs(a),
    "square": lambda a: torch.square(a),
}
BINARY = {
    "({} + {})": lambda a, b: a + b,
    "({} - {})": lambda a, b: a - b,
    "({} * {})": lambda a, b: a * b,
    "({} / {})": lambda a, b: a / b,
    "max({}, {})": lambda a, b: torch.maximum(a, b),
    "min({}, {})": lambda a, b: torch.minimum(a, b),
}


def build(rng, leaves, depth, kept):
    """A random expression as text, and in torch; every intermediate value is kept, in order of evaluation."""
    if depth == 0:
        name = str(rng.choice(list(leaves)))
        return name, leaves[name]
    text, a = build(rng, leaves, depth - 1, kept)
    if rng.random() < 0.4:
        name = str(rng.choice(list(UNARY)))
        text, value = f"{name}({text})", UNARY[name](a)
    else:
        form = str(rng.choice(list(BINARY)))
        other, b = build(rng, leaves, depth - 1, kept)
        text, value = form.format(text, other), BINARY[form](a, b)
    value.retain_grad()
    kept.append(value)
    return text, value


@pytest.mark.parametrize("seed", range(40))
def test_the_gradient_at_every_gate_against_torch(seed):
    rng = np.random.default_rng(seed)
    values = dict(zip("xyzw", rng.uniform(-1.5, 1.5, 4).tolist(), strict=True))
    leaves = {name: torch.tensor(v, dtype=torch.float64, requires_grad=True) for name, v in values.items()}
    kept = []
    text, output = build(rng, leaves, 4, kept)
    output.backward()
    found = of(text, **values)
    assert len(found.gates) == len(kept)
    for gate, value in zip(found.gates, kept, strict=True):
        assert float(gate.value) == pytest.approx(value.item(), rel=1e-13, abs=1e-13)
        assert float(gate.gradient) == pytest.approx(value.grad.item(), rel=1e-11, abs=1e-13)
        for wire in gate.wires:
            assert float(wire.gradient) == pytest.approx(float(wire.local) * float(gate.gradient), rel=1e-12)
    for name, gradient in found.gradients.items():
        assert float(gradient) == pytest.approx(leaves[name].grad.item(), rel=1e-11, abs=1e-13)


ARRAYS = {
    "a layer": (
        lambda x, w: np.sum(np.tanh(w @ x + 1.0) ** 2),
        lambda x, w: torch.sum(torch.tanh(w @ x + 1.0) ** 2),
    ),
    "slices": (
        lambda x, w: np.sum((x[1:] - x[:-1] ** 2) * w[0, :2]),
        lambda x, w: sum((x[1:] - x[:-1] ** 2) * w[0, :2]),
    ),
    "a choice": (
        lambda x, w: np.max(np.where(w > 0, w * x, np.exp(x))),
        lambda x, w: torch.max(torch.where(w > 0, w * x, torch.exp(x))),
    ),
    "joining": (
        lambda x, w: np.sum(np.concatenate([x, w.T[:, 0]])[::-1] * np.arange(6.0)),
        lambda x, w: torch.sum(torch.flip(torch.cat([x, w.T[:, 0]]), (0,)) * torch.arange(6.0)),
    ),
    "a mean": (
        lambda x, w: np.mean(w / np.linalg.norm(x), axis=0) @ x,
        lambda x, w: torch.mean(w / torch.linalg.norm(x), 0) @ x,
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_gates_of_arrays_against_torch(name):
    f, same_in_torch = ARRAYS[name]
    rng = np.random.default_rng(3)
    values = [rng.normal(size=3), rng.normal(size=(2, 3))]
    found = gates(f, values)
    inputs = [torch.tensor(v, requires_grad=True) for v in values]
    same_in_torch(*inputs).backward()
    for gradient, tensor in zip(found.gradients.values(), inputs, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-12, atol=1e-14)
    into = {}
    for wire in (wire for gate in found.gates for wire in gate.wires if wire.gradient is not None):
        into[wire.name] = into.get(wire.name, 0.0) + wire.gradient
    arrived = {gate.name: gate.gradient for gate in found.gates} | dict(found.gradients)
    for value in into.keys() & arrived.keys():  # the gradient of a value is the sum of all contributions
        np.testing.assert_allclose(arrived[value], into[value], rtol=1e-12, atol=1e-14)
    assert len(str(found).splitlines()) > len(found.gates)
    ET.fromstring(found.draw().svg())


# ---- arrays, and what has no derivative ------------------------------------------------------------------------------


def test_rosenbrock_at_its_start(built_in):
    problem = built_in.problem("rosenbrock")
    found = gates(problem.function, [[-1.5, 2.0]])
    assert float(found.value) == 12.5
    assert found.gradients["x"].tolist() == [-155.0, -50.0]  # -400 x (y - x^2) - 2 (1 - x), 200 (y - x^2)
    roles = {gate.written: gate.role for gate in found.gates}
    assert roles["x[1:]"] == "selects"
    assert roles["sum(q10)"] == "spreads"
    (last,) = found.gates[-1].wires
    assert (last.local, last.gradient.tolist()) == (None, [1.0])


def test_local_gradients_of_broadcast_numbers_are_elementwise():
    found = gates(lambda a, x: np.sum(a * x), (2.0, [1.0, 3.0]))
    a, x = found.gates[0].wires
    assert (a.local.tolist(), float(a.gradient)) == ([1.0, 3.0], 4.0)
    assert (x.local.tolist(), x.gradient.tolist()) == ([2.0, 2.0], [2.0, 2.0])


def test_conditions_have_no_gradient():
    found = gates(lambda x: np.where(x > 1, x * x, 0.0), (3.0,))
    above = next(gate for gate in found.gates if gate.operation == "greater")
    assert (above.gradient, above.role, bool(above.value)) == (None, "stops", True)
    assert all(wire.local is None and wire.gradient is None for wire in above.wires)
    assert gradients(found) == {"x": 6.0}


def test_long_arrays_are_abbreviated():
    text = str(gates(lambda x: np.sum(x * 2), (np.arange(6.0),)))
    assert "[0 1 2 ...] (6,)" in text
    assert max(map(len, text.splitlines())) < 140


@pytest.mark.parametrize(
    ("f", "values", "names"),
    [
        (lambda q, r, s: q * r + s, (1.0, 2.0, 3.0), ["q1", "f"]),
        (lambda q, r: (q + r) * r, (1.0, 2.0), ["q1", "f"]),
        (lambda f, x: (f + x) * x, (1.0, 2.0), ["q", "f1"]),
        (lambda x: x * 2, (1.0,), ["f"]),
    ],
)
def test_names_of_gates_are_not_those_of_inputs(f, values, names):
    assert [gate.name for gate in gates(f, values).gates] == names


def test_a_graph_with_new_names():
    graph = optlab.trace(lambda a, b: a * b, 1.0, 1.0)
    assert gradients(gates(graph, (2.0, 3.0))) == {"a": 3.0, "b": 2.0}
    assert gradients(gates(graph, (2.0, 3.0), ("u", "v"))) == {"u": 3.0, "v": 2.0}


def test_functions_without_gates():
    assert str(gates(lambda x: x, (3.0,))) == "f = 3; df/dx = 1"
    assert str(gates(lambda x: 7.0, (3.0,))) == "f = 7; df/dx = 0"
    for f in (lambda x: x, lambda x: 7.0):
        ET.fromstring(gates(f, (3.0,)).draw().svg())


def test_a_function_with_several_values_is_an_error():
    with pytest.raises(UserError, match=r"this one returns an array of shape \(2,\); np.sum adds all entries"):
        gates(lambda x: x, ([1.0, 2.0],))
    with pytest.raises(UserError, match="this one returns 2 values"):
        gates(lambda x: (x, x), (1.0,))


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_the_picture_has_values_in_green_and_gradients_in_red():
    from optlab.markup.svg import GRADIENT, VALUE, Text

    texts = [s for s in of("(x + y) * z", x=-2, y=5, z=-4).draw().shapes if isinstance(s, Text)]
    assert sorted(t.text for t in texts if t.colour == VALUE) == ["-12", "-2", "-4", "3", "5"]
    assert sorted(t.text for t in texts if t.colour == GRADIENT) == ["-4", "-4", "-4", "1", "3"]
    assert {"x", "y", "z", "+", "*", "q", "f"} <= {t.text for t in texts}


def test_the_html_for_notebooks_has_the_picture():
    found = of("x*y", x=1, y=2)
    assert found._repr_svg_() == found.draw().svg()
