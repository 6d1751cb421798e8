"""`window.optlab` in Node: runs with other numbers of steps and without parts of the rule agree with the lab, and every
mistake is explained."""

import itertools
import re

import numpy as np
import pytest

import optlab
from optlab.report.document import document
from tests.node import needs_node

pytestmark = needs_node
START = [-1.0, 1.5]
PARTS = {"schedule": {"name": "cosine", "warmup": 5.0}, "transforms": ["clip_norm", "l2"]}
WHOLE = {"name": "adam", "label": "whole", "lr": 0.05, **PARTS}
RULES = [
    WHOLE,
    {"name": "momentum", "label": "momentum", "lr": 0.01, "schedule": "one_cycle"},
    {"name": "gd", "lr": 0.01},
    {"name": "newton"},
    {"name": "sgld"},
]
TITLE = "himmelblau"
VALUES = """
undefined
null
true
NaN
Infinity
-Infinity
-1
0
1
1.5
5
1e5
100001
1e9
2**53
1n
Symbol("a")
""
"1"
"adam"
"__proto__"
[]
[1]
[1, 2]
[1, 2, 3]
[NaN, 1]
[1, Infinity]
["1", "2"]
[1, null]
[[1, 2], [3, 4]]
new Array(2)
Float64Array.of(1, 2)
Float64Array.of(1, NaN)
BigInt64Array.of(1n, 2n)
new DataView(new ArrayBuffer(16))
{}
{ a: 1 }
{ lr: 0.1 }
{ lr: "0.1" }
{ lr: NaN }
{ lr: -1 }
{ lr: null }
{ lr: undefined }
{ beta1: 1 }
{ toString: 1 }
{ __proto__: { lr: 1 } }
Object.create(null)
() => 1
new Date(0)
new Map([["lr", 1]])
["cosine"]
["cosine", "cosine"]
["clip_norm", "l2"]
["schedule"]
[{}]
["cosine", "clip_norm", "l2"]
[Symbol("a")]
{ get lr() { return 0.1 } }
[[[[]]]].map((a) => (a[0] = a))
"""


def computed(folder, rules, steps):
    """Results of the reference back end at every step, from one start."""
    problem = {"name": TITLE, "start": START}
    return optlab.run(
        {"name": "source", "steps": steps, "seeds": 1, "backend": "replay", "record": {"points": steps + 1},
         "problem": [problem], "optimizer": rules}, folder, plots=False,
    )  # fmt: skip


def recorded(results, label):
    (run,) = results.runs.query("label == @label")["run"]
    points = results.trajectories[results.trajectories["run"] == run].sort_values("step").filter(regex=r"^x\d")
    losses = results.history[results.history["run"] == run].sort_values("step")["loss"]
    return points.to_numpy(), losses.to_numpy()


def check(done, points, losses):
    for own, right in ((done["found"]["path"], points), (done["found"]["losses"], losses)):
        np.testing.assert_allclose(own[:11], right[:11], rtol=1e-12)
        np.testing.assert_allclose(own, right, rtol=1e-6)


@pytest.fixture(scope="module")
def source(tmp_path_factory, node_page):
    results = computed(tmp_path_factory.mktemp("source"), RULES, 30)
    data = document(results, results.judged())
    run, title = node_page("source.mjs"), data["cases"][0]["title"]

    def called(*calls, values=None):
        given = [{"problem": title, **call} if isinstance(call, dict) else call for call in calls]
        return run({"data": data, "calls": given, "values": values and {"problem": title, **values}})

    return called


def test_another_number_of_steps_is_that_of_the_schedule(source, tmp_path):
    for steps in (12, 60):
        right = computed(tmp_path / str(steps), RULES[:2], steps)
        labels = ("whole", "momentum")
        for label, done in zip(
            labels, source(*({"optimizer": n, "steps": steps} for n in labels))["found"], strict=True
        ):
            check(done, *recorded(right, label))


def test_runs_without_parts_of_the_rule_agree_with_the_lab(source, tmp_path):
    """All subsets of a schedule, a transform of the gradient, and another one."""
    names = ["cosine", "clip_norm", "l2"]
    every = [kept for count in range(4) for kept in itertools.combinations(names, count)]
    rules = [
        {"name": "adam", "label": str(kept), "lr": 0.05, "transforms": [name for name in kept if name != "cosine"],
         **({"schedule": PARTS["schedule"]} if "cosine" in kept else {})}
        for kept in every
    ]  # fmt: skip
    right = computed(tmp_path, rules, 30)
    given = source(*({"optimizer": "whole", "without": [n for n in names if n not in kept]} for kept in every))
    for kept, done in zip(every, given["found"], strict=True):
        check(done, *recorded(right, str(kept)))
    whole = next(one for one in given["programs"] if one["optimizer"] == "whole")
    assert sorted(map(tuple, whole["variants"])) == sorted(every)


