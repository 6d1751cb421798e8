"""An experiment with many features: a run that diverges, minibatches, a schedule, a label."""

DOCUMENT = {
    "name": "e",
    "steps": 20,
    "seeds": 2,
    "problem": [{"name": "rosenbrock"}, {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8}],
    "optimizer": [
        {"name": "gd", "lr": [1e-4, 1e90]},
        {"name": "adam", "schedule": {"name": "step", "every": 5}, "label": "Adam, step"},
    ],
    "record": {"points": 21, "evaluations": 3},
}
