from optlab import suite

MINIBATCHES = {"batch_size": 64}

NETWORKS = {
    "logistic": {"name": "mlp", "dataset": "breast_cancer", "hidden": [[]], "target": 0.035},
    "squared": {
        "name": "mlp",
        "dataset": "breast_cancer",
        "hidden": [16],
        "output": "sigmoid",
        "loss": "half_squared_error",
        "batch_size": 32,
        "target": 0.006,
    },
    "xor": {"name": "mlp", "dataset": "xor", "hidden": [4], "target": 0.005},
    "moons": {"name": "mlp", "dataset": "moons", "hidden": [8], "target": 0.001},
    "spirals": {
        "name": "mlp",
        "dataset": "spirals",
        "hidden": [32, 32],
        "activation": "relu",
        "init": "he",
        "target": 0.001,
    },
    "softmax": {"name": "mlp", "dataset": "digits", "hidden": [[]], "target": {"test_accuracy": 0.965}, **MINIBATCHES},
    "narrow": {"name": "mlp", "dataset": "digits", "hidden": [8], "target": {"test_accuracy": 0.95}, **MINIBATCHES},
    "wide": {
        "name": "mlp",
        "dataset": "digits",
        "hidden": [128],
        "activation": "relu",
        "init": "he",
        "target": {"test_accuracy": 0.975},
        **MINIBATCHES,
    },
    "deep": {"name": "mlp", "dataset": "digits", "hidden": [16] * 6, "target": {"test_accuracy": 0.95}, **MINIBATCHES},
    "autoencoder": {"name": "autoencoder", "dataset": "digits", "hidden": [32, 8], "target": 0.025, **MINIBATCHES},
}
"""The problem tables by name. Each target is a training loss, or for a classifier of digits an accuracy on the test
data, that the best of `momentum`, `adam`, `rmsprop` and `adamw` reaches within 500 steps, with the median seed and with
learning rates a factor of 10 apart. `tests/plugins/suites` checks it."""


@suite
def networks(*, networks=tuple(NETWORKS)):
    """Ten small networks on real and generated data, each with a training loss or a test accuracy to reach.

    From linear models with 62 parameters to 9,610 parameters: logistic and softmax regression, squared errors, narrow,
    wide and deep classifiers of digits, and an autoencoder. Five train on minibatches of digits.
    """
    return [NETWORKS[name] for name in networks]
