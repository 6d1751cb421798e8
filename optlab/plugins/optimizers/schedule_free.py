import numpy as np

from optlab import optimizer


@optimizer(ranges={"lr": "[0, inf)", "beta": "[0, 1]"}, invariant=("translation",))
def schedule_free(
    x, g, z=lambda x: x, average=lambda x: x, weight=lambda x: np.zeros((), x.dtype), *, lr=1.0, beta=0.9
):
    """Schedule-free gradient descent (Defazio et al., 2024).

    z <- z - lr g
    weight <- weight + lr^2,  c = lr^2 / weight
    average <- (1 - c) average + c z
    x <- (1 - beta) z + beta average

    Gradients and losses are computed at x, the sequence y of the paper. The x of the paper, which is the result after
    the last step, is the state `average` here. At a constant learning rate, c is 1 / t.

    lr: learning rate; beta: the weight of the average in x
    """
    z = z - lr * g
    weight = weight + lr**2
    c = lr**2 / np.where(weight == 0, 1.0, weight)
    average = average + c * (z - average)  # in this form, average is constant if z is
    return average + (1 - beta) * (z - average), z, average, weight
