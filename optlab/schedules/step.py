from optlab import schedule


@schedule
def step(t, *, every=100.0, factor=0.1):
    """Cut the learning rate every so many steps.

    factor^floor((t - 1) / every)
    """
    return factor ** ((t - 1) // every)
