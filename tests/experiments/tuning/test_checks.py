"""Mistakes in [tuning] and in ranges: the place in the file, and what to write instead."""

from __future__ import annotations

import pytest

from optlab.errors import SpecError
from optlab.experiments import document as documents
from optlab.experiments import plan

HEAD = 'name = "e"\nsteps = 10\nseeds = 3\n'
SPHERE = '[[problem]]\nname = "sphere"\nstart = "random"\n'
RANGE = '[[optimizer]]\nname = "gd"\nlr = { log_uniform = [1e-4, 1.0] }\n'
SINGLE = '[[optimizer]]\nname = "gd"\nlr = 0.1\n'


def mistakes(text, registry):
    with pytest.raises(SpecError) as caught:
        plan.make(documents.read(text, "e.toml", registry.kinds.values()), registry)
    lines = text.splitlines()
    return [(lines[one.line - 1].split("=")[0].strip(), one.message) for one in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f"{SPHERE}{RANGE}", "lr", "write trials = 40 in [tuning]; or write a grid, lr = { log = [0.0001, 1.0], num"),
        (f"[tuning]\n{SPHERE}{RANGE}", "lr", "write trials = 40 in [tuning]"),
        (f"[tuning]\n{SPHERE}{SINGLE}", "[tuning]", "there is nothing to tune"),
        (f"[tuning]\ntrials = 1\n{SPHERE}{RANGE}", "trials", "a single trial leaves nothing to choose; write at least"),
        (f"[tuning]\ntrials = 4\n{SPHERE}{SINGLE}", "[tuning]", "as in lr = { log_uniform = [1e-4, 1.0] }"),
        (f"[tuning]\ntrials = 0\n{SPHERE}{RANGE}", "trials", "must be at least 1, not 0"),
        (f"[tuning]\ntrials = []\n{SPHERE}{RANGE}", "trials", "must have a number above 0, as in [0, 25, 50]"),
        (f"[tuning]\ntrials = [0]\n{SPHERE}{RANGE}", "trials", "must have a number above 0, as in [0, 25, 50]"),
        (f"[tuning]\ntrials = [25, 0]\n{SPHERE}{RANGE}", "trials", "trials must increase, as in [0, 25, 50]"),
        (f"[tuning]\ntrials = [5, 5]\n{SPHERE}{RANGE}", "trials", "trials must increase"),
        (f"[tuning]\ntrials = [0, -1]\n{SPHERE}{RANGE}", "trials", "trials[1] must be at least 0, not -1"),
        (f"[tuning]\ntrials = [0, 2.0]\n{SPHERE}{RANGE}", "trials", "trials[1] must be an integer, not 2.0; write 2"),
        (f'[tuning]\ntrials = "25"\n{SPHERE}{RANGE}', "trials", "trials must be an integer"),
        (f"[tuning]\ntrials = [0, 4]\n{SPHERE}{SINGLE}", "[tuning]", "there is nothing to tune"),
        (f'[tuning]\nsearch = "grid"\ntrials = [0, 4]\n{SPHERE}{SINGLE}', "trials", 'write search = "sobol"'),
        (f'[tuning]\nsearch = "sobl"\n{SPHERE}{RANGE}', "search", "did you mean 'sobol'?"),
        (f'[tuning]\nsearch = "random"\n{SPHERE}{SINGLE}', "search", "write trials = 40"),
        (f'[tuning]\nsearch = "grid"\ntrials = 4\n{SPHERE}{SINGLE}', "trials", 'write search = "sobol"'),
        (f'[tuning]\ntrials = 4\nselect = "finalloss"\n{SPHERE}{RANGE}', "select", "did you mean 'final_loss'?"),
        (f'[tuning]\ntrials = 4\nselect = "seconds"\n{SPHERE}{RANGE}', "select", 'write budget = "seconds" for equal'),
        (f'[tuning]\ntrials = 4\nselect = "test_loss"\n{SPHERE}{RANGE}', "select", "sphere has no test_loss"),
        (f'[tuning]\ntrials = 4\nselect = "area"\n[record]\npoints = 0\n{SPHERE}{RANGE}', "select", "points = 200"),
        (f'[tuning]\ntrials = 4\nselect = "test_loss"\n[[problem]]\nname = "mlp"\ntest_fraction = 0.0\n{RANGE}',
         "select", "mlp has no test_loss"),
        (f'[tuning]\ntrials = 4\nselect = "steps_to_target"\n[[problem]]\nname = "mlp"\n{RANGE}', "select",
         "target = 1e-3"),
        (f'[tuning]\ntrials = 4\nbudget = "gradiens"\n{SPHERE}{RANGE}', "budget", "did you mean 'gradients'?"),
        (f'[tuning]\ntrials = 4\nbudget = "gradients"\n{SPHERE}{RANGE}[[optimizer]]\nname = "scipy:BFGS"\n', "name",
         'scipy:BFGS cannot be counted before it runs; write budget = "steps"'),
        (f'[tuning]\ntrials = 4\nseeds = 2\n[[problem]]\nname = "sphere"\n{RANGE}', "seeds", "nothing in this"),
        (f'[tuning]\ntrials = 4\n[basins]\n[[problem]]\nname = "himmelblau"\n{RANGE}'.replace(HEAD, ""), "[tuning]",
         "leave one of them out"),
        (f"{SPHERE}{RANGE}".replace("1e-4", "0.0"), "lr", "both bounds above 0"),
        (f"[tuning]\ntrials = 4\n{SPHERE}{RANGE}".replace("1e-4", "2.0"), "lr", "lo below hi"),
        (f"[tuning]\ntrials = 4\n{SPHERE}{SINGLE}beta = {{ uniform = [0, 1] }}\n", "beta", "beta"),
        (f'[tuning]\ntrials = 4\n{SPHERE}[[optimizer]]\nname = "momentum"\nlr = 0.1\nbeta = {{ uniform = [0.5, 1.5] }}',
         "beta", "'beta' must lie in [0, 1), not 1.5"),
        (f'[tuning]\ntrials = 4\n{SPHERE}[[optimizer]]\nname = "lbfgs"\nhistory = {{ uniform = [1.5, 8] }}', "history",
         "write history = { integers = [2, 8] }"),
        (f'[tuning]\ntrials = 4\n{SPHERE}[[optimizer]]\nname = "lbfgs"\nhistory = {{ integers = [1.5, 8] }}', "history",
         "must be a list of two integers"),
        (f'[tuning]\ntrials = 4\n{SPHERE}a = {{ uniform = [0, 1] }}\n{RANGE}', "a", "sphere"),
        (f'[tuning]\ntrials = 4\n[[problem]]\nname = "rosenbrock"\nb = {{ uniform = [1, 2] }}\n{RANGE}', "b",
         "is an option of a problem"),
        (f'[tuning]\ntrials = 4\n{SPHERE}{RANGE}'.replace("log_uniform", "loguniform"), "lr", "log_uniform"),
    ],
)  # fmt: skip
def test_mistakes(built_in, text, line, message):
    head = HEAD.replace("seeds = 3\n", "") if "[basins]" in text else HEAD
    found = mistakes(head + text, built_in)
    assert [where for where, _ in found][:1] == [line], found
    assert any(message in what for _, what in found), found


