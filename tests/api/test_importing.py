"""Modules that are imported while other work is done."""

import sys

import pytest

from optlab.api.importing import importing


def test_the_modules_are_there_after_the_block(tmp_path, monkeypatch):
    (tmp_path / "slow_one.py").write_text("import time; time.sleep(0.2); value = 3")
    (tmp_path / "broken_one.py").write_text("raise RuntimeError('broken')")
    monkeypatch.syspath_prepend(tmp_path)
    with importing(["broken_one", "missing_one", "slow_one"]):
        pass
    assert sys.modules["slow_one"].value == 3
    assert "broken_one" not in sys.modules
    with pytest.raises(RuntimeError, match="broken"):  # for the statement that needs it
        import broken_one  # type: ignore[import-not-found]  # noqa: F401


def test_an_exception_of_the_block_is_raised():
    with pytest.raises(KeyboardInterrupt), importing(["json"]):
        raise KeyboardInterrupt
