"""The numbers of backpropagation through a multilayer perceptron, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of n units that follows a layer of m units: `weights` (n, m), `biases` (n,), the results of the forward
    pass and of the four equations, and the engine's gradients."""

    weights: Floats
    biases: Floats
    activation: str
    z: Floats
    a: Floats
    slope: Floats
    """sigma'(z)"""
    delta: Floats
    """The error dC/dz."""
    grad_weights: Floats
    grad_biases: Floats
    engine_weights: Floats
    engine_biases: Floats

    @property
    def differences(self) -> tuple[float, float]:
        """The largest differences in dC/dw and in dC/db between the four equations and the engine."""
        weights = np.max(np.abs(self.grad_weights - self.engine_weights))
        return float(weights), float(np.max(np.abs(self.grad_biases - self.engine_biases)))


@dataclass(frozen=True, eq=False)
class BackpropNumbers:
    """The numbers of one pass of backpropagation. `layers[0]` is called layer 2 in the text: it is the first layer
    after the inputs."""

    inputs: Floats
    targets: Floats
    layers: tuple[Layer, ...]
    loss: str
    cost: float
    lr: float
    outputs_after: Floats
    """The outputs after one step of gradient descent, w - lr dC/dw and b - lr dC/db."""
    cost_after: float

    @property
    def sizes(self) -> list[int]:
        return [len(self.inputs), *(len(layer.biases) for layer in self.layers)]

    @property
    def grad_weights(self) -> list[Floats]:
        return [layer.grad_weights for layer in self.layers]

    @property
    def grad_biases(self) -> list[Floats]:
        return [layer.grad_biases for layer in self.layers]
