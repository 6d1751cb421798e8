"""Pictures of experiments that are made but not rendered.

Rendering takes most of the time of an experiment with pictures. Where a test needs only their names, each PNG is a
single pixel. Tests of the looks of pictures are in tests/figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def leave_blank(patch: pytest.MonkeyPatch) -> None:
    """Save the pictures of experiments as PNGs of one pixel, in this process. Files of other formats are real."""
    from PIL import Image

    from optlab.execution.second_process import SecondProcess
    from optlab.figures import saving  # it imports Matplotlib, which most tests do not need

    save = saving.save

    def blank(figure: Any, path: Path) -> Path:
        if path.suffix != ".png":
            return save(figure, path)
        Image.new("RGB", (1, 1)).save(path)
        return path

    patch.setattr(saving, "save", blank)
    patch.setattr(SecondProcess, "start", lambda self: None)
