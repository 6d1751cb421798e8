from optlab import transform


@transform(ranges={"decay": "[0, inf)"})
def l2(x, g, *, decay=0.01):
    """Coupled weight decay: the gradient of decay/2 ||x||^2 is added to the rule's gradient (Krogh & Hertz, 1992).

    g <- g + decay x

    decay: the weight of the penalty
    """
    return g + decay * x
