"""Files that are replaced as a whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from optlab.markup.files import replacing
from tests.results.store.faults import fault


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("earlier")
    with replacing(path) as part:
        part.write_text("now")
        assert path.read_text() == "earlier"
    assert path.read_text() == "now"
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_after_an_error_the_earlier_file_is_there(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("earlier")
    with pytest.raises(KeyboardInterrupt), replacing(path) as part:  # noqa: PT012
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "earlier"
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_an_error_has_the_path_of_the_file(tmp_path):
    with pytest.raises(OSError, match=r"none.a\.html"), replacing(tmp_path / "none" / "a.html") as part:
        part.write_text("now")


def test_the_content_is_on_the_disk_before_the_name(tmp_path):
    with fault(0, "error") as made, replacing(tmp_path / "a.html") as part:
        part.write_text("now")
    assert made == ["open", "open", "fsync", "replace", "unlink"]


def test_unfinished_files_of_ended_processes_are_removed_and_no_others(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "a[1].html"
    gone = tmp_path / f".{path.name}.{ended.pid}.part"
    kept = [
        *(tmp_path / name for name in (f".a1.html.{ended.pid}.part", f".{path.name}.x.part", "notes.txt")),
        tmp_path / f".{path.name}.{os.getppid()}.part",
    ]
    link, elsewhere = tmp_path / f".{path.name}.{10**8}.part", tmp_path / "elsewhere"
    link.symlink_to(elsewhere)
    for file in (gone, elsewhere, *kept):
        file.write_text("half")
    with replacing(path) as part:
        part.write_text("now")
    assert {*tmp_path.iterdir()} == {path, link, elsewhere, *kept}
    assert elsewhere.read_text() == "half"
