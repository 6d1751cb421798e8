"""The table of the kinds of plugin, and what follows it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from optlab.cli import new
from optlab.cli.commands import plugins
from optlab.plugins import hookspecs, registry
from optlab.plugins import kinds as plugin_kinds

DECORATED = [kind for kind in plugin_kinds.ALL if kind.form.startswith("functions decorated with @")]


def test_the_table_loads_nothing():
    code = "import sys; import optlab.plugins.kinds, optlab.experiments.choices; "
    code += "print({'numpy', 'typer', 'pluggy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("kind", plugin_kinds.ALL, ids=lambda kind: kind.name)
def test_a_kind_has_a_class_and_a_hook(kind):
    assert isinstance(kind.cls, type)
    assert hasattr(getattr(hookspecs, kind.hook), "optlab_spec")


def test_the_fields_and_methods_of_the_registry_are_the_kinds_of_the_table(built_in):
    fields = [field.name for field in dataclasses.fields(registry.Registry)]
    kinds = [kind.plural for kind in plugin_kinds.REGISTERED]
    assert fields[: len(kinds)] == kinds == list(registry.KINDS)
    for kind in plugin_kinds.REGISTERED:
        for name, plugin in getattr(built_in, kind.plural).items():
            assert isinstance(plugin, kind.cls)
            assert getattr(built_in, kind.name)(name) is plugin


@pytest.mark.parametrize("kind", DECORATED, ids=lambda kind: kind.name)
def test_a_kind_with_a_decorator(kind):
    import optlab

    assert callable(getattr(optlab, kind.name))
    assert kind.name in new.NEXT
    text = (new.TEMPLATES / f"{kind.name}.py").read_text(encoding="utf-8")
    assert f"\n@{kind.name}" in text


def test_kinds_in_lists_and_templates():
    assert [kind.plural for kind in plugin_kinds.REGISTERED] == plugins.LISTED
    assert [kind.name for kind in DECORATED] + ["experiment"] == plugins.CREATED
