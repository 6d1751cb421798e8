import numpy as np

from optlab import dataset


@dataset
def moons():
    """Two interleaved half circles: 400 points of the plane, two classes. Generated.

    The shape of scikit-learn's `make_moons`, with normal noise of 0.1.
    """
    rng = np.random.Generator(np.random.Philox(2))
    labels = np.repeat([0, 1], 200)
    angle = np.linspace(0.0, np.pi, 200)
    upper = np.array([np.cos(angle), np.sin(angle)])
    lower = np.array([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.hstack([upper, lower]).T + rng.normal(scale=0.1, size=(400, 2)), labels
