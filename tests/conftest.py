"""Fixtures of all tests, and pytest's test harness for plugins."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from optlab.execution import runner
from optlab.execution.records import Sweep, Trajectories
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.experiments.plan import Plan
from optlab.plugins import registry
from optlab.plugins.registry import Registry

pytest_plugins = ["pytester"]

# Times of examples have no meaning on a shared machine.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(scope="session")
def built_in() -> Registry:
    """The built-in plugins, without drop-in files."""
    return registry.load(())


@pytest.fixture(scope="session")
def planned(built_in: Registry) -> Callable[..., Plan]:
    """The plan of an experiment given as a dictionary, with plugins declared in a test in addition to built-in ones."""

    def make(document: dict[str, Any], *plugins: Any) -> Plan:
        tables = {kind: dict(getattr(built_in, kind)) for kind in registry.KINDS}
        for plural, kind in registry.KINDS.items():
            tables[plural] |= {plugin.name: plugin for plugin in plugins if isinstance(plugin, kind.cls)}
        draft = documents.read_dict({"name": "e", "steps": 10} | document, tables["kinds"].values())
        return plan.make(draft, replace(built_in, **tables))

    return make


@pytest.fixture(scope="session")
def optlab_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The installed command in a separate process."""

    def run(*args: Any, cwd: Path, env: dict[str, str] | None = None, **kwargs: Any) -> Any:
        script = Path(sys.executable).with_name("optlab")
        environment = os.environ | {"COLUMNS": "200"} | (env or {})
        command = [str(script), *map(str, args)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False, **kwargs
        )

    return run


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Sweep]:
    """A list of the sweeps, or blocks of sweeps, that are computed during the test."""
    run, sweeps = runner.Runner.__call__, []

    def counting(self: runner.Runner, sweep: Sweep, progress: runner.Progress) -> Trajectories:
        sweeps.append(sweep)
        return run(self, sweep, progress)

    monkeypatch.setattr(runner.Runner, "__call__", counting)
    return sweeps
