"""Rules with their numbers in Node, against the step graph that the lab executes, and against formulas in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import optlab
from optlab.engine.native.llvm_rules import RULES
from optlab.engine.ops import OPS
from optlab.execution.starts import starts
from optlab.execution.step import build_for
from optlab.report.rule import is_in_plane, rule_in_numbers
from tests.cases import first_cases
from tests.node import evaluated, needs_node

RULE = (Path(optlab.__file__).parent / "report/web/kernels/rule.js").as_uri()
STEPS = 10
PARTS = 8
FUSED = {"fma": lambda a, b, c: a * b + c, "fms": lambda a, b, c: a * b - c, "fnma": lambda a, b, c: c - a * b}
RUN = """
const { runRule, effectiveSteps } = await import(given.module);
const found = given.tasks.map(({ rule, x0, numbers, steps }) => {
  const run = runRule(rule, x0, (owner, name) => Number(numbers[`${owner} ${name}`]), steps);
  const every = Array.from({ length: run.steps }, (_, step) => step);
  return {
    carried: [...every, run.steps].map((step) => rule.next.map((_, n) => String(run.entry(step, n)))),
    gradient: every.map((step) => [0, 1].map((d) => String(run.slope(step, d)))),
    values: every.map((step) => rule.values.map(({ at }) => at.map((place) => String(run.values(step)[place])))),
    effective: effectiveSteps(run).map((line) => Array.from(line, String)),
  };
});
console.log(JSON.stringify(found));
"""


def task(sweep, run=0, steps=STEPS):
    numbers = {
        f"{owner} {name}": str(column[run]).replace("inf", "Infinity")
        for (owner, name), column in sweep.numbers.items()
    } | {"run steps": str(sweep.steps)}
    x0 = starts(sweep.case, sweep.root_seed, sweep.seed)[:, run].tolist()
    return {"rule": rule_in_numbers(sweep), "x0": x0, "numbers": numbers, "steps": steps}


def in_node(tasks, folder):
    return evaluated(RUN, folder, {"module": RULE, "tasks": tasks})


def array(texts):
    return np.array([[text.replace("Infinity", "inf") for text in row] for row in texts], float)


def by_step_graph(sweep, x0, run=0, steps=STEPS):
    """x and the state at each step, and the gradients' losses, computed by the reference node by node."""
    graph = build_for(sweep)
    values = [np.array(x0), *graph.initial(np.array(x0))]
    numbers = [sweep.numbers[key][run] for key in graph.numbers]
    found = [np.concatenate([np.ravel(v) for v in values])]
    for t in range(1, steps + 1):
        values = graph.graph(*values, float(t), *numbers)[1:]
        found.append(np.concatenate([np.ravel(v) for v in values]))
    return np.array(found, float)


@needs_node
@pytest.mark.parametrize("part", first_cases(2, range(PARTS)))
def test_states_are_those_of_the_lab(planned, built_in, part, tmp_path):
    """Each built-in function of two parameters with some of the optimizers."""
    functions = [name for name, known in built_in.problems.items() if not known.trains_on_data and "bbob" not in name]
    sweeps = []
    for turn, name in enumerate(functions):
        rules = [{"name": n} for n, known in built_in.optimizers.items() if "rng" not in known.signature.supplied]
        document = {"problem": [{"name": name, "start": "random"}], "optimizer": rules[(turn + part) % PARTS :: PARTS]}
        sweeps += [s for s in planned({**document, "steps": STEPS}).sweeps if is_in_plane(s.case)]
    tasks = [task(sweep) for sweep in sweeps]
    known = [n for n, one in enumerate(tasks) if "reason" not in one["rule"]]
    assert {sweeps[n].rule.optimizer.name for n in range(len(tasks)) if n not in known} <= {"newton"}
    for n, found in zip(known, in_node([tasks[n] for n in known], tmp_path), strict=True):
        right = by_step_graph(sweeps[n], tasks[n]["x0"])
        carried = array(found["carried"])
        who = f"{sweeps[n].case.problem.name} {sweeps[n].label}"
        assert len(carried) == STEPS + 1 or not np.isfinite(right[len(carried)]).all(), who
        scale = np.abs(right[: len(carried)]).max()
        np.testing.assert_allclose(carried, right[: len(carried)], rtol=1e-11, atol=1e-12 * scale, err_msg=who)


