"""Backpropagation as text: the computation at every neuron and every weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optlab.explain.backprop_numbers import BackpropNumbers, Floats
from optlab.explain.network import ACTIVATIONS, LOSSES, softmax

SHOWN = 5
"""The maximum number of neurons of a layer that are shown."""


def text(result: BackpropNumbers) -> str:
    """All steps as text. Operands are rounded to six digits, results are not."""
    sections = (_forward, _output_errors, _hidden_errors, _bias_gradients, _weight_gradients, _comparison, _step)
    head = f"A network of {'-'.join(map(str, result.sizes))} units, C = {LOSSES[result.loss].cost_formula}"
    parts = ["\n".join(section(result)) for section in sections]
    return "\n\n".join([head, *filter(None, parts)])


def letter(result: BackpropNumbers, layer: int) -> str:
    """The letter in the names of a layer's neurons: i for inputs, h for hidden neurons, o for outputs."""
    return {1: "i", len(result.layers) + 1: "o"}.get(layer, "h")


def _forward(result: BackpropNumbers) -> Iterator[str]:
    yield "Forward pass: z^l = w^l a^(l-1) + b^l, a^l = sigma(z^l)"
    yield "  layer 1: inputs"
    yield from _each(len(result.inputs), "neurons", lambda j: f"i{j + 1}  a = {float(result.inputs[j])}")
    before = result.inputs
    for number, layer in enumerate(result.layers, start=2):
        name = letter(result, number)
        yield f"  layer {number}: {layer.activation}"
        for j in range(min(len(layer.a), SHOWN)):
            total = f"{_sum(layer.weights[j], before)} + {_factor(layer.biases[j])}"
            head = f"    {name}{j + 1}  "
            yield f"{head}z = {total} = {float(layer.z[j])}"
            yield f"{' ' * len(head)}a = {layer.activation}(z) = {float(layer.a[j])}"
        yield from _rest(len(layer.a), "neurons")
        before = layer.a
    yield f"  cost: C = {result.cost}"


def _output_errors(result: BackpropNumbers) -> Iterator[str]:
    layer, count = result.layers[-1], len(result.targets)
    slopes = f"grad_a C = {LOSSES[result.loss].slope_formula}, sigma'(z) = {ACTIVATIONS[layer.activation].formula}"
    yield "BP1, the errors of the output layer: delta^L = grad_a C * sigma'(z^L)"
    yield f"  layer {len(result.layers) + 1}: {slopes}"
    predictions = _predictions(result, layer.a)
    share = f"2/{count}*" if result.loss == "mean_squared_error" else ""

    def error(j: int) -> str:
        slope = f"{share}({_factor(predictions[j])} - {_factor(result.targets[j])})"
        return f"o{j + 1}  delta = {slope}*{_factor(layer.slope[j])} = {float(layer.delta[j])}"

    yield from _each(count, "neurons", error)


def _hidden_errors(result: BackpropNumbers) -> Iterator[str]:
    if len(result.layers) == 1:
        return
    yield "BP2, the errors of the hidden layers: delta^l = ((w^(l+1))^T delta^(l+1)) * sigma'(z^l)"
    for number in range(len(result.layers), 1, -1):
        layer, following = result.layers[number - 2 : number]
        yield f"  layer {number}: sigma'(z) = {ACTIVATIONS[layer.activation].formula}"
        for j in range(min(len(layer.delta), SHOWN)):
            arriving = _sum(following.weights[:, j], following.delta)
            yield f"    h{j + 1}  delta = ({arriving})*{_factor(layer.slope[j])} = {float(layer.delta[j])}"
        yield from _rest(len(layer.delta), "neurons")


def _bias_gradients(result: BackpropNumbers) -> Iterator[str]:
    yield "BP3, the gradient of the biases: dC/db^l = delta^l"
    first = 1
    for number, layer in enumerate(result.layers, start=2):
        yield f"  layer {number}"
        for j in range(min(len(layer.grad_biases), SHOWN)):
            yield f"    dC/db{first + j} = {float(layer.grad_biases[j])}"
        yield from _rest(len(layer.grad_biases), "biases")
        first += len(layer.grad_biases)


def _weight_gradients(result: BackpropNumbers) -> Iterator[str]:
    yield "BP4, the gradient of the weights: dC/dw^l_jk = a^(l-1)_k delta^l_j"
    first, before = 1, result.inputs
    for number, layer in enumerate(result.layers, start=2):
        source, target = letter(result, number - 1), letter(result, number)
        yield f"  layer {number}"
        units, arriving = layer.grad_weights.shape
        for j in range(min(units, SHOWN)):
            for k in range(min(arriving, SHOWN)):
                name = f"dC/dw{first + j * arriving + k}"
                product = f"{_factor(before[k])}*{_factor(layer.delta[j])} = {float(layer.grad_weights[j, k])}"
                yield f"    {source}{k + 1} to {target}{j + 1}  {name} = {product}"
        yield from _rest(units * arriving, "weights", min(units, SHOWN) * min(arriving, SHOWN))
        first, before = first + units * arriving, layer.a


def _comparison(result: BackpropNumbers) -> Iterator[str]:
    yield "The four equations and the engine, which differentiates the whole network: largest difference"
    yield "  layer     dC/dw     dC/db"
    for number, layer in enumerate(result.layers, start=2):
        weights, biases = layer.differences
        yield f"  {number:5}  {weights:8.1e}  {biases:8.1e}"


def _step(result: BackpropNumbers) -> Iterator[str]:
    yield f"One step of gradient descent: w - eta dC/dw, b - eta dC/db, with eta = {result.lr:g}"
    what = "p" if result.loss == "cross_entropy" else "a"
    yield f"  neuron           y  {f'{what} before':>10}  {f'{what} after':>10}"
    before, after = (_predictions(result, a) for a in (result.layers[-1].a, result.outputs_after))
    columns = zip(result.targets, before, after, strict=True)
    rows = [f"{f'o{j}':6}  {y:10.6g}  {a:10.6g}  {b:10.6g}" for j, (y, a, b) in enumerate(columns, start=1)]
    yield from (f"  {row}" for row in rows[:SHOWN])
    yield from _rest(len(rows), "neurons")
    yield f"  C before {result.cost}"
    yield f"  C after  {result.cost_after}"


def _predictions(result: BackpropNumbers, a: Floats) -> Floats:
    """The values that the loss compares with the targets."""
    return softmax(a) if result.loss == "cross_entropy" else a


def _each(count: int, what: str, line: Callable[[int], str]) -> Iterator[str]:
    yield from (f"    {line(j)}" for j in range(min(count, SHOWN)))
    yield from _rest(count, what)


def _rest(count: int, what: str, shown: int = SHOWN) -> Iterator[str]:
    if count > shown:
        yield f"    ... and {count - shown} more {what}"


def _sum(weights: Floats, values: Floats) -> str:
    """A sum of products such as 0.1*0.1 + 0.2*0.2; of a long sum only the first terms."""
    terms = [f"{_factor(w)}*{_factor(v)}" for w, v in zip(weights[:SHOWN], values[:SHOWN], strict=True)]
    return " + ".join([*terms, *["..."] * (len(weights) > SHOWN)])


def _factor(value: float) -> str:
    """A number in a formula: six digits, in parentheses if it is negative."""
    return f"({value:.6g})" if value < 0 else f"{value:.6g}"
