"""A loader of Python files that always compiles their text."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from types import CodeType


class SourceLoader(SourceFileLoader):
    """Compiles a file whenever it is loaded, and writes no bytecode.

    Python considers bytecode current if the file has the same size and was written in the same second. A plugin that is
    edited twice within a second, as by a script or with `--watch`, would otherwise run with its earlier text.
    """

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file as it is now."""
        return self.source_to_code(self.get_data(self.path), self.path)
