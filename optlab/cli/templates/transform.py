import numpy as np

from optlab import transform


# What becomes of the gradient before the update rule sees it. After x, g may come states with their first values, after
# the * options with their defaults. One that asks for step, as in (x, *, step), is of the whole step: step(x) is what
# the rule makes of x.
@transform(ranges={"most": "(0, inf)"})
def new_rule(x, g, *, most=1.0):
    """No entry of the gradient is larger than `most` (Mikolov, 2012).

    g_i <- min(max(g_i, -most), most)

    most: the largest entry
    """
    return np.clip(g, -most, most)


def test_new_rule_by_hand():
    np.testing.assert_array_equal(new_rule(0.0, np.array([-3.0, 0.5, 2.0]), most=1.0), [-1.0, 0.5, 1.0])
