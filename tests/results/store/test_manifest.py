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
        "timeout": 0,
        "crashed": 0,
    }
    assert (manifest["cells"], manifest["runs"], manifest["repeats_saved"]) == (6, 9, 3)
    assert set(manifest["versions"]) >= {"optlab", "python", "numpy", "pyarrow"}
    assert [sweep["backend"] for sweep in manifest["sweeps"]] == ["replay"] * 4


TELLTALE = """\
import getpass, os, platform
from optlab import optimizer

@optimizer
def telltale(x, g):
    who = f"{getpass.getuser()} on {platform.node()}"
    raise RuntimeError(f"{who}: {os.environ['OPTLAB_TEST_TOKEN']}: no {os.path.expanduser('~')}/a b/c.csv, {__file__}")
"""


def test_nothing_in_the_files_names_a_person_a_host_or_a_secret(tmp_path, monkeypatch):
    """Also if the message of an error does."""
    monkeypatch.setenv("OPTLAB_TEST_TOKEN", "s3cr3t-t0ken")
    monkeypatch.setattr(getpass, "getuser", lambda: "ann-marie")
    monkeypatch.setattr(platform, "node", lambda: "node-17.example.org")
    (tmp_path / "telltale.py").write_text(TELLTALE)
    document = DOCUMENT | {"steps": 2, "optimizer": [*DOCUMENT["optimizer"], {"name": "telltale"}]}
    results = optlab.run(document, out=tmp_path, plugins=[tmp_path], plots=False)
    told = "RuntimeError: <user> on <host>: $OPTLAB_TEST_TOKEN: no "
    assert results.failed
    assert told in (results.folder / "errors.log").read_text()
    assert any(told in sweep.get("error", "") for sweep in results.manifest["sweeps"])
    private = ["node-17", "s3cr3t-t0ken", os.path.expanduser("~"), str(tmp_path), "ann-marie"]
    for path in results.folder.rglob("*"):
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
