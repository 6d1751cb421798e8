"""The sweeps, and what they give on threads of this process."""

from __future__ import annotations

import pytest

from tests.execution.executors.sweeps import LARGE, SMALL, executed


@pytest.fixture(scope="session")
def sweeps(planned):
    return planned(LARGE).sweeps + planned(SMALL).sweeps


@pytest.fixture(scope="session")
def on_threads(sweeps, built_in):
    return executed(sweeps, built_in)
