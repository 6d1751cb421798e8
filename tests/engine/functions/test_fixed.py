"""Values that are held fixed in derivatives."""

import numpy as np

from optlab import grad, hessian, stop_gradient


def test_the_derivative_is_that_of_a_constant():
    x = np.array([1.5, -2.0, 0.0])
    np.testing.assert_array_equal(stop_gradient(x), x)
    np.testing.assert_array_equal(grad(lambda x: np.sum(x**2 * stop_gradient(np.exp(x))))(x), 2 * x * np.exp(x))
    np.testing.assert_array_equal(hessian(lambda x: np.sum(x**2 * stop_gradient(x)))(x), np.diag(2 * x))
    np.testing.assert_array_equal(grad(lambda x: np.sum(stop_gradient(x) ** 2))(x), 0 * x)
