"""The manifest: its entries, private data that it must not have, and invalid manifests."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re

import pytest

import optlab
from optlab.errors import ResultsError
from optlab.results import store
from optlab.results.store.manifest import sealed
from tests.results.store.experiment import DOCUMENT


def test_the_manifest(finished):
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert manifest == finished.manifest
    assert manifest["statuses"] == {
        "done": 8,
        "diverged": 1,
        "error": 0,
    }
    assert (manifest["cells"], manifest["runs"], manifest["repeats_saved"]) == (6, 9, 3)
    assert set(manifest["versions"]) >= {"optlab", "python", "numpy", "pyarrow"}
    assert [sweep["backend"] for sweep in manifest["sweeps"]] == ["replay"] * 4


def test_nothing_in_the_files_names_a_person_a_host_or_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTLAB_TEST_TOKEN", "s3cr3t-t0ken")
    folder = optlab.run(DOCUMENT | {"steps": 2}, out=tmp_path, plots=False).folder
    private = [platform.node(), "s3cr3t-t0ken", os.path.expanduser("~"), str(tmp_path), f'"{getpass.getuser()}"']
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert [t for t in private if re.search(rb"(?<!\w)" + re.escape(t.encode()) + rb"(?!\w)", content)] == [], path


def test_a_manifest_of_another_format_is_reported(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(sealed(manifest | {"format": 99}))
    with pytest.raises(ResultsError, match="has format 99, and this optlab reads format 1"):
        store.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 1}', '{"format": 1, "files": 3}', "\xff"])
def test_invalid_manifests(folder, text):
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ResultsError, match=r"manifest\.json: is damaged; run the experiment again"):
        store.load(folder)
