"""What the page computes for a network, in Node: losses of all seeds with a band, against runs of the lab."""

import tomllib

import numpy as np
import pytest

import optlab
from optlab.report.document import document
from tests.node import needs_node

pytestmark = needs_node


@pytest.fixture(scope="module")
def live(moons, node_page):
    run, data = node_page("live.mjs"), document(moons, moons.judged())
    return lambda *changes, counts=(): run({"data": data, "changes": changes, "counts": counts})


def test_the_losses_of_a_network_are_those_of_all_seeds(live, moons, tmp_path):
    """Other learning rates, and another number of steps, which is a horizon of no rule here."""
    changes = [
        {"label": 1, "values": {"hyperparameter lr": 0.05}},
        {"label": 0, "values": {"hyperparameter lr": 0.01}, "steps": 20},
    ]
    experiment = tomllib.loads(moons.spec.read_text(encoding="utf-8"))
    for change, done in zip(changes, live(*changes)["found"], strict=True):
        name, steps = ("adam", "gd")[change["label"]], change.get("steps", 30)
        rule = {"name": name, "lr": change["values"]["hyperparameter lr"]}
        record = {"points": steps + 1, "trajectories": True}
        table = {**experiment, "steps": steps, "record": record, "optimizer": [rule]}
        right = optlab.run(table, tmp_path / name, plots=False)
        losses = right.history.pivot_table(index="step", columns="run", values="loss").to_numpy()
        assert done["step"] == list(range(steps + 1))
        assert done["count"] == losses.shape[1] == 2
        for quantile, key in ((0.1, "low"), (0.5, "median"), (0.9, "high")):
            np.testing.assert_allclose(done[key], np.quantile(losses, quantile, axis=1), rtol=1e-6)
        np.testing.assert_allclose(sorted(done["losses"]), sorted(losses[-1]), rtol=1e-6)
        first = right.runs.sort_values("seed")["run"].iloc[0]
        points = right.trajectories[right.trajectories["run"] == first].sort_values("step").filter(regex=r"^x\d")
        np.testing.assert_allclose(np.reshape(done["x"], points.shape), points, rtol=1e-5, atol=1e-9)


def test_a_slow_network_is_computed_for_fewer_seeds(live):
    network = {"is_network": True, "layout": {"size": 100_000}}
    counts = [
        (network, 20, 50),
        (network, 125, 50),
        (network, 10_000, 50),
        (network, 0, 50),
        ({"is_network": False}, 10_000, 50),
    ]
    assert live(counts=counts)["counts"] == [12, 2, 1, 50, 50]
