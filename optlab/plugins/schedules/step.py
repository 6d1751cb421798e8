from optlab import schedule


@schedule(ranges={"every": "{1, 2, ...}", "factor": "(0, inf)"})
def step(t, *, every=100.0, factor=0.1):
    """Multiply the learning rate by `factor` after every `every` steps.

    factor^floor((t - 1) / every), without a horizon
    """
    return factor ** ((t - 1) // every)
