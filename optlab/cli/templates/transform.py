import numpy as np

from optlab import transform


# A transform changes the gradient before the update rule gets it. After x, g may come states with their initial values,
# after the * options with their defaults. A transform with an argument step, as in (x, *, step), changes the whole
# step: step(x) is the result of the rule at x.
@transform(ranges={"most": "(0, inf)"})
def new_rule(x, g, *, most=1.0):
    """Clip every entry of the gradient to [-most, most] (Mikolov, 2012).

    g_i <- min(max(g_i, -most), most)

    most: the largest absolute value of an entry
    """
    return np.clip(g, -most, most)


def test_new_rule_by_hand():
    np.testing.assert_array_equal(new_rule(0.0, np.array([-3.0, 0.5, 2.0]), most=1.0), [-1.0, 0.5, 1.0])
