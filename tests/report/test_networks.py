"""Networks in the page: parameters, outputs over the plane, and the loss around the paths."""

import dataclasses
import json
import tomllib

import numpy as np
import pytest

import optlab
from optlab.execution.outputs import outputs_graph
from optlab.experiments.cases import titled
from optlab.report import landscapes, networks, recomputed
from optlab.report.document import document
from optlab.report.packing import HOLE
from tests.node import evaluated, needs_node
from tests.report.test_web import WEB
from tests.report.unpacked import unpacked

LABELS = ("adam", "gd")


@pytest.fixture(scope="module")
def shown(moons):
    return document(moons, moons.judged())["cases"][0]


@pytest.fixture(scope="module")
def split(moons):
    return next(titled(moons.origin.plan)).case.split


def points_of(results, label):
    """The recorded parameters of the first seed, (steps, dim)."""
    run = results.runs.query("label == @label").sort_values("seed").iloc[0]["run"]
    rows = results.trajectories[results.trajectories["run"] == run]
    return rows[[f"x{i}" for i in range(17)]].to_numpy()


def forward(x, inputs):
    """The class probabilities of a 2-3-2 network by hand."""
    w, b, v, c = x[:6].reshape(2, 3), x[6:9], x[9:15].reshape(3, 2), x[15:]
    e = np.exp(np.tanh(inputs @ w + b) @ v + c)
    return e / e.sum(axis=1, keepdims=True)


def loss(x, split):
    return -np.mean(np.sum(split.train_targets * np.log(forward(x, split.train_inputs)), axis=1))


