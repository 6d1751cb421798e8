"""The report on an experiment: the text of an HTML page, which is saved or shown in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from optlab.markup.files import replacing

_HINT = (
    "<small>If the page is missing above, trust this notebook, or save the page with <code>.save(FILE)</code>.</small>"
)


@dataclass(frozen=True)
class Report:
    """A report as the text of one HTML file, and the name of its experiment. A notebook shows the page in a frame."""

    text: str = field(repr=False)
    name: str = ""

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, which is replaced as a whole.

        Raises:
            OSError: the file cannot be written.
        """
        path = Path(path)
        with replacing(path) as part:
            part.write_bytes(self.text.encode())
        return path

    def _repr_html_(self) -> str:
        # a sandbox without the origin of the notebook: the page runs scripts, but cannot reach the notebook
        style = "width:100%;height:80vh;border:0"
        allowed = 'sandbox="allow-scripts allow-downloads" allow="clipboard-write"'
        title = escape(f"report {self.name}".strip())
        return f'<iframe {allowed} title="{title}" style="{style}" srcdoc="{escape(self.text)}"></iframe><p>{_HINT}</p>'
