"""The grid of the cold start: five optimizers on three functions. Plain numbers, without imports."""

PROBLEMS = {"rosenbrock": (-1.5, 2.0), "rastrigin": (-3.3, 2.4), "ackley": (-3.3, 2.6)}
"""Functions and their starts."""

OPTIMIZERS = {
    "gd": (1e-6, 3e-4),
    "momentum": (1e-7, 3e-5),
    "adagrad": (1e-3, 1e-1),
    "rmsprop": (1e-5, 5e-4),
    "adam": (1e-4, 1e-2),
}
"""Update rules and their learning rates, of the first and the last run. With these no run diverges, and rounding errors
of rmsprop stay small, so that results can be compared."""

RUNS, STEPS = 100, 1000
