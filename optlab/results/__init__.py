"""What an experiment leaves: files, data frames, statistics of them, and the manifest.

`caption` puts a profile into words; `from_table` judges results that were not computed here. Both are imported at their
first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optlab.results.imported.loading import from_table as from_table
    from optlab.results.profiles.captions import caption as caption

_HOME = {"caption": "optlab.results.profiles.captions", "from_table": "optlab.results.imported.loading"}

__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'optlab.results' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