def test_mistakes_are_explained(source):
    mistakes = {
        "run takes one object with the fields problem, optimizer, x0, steps, hyperparameters, without, not null": None,
        "there is no field hyperparams; there are: problem,": {"optimizer": "gd", "hyperparams": {}},
        "there is no problem sphere; there are: himmelblau": {"problem": "sphere"},
        "there is no path of adma on himmelblau": {"optimizer": "adma"},
        "problem must be a text, not an array of 1 with a value of type string; there are": {"problem": ["a"]},
        "optimizer must be a text, not null; there are: gd, momentum, whole": {"optimizer": None},
        "there are those of: gd, momentum, whole": {"optimizer": ""},
        "x0 must be an array of 2 finite numbers, not an array of 3": {"optimizer": "gd", "x0": [1, 2, 3]},
        "finite numbers, not an array of 2 with NaN": {"optimizer": "gd", "x0": [1, {"js": "NaN"}]},
        "steps must be a whole number from 0 to 100000, not 1000000000": {"optimizer": "gd", "steps": 1_000_000_000},
        "whole number from 0 to 100000, not 1.5": {"optimizer": "gd", "steps": 1.5},
        "whole number from 0 to 100000, not -1": {"optimizer": "newton", "steps": -1},
        "there is no hyperparameter rate; there are: lr": {"optimizer": "gd", "hyperparameters": {"rate": 1}},
        "lr must lie in [0, inf), not -1": {"optimizer": "gd", "hyperparameters": {"lr": -1}},
        'lr must be a number, not the text "0.1"': {"optimizer": "gd", "hyperparameters": {"lr": "0.1"}},
        "hyperparameters must be an object of numbers, as in { lr: 0.1 }, not an array of 1": {
            "optimizer": "gd", "hyperparameters": [1]},
        "there is no hyperparameter clip_norm.max_norm; there are: lr, beta1": {
            "optimizer": "whole", "without": ["clip_norm"], "hyperparameters": {"clip_norm.max_norm": 1}},
        "whole has no schedule or transform schedule; it has: cosine, clip_norm, l2": {
            "optimizer": "whole", "without": ["schedule"]},
        "gd has no schedule or transform cosine; it has: none": {"optimizer": "gd", "without": ["cosine"]},
        'without must be an array of names, as in ["cosine"], not the text "cosine"': {
            "optimizer": "whole", "without": "cosine"},
        "newton has only its recorded path. It has no WebAssembly module": {"optimizer": "newton", "x0": [0, 0]},
        "sgld has only its recorded path": {"optimizer": "sgld", "without": []},
    }  # fmt: skip
    for message, done in zip(mistakes, source(*mistakes.values())["found"], strict=True):
        assert re.search(re.escape(message), done.get("error", "")), (message, done)


def test_every_value_in_every_field_is_run_or_explained(source):
    """No run with a value that is no start, number or name; no error that the page did not write."""
    fuzzed = source(values={"optimizer": "whole", "texts": [f"({text})" for text in VALUES.split("\n")[1:-1]]})[
        "fuzzed"
    ]
    assert len(fuzzed) == 7 * VALUES.strip().count("\n") + 7
    taken = {one["field"]: [] for one in fuzzed}
    for one in fuzzed:
        if one.get("error") is None:
            taken[one["field"]].append(one["text"][1:-1])
        else:
            assert re.match(r"there is no |.* must |without: |.*: write ", one["error"]), one
    assert taken["problem"] == []
    assert taken["optimizer"] == []
    assert taken["steps"] == ["undefined", "0", "1", "5", "1e5"]
    assert taken["x0"] == ["undefined", "[1, 2]", "Float64Array.of(1, 2)"]
    assert taken["lr"] == ["0", "1", "1.5", "5", "1e5", "100001", "1e9", "2**53"]
    subsets = ['["cosine"]', '["cosine", "cosine"]', '["clip_norm", "l2"]', '["cosine", "clip_norm", "l2"]']
    assert taken["without"] == ["undefined", "[]", *subsets]
    assert taken["hyperparameters"] == [
        "undefined", "{}", "{ lr: 0.1 }", "{ __proto__: { lr: 1 } }", "Object.create(null)",
        "{ get lr() { return 0.1 } }",
    ]  # fmt: skip
