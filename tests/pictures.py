"""Pictures of experiments that are made but not rendered, beside a blank report.

Rendering and the report take most of the time of an experiment with pictures. Where a test needs only their names, each
PNG is a single pixel and the report an empty page. Tests of the looks of pictures are in tests/figures, those of
reports in tests/report: there, and by `optlab report`, reports are real.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PAGE = "<!doctype html>\n<title>blank</title>\n"


def leave_blank(patch: pytest.MonkeyPatch) -> None:
    """Save the pictures of experiments as PNGs of one pixel, in this process, beside a blank report. Files of other
    formats are real."""
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
    leave_report_blank(patch)


def leave_report_blank(patch: pytest.MonkeyPatch) -> None:
    """Write an empty page with the pictures of experiments, in this process. A report that is asked for is real."""
    from optlab.figures.experiment import pictures
    from optlab.results.selection import ALL

    draw_all = pictures.draw_all

    def with_blank_report(
        results: Any, format: str, progress: Any, selection: Any = ALL, report: Any = None, second: Any = None
    ) -> Any:
        return draw_all(results, format, progress, selection, report and (lambda: PAGE), second)

    patch.setattr(pictures, "draw_all", with_blank_report)
