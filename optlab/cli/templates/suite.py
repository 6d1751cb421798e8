from optlab import suite


# A suite is a family of problems. `suite = "new_rule"` in a [[problem]] table of an experiment adds all of them. Each
# option is the list of everything that there is; an experiment may choose a part of it. The function returns problem
# tables with the same keys as in an experiment.
@suite
def new_rule(*, functions=("sphere", "rosenbrock"), dim=(2, 10)):
    """Two smooth valleys."""
    return [{"name": name, "dim": list(dim)} for name in functions]


def test_new_rule_may_be_chosen_from():
    assert new_rule(dim=[10], functions=["sphere"]) == [{"name": "sphere", "dim": [10]}]
