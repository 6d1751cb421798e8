"""Networks in TOML files: both forms, and every mistake with its place."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.errors import SpecError, UserError
from optlab.explain.backprop import backprop
from optlab.explain.network_file import read

GOOD = """\
inputs = [0.1, 0.2]
targets = [0.01, 0.99]
[[layer]]
weights = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
biases = [0.1, 0.2, 0.3]
[[layer]]
weights = [[0.5, 0.6, 0.7], [0.7, 0.8, 0.9]]
biases = [0.66, 0.67]
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "net.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_arguments_of_a_file(file):
    assert read(file(GOOD)) == {
        "inputs": [0.1, 0.2],
        "targets": [0.01, 0.99],
        "weights": [[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], [[0.5, 0.6, 0.7], [0.7, 0.8, 0.9]]],
        "biases": [[0.1, 0.2, 0.3], [0.66, 0.67]],
        "activation": "sigmoid",
        "output": None,
        "loss": "half_squared_error",
        "lr": 0.5,
    }


@pytest.mark.parametrize(
    ("head", "own", "names"),
    [
        ("", "", ["sigmoid", "sigmoid"]),
        ('activation = "tanh"', "", ["tanh", "tanh"]),
        ('activation = "tanh"\noutput = "relu"', "", ["tanh", "relu"]),
        ('loss = "cross_entropy"', "", ["sigmoid", "linear"]),
        ('activation = ["relu", "tanh"]', "", ["relu", "tanh"]),
        ('activation = "tanh"', 'activation = "relu"', ["relu", "tanh"]),
        ('loss = "cross_entropy"', 'activation = "relu"', ["relu", "linear"]),
        ('output = "tanh"', 'activation = "relu"', ["relu", "tanh"]),
    ],
)
def test_activations(file, head, own, names):
    text = f"{head}\n{GOOD}".replace("[[layer]]", f"[[layer]]\n{own}", 1)
    assert [layer.activation for layer in backprop(**read(file(text))).layers] == names


def test_drawn_networks(file):
    path = file("sizes = [64, 32, 10]\nseed = 3\ninit = 'he'\nactivation = 'relu'\nloss = 'cross_entropy'")
    result = backprop(**read(path))
    assert result.sizes == [64, 32, 10]
    assert result.layers[0].weights.std() == pytest.approx(np.sqrt(2 / 64), rel=0.05)
    assert result.layers[0].biases.tolist() == [0.0] * 32
    assert (result.inputs.min() >= 0, result.inputs.max() < 1) == (True, True)
    assert result.targets.tolist() == [1.0] + [0.0] * 9
    assert read(path)["weights"] == [layer.weights.tolist() for layer in result.layers]
    path.write_text(path.read_text().replace("seed = 3", "seed = 4"))
    assert read(path)["weights"] != [layer.weights.tolist() for layer in result.layers]


