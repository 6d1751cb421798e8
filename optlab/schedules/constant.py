from optlab import schedule


@schedule
def constant(t):
    """The learning rate stays what it is.

    factor = 1
    """
    return 1.0
