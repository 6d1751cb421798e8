"""The listings of plugins from Python: a mapping and a table for each kind."""

from __future__ import annotations

import json

import pytest

import optlab
from optlab.errors import UnknownName, UserError, counted
from optlab.plugins import registry
from tests.safe_html import assert_safe

MINE = """\
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.1):
    "A <b> rule & more."
    return x - lr * g
"""


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_kind_is_listed(kind, built_in):
    found = optlab.available(kind, plugins=())
    assert dict(found) == dict(getattr(built_in, kind))
    assert [row["name"] for row in found.rows] == list(found)
    assert repr(found).splitlines()[0].startswith(counted(len(found), kind[:-1]))
    html = found._repr_html_()
    assert_safe(html, images=0)
    assert html.count("<tr") == len(found) + 1


def test_rows_equal_the_output_of_the_command(optlab_command, tmp_path):
    done = optlab_command("list", "schedules", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == json.loads(json.dumps(optlab.available("schedules", plugins=()).rows))


def test_a_listed_plugin_can_be_run():
    adam = optlab.available("optimizers")["adam"]
    assert optlab.minimize("sphere", adam, steps=3).steps == 3


def test_mistakes():
    with pytest.raises(UserError) as info:
        optlab.available("optimisers")
    said = "there is no kind of plugin 'optimisers' (did you mean 'optimizers'?); there are: optimizers, problems, "
    assert str(info.value).startswith(said)
    with pytest.raises(UnknownName, match=r"^there is no optimizer 'adma' \(did you mean 'adam'\?\)"):
        optlab.available("optimizers")["adma"]


def test_drop_in_plugins_and_failures_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(MINE)
    (tmp_path / "plugins" / "bad.py").write_text("1 / 0\n")
    found = optlab.available("optimizers")
    assert "mine" in found
    assert found.failures == ("plugins/bad.py:1:1: ZeroDivisionError: division by zero",)
    assert repr(found).splitlines()[-1] == f"not loaded: {found.failures[0]}"
    html = found._repr_html_()
    assert_safe(html)
    assert "A &lt;b&gt; rule &amp; more." in html
    assert "plugins/mine.py" in html


def test_all_kinds_at_once():
    everything = optlab.available(plugins=())
    assert list(everything) == list(registry.KINDS)
    assert len(everything["optimizers"]) > 20
    assert_safe(everything._repr_html_())
    assert repr(everything).count("\n\n") == len(everything) - 1