def edited(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inputs = [", ["1:11: not valid TOML: invalid value (texts need quotes), at the end of the file"]),
        (
            "",
            ["1:1: layer is missing: write [[layer]] with weights and biases, or sizes = [2, 3, 2] for random weights"],
        ),
        (
            edited("inputs", "input"),
            ["1:1: inputs is missing: write inputs = [0.1, 0.2]", "1:1: unknown key input (did"],
        ),
        (
            edited("0.2]", "0.2, 0.3]"),
            ["1:1: inputs must hold 2 numbers, one for each column of the first weights, not 3"],
        ),
        (edited("0.01, ", ""), ["2:1: targets must hold 2 numbers, one for each unit of the last layer, not 1"]),
        (edited("0.01", "nan"), ["2:12: targets[0] must be finite, not nan"]),
        (edited("0.01", '"0.01"'), ["2:12: targets[0] must be a number, not the text '0.01'"]),
        (edited("[0.01, 0.99]", "1"), ["2:1: targets must be a list of numbers, not 1"]),
        (edited("0.4]", "0.4, 0]"), ["4:24: weights[1] must hold 2 numbers, as the previous row does, not 3", "4:3"]),
        (edited("[0.3, 0.4]", "0.3"), ["4:24: weights[1] must be a list of numbers, not 0.3"]),
        (edited("0.4", "true"), ["4:30: weights[1][1] must be a number, not true"]),
        (
            edited("[0.1, 0.2, 0.3]", "[0.1]"),
            ["5:1: biases must hold 3 numbers, one for each row of the weights, not 1"],
        ),
        (
            edited("[[0.5, 0.6, 0.7], [0.7, 0.8, 0.9]]", "[[0.5, 0.6], [0.7, 0.8]]"),
            ["7:1: weights must have rows of 3 numbers, one for each unit of the previous layer, not of 2"],
        ),
        (edited("biases = [0.66, 0.67]\n", ""), ["6:3: biases is missing: write biases = [0.1, 0.2]"]),
        (edited("biases = [0.66", "bias = 1\nbiases = [0.66"), ["8:1: unknown key bias (did you mean 'biases'?)"]),
        (
            edited("biases = [0.66", 'activation = "sigmod"\nbiases = [0.66'),
            ["8:1: activation must be one of sigmoid, tanh, relu, linear, not the text 'sigmod' (did you mean"],
        ),
        (
            'loss = "cross_entropy"\n' + edited("biases = [0.66", 'activation = "tanh"\nbiases = [0.66'),
            ["9:1: activation must be 'linear', not 'tanh': cross_entropy takes the softmax of a linear output"],
        ),
        (
            'activation = "tahn"\n' + edited("biases = [0.66", 'activation = "tanh"\nbiases = [0.66'),
            ["1:1: activation must be one of sigmoid, tanh, relu, linear, not the text 'tahn' (did you mean 'tanh'?)"],
        ),
        (
            'activation = ["tanh", "tanh"]\n' + edited("biases = [0.66", 'activation = "tanh"\nbiases = [0.66'),
            ["1:1: activation must be a single name if a [[layer]] has an activation, not a list of 2"],
        ),
        (
            'output = 3\nloss = "cross_entropy"\n' + edited("[[layer]]\n", '[[layer]]\nactivation = "tanh"\n'),
            ["1:1: output must be one of sigmoid, tanh, relu, linear, not 3"],
        ),
        (
            'loss = "half"\n' + GOOD,
            ["1:1: loss must be one of half_squared_error, mean_squared_error, cross_entropy, not"],
        ),
        ("lr = 0\n" + GOOD, ["1:1: lr must be above 0, not 0"]),
        ("lr = '1'\n" + GOOD, ["1:1: lr must be a number, not the text '1'"]),
        ("init = 'he'\n" + GOOD, ["1:1: init applies only to random weights, and this file gives the weights"]),
        ("sizes = [2, 2]\n" + GOOD, ["1:1: sizes and [[layer]] exclude each other: write sizes for"]),
        ("inputs = [1]\ntargets = [1]\n[layer]", ["3:2: layer must be tables: write [[layer]]"]),
        ("sizes = [2]", ["1:1: sizes must be a list of two or more whole numbers, as in [2, 3, 2], not a list of 1"]),
        ("sizes = [2, 0, 1.0]", ["1:13: sizes[1] must be a whole number from 1 on, not 0", "1:16: sizes[2] must be"]),
        ("sizes = [2000, 1000]", ["1:1: sizes give more than 1,000,000 weights and biases"]),
        ("sizes = [2, 2]\nseed = -1", ["2:1: seed must be a whole number from 0 on, not -1"]),
        ("sizes = [2, 2]\ninit = 'xaver'", ["2:1: init must be one of xavier, he, not the text 'xaver' (did you mean"]),
        (
            "sizes = [2, 2]\ninputs = [1]",
            ["2:1: inputs must hold 2 numbers, one for each column of the first weights, not 1"],
        ),
        ("sizes = [2, 2]\nsize = 3", ["2:1: unknown key size (did you mean 'sizes'?)"]),
    ],
)
def test_mistakes_are_reported_with_their_place(file, text, said):
    path = file(text)
    with pytest.raises(SpecError) as info:
        read(path)
    heads = [line for line in str(info.value).splitlines() if line.startswith(str(path))]
    assert len(heads) == len(said), heads
    for line, start in zip(heads, said, strict=True):
        assert line.startswith(f"{path}:{start}")


def test_all_mistakes_at_once(file):
    text = "lr = 0\nlos = 1\n" + GOOD.replace("0.4", "nan").replace("0.67", '"b"')
    with pytest.raises(SpecError) as info:
        read(file(text))
    assert [(m.line, m.column) for m in info.value.mistakes] == [(1, 1), (2, 1), (6, 30), (10, 17)]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        read(str(tmp_path / "bad.toml"))
