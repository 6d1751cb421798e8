"""Fixtures of all tests, and pytest's test harness for plugins."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from optlab.execution import runner
from optlab.execution.records import Sweep, Trajectories
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.experiments.kinds import Plan
from optlab.plugins import registry
from optlab.plugins.registry import Registry
from tests.forked import BIN, TIMEOUT, Forks
from tests.pictures import leave_blank, leave_report_blank

pytest_plugins = ["pytester"]

# The tests start hundreds of processes: each would compile all modules of optlab again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Tests send Ctrl-C to processes that they start. A shell lets its jobs in the background ignore it, and so would these.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Times of examples have no meaning on a shared machine.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# Collection makes millions of objects and next to no garbage. The collector starts again when it has ended.
gc.disable()

_SLOWEST = (
    *("tests/test_docs.py", "tests/testing/test_conformance.py", "tests/plugins/optimizers/test_parity.py"),
    *("tests/api/test_experiment_results.py", "tests/cli/test_streams.py", "tests/cli/test_watch.py"),
    *("tests/test_benchmarks.py", "tests/plugins/test_packages.py", "tests/api/test_pipeline.py"),
    *("tests/testing/test_plugin.py", "tests/plugins/external/test_foreign.py", "tests/cli/test_run.py"),
    *("tests/report/web/test_kernel.py", "tests/cli/test_finished.py", "tests/figures/test_saving.py"),
    *("tests/report/test_rankings.py", "tests/report/test_maps_in_browser.py", "tests/cli/test_play_watch.py"),
    *("tests/report/test_live.py", "tests/cli/test_in_use.py", "tests/engine/native/test_looped.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first: no worker shall still have one of them when the others have nothing left."""
    place = {name: n for n, name in enumerate(_SLOWEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


def pytest_collection_finish() -> None:
    """Start the garbage collector, which shall not look through all that was imported, again and again."""
    gc.freeze()
    gc.enable()


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
def forks() -> Iterator[Forks]:
    """A process that has imported optlab; it is started at the first command."""
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def optlab_command(forks: Forks) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own: a fork, or the installed script if anything else than its folder is set.
    PNGs of figures are blank in a fork unless `rendered`."""

    def run(*args: Any, cwd: Path, rendered: bool = False, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        arguments = [str(argument) for argument in args]
        more = kwargs.pop("env", {})
        environment = os.environ | {"COLUMNS": "200"} | more
        if not more and not kwargs:
            return forks.run("optlab", *arguments, cwd=cwd, env=environment, rendered=rendered)
        command = [str(BIN / "optlab"), *arguments]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False, **kwargs
        )

    return run


@pytest.fixture
def blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """PNGs of figures, and the report beside them, are blank during the test."""
    leave_blank(monkeypatch)


@pytest.fixture
def blank_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report that is written with pictures is blank during the test; the pictures are real."""
    leave_report_blank(monkeypatch)


@pytest.fixture(scope="module")
def blank_pictures_in_module() -> Iterator[None]:
    """PNGs of figures are blank during the tests of the module."""
    with pytest.MonkeyPatch.context() as patch:
        leave_blank(patch)
        yield


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Sweep]:
    """A list of the sweeps, or blocks of sweeps, that are computed during the test, without the paths that a report
    computes again: they report no progress."""
    run, sweeps = runner.Runner.__call__, []

    def counting(self: runner.Runner, sweep: Sweep, progress: runner.Progress | None = None) -> Trajectories:
        if progress is None:
            return run(self, sweep)
        sweeps.append(sweep)
        return run(self, sweep, progress)

    monkeypatch.setattr(runner.Runner, "__call__", counting)
    return sweeps
