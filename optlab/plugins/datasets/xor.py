import numpy as np

from optlab import dataset


@dataset
def xor():
    """Exclusive or: 400 points of the square from -1 to 1, class 1 where the signs differ. Generated.

    100 points in each quadrant, uniform, at least 0.1 away from the axes. No straight line separates the classes.
    """
    rng = np.random.Generator(np.random.Philox(3))
    quadrants = np.array([(1, 1), (-1, -1), (1, -1), (-1, 1)])
    points = np.repeat(quadrants, 100, axis=0) * rng.uniform(0.1, 1.0, size=(400, 2))
    return points, np.repeat([0, 1], 200)
