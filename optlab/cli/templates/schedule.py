from optlab import schedule


# t is the number of the step, from 1 on. The schedule returns a factor on the learning rate. After the * come the
# options with their defaults. An argument named steps, without a default, is supplied by optlab: the number of steps of
# the run.
@schedule(ranges={"half": "(0, inf)"})
def new_rule(t, *, half=100.0):
    """Decay like 1 / t, to one half after `half` steps (Robbins & Monro, 1951).

    half / (half + t - 1)
    """
    return half / (half + t - 1)


def test_new_rule_by_hand():
    assert new_rule(1.0, half=100.0) == 1.0
    assert new_rule(101.0, half=100.0) == 0.5
