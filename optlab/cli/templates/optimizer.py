import numpy as np

from optlab import optimizer


# The signature declares the rule. After x, g come the states with their initial values: a number makes a state with the
# shape of x; a function of x returns the initial state. After the * come the hyperparameters with their defaults; a
# float may differ between the runs of a grid. An argument without a default is supplied by optlab, as in (..., *, t,
# lr=0.01): t is the number of the step, from 1 on. The others are steps, f, grad, loss, hvp and rng. The rule returns
# x, then each state in order. Do not change arrays in place: write b = b + g, not b += g.
@optimizer(ranges={"lr": "[0, inf)", "beta": "[0, 1)"}, invariant=("translation",))
def new_rule(x, g, b=0.0, *, lr=1e-2, beta=0.9):
    """Momentum, the heavy ball (Polyak, 1964).

    b <- beta b + g
    x <- x - lr b

    lr: learning rate; beta: the share of the velocity b that remains after a step
    """
    b = beta * b + g
    return x - lr * b, b


def test_new_rule_two_steps_by_hand():
    x, b = new_rule(1.0, 2.0, 0.0, lr=0.1, beta=0.9)
    np.testing.assert_allclose((x, b), (0.8, 2.0), rtol=1e-15)  # 1 - 0.1 * 2
    x, b = new_rule(x, -1.0, b, lr=0.1, beta=0.9)
    np.testing.assert_allclose((x, b), (0.72, 0.8), rtol=1e-15)  # b = 0.9 * 2 - 1, 0.8 - 0.1 * 0.8
