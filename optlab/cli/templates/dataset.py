import numpy as np

from optlab import dataset


# A dataset has no arguments. It returns the inputs, one row of numbers per example, and the labels: whole numbers from
# 0 to the number of classes minus 1. Use a generator with a fixed seed, so that every run gets the same examples.
# optlab uses a share of them as test data (`test_fraction` of a problem).
@dataset
def new_rule():
    """Two rings: 400 points of the plane, two classes. Generated.

    Radii of 1 and 2, with normal noise of 0.1.
    """
    rng = np.random.Generator(np.random.Philox(1))
    labels = np.repeat([0, 1], 200)
    angle = rng.uniform(0.0, 2.0 * np.pi, size=400)
    rings = (1.0 + labels) * np.array([np.cos(angle), np.sin(angle)])
    return rings.T + rng.normal(scale=0.1, size=(400, 2)), labels


def test_new_rule_is_two_rings():
    data = new_rule()
    radius = np.linalg.norm(data.inputs, axis=1)
    assert (data.inputs.shape, data.classes) == ((400, 2), 2)
    np.testing.assert_array_equal(radius > 1.5, data.labels == 1)