@needs_node
def test_adam_by_hand(planned, tmp_path):
    """The first steps of Adam on a quadratic: all values that the equations show, gradients and effective steps."""
    document = {
        "problem": [{"name": "sphere", "dim": 2, "start": [3.0, -4.0]}],
        "optimizer": [{"name": "adam", "lr": 0.5}],
    }
    (sweep,) = planned(document).sweeps
    given = task(sweep)
    (found,) = in_node([given], tmp_path)
    rule = given["rule"]
    assert [(line["target"], line["symbols"]) for line in rule["lines"]] == [
        ("m", "β₁ m + (1 − β₁) g"),
        ("v", "β₂ v + (1 − β₂) g²"),
        ("x", "x − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)"),
    ]
    assert [(one["name"], one["kind"]) for one in rule["vectors"]] == [("m", "against"), ("v", "size")]
    x, m, v = np.array([3.0, -4.0]), np.zeros(2), np.zeros(2)
    for t in range(1, STEPS + 1):
        g = 2 * x
        before = {"m": m, "v": v}
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x_new = x - 0.5 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        shown = [np.array(entries, float) for entries in found["values"][t - 1]]
        np.testing.assert_allclose(np.array(found["gradient"][t - 1], float), g, rtol=1e-12)
        first, second, third = rule["lines"]
        assert [place for place in first["numbers"] if isinstance(place, int)][:2] == [0, 1]
        for place, right in ((0, 0.9), (1, before["m"]), (2, g), (first["result"], m), (second["result"], v),
                             (third["result"], x_new), (9, t)):  # fmt: skip
            np.testing.assert_allclose(shown[place], np.ravel(right), rtol=1e-12)
        effective = array(found["effective"])[:, t - 1]
        np.testing.assert_allclose(effective, np.abs(x_new - x) / np.abs(g), rtol=1e-12)
        x = x_new


@needs_node
def test_schedules_transforms_options_and_losses_at_other_points(planned, tmp_path):
    """A rule that asks for gradients elsewhere, with a schedule and transforms, on a problem with options."""
    rule = {"name": "sam", "schedule": "cosine", "transforms": ["clip_norm", "lookahead"]}
    (sweep,) = planned({"problem": [{"name": "rosenbrock", "b": 7.0}], "optimizer": [rule]}).sweeps
    given = task(sweep)
    assert [one["kind"] for one in given["rule"]["vectors"]] == ["against", "point"]
    (found,) = in_node([given], tmp_path)
    np.testing.assert_allclose(array(found["carried"]), by_step_graph(sweep, given["x0"]), rtol=1e-12, atol=1e-14)


KINDS = {
    "momentum": [("b", "against")],
    "rmsprop": [("v", "size"), ("mean", "along"), ("b", "against")],  # its mean is off
    "polyak": [("b", "against")],
    "lbfgs": [("s", "along"), ("g_old", "against")],  # its matrices have no arrow
    "schedule_free": [("z", "point"), ("average", "point")],
}


@pytest.mark.parametrize("name", KINDS)
def test_how_states_are_drawn(planned, name):
    (sweep,) = planned({"problem": [{"name": "sphere", "dim": 2}], "optimizer": [{"name": name}]}).sweeps
    assert [(one["name"], one["kind"]) for one in rule_in_numbers(sweep)["vectors"]] == KINDS[name]


@needs_node
def test_a_run_that_diverges_ends(planned, tmp_path):
    document = {"problem": [{"name": "rosenbrock"}], "optimizer": [{"name": "gd", "lr": 1e200}]}
    (sweep,) = planned(document).sweeps
    (found,) = in_node([task(sweep)], tmp_path)
    assert 1 <= len(found["gradient"]) < STEPS


APPLY = """
const { OPERATIONS } = await import(given.module);
const text = (value) => (Object.is(value, -0) ? "-0" : String(value));
const numbers = (columns, n) => columns.map((column) => Number(column[n]));
const apply = ([name, columns]) => columns[0].map((_, n) => text(OPERATIONS[name](...numbers(columns, n))));
console.log(JSON.stringify(Object.entries(given.operands).map(apply)));
"""
ARITIES = """
const { OPERATIONS } = await import(given);
console.log(JSON.stringify(Object.entries(OPERATIONS).map(([name, operation]) => [name, operation.length])));
"""


@needs_node
def test_operations_are_those_of_numpy(tmp_path):
    """Each operation on zeros, halves, infinities, NaN and random numbers."""
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan]
    sample = np.concatenate([special, rng.uniform(-3, 3, 40)])
    right, operands = {}, {}
    for name, count in evaluated(ARITIES, tmp_path, RULE):
        columns = [rng.permutation(np.tile(sample, 4)) for _ in range(count)]
        conditions = count if name.startswith("logical") else int(name == "where")
        columns[:conditions] = [np.nan_to_num(column) > 0 for column in columns[:conditions]]
        operands[name] = [[str(float(v)).replace("inf", "Infinity") for v in column] for column in columns]
        columns += [columns[0]] * (name == "over_cosh_square")  # its last operand has no effect
        with np.errstate(all="ignore"):
            right[name] = np.asarray(FUSED[name](*columns) if name in FUSED else OPS[name].run(*columns), float)
    for name, texts in zip(operands, evaluated(APPLY, tmp_path, {"module": RULE, "operands": operands}), strict=True):
        values = np.array([text.replace("Infinity", "inf") for text in texts], float)
        np.testing.assert_allclose(values, right[name], rtol=1e-13, atol=1e-300, err_msg=name)


@needs_node
def test_all_operations_of_machine_code_are_there(tmp_path):
    assert {name for name, _ in evaluated(ARITIES, tmp_path, RULE)} == set(RULES)
