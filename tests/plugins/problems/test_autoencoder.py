"""The autoencoder against torch, and its shapes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from optlab.engine.derivatives import value_and_grad
from optlab.errors import SpecError
from optlab.plugins.problems.networks.autoencoder import autoencoder, initial_weights, layers


def test_loss_and_gradient_equal_those_of_torch():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(7, 5))
    x = initial_weights(rng=rng, inputs=inputs, hidden=(4, 2), init="he") + 0.1
    shapes = layers(inputs, None, {"hidden": (4, 2)})
    assert shapes == [(5, 4), (4,), (4, 2), (2,), (2, 4), (4,), (4, 5), (5,)]
    assert x.size == sum(int(np.prod(shape)) for shape in shapes)
    loss, slope = value_and_grad(lambda p: autoencoder(p, inputs=inputs, hidden=(4, 2)))(x)

    weights = torch.tensor(x, requires_grad=True)
    parts = torch.split(weights, [int(np.prod(shape)) for shape in shapes])
    z = torch.tensor(inputs)
    for n in range(0, 8, 2):
        z = (torch.tanh(z) if n else z) @ parts[n].reshape(shapes[n]) + parts[n + 1]
    reference = torch.nn.functional.mse_loss(z, torch.tensor(inputs))
    reference.backward()
    assert loss == pytest.approx(reference.item(), rel=1e-14)
    np.testing.assert_allclose(slope, weights.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_one_hidden_layer_is_the_code():
    assert layers(np.ones((3, 5)), None, {"hidden": (2,)}) == [(5, 2), (2,), (2, 5), (5,)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hidden": [8, 0]}, "the hidden layers of autoencoder must be a list of integers above 0, not [8, 0"),
        ({"hidden": [[]]}, "the encoder of autoencoder needs at least one layer"),
        ({"activation": "rely"}, "autoencoder has no activation 'rely' (did you mean 'relu'?)"),
        ({"init": "x"}, "autoencoder has no init 'x'"),
    ],
)
def test_wrong_options(planned, options, said):
    with pytest.raises(SpecError) as caught:
        planned({"problem": [{"name": "autoencoder"} | options], "optimizer": [{"name": "adam"}]})
    assert said in str(caught.value)
