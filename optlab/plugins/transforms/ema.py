from optlab import transform


@transform(ranges={"decay": "[0, 1)"})
def ema(x, fast=lambda x: x, *, step, decay=0.99):
    """The exponential average of the points of the rule, which does not change the rule's own steps.

    fast <- step(fast)
    x <- decay x + (1 - decay) fast

    Losses are computed at the average, gradients at the point of the rule. decay: the decay of the average
    """
    fast = step(fast)
    return decay * x + (1 - decay) * fast, fast
