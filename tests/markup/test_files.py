"""Files that are replaced as a whole."""

from __future__ import annotations

import pytest

from optlab.markup.files import replacing


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
