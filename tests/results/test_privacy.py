"""Stored texts do not tell of persons, machines or secrets."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path

import pytest

from optlab.results.privacy import without_private

CASES = {
    'File "/home/ann lee/lab x/plugins/a.py", line 3, in a': 'File "a.py", line 3, in a',
    'File "/usr/lib/python3.12/json/decoder.py", line 3': 'File "json/decoder.py", line 3',
    'File "C:\\Users\\ann\\x.py", line 3': 'File "x.py", line 3',
    'File "/opt/optlab/optlab/engine/ops.py"': 'File "optlab/engine/ops.py"',
    "x.py:3: FileNotFoundError: [Errno 2] No such file: '/data/ann/table.csv'":
        "x.py:3: FileNotFoundError: [Errno 2] No such file: 'table.csv'",
    "see /home/ann/x.txt, /tmp/a/b.csv:7 and ~/y": "see x.txt, b.csv:7 and ~/y",
    "the ratio a/b and 1/2/3, and https://example.org/a/b": "the ratio a/b and 1/2/3, and https://example.org/a/b",
    "login ann-marie on node-17.example.org": "login <user> on <host>",
    "annex ann-maries": "annex ann-maries",
    "Bearer t0p-s3cret/x and pg://u:pw@h/db": "Bearer $API_TOKEN and $DATABASE_URL",
    "y = x / (1 + x)": "y = x / (1 + x)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_private_parts_are_replaced(text, expected, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "ann-marie")
    monkeypatch.setattr(platform, "node", lambda: "node-17.example.org")
    monkeypatch.setenv("API_TOKEN", "t0p-s3cret/x")
    monkeypatch.setenv("DATABASE_URL", "pg://u:pw@h/db")
    monkeypatch.setenv("SORT_KEY", "x")
    assert without_private(text) == expected


def test_files_in_the_working_directory_keep_their_folders():
    assert without_private(f'File "{Path.cwd() / "plugins" / "a.py"}"') == f'File "{Path("plugins/a.py")}"'


@pytest.mark.parametrize("name", ["root", "pi", "localhost"])
def test_names_of_nobody_stay(name, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: name)
    monkeypatch.setattr(platform, "node", lambda: name)
    assert without_private(f"the {name} of it") == f"the {name} of it"


def test_a_user_without_a_name(monkeypatch):
    def nameless():
        raise OSError("no user name")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert without_private("it is") == "it is"
