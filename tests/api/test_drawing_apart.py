"""Pictures and the report of experiments whose plugins end the process that draws them."""

from __future__ import annotations

import os

import pytest

import optlab
from optlab.errors import PluginWarning
from tests.api.test_probing import BOWL, EXPERIMENT, write

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

FAR = '''
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise


def ending(x):
    """End the process at many points at once, as for a picture of the surface."""
    if np.size(x) > 1000:
        {code}
    return x * 1.0


OPERATION = elementwise("ending", ending, lambda g, y, x: g)


@problem(dim=2, start=[1.0, 1.0], domain=[-2.0, 2.0])
def bowl(x):
    """A bowl."""
    x = apply(OPERATION, x)
    return x[0] ** 2 + x[1] ** 2
'''


@pytest.mark.parametrize("code", ["os._exit(0)", "import ctypes; ctypes.string_at(0)"])
def test_pictures_are_drawn_without_the_problem(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    write(FAR.replace("{code}", code))
    experiment = EXPERIMENT | {"problem": [{"name": "beale"}, {"name": "bowl"}]}
    with pytest.warns(PluginWarning, match=r"the code of 'bowl' ended the process .* are made without it"):
        results = optlab.run(experiment, workers=1)
    assert set(results.runs["status"]) == {"done"}
    drawn = {path.stem for path in results.plots}
    assert {"contour_beale", "loss_beale", "loss_bowl"} <= drawn
    assert "contour_bowl" not in drawn
    assert results.has_report()


def test_pictures_are_drawn_if_every_optimizer_failed_on_a_problem(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    write(BOWL.format(code="os._exit(0)"))
    problems = [{"name": name} for name in ("beale", "booth", "bowl")]
    optimizers = [*EXPERIMENT["optimizer"], {"name": "adam"}]
    results = optlab.run(EXPERIMENT | {"problem": problems, "optimizer": optimizers}, workers=1)
    assert set(results.runs["status"][results.runs["problem"] == "bowl"]) == {"crashed"}
    drawn = {path.stem for path in results.plots}
    assert {"contour_beale", "contour_booth", "loss_beale", "loss_booth"} <= drawn
    assert not {"contour_bowl", "loss_bowl"} & drawn
    assert results.has_report()
