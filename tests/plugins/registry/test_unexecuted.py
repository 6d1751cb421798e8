"""What drop-in files declare, read without executing them."""

from __future__ import annotations

import pytest

from optlab.errors import PluginError
from optlab.plugins import registry
from optlab.plugins.code_location import source
from optlab.plugins.registry.unexecuted import module_of
from optlab.plugins.withheld import Fate, fate_of

FATE = Fate("timeout", "did not end within 2 s")
FILE = """
import optlab
from optlab import optimizer, problem, schedule, transform
raise SystemExit

@optlab.optimizer(ranges={"lr": "(0, inf)"}, exempt=MISSING)
def rule(x: Missing, g, m=0.0, v=lambda x: x, *, t, lr=0.01, mode="a", more=MISSING) -> None:
    raise SystemExit

@problem(domain=[-2.0, 2.0], start=(1.0, -1.0), minimum=MISSING, files=["none.csv"])
def bowl(x, *, scale=1.0):
    raise SystemExit

@schedule
def halved(t, *, period=10):
    return 0.5

@transform
def same(x, g):
    return g

def helper():
    pass
"""


def test_names_arguments_and_literals_are_read(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    known = registry.load(tmp_path, lambda path: module_of(path, FATE))
    assert known.failures == ()
    assert known.sources[-1].names == ("rule", "bowl", "halved", "same")
    rule, bowl = known.optimizer("rule"), known.problem("bowl")
    assert dict(rule.signature.state) == {"m": 0.0, "v": 0.0}
    assert dict(rule.signature.options) == {"lr": 0.01, "mode": "a", "more": 0.0}
    assert rule.signature.out_of_range("rule", "lr", -1.0)
    assert bowl.bounds(2).tolist() == [[-2.0, -2.0], [2.0, 2.0]]
    assert bowl.start_at(2).tolist() == [1.0, -1.0]
    assert bowl.minima == ()
    assert source(rule.function) == (str(path), 6)
    assert source(bowl.function) == (str(path), 10)
    plugins = (rule, bowl, known.schedule("halved"), known.transform("same"))
    assert {fate_of(plugin) for plugin in plugins} == {FATE}


@pytest.mark.parametrize(
    "text", ["while True: pass\n", "@problem(start=np.ones(2))\ndef bowl(x):\n    return 0.0\n", "hook = 1\n"]
)
def test_a_file_of_which_nothing_can_be_read_is_refused(text, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PluginError, match=r"mine\.py: the code did not end within 2 s"):
        module_of(path, FATE)
