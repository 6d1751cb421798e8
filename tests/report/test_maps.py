"""What the page has of maps: arrays, colours, programs and notes are those of the panels."""

import base64
import dataclasses
import re
import zlib

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import optlab
from optlab.errors import UserError
from optlab.figures import basins, stability
from optlab.markup import looks
from optlab.report import maps
from optlab.report.document import document
from optlab.report.packing import NO_NUMBER, deflated, three_digits
from tests.report.unpacked import unpacked


def inflated(text):
    return np.frombuffer(zlib.decompress(base64.b64decode(text["deflate"])), "<" + text["kind"]).astype(int)


@pytest.fixture(scope="module")
def found(basin_map):
    return basin_map, document(basin_map.results, None)


def test_arrays_of_basins_are_those_of_the_panels(found):
    made, data = found
    assert len(data["maps"]["panels"]) == len(made.maps) == 3
    for panel, packed in zip(made.maps, data["maps"]["panels"], strict=True):
        fate = inflated(packed["fate"]).reshape(panel.minimum.shape)
        np.testing.assert_array_equal(fate == 0, panel.diverged)
        np.testing.assert_array_equal((fate - 2)[fate >= 1], panel.minimum[fate >= 1])
        np.testing.assert_array_equal(inflated(packed["reached"]).reshape(fate.shape) - 1, panel.reached)
        np.testing.assert_array_equal(unpacked(packed["x"]), panel.x)
        np.testing.assert_array_equal(unpacked(packed["y"]), panel.y)
        losses = [f"{value:.2e}" for value in panel.loss[~panel.diverged]]
        parts = zip(inflated(packed["digits"]), inflated(packed["exponents"]), strict=True)
        assert [f"{d * 10.0**e:.2e}" for d, e in parts if e != NO_NUMBER] == losses


def test_colours_of_basins_are_those_of_the_figure(found):
    made, data = found
    look = data["cases"][0]["look"]
    np.testing.assert_array_equal(unpacked(look["share"]), basins.scale(made.maps))
    assert look["hues"] == [basins.DIVERGED, basins.NOWHERE, *basins.hues(4)]
    assert look["minima"] == made.maps[0].minima.tolist()
    assert [entry["text"] for entry in look["legend"]][:2] == ["(-3.78, -3.28)", "(-2.81, 3.13)"]


def test_the_surface_covers_the_map_and_has_the_minima(found):
    made, data = found
    valley = data["cases"][0]["valley"]
    assert (valley["low"], valley["high"]) == (list(made.maps[0].low), list(made.maps[0].high))
    assert valley["minima"] == made.maps[0].minima.tolist()


def test_panels_of_one_sweep_share_a_program_with_their_own_numbers(found):
    _, data = found
    gd, slow, fast = data["maps"]["panels"]
    assert len(data["maps"]["programs"]) == 2
    assert slow["program"] == fast["program"] != gd["program"]
    assert [unpacked(one["values"]).tolist() for one in (gd, slow, fast)] == [[0.01], [0.005, 0.9], [0.01, 0.9]]
    assert [one["settings"] for one in (gd, slow, fast)] == ["lr=0.01", "lr=0.005", "lr=0.01"]


def test_arrays_of_stability_are_those_of_the_panel(stability_map):
    panel, data = stability_map.maps[0], document(stability_map.results, None)
    (packed,) = data["maps"]["panels"]
    look = data["cases"][0]["look"]
    np.testing.assert_array_equal(unpacked(packed["x"]), panel.x)
    assert packed["spacings"] == ["log", "linear"]
    assert packed["best"] == list(panel.best)
    scale = stability.common_scale([panel])
    assert (look["log"], look["low"], look["high"]) == (scale.log, scale.low, scale.high)
    fate = inflated(packed["fate"]).reshape(panel.loss.shape)
    np.testing.assert_array_equal(fate == 4, panel.diverged)
    np.testing.assert_array_equal(fate == 0, panel.stable)
    np.testing.assert_array_equal(fate == 3, ~panel.stable & ~panel.diverged)
    names = [key["name"] for key in data["maps"]["programs"][0]["numbers"]]
    assert [packed["sides"][names.index(name)] for name in ("lr", "beta", "condition")] == [0, 1, None]
    assert unpacked(packed["start"]).tolist() == stability_map.results.plan.sweeps[0].case.start.x.tolist()
    assert inflated(packed["theory"]["radius"]).reshape(241, 241)[3, 5] == pytest.approx(
        32_000 * min(panel.theory.radius[3, 5], 2), abs=1
    )


def test_the_colours_of_losses_are_viridis():
    reversed_ = matplotlib.colormaps["viridis"].reversed()(np.linspace(0, 1, len(looks.VIRIDIS)))[:, :3]
    np.testing.assert_allclose([to_rgb(colour) for colour in looks.VIRIDIS], reversed_, atol=2.5 / 255)


def test_large_maps_are_thinned_and_the_page_says_so(found, monkeypatch):
    made, _ = found
    monkeypatch.setattr(maps, "MOST_PIXELS", 3 * 13**2)
    data = document(made.results, None)
    packed = data["maps"]["panels"][0]
    part = slice(0, None, 2)
    np.testing.assert_array_equal(unpacked(packed["x"]), made.maps[0].x[part])
    np.testing.assert_array_equal(inflated(packed["reached"]) - 1, made.maps[0].reached[part, part].ravel())
    assert "every 2nd pixel" in data["notes"][-1]


