"""Frames as GIF, WebP, APNG and MP4. All play for ever, except MP4, whose player decides."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from optlab.errors import MissingPackage, UserError
from optlab.figures import style
from optlab.figures.animation.scene import Timing
from optlab.figures.path_legend import STAR

COLOURS = 255
"""The colours of a GIF and an APNG: one palette for all frames. One more is left for transparency."""

_TINTS = np.linspace(0.25, 1.0, 6)


def write(frames: Iterable[Image.Image], timing: Timing, colours: list[str], path: Any, kind: str) -> None:
    """Write frames as `kind`: "gif", "webp", "png" or "mp4". `path` may be a file that is open, if the kind is not
    "mp4". `colours` are those of small things, which a palette keeps.

    Raises:
        MissingPackage: ffmpeg is not installed, and the kind is "mp4".
        UserError: ffmpeg failed.
    """
    if kind == "mp4":
        _video(frames, timing, path)
        return
    shown = list(frames)
    durations = [round(1000 / timing.fps)] * len(shown)
    durations[-1] += round(1000 * timing.pause)
    more: dict[str, Any] = {"quality": 82, "method": 2} if kind == "webp" else {}
    if kind != "webp":
        shown = few_colours(shown, colours)
    shown[0].save(path, kind.upper(), save_all=True, append_images=shown[1:], duration=durations, loop=0, **more)


def few_colours(frames: list[Image.Image], colours: list[str]) -> list[Image.Image]:
    """The frames with one palette: tints of `colours`, and the most common colours of the first and the last frame.

    Balls are small. Without colours of their own they would have those of the map.
    """
    tints = [(255 * (1 - share + share * np.array(to_rgb(colour)))).round() for colour in colours for share in _TINTS]
    kept = [255 * np.array(to_rgb(colour)) for colour in ("white", style.INK, style.MUTED, STAR)] + tints
    width, height = frames[0].size
    sample = Image.new("RGB", (width, 2 * height))
    sample.paste(frames[0], (0, 0))
    sample.paste(frames[-1], (0, height))
    common = sample.quantize(COLOURS - len(kept), Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*np.concatenate(kept).astype(int).tolist(), *common[: 3 * (COLOURS - len(kept))]])
    return [_with(palette, frame) for frame in frames]


def _with(palette: Image.Image, frame: Image.Image) -> Image.Image:
    """The frame with the colours of a palette whose first is white. Pillow would take almost white for white."""
    few = frame.quantize(palette=palette, dither=Image.Dither.NONE)
    white = frame.convert("L").point(lambda grey: 255 * (grey == 255))
    few.paste(0, mask=white.convert("1", dither=Image.Dither.NONE))
    return few


def ffmpeg() -> str:
    """The program ffmpeg: the one on the path, or that of the package imageio-ffmpeg.

    Raises:
        MissingPackage: neither is installed.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except ImportError:
        raise MissingPackage(
            'MP4 needs the program ffmpeg; install it, or run pip install "optlab[video]"; or write .gif or .webp'
        ) from None


def _video(frames: Iterable[Image.Image], timing: Timing, path: Path) -> None:
    program, shown = ffmpeg(), list(frames)
    width, height = (side - side % 2 for side in shown[0].size)  # H.264 needs even sides
    pixels = [frame.crop((0, 0, width, height)).tobytes() for frame in shown]
    pixels += [pixels[-1]] * (timing.held - 1)
    read = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(timing.fps), "-i", "-"]
    wanted = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-movflags", "+faststart", "-f", "mp4"]
    command = [program, "-y", "-loglevel", "error", *read, *wanted, str(path)]
    done = subprocess.run(command, input=b"".join(pixels), capture_output=True)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"ffmpeg failed: {reason[-1] if reason else f'exit status {done.returncode}'}")
