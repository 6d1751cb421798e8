from optlab import transform


@transform(ranges={"decay": "[0, inf)"})
def weight_decay(x, *, step, lr, decay=0.01):
    """Decoupled weight decay (Loshchilov & Hutter, 2019): x shrinks beside the rule, which does not see it.

    x <- step(x) - lr decay x

    decay: the share of x that goes in each step, times the learning rate
    """
    return step(x) - lr * decay * x
