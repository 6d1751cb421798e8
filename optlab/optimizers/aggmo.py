import numpy as np

from optlab import optimizer


@optimizer(ranges={"lr": "[0, inf)"}, invariant=("translation",))
def aggmo(x, g, v=lambda x: np.zeros((3, *x.shape), x.dtype), *, lr=1e-3, betas=[0.0, 0.9, 0.99]):  # noqa: B006
    """Aggregated momentum (Lucas et al., 2019): three velocities with memories of their own.

    v_i <- beta_i v_i + g
    x <- x - lr mean(v_i)

    lr: learning rate; betas: how much of each velocity is kept per step, three numbers
    """
    if len(betas) != 3:
        raise ValueError(f"betas are three numbers, one for each velocity, not {len(betas)}")
    v = np.stack([beta * v[i] + g for i, beta in enumerate(betas)])
    return x - lr * np.mean(v, axis=0), v