def test_what_cannot_be_compiled_has_its_reason(tmp_path):
    rules = [{"name": "scipy:CG", "label": "cg"}]
    found = optlab.basins("himmelblau", rules, resolution=4, steps=3, out=tmp_path, plots=False)
    data = document(found.results, None)
    (packed,) = data["maps"]["panels"]
    assert (packed["program"], packed["reason"]) == (
        None,
        "It has no WebAssembly module because it is an optimizer of scipy.",
    )
    assert data["cases"][0]["curves"] == {}


def with_changes(results, monkeypatch, plan=None, **messages):
    """The same results, some of whose plugins have changed."""
    again = optlab.load(results.folder)
    messages = {name.replace("_", " "): message for name, message in messages.items()}
    origin = dataclasses.replace(again.origin, plan=plan or again.origin.plan, changed_plugins=messages)
    monkeypatch.setitem(again.__dict__, "origin", origin)
    return document(again, None)


def test_a_map_of_a_changed_rule_is_shown_as_recorded(found, monkeypatch):
    made, right = found
    data = with_changes(made.results, monkeypatch, optimizer_gd="optimizer 'gd' has changed")
    assert data["notes"][-1] == "the maps are shown as recorded: optimizer 'gd' has changed"
    assert data["cases"][0]["valley"] == right["cases"][0]["valley"]
    for one, same in zip(data["maps"]["panels"], right["maps"]["panels"], strict=True):
        assert all(one[name] == same[name] for name in ("fate", "digits", "exponents", "reached", "x", "y", "settings"))
        is_changed = data["labels"][one["label"]]["name"] == "gd"
        assert (one["program"] is None) == is_changed
        assert one["reason"] == ("optimizer 'gd' has changed" if is_changed else "")


def test_a_map_of_a_changed_problem_has_no_surface(found, monkeypatch):
    made, right = found
    data = with_changes(made.results, monkeypatch, problem_himmelblau="problem 'himmelblau' has changed")
    assert (data["cases"][0]["valley"], data["cases"][0]["minimum"]) == (None, None)
    assert [one["fate"] for one in data["maps"]["panels"]] == [one["fate"] for one in right["maps"]["panels"]]
    assert {one["reason"] for one in data["maps"]["panels"]} == {"problem 'himmelblau' has changed"}


def test_a_changed_rule_of_a_map_of_stability_has_no_theory(stability_map, monkeypatch):
    data = with_changes(stability_map.results, monkeypatch, optimizer_momentum="optimizer 'momentum' has changed")
    (panel,) = data["maps"]["panels"]
    assert (panel["theory"], panel["program"], panel["reason"]) == (None, None, "optimizer 'momentum' has changed")


@pytest.mark.parametrize("change", ["number", "start", "label"])
def test_a_map_whose_plan_has_other_runs_is_only_described(basin_map, monkeypatch, change):
    """A changed plugin may have another default, or a problem another domain."""
    plan = basin_map.results.origin.plan
    first, *others = plan.sweeps
    key = ("hyperparameter", "lr")
    changed = {
        "number": {"numbers": {**first.numbers, key: 2 * first.numbers[key]}},
        "start": {
            "case": dataclasses.replace(first.case, start=dataclasses.replace(first.case.start, low=(-9.0, -9.0)))
        },
        "label": {"label": "other"},
    }[change]
    other = dataclasses.replace(plan, sweeps=(dataclasses.replace(first, **changed), *others))
    data = with_changes(basin_map.results, monkeypatch, other, optimizer_gd="optimizer 'gd' has changed")
    assert data["maps"] is None
    assert re.search("the map cannot be read.*'gd' has changed", data["notes"][-1])


def test_a_map_whose_plugin_is_gone_is_only_described(basin_map, monkeypatch):
    results = optlab.load(basin_map.results.folder)
    gone = dataclasses.replace(results.origin, plan=None, changed_plugins={}, why="problem 'himmelblau' is gone")
    monkeypatch.setitem(results.__dict__, "origin", gone)
    data = document(results, None)
    assert (data["maps"], data["cases"]) == (None, [])
    assert re.search("the map cannot be read.*himmelblau' is gone", data["notes"][-1])
    with pytest.raises(UserError):
        results.panels  # noqa: B018


def test_numbers_are_packed_in_the_smallest_type():
    kinds = {"u1": [0, 255], "u2": [256], "i2": [-1, 999], "i4": [70_000]}
    for kind, values in kinds.items():
        assert deflated(values)["kind"] == kind
        assert inflated(deflated(values)).tolist() == values


def test_three_digits_of_numbers_of_all_sizes():
    values = np.concatenate([10.0 ** np.arange(-299, 308) * 1.2345, [-0.99999, 0.0, 1e-310]])
    digits, exponents = three_digits(values)
    expected = [float(f"{value:.2e}") for value in values[:-1]] + [0.0]
    np.testing.assert_allclose(
        [float(f"{d}e{e}") for d, e in zip(digits, exponents, strict=True)], expected, rtol=1e-14
    )
