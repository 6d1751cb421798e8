from optlab import transform


@transform(ranges={"decay": "[0, inf)"})
def weight_decay(x, *, step, lr, decay=0.01):
    """Decoupled weight decay (Loshchilov & Hutter, 2019): x shrinks in each step, independently of the gradient.

    x <- step(x) - lr decay x

    decay: the share of x that is subtracted in each step, times the learning rate
    """
    return step(x) - lr * decay * x