def test_parameters_and_examples_are_those_of_the_experiment(moons, shown, split):
    boundary = shown["boundary"]
    for one, label in zip(boundary["recorded"], LABELS, strict=True):
        np.testing.assert_array_equal(unpacked(one["step"]), np.arange(31))
        np.testing.assert_allclose(unpacked(one["x"]).reshape(31, 17), points_of(moons, label), rtol=1e-6)
    trained = boundary["trained"]
    assert trained == len(split.train_inputs) == 320
    np.testing.assert_allclose(unpacked(boundary["x"])[:trained], split.train_inputs[:, 0], rtol=1e-6)
    np.testing.assert_allclose(unpacked(boundary["y"])[trained:], split.test_inputs[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(unpacked(boundary["class"])[trained:], split.test_targets[:, 1])
    assert shown["network_notes"] == []


PROBABILITIES = """
const { accuracy, loadOutputs, margins } = await import(given.module);
const fs = await import("node:fs");
const { boundary, x } = JSON.parse(fs.readFileSync(given.file));
const outputs = await loadOutputs(boundary);
const { grid, classes, trained } = boundary;
const found = Array.from(outputs.at(x));
const rate = accuracy(found.slice(grid * grid * classes), classes, boundary.class, 0, trained);
console.log(JSON.stringify({ found, rate, margins: Array.from(margins(found, classes, 1, grid * grid)) }));
"""


@needs_node
def test_the_page_computes_the_probabilities_of_the_network(moons, shown, split, tmp_path):
    given = dict(shown["boundary"])
    for name in ("x", "y", "class"):
        given[name] = unpacked(given[name]).astype(float).tolist()
    x = points_of(moons, "adam")[-1]
    (tmp_path / "given.json").write_text(json.dumps({"boundary": given, "x": x.tolist()}))
    here = {"module": (WEB / "kernels/outputs.js").as_uri(), "file": str(tmp_path / "given.json")}
    done = evaluated(PROBABILITIES, tmp_path, here)
    (left, bottom), (right, top) = given["low"], given["high"]
    grid = np.stack(np.meshgrid(np.linspace(left, right, 48), np.linspace(bottom, top, 48)), axis=-1).reshape(-1, 2)
    inputs = np.concatenate([grid, np.stack([given["x"], given["y"]], axis=1)])
    expected = forward(x, inputs)
    np.testing.assert_allclose(np.reshape(done["found"], (-1, 2)), expected, atol=1e-12, rtol=0)
    np.testing.assert_allclose(done["margins"], (expected[:, 1] - expected[:, 0])[: 48**2], atol=1e-12)
    is_right = expected[48**2 :][:320].argmax(axis=1) == split.train_targets.argmax(axis=1)
    assert done["rate"] == pytest.approx(is_right.mean())


def test_losses_of_landscapes_are_those_of_the_network(moons, shown, split):
    principal, random = shown["landscapes"]
    assert [principal["name"], random["name"]] == ["principal", "random"]
    points = np.concatenate([points_of(moons, label) for label in LABELS])
    _, sizes, rows = np.linalg.svd(points - points.mean(0), full_matrices=False)
    assert principal["explained"] == pytest.approx(np.sum(sizes[:2] ** 2) / np.sum(sizes**2))
    assert 0 <= random["explained"] < principal["explained"]
    for one, label in zip(principal["paths"], LABELS, strict=True):
        own = points_of(moons, label)
        coordinates = (own - points.mean(0)) @ rows[:2].T
        nearest = points.mean(0) + coordinates @ rows[:2]
        x, y = unpacked(one["x"]), unpacked(one["y"])
        np.testing.assert_allclose(np.abs([x, y]), np.abs(coordinates.T), atol=1e-5)
        np.testing.assert_allclose(unpacked(one["loss"]), [loss(point, split) for point in own], rtol=1e-6)
        np.testing.assert_allclose(unpacked(one["projected"]), [loss(point, split) for point in nearest], rtol=1e-6)
        np.testing.assert_allclose(unpacked(one["distance"]), np.linalg.norm(own - nearest, axis=1), atol=1e-6)


PROJECTED = """
const { projected } = await import(given.module);
const { plane, step, x, loss } = given;
const lossesAt = (points) => points.map((point) => point[0]);
const found = projected(plane, 7, { step, x: Float64Array.from(x.flat()), loss, status: "done", lossesAt });
for (const name of ["step", "x", "y", "loss", "projected", "distance"]) found[name] = Array.from(found[name]);
console.log(JSON.stringify(found));
"""


@needs_node
def test_the_page_projects_paths_on_planes_as_the_report_does(moons, shown, tmp_path):
    x = points_of(moons, "gd")
    for landscape in shown["landscapes"]:
        plane = {name: unpacked(values).tolist() for name, values in landscape["plane"].items()}
        given = {"plane": plane, "step": list(range(31)), "x": x.tolist(), "loss": list(range(31))}
        found = evaluated(PROJECTED, tmp_path, {"module": (WEB / "networks/projection.js").as_uri(), **given})
        expected = landscape["paths"][LABELS.index("gd")]
        for name in ("step", "x", "y", "distance"):
            np.testing.assert_allclose(found[name], unpacked(expected[name]), rtol=1e-5, atol=1e-6)
        directions = np.reshape(plane["directions"], (2, 17))
        nearest = np.array(plane["origin"]) + np.transpose([found["x"], found["y"]]) @ directions
        np.testing.assert_allclose(found["projected"], nearest[:, 0], rtol=1e-12)
        assert found["loss"] == list(range(31))


def test_heights_rise_with_the_loss_in_the_plane(moons, shown, split):
    plane = shown["landscapes"][0]
    points = np.concatenate([points_of(moons, label) for label in LABELS])
    rows = np.linalg.svd(points - points.mean(0), full_matrices=False)[2][:2]
    rows = rows * np.sign(rows[[0, 1], np.abs(rows).argmax(axis=1)])[:, None]
    size, (left, bottom), (right, top) = plane["size"], plane["low"], plane["high"]
    grid = np.stack(np.meshgrid(np.linspace(left, right, size), np.linspace(bottom, top, size)), axis=-1).reshape(-1, 2)
    losses = np.array([loss(point, split) for point in points.mean(0) + grid @ rows])
    heights = unpacked(plane["heights"]).astype(int)
    assert size == 33
    assert heights.max() == HOLE - 1
    assert (np.diff(heights[np.argsort(losses)]) >= -1).all()


def test_a_random_plane_goes_through_the_end_of_the_best_path(moons, shown):
    plane = shown["landscapes"][1]
    end = plane["paths"][plane["through"]]
    assert LABELS[plane["through"]] == moons.ranking().iloc[0]["label"]
    np.testing.assert_allclose([unpacked(end[key])[-1] for key in ("x", "y", "distance")], 0, atol=1e-6)
    assert max(plane["low"]) <= -1
    assert min(plane["high"]) >= 1


def test_little_work_makes_a_coarse_grid_and_then_none(moons, monkeypatch):
    monkeypatch.setattr(networks, "WORK", 517 * 320 * 300)
    coarse = document(moons, moons.judged())["cases"][0]["landscapes"][0]
    assert coarse["size"] == 10  # the root of 3/8 of 300 points
    assert len(unpacked(coarse["paths"][0]["step"])) == 12  # 8 % of them for each of two paths
    monkeypatch.setattr(networks, "WORK", 517 * 320 * 100)
    none = document(moons, moons.judged())["cases"][0]
    assert none["landscapes"] == []
    assert none["network_notes"] == [networks.TOO_LARGE]


def test_parameters_are_thinned(moons, monkeypatch):
    monkeypatch.setattr(networks, "PARAMETERS", 17 * 2 * 5)
    recorded = document(moons, moons.judged())["cases"][0]["boundary"]["recorded"]
    assert [unpacked(one["step"]).tolist() for one in recorded] == [[0, 8, 15, 22, 30]] * 2


@pytest.fixture(scope="module")
def unrecorded(moons, tmp_path_factory):
    """The same runs, without their parameters."""
    experiment = tomllib.loads(moons.spec.read_text(encoding="utf-8"))
    del experiment["record"]["trajectories"]
    return optlab.run(experiment, tmp_path_factory.mktemp("unrecorded"), plots=False)


def test_parameters_that_were_not_recorded_are_computed_again(shown, unrecorded):
    assert unrecorded.trajectories.empty
    case = document(unrecorded, unrecorded.judged())["cases"][0]
    for key in ("landscapes", "boundary", "network_notes"):
        assert case[key] == shown[key]


def test_paths_that_take_too_long_are_those_of_the_best_or_none(unrecorded, monkeypatch):
    """A run takes 30 steps, each with 17 parameters times 320 examples and 60,000 numbers."""
    one = 30 * (60_000 + 17 * 320)
    monkeypatch.setattr(recomputed, "WORK", 2 * one - 1)
    case = document(unrecorded, unrecorded.judged())["cases"][0]
    (path,) = case["landscapes"][0]["paths"]
    best = case["ranking"][0]["label"]
    assert path["label"] == case["boundary"]["recorded"][0]["label"] == best
    (note,) = case["network_notes"]
    assert f"computed again for {LABELS[best]}. An experiment records those of all" in note
    monkeypatch.setattr(recomputed, "WORK", one - 1)
    case = document(unrecorded, unrecorded.judged())["cases"][0]
    assert case["landscapes"] == []
    assert case["boundary"]["recorded"] == []
    (note,) = case["network_notes"]
    assert "an experiment records them with trajectories = true in [record]" in note


def test_paths_of_judged_runs_are_computed_again_after_tuning(tmp_path):
    """Runs for tuning record no steps."""
    experiment = {
        "name": "tuned",
        "steps": 9,
        "seeds": 2,
        "tuning": {"seeds": 2},
        "problem": [{"name": "mlp", "dataset": "moons", "hidden": [2]}],
        "optimizer": [{"name": "gd", "lr": [0.1, 0.5]}],
    }
    tuned = optlab.run(experiment, tmp_path, plots=False)
    case = document(tuned, tuned.judged())["cases"][0]
    ((path,),) = {len(plane["paths"]): plane["paths"] for plane in case["landscapes"]}.values()
    assert unpacked(path["step"]).tolist() == [*range(10)]
    judged = tuned.runs.query("phase == 'judging'").sort_values("seed").iloc[0]
    losses = unpacked(path["loss"])
    np.testing.assert_allclose(losses[[0, -1]], judged[["first_loss", "final_loss"]].to_numpy(float), rtol=1e-6)


def test_paths_of_a_landscape_that_takes_long_are_computed_again_only_if_asked_for(tmp_path, monkeypatch):
    experiment = {
        "name": "long",
        "steps": 2,
        "problem": [{"name": "mlp", "dataset": "digits", "hidden": [16]}],
        "optimizer": [{"name": "gd"}],
    }
    long = optlab.run(experiment, tmp_path, plots=False)
    with monkeypatch.context() as patched:
        patched.setattr(recomputed, "paths", None)
        case = document(long, long.judged())["cases"][0]
    assert case["landscapes"] == []
    assert case["network_notes"] == [networks.UNRECORDED]
    assert "optlab report RESULTS --landscapes" in networks.UNRECORDED

    monkeypatch.setattr(networks, "WORK", 600_000_000)  # a coarse grid
    case = document(long, long.judged(), all_landscapes=True)["cases"][0]
    assert case["network_notes"] == []
    assert [(one["name"], one["size"]) for one in case["landscapes"]] == [("principal", 9), ("random", 9)]
    (path,) = case["landscapes"][0]["paths"]
    (ends,) = long.runs[["first_loss", "final_loss"]].to_numpy(float)
    np.testing.assert_allclose(unpacked(path["loss"])[[0, -1]], ends, rtol=1e-6)

    monkeypatch.setattr(recomputed, "_sweep", lambda results, run: None)  # as of a plugin that has changed
    case = document(long, long.judged(), all_landscapes=True)["cases"][0]
    assert case["network_notes"] == [networks.IMPOSSIBLE]


def test_a_network_without_outputs_or_with_wrong_ones_has_a_note(moons):
    case = next(titled(moons.origin.plan))

    def noted(outputs):
        problem = dataclasses.replace(case.case.problem, outputs=outputs)
        changed = dataclasses.replace(case, case=dataclasses.replace(case.case, problem=problem))
        found, note = networks.boundary(changed, None, {}, (), 0)
        assert found is None
        return note

    assert "problem mlp declares no outputs" in noted(None)
    assert "the outputs of problem 'mlp' have the shape (17,); return (examples, classes)" in noted(lambda x, **_: x)


def test_a_function_of_many_parameters_has_landscapes_too(tmp_path):
    experiment = {"name": "s", "steps": 9, "record": {"points": 10, "trajectories": True},
                  "problem": [{"name": "sphere", "dim": 5, "start": [3.0, 1.0, 2.0, 5.0, 4.0]}],
                  "optimizer": [{"name": "gd", "lr": 0.1}, {"name": "adam", "lr": 0.1}]}  # fmt: skip
    results = optlab.run(experiment, tmp_path, plots=False)
    case = document(results, results.judged())["cases"][0]
    assert [one["name"] for one in case["landscapes"]] == ["principal", "random"]
    assert case["boundary"] is None


def test_outputs_of_the_other_losses_are_those_of_the_last_layer(moons):
    case = next(titled(moons.origin.plan)).case
    choices = {**case.choices, "loss": "mean_squared_error", "output": "sigmoid"}
    graph = outputs_graph(dataclasses.replace(case, choices=choices), {}, 4)
    assert [var.shape for var in graph.outputs] == [(4, 2), (17,), (4, 2)]
    x, inputs = points_of(moons, "adam")[-1], np.random.default_rng(0).normal(size=(4, 2))
    probabilities = forward(x, inputs)
    hidden = np.tanh(inputs @ x[:6].reshape(2, 3) + x[6:9])
    expected = 1 / (1 + np.exp(-(hidden @ x[9:15].reshape(3, 2) + x[15:])))
    problem = case.problem
    given = {"inputs": inputs, "targets": np.zeros((4, 2))}
    np.testing.assert_allclose(problem.outputs(x, **given, **choices), expected, rtol=1e-12)
    np.testing.assert_allclose(problem.outputs(x, **given, **case.choices), probabilities, rtol=1e-12)


def test_losses_are_computed_in_blocks(moons):
    case = next(titled(moons.origin.plan))
    points = points_of(moons, "gd").repeat(3, axis=0)
    losses = landscapes.loss_of(case)
    many = losses(points)
    assert len(many) == 93 > 2 * landscapes.BLOCK
    np.testing.assert_array_equal(many[[0, 40, 92]], [losses(points[[n]])[0] for n in (0, 40, 92)])


def test_small_networks_leave_their_work_to_large_ones(moons):
    case = next(titled(moons.origin.plan))
    small = dataclasses.replace(case, case=dataclasses.replace(case.case, split=None))
    need = 33**2 / 0.375 * 517  # of one example
    found = landscapes.shares_of_work([case, small, case], 21 * need)
    np.testing.assert_allclose(found, [10 * need, need, 10 * need])
    np.testing.assert_allclose(landscapes.shares_of_work([case, small], 1e9 * need), [320 * need, need])
    assert landscapes.shares_of_work([], 1.0) == []
