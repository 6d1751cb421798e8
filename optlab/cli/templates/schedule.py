from optlab import schedule


# t is the step from 1 on, and what comes back is a factor on the learning rate. After the * come options with their
# defaults; steps, without a default, is asked of the lab: how long the run is.
@schedule(ranges={"half": "(0, inf)"})
def new_rule(t, *, half=100.0):
    """Fall as 1 / t does, to a half after so many steps (Robbins & Monro, 1951).

    half / (half + t - 1)
    """
    return half / (half + t - 1)


def test_new_rule_by_hand():
    assert new_rule(1.0, half=100.0) == 1.0
    assert new_rule(101.0, half=100.0) == 0.5
