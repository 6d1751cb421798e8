"""WebAssembly modules in a real engine against replay: every built-in function with every optimizer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab.execution import runner
from optlab.execution.runner import step_by_step
from optlab.execution.webassembly import NotPortable, program_of
from tests.cases import first_cases
from tests.engine.native.against_replay import agree
from tests.node import evaluated, needs_node
from tests.report.web.in_node import KERNEL, results, task

STEPS = 200
PARTS = 24

pytestmark = needs_node


def replayed(sweep):
    recording = dataclasses.replace(sweep.recording, trajectory=True, final_x=True)
    return runner.run(dataclasses.replace(sweep, backend="replay", recording=recording))


@pytest.fixture(scope="module")
def sweep_of(planned):
    """The only sweep of a problem and a rule; all steps are recorded."""

    def make(problem, rule, steps=STEPS, seeds=3):
        document = {"problem": [problem], "optimizer": [rule], "steps": steps, "seeds": seeds}
        (sweep,) = planned({**document, "record": {"points": steps + 1}}).sweeps
        return sweep

    return make


def compared(sweeps, monkeypatch, folder):
    """Assert that sweeps agree with replay as machine code does. Returns the labels of those without a module.

    A run is not compared where replay itself differs from one of three starts that are at most 4e-16 away: one alone
    may round to the same steps by chance, as on the flat ground of michalewicz."""
    expected, tasks, absent = [], [], set()
    usual = step_by_step.starts
    for sweep in sweeps:
        try:
            program = program_of(sweep)
        except NotPortable:
            absent.add(sweep.label)
            continue
        tasks.append((program, task(program, STEPS)))
        right = replayed(sweep)
        nearby = []
        for factor in (1 + 2**-51, 1 + 2**-52, 1 - 2**-53):
            monkeypatch.setattr(step_by_step, "starts", lambda *given, factor=factor: usual(*given) * factor)
            nearby.append(replayed(sweep))
        monkeypatch.setattr(step_by_step, "starts", usual)
        expected.append((f"{sweep.case.problem.name}, {sweep.label}", right, nearby))
    sensitive = total = 0
    for done, (who, right, nearby) in zip(results(tasks, folder), expected, strict=True):
        assert done["steps"] == right.steps.tolist(), who
        assert done["diverged"] == (right.status == 1).tolist(), who
        for step, tolerance in ((0, 1e-12), (1, 1e-12), (10, 1e-12), (STEPS, 1e-6)):
            found = [agree(done["loss"][step], right.loss[step], other.loss[step], tolerance, right.loss[0])
                    for other in nearby]  # fmt: skip
            close, chaotic = found[0][0], np.any([one[1] for one in found], axis=0)
            assert (close | chaotic | (right.steps < step)).all(), (who, step)
            sensitive, total = sensitive + chaotic.sum(), total + chaotic.size
        close, _ = agree(done["best"], right.best_loss, right.best_loss, 1e-6, right.loss[0])
        chaotic = [agree(done["loss"], right.loss, other.loss, 1e-6, right.loss[0])[1] for other in nearby]
        assert (close | np.any(chaotic, axis=(0, 1))).all(), who
    assert sensitive < 0.15 * total
    return absent


def rules_of(built_in):
    return [
        {"name": name, **({"lr": [1e-3, 1e-2]} if "lr" in known.signature.numbers else {})}
        for name, known in built_in.optimizers.items()
    ]


WITHOUT_MODULE = {"adahessian", "newton", "sgld", "sophia"}
"""They draw random numbers or solve equations."""


@pytest.mark.parametrize("part", first_cases(1, range(PARTS)))
def test_built_in_functions_and_optimizers_agree_with_replay(planned, built_in, part, monkeypatch, tmp_path):
    """Each function with some of the optimizers; the next function begins with the next one."""
    functions = [name for name, known in built_in.problems.items() if not known.trains_on_data and "bbob" not in name]
    sweeps = []
    for turn, name in enumerate(functions):
        rules = rules_of(built_in)[(turn + part) % PARTS :: PARTS]
        document = {"problem": [{"name": name, "start": "random"}], "optimizer": rules, "steps": STEPS, "seeds": 3}
        sweeps += planned(document | {"record": {"points": STEPS + 1}}).sweeps
    assert compared(sweeps, monkeypatch, tmp_path) <= WITHOUT_MODULE


@pytest.mark.parametrize("part", first_cases(1, range(PARTS)))
def test_networks_and_optimizers_agree_with_replay(planned, built_in, part, monkeypatch, tmp_path):
    """A small network with some of the optimizers."""
    sweeps = []
    for turn, rule in enumerate(rules_of(built_in)):
        if turn % PARTS == part:
            data, activation = [("xor", "tanh"), ("moons", "relu"), ("spirals", "sigmoid")][turn % 3]
            network = {"name": "mlp", "dataset": data, "hidden": [8], "activation": activation}
            document = {"problem": [network], "optimizer": [rule], "steps": STEPS, "seeds": 2}
            sweeps += planned(document | {"record": {"points": STEPS + 1}}).sweeps
    assert compared(sweeps, monkeypatch, tmp_path) <= WITHOUT_MODULE


LONG = [
    ({"name": "rosenbrock", "dim": 100, "start": "random"}, {"name": "adam", "lr": [1e-3, 1e-2]}),  # loops
    ({"name": "ellipsoid", "dim": 300, "start": "random"}, {"name": "momentum", "lr": 1e-6}),
    ({"name": "bbob_f3", "dim": 5, "start": "random"}, {"name": "adam", "lr": [1e-3, 1e-2]}),  # looked up
    ({"name": "himmelblau", "start": "random"}, {"name": "adam", "lr": [1e-2, 1e6], "schedule": "cosine"}),
    ({"name": "rosenbrock", "start": "random"}, {"name": "gd", "lr": [1e-3, 1.0], "transforms": ["clip_norm", "ema"]}),
    ({"name": "mlp", "dataset": "moons", "hidden": [8]}, {"name": "adam", "lr": [1e-3, 1e-2]}),  # a network
    ({"name": "mlp", "dataset": "xor", "hidden": [4, 4]}, {"name": "gd", "lr": [0.1, 1e200]}),
    ({"name": "drifting_unit", "start": "random"}, {"name": "schedule_free", "lr": [0.01, 0.1]}),
]


def test_trajectories_with_and_without_vectors(sweep_of, tmp_path):
    """x, the state and all losses of long and of diverging runs. Vectors change no bit, nor do own numbers."""
    sweeps = [sweep_of(*pair, steps=5000 if n == 3 else STEPS) for n, pair in enumerate(LONG)]
    ways = ({}, {"simd": False}, {"own_numbers": True}, {"trail": False})
    made = [[program_of(sweep, **way) for way in ways] for sweep in sweeps]
    found = iter(results([(p, task(p, s.steps)) for s, row in zip(sweeps, made, strict=True) for p in row], tmp_path))
    for sweep in sweeps:
        usual, *others = (next(found) for _ in ways)
        right = replayed(sweep)
        assert usual["steps"] == right.steps.tolist()
        assert usual["diverged"] == (right.status == 1).tolist()
        until = sweep.recording.steps[:, None] <= right.steps
        np.testing.assert_allclose(usual["loss"][until], right.loss[until], rtol=1e-9)
        np.testing.assert_allclose(
            usual["trail"].swapaxes(1, 2)[until], right.x.swapaxes(1, 2)[until], rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(usual["first"][0], right.first_loss, rtol=1e-12)
        np.testing.assert_allclose(usual["final"][0], right.final_loss, rtol=1e-9)
        np.testing.assert_allclose(usual["best"][0], right.best_loss, rtol=1e-9)
        alive = right.status == 0
        np.testing.assert_allclose(usual["x"][:, alive], right.final_x[:, alive], rtol=1e-9, atol=1e-12)
        for other in others:
            for name in ("loss", "final", "best"):
                np.testing.assert_array_equal(other[name], usual[name])
        assert (others[-1]["trail"] is None) == (sweep.case.split is None)
    assert any(program.looked_up for program, *_ in made)
    assert {"malloc", "free"} <= set(made[0][0].layout.imports)


def test_recorded_steps_and_given_states(sweep_of, tmp_path):
    """Some steps are recorded; a run goes on from a state; one run alone has the bits that it has among others."""
    sweep = sweep_of({"name": "rosenbrock", "start": "random"}, {"name": "momentum", "lr": [1e-5, 1e-4]}, seeds=4)
    program = program_of(sweep)
    whole = task(program, 100)
    some, half = {**whole, "record": [3, 50, 100]}, {**whole, "steps": 50}
    one = {**whole, "x0": program.x0[5:6], "numbers": [v[5] if isinstance(v, list) else v for v in whole["numbers"]]}
    everything, recorded, first, alone = results([(program, one) for one in (whole, some, half, one)], tmp_path)
    np.testing.assert_array_equal(recorded["loss"], everything["loss"][[3, 50, 100]])
    np.testing.assert_array_equal(recorded["trail"], everything["trail"][[3, 50, 100]])
    np.testing.assert_array_equal(alone["trail"][:, :, 0], everything["trail"][:, :, 5])
    rest = {**half, "x0": first["x"].T.tolist(), "state": first["state"].T.tolist()}
    (second,) = results([(program, rest)], tmp_path)
    np.testing.assert_array_equal(second["loss"], everything["loss"][50:])


def test_pow_has_the_values_of_the_c_library(tmp_path):
    script = "const { pow } = await import(given); const all = [NaN, Infinity, -Infinity, 2, 0.5];"
    script += "console.log(JSON.stringify([1, -1, 2].map((x) => all.map((p) => String(pow(x, p))))));"
    found = np.array(evaluated(script, tmp_path, KERNEL.as_uri()))
    with np.errstate(invalid="ignore"):
        right = np.array([1.0, -1.0, 2.0])[:, None] ** np.array([np.nan, np.inf, -np.inf, 2, 0.5])
    np.testing.assert_array_equal(np.char.replace(found, "Infinity", "inf").astype(float), right)


@pytest.mark.parametrize("way", [{}, {"simd": False}])
def test_no_step_gives_the_start_and_its_loss(sweep_of, tmp_path, way):
    sweeps = [sweep_of(*LONG[n], steps=2) for n in (0, 2, 3, 5)]
    programs = [program_of(sweep, **way) for sweep in sweeps]
    tasks = [(program, task(program, steps)) for program in programs for steps in (2, 0)]
    found = iter(results(tasks, tmp_path))
    for sweep, program in zip(sweeps, programs, strict=True):
        some, none = next(found), next(found)
        dim = program.layout.dim
        right = replayed(sweep)
        np.testing.assert_allclose(none["loss"], right.loss[:1], rtol=1e-12)
        for name in ("first", "final", "best"):
            np.testing.assert_array_equal(none[name].ravel(), none["loss"].ravel())
        np.testing.assert_array_equal(none["trail"], some["trail"][:1])
        np.testing.assert_array_equal(none["x"].reshape(dim, -1), some["trail"][0])
        assert none["steps"] == [0] * len(sweep)
        assert none["diverged"] == [False] * len(sweep)
        assert none["state"].shape == some["state"].shape
