"""An animation that a notebook shows and that is saved by the suffix of its file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from optlab.errors import UserError, check_output, did_you_mean
from optlab.figures.animation import files, raster, vector
from optlab.figures.animation.scene import Scene
from optlab.markup.files import replacing

ENDINGS = (".gif", ".webp", ".png", ".mp4", ".svg")
"""The suffixes of animations; `.png` is an animated PNG."""


@dataclass(frozen=True, repr=False)
class Animation:
    """An animation. A notebook shows it; `.save("balls.gif")` writes it."""

    scene: Scene

    def frames(self) -> Iterator[Image.Image]:
        """The frames as images of Pillow."""
        return raster.frames(self.scene)

    def save(self, path: str | Path) -> Path:
        """Write the animation as .gif, .webp, .png (animated), .mp4 or .svg. The file appears when it is complete.

        Raises:
            UserError: there is no such format or folder, or ffmpeg failed.
            MissingPackage: there is no ffmpeg for .mp4.
        """
        path = Path(path)
        kind = checked(path).removeprefix(".")
        with replacing(path) as part:
            if kind == "svg":
                part.write_text(vector.svg(self.scene), encoding="utf-8")
            else:
                files.write(self.frames(), self.scene.timing, self.scene.colours, part, kind)
        return path

    def __repr__(self) -> str:
        return f"<animation of {len(self.scene.steps)} frames; .save('balls.gif') writes it>"

    def _repr_html_(self) -> str:
        page = io.BytesIO()
        files.write(self.frames(), self.scene.timing, self.scene.colours, page, "gif")
        picture = base64.b64encode(page.getvalue()).decode("ascii")
        return f'<img alt="balls on a map" src="data:image/gif;base64,{picture}" width="{self.scene.background.width}">'


def checked(path: Path, option: str = "") -> str:
    """The suffix of a path that an animation can be written to. `option` is the text before the path in messages.

    Raises:
        UserError: there is no such format, or no such folder.
    """
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        guess = did_you_mean(kind, ENDINGS)
        raise UserError(f"{option}{path}: an animation ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}{guess}")
    if kind == ".mp4":
        files.ffmpeg()
    check_output(path, option)
    return kind
