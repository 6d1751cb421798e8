from itertools import pairwise

import numpy as np
import pytest

import optlab
from optlab.errors import UserError
from optlab.plugins.problems.networks.mlp import initial_weights, mlp

ACTIVATIONS = ["sigmoid", "tanh", "relu"]
COSTS = [
    ("half_squared_error", "linear"),
    ("half_squared_error", "sigmoid"),
    ("mean_squared_error", "linear"),
    ("mean_squared_error", "sigmoid"),
    ("cross_entropy", "linear"),
]
DEPTHS = [[], [5], [5, 4], [3, 6, 4]]
CHOICES = {"hidden": [], "activation": "tanh", "output": "linear", "loss": "cross_entropy", "init": "xavier"}
accuracy = mlp.metrics["accuracy"]


def example(hidden, features=4, classes=3, examples=7):
    """Random parameters (biases too), inputs and targets."""
    rng = np.random.default_rng(len(hidden))
    sizes = [features, *hidden, classes]
    count = sum((m + 1) * n for m, n in pairwise(sizes))
    targets = np.eye(classes)[rng.integers(classes, size=examples)]
    return rng.normal(size=count), rng.normal(size=(examples, features)), targets


def torch_loss_and_gradient(x, inputs, targets, hidden, activation, output, loss):
    """The same network, written with torch alone."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x = torch.tensor(x, requires_grad=True)
    a, y, rest = torch.tensor(inputs), torch.tensor(targets), x
    sizes = [a.shape[1], *hidden, y.shape[1]]
    for layer, (m, n) in enumerate(pairwise(sizes), start=1):
        weights, biases, rest = rest.split([m * n, n, len(rest) - m * n - n])
        a = functional.linear(a, weights.view(m, n).T, biases)
        if layer <= len(hidden):
            a = getattr(torch, activation)(a)
    if loss == "cross_entropy":
        cost = functional.cross_entropy(a, y.argmax(dim=1))
    else:
        a = torch.sigmoid(a) if output == "sigmoid" else a
        share = {"half_squared_error": 2 * len(y), "mean_squared_error": y.numel()}[loss]
        cost = functional.mse_loss(a, y, reduction="sum") / share
    cost.backward()
    return cost.item(), x.grad.numpy()


@pytest.mark.parametrize("hidden", DEPTHS, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "output"), COSTS)
def test_loss_and_gradient_equal_those_of_torch(hidden, activation, loss, output):
    x, inputs, targets = example(hidden)
    choices = {"hidden": hidden, "activation": activation, "loss": loss, "output": output}
    cost, gradient = torch_loss_and_gradient(x, inputs, targets, **choices)

    def f(x):
        return mlp(x, inputs=inputs, targets=targets, **choices)

    assert abs(f(x) - cost) <= 1e-12
    assert np.abs(optlab.grad(f)(x) - gradient).max() <= 1e-12


def test_cross_entropy_is_stable():
    x, inputs, targets = example([])
    kwargs = {"inputs": 1000 * inputs, "targets": targets, "hidden": []}
    cost, gradient = torch_loss_and_gradient(x, 1000 * inputs, targets, [], "tanh", "linear", "cross_entropy")
    assert cost > 100
    assert mlp(x, **kwargs) == pytest.approx(cost, rel=1e-12)
    assert optlab.grad(lambda x: mlp(x, **kwargs))(x) == pytest.approx(gradient, rel=1e-12)


class TestTheTextsNetwork:
    """The worked 2-2-2 example: w = 0.1 ... 0.8, b = 0.55, 0.56, 0.66, 0.67; w2 leads from input 2 to unit 1."""

    x = np.array([0.1, 0.3, 0.2, 0.4, 0.55, 0.56, 0.5, 0.7, 0.6, 0.8, 0.66, 0.67])
    answers = np.array([0.7989476413779711, 0.8390480283342561])

    def cost(self, x, wanted):
        return mlp(
            x,
            inputs=np.array([[0.1, 0.2]]),
            targets=np.array([wanted]),
            hidden=[2],
            activation="sigmoid",
            output="sigmoid",
            loss="half_squared_error",
        )

    def test_cost(self):
        # (0.79... - 0.01)^2 / 2 + (0.83... - 0.99)^2 / 2
        assert self.cost(self.x, (0.01, 0.99)) == pytest.approx(
            np.sum((self.answers - (0.01, 0.99)) ** 2) / 2, abs=1e-15
        )

    def test_answers(self):
        # C(y = 0) - C(y = e_j) = a_j - 1/2
        without = self.cost(self.x, (0.0, 0.0))
        assert without - self.cost(self.x, (1.0, 0.0)) + 0.5 == pytest.approx(self.answers[0], abs=1e-15)
        assert without - self.cost(self.x, (0.0, 1.0)) + 0.5 == pytest.approx(self.answers[1], abs=1e-15)

    def test_gradient(self):
        w1, _, _, _, b1, b2, w5, _, _, _, b3, b4 = optlab.grad(lambda x: self.cost(x, (0.01, 0.99)))(self.x)
        assert w5 == pytest.approx(0.08182331501899741, abs=1e-15)
        assert w1 == pytest.approx(0.0011232066954600499, abs=1e-15)
        assert [b3, b4] == pytest.approx([0.12672890240521031, -0.020385525551585255], abs=1e-15)
        assert [b1, b2] == pytest.approx([0.011232066954600498, 0.013374304651329562], abs=1e-15)


class TestAccuracy:
    # a linear model with the identity as weights: the outputs are the inputs
    x = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])

    def of(self, outputs, labels):
        return accuracy(self.x, inputs=np.array(outputs), targets=np.eye(2)[labels], **CHOICES)

    def test_is_the_share_of_correct_examples(self):
        assert self.of([[2.0, 1.0], [0.0, 1.0], [-1.0, -2.0], [5.0, 6.0]], [0, 0, 0, 1]) == 0.75

    def test_a_tie_counts_as_a_random_guess(self):
        assert self.of([[1.0, 1.0], [2.0, 1.0]], [1, 0]) == 0.75

    def test_equal_outputs_have_the_accuracy_of_chance(self):
        _, inputs, targets = example([])
        assert accuracy(np.zeros(15), inputs=inputs, targets=targets, **CHOICES) == pytest.approx(1 / 3)

    def test_is_nan_where_an_output_is(self):
        with np.errstate(invalid="ignore"):
            assert np.isnan(self.of([[np.nan, 1.0], [2.0, 1.0]], [1, 0]))

    @pytest.mark.parametrize("hidden", DEPTHS, ids=str)
    def test_equals_counting_with_argmax(self, hidden):
        x, inputs, targets = example(hidden, examples=200)
        a, rest = inputs, x
        sizes = [4, *hidden, 3]
        for m, n in pairwise(sizes):
            weights, biases, rest = rest[: m * n].reshape(m, n), rest[m * n :][:n], rest[(m + 1) * n :]
            a = np.maximum(a @ weights + biases, 0 if len(rest) else -np.inf)
        right = a.argmax(axis=1) == targets.argmax(axis=1)
        choices = CHOICES | {"hidden": hidden, "activation": "relu"}
        assert 0 < right.mean() < 1
        assert accuracy(x, inputs=inputs, targets=targets, **choices) == pytest.approx(right.mean(), abs=1e-12)

    def test_is_the_same_when_traced(self):
        x, inputs, targets = example([5])

        def f(x):
            return accuracy(x, inputs=inputs, targets=targets, **CHOICES | {"hidden": [5]})

        assert optlab.value_and_grad(f)(x)[0] == f(x)


class TestInitialWeights:
    inputs, targets = np.zeros((1, 300)), np.zeros((1, 100))

    def draw(self, init="xavier", hidden=(200,), seed=0):
        rng = np.random.default_rng(seed)
        return initial_weights(rng=rng, inputs=self.inputs, targets=self.targets, hidden=hidden, init=init)

    def test_depend_on_the_seed_alone(self):
        assert np.array_equal(self.draw(seed=3), self.draw(seed=3))
        assert not np.array_equal(self.draw(seed=3), self.draw(seed=4))

    def test_fit_the_network_and_leave_biases_at_zero(self):
        x = self.draw()
        assert x.shape == (300 * 200 + 200 + 200 * 100 + 100,)
        assert (x[60_000:60_200] == 0).all()
        assert (x[-100:] == 0).all()
        assert np.isfinite(mlp(x, inputs=self.inputs, targets=self.targets, hidden=(200,)))

    def test_xavier_is_uniform(self):
        x = self.draw("xavier")
        for weights, bound in [(x[:60_000], np.sqrt(6 / 500)), (x[60_200:-100], np.sqrt(6 / 300))]:
            assert 0.999 * bound < np.abs(weights).max() <= bound
            assert weights.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
            assert weights.mean() == pytest.approx(0, abs=0.02 * bound)

    def test_he_is_normal(self):
        x = self.draw("he")
        for weights, deviation in [(x[:60_000], np.sqrt(2 / 300)), (x[60_200:-100], np.sqrt(2 / 200))]:
            assert weights.std() == pytest.approx(deviation, rel=0.02)
            assert weights.mean() == pytest.approx(0, abs=0.02 * deviation)
            assert np.mean(np.abs(weights) < deviation) == pytest.approx(0.6827, abs=0.01)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"activation": "rely"}, "mlp has no activation 'rely'.*did you mean 'relu'"),
        ({"loss": "cross_entrpy"}, "mlp has no loss 'cross_entrpy'.*did you mean 'cross_entropy'"),
        ({"output": "sigmoit", "loss": "mean_squared_error"}, "mlp has no output 'sigmoit'.*did you mean 'sigmoid'"),
        ({"output": "sigmoid", "loss": "cross_entropy"}, "softmax of a linear output"),
        ({"hidden": [0]}, "integers above 0"),
        ({"hidden": [4.5]}, "integers above 0"),
        ({"hidden": [6]}, "an mlp 4-6-3 has 51 parameters, but x is of shape .43,."),
    ],
    ids=str,
)
def test_an_invalid_choice(choice, message):
    x, inputs, targets = example([5])
    with pytest.raises(UserError, match=message):
        mlp(x, inputs=inputs, targets=targets, **({"hidden": [5]} | choice))


def test_an_unknown_init():
    _, inputs, targets = example([])
    with pytest.raises(UserError, match=r"mlp has no init 'xaver'.*did you mean 'xavier'.*xavier, he"):
        initial_weights(rng=np.random.default_rng(0), inputs=inputs, targets=targets, hidden=[], init="xaver")
