from optlab import transform


@transform(ranges={"decay": "[0, 1)"})
def ema(x, fast=lambda x: x, *, step, decay=0.99):
    """The exponential average of the points that the rule passes; the rule goes its own way.

    fast <- step(fast)
    x <- decay x + (1 - decay) fast

    Losses are those of the average; gradients are taken where the rule is. decay: the memory of the average
    """
    fast = step(fast)
    return decay * x + (1 - decay) * fast, fast