def test_the_choices_of_a_metric_are_those_that_are_allowed(built_in):
    ((_, message),) = mistakes(f'{HEAD}[tuning]\ntrials = 4\nselect = "final"\n{SPHERE}{RANGE}', built_in)
    choices = message.partition("there are: ")[2].split(", ")
    assert "final_loss" in choices
    assert "seconds" not in choices


def test_a_mistake_in_the_table_is_not_also_one_in_each_range(built_in):
    found = mistakes(f'{HEAD}[tuning]\ntrials = 4\nsearch = "x"\n{SPHERE}{RANGE}', built_in)
    assert [where for where, _ in found] == ["search"]


def test_mistakes_in_zip_have_their_place(built_in):
    text = f'{HEAD}{SPHERE}[[optimizer]]\nname = "momentum"\nlr = [0.1, 0.2]\nbeta = [0.5]\nzip = [["lr", "beta"]]\n'
    assert [where for where, _ in mistakes(text, built_in)] == ["zip"]


def test_a_map_takes_no_axes_that_go_together(built_in):
    table = '[[optimizer]]\nname = "momentum"\nlr = [0.1, 0.2]\nbeta = [0.5, 0.6]\nzip = [["lr", "beta"]]\n'
    head = HEAD.replace("seeds = 3\n", "")
    (found,) = mistakes(f'{head}[basins]\n[[problem]]\nname = "himmelblau"\n{table}', built_in)
    assert "leave zip and trials out" in found[1]


def test_too_many_trials(built_in):
    text = f"{HEAD.replace('seeds = 3', 'seeds = 200000')}[tuning]\nseeds = 200000\ntrials = 100\n{SPHERE}{RANGE}"
    assert any("more than 10,000,000" in message for _, message in mistakes(text, built_in))


def test_many_trials_with_few_choices_are_few_sweeps(planned):
    rules = [{"name": "momentum", "label": str(n), "lr": {"log_uniform": [0.01, 1.0]}, "lr_inside": [True, False],
              "beta": n / 1000} for n in range(60)]  # fmt: skip
    tuning = {"trials": 200}
    made = planned({"tuning": tuning, "problem": [{"name": "sphere"}], "optimizer": rules})
    assert len(made.sweeps) == 120
    assert made.cells == 60 * 200


def test_the_limit_of_sweeps_counts_drawn_integers_and_trials(planned):
    rule = {"name": "lbfgs", "lr": {"log_uniform": [0.01, 1.0]}, "history": {"integers": [1, 40_000]}}
    with pytest.raises(SpecError, match="sweeps, one for each combination of choices, more than 10,000"):
        planned({"tuning": {"trials": 20_000}, "problem": [{"name": "sphere"}], "optimizer": [rule]})
    table = {"name": "gd", "trials": [{"lr": n / 30_000} for n in range(1, 20_000)]}
    assert len(planned({"problem": [{"name": "sphere"}], "optimizer": [table]}).sweeps) == 1
