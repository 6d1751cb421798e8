"""Finished results, and a copy to damage."""

from __future__ import annotations

import shutil

import pytest

import optlab
from tests.results.store.experiment import DOCUMENT


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("results"), plots=False)


@pytest.fixture
def folder(finished, tmp_path):
    """A copy to damage."""
    return shutil.copytree(finished.folder, tmp_path / "results" / "e")
