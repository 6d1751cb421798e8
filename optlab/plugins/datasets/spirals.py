import numpy as np

from optlab import dataset


@dataset
def spirals():
    """Two spirals wound around each other: 400 points of the plane, two classes. Generated.

    After Lang and Witbrock, "Learning to Tell Two Spirals Apart" (1988), here with one and a half turns and normal
    noise of 0.02. A hard problem for small networks.
    """
    rng = np.random.Generator(np.random.Philox(1))
    labels = np.repeat([0, 1], 200)
    radius = np.tile(np.linspace(0.05, 1.0, 200), 2)
    angle = 3 * np.pi * radius + np.pi * labels
    points = radius * np.array([np.cos(angle), np.sin(angle)])
    return points.T + rng.normal(scale=0.02, size=(400, 2)), labels
