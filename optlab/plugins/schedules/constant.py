from optlab import schedule


@schedule
def constant(t):
    """The learning rate does not change.

    factor = 1
    """
    return 1.0
