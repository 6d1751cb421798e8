import re
import stat
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from optlab.errors import MissingPackage, UserError
from optlab.figures.animation import files
from optlab.figures.animation.player import Animation, checked
from optlab.figures.animation.scene import Scene, Timing, Track


@pytest.fixture
def animation():
    colours = {"#D55E00": (40.0, 50.0), "#009E73": (60.0, 20.0)}
    tracks = [Track(np.array([0.0, 9.0]), np.array([[15.0, 15.0], end]), colour) for colour, end in colours.items()]
    return Animation(Scene(Image.new("RGB", (201, 81), "#CFE0EA"), (10, 10, 101, 71), tracks, Timing(4, 20, 1.0)))


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_frames_play_for_ever_and_the_last_one_stays(animation, kind, tmp_path):
    path = animation.save(tmp_path / f"x.{kind}")
    assert [*tmp_path.iterdir()] == [path]
    with Image.open(path) as image:
        assert (image.size, image.n_frames, image.info["loop"]) == ((201, 81), 4, 0)
        times = []
        for number in range(4):
            image.seek(number)
            image.load()
            times.append(image.info["duration"])
    assert times == [50, 50, 50, 1050]


def test_a_palette_has_the_colours_of_the_balls_and_white(animation):
    shown = list(animation.frames())
    shown = files.few_colours(shown, ["#D55E00", "#009E73"])
    for image, ball in ((shown[-1], (40, 50)), (shown[-1], (60, 20))):
        exact, few = list(animation.frames())[-1].getpixel(ball), image.convert("RGB").getpixel(ball)
        assert max(abs(a - b) for a, b in zip(exact, few, strict=True)) < 25
    almost = Image.new("RGB", (60, 60), "#FCFCFA")
    almost.paste("#FFFFFF", (0, 0, 20, 20))
    seen = files.few_colours([almost, almost], ["#D55E00"])[0].convert("RGB")
    assert seen.getpixel((5, 5)) == (255, 255, 255)


def test_an_svg_moves_without_a_script_and_refers_to_nothing(animation, tmp_path):
    text = animation.save(tmp_path / "x.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    assert not re.search(r'href="(?!data:)', text)
    moved = [node for node in root.iter() if node.tag.endswith("animateTransform") and "calcMode" not in node.attrib]
    assert [node.get("repeatCount") for node in moved] == ["indefinite"] * 2
    for node, end in zip(moved, ("40.0 50.0", "60.0 20.0"), strict=True):
        values = node.get("values").split(";")
        assert values[0] == "15.0 15.0"
        assert values[3:] == [end] * 21  # the last frame, and one second of pause
        assert node.get("dur") == "1.2s"
    assert [node.text for node in root.iter() if node.tag.endswith("text")] == ["step 0", "step 1", "step 4", "step 9"]


def test_an_svg_shows_the_end_to_those_who_want_no_motion(animation, tmp_path):
    text = animation.save(tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "@media (prefers-reduced-motion:reduce){.still{display:inline}.moving{display:none}}" in text
    still = next(node for node in ElementTree.fromstring(text).iter() if node.get("class") == "still")
    assert not [node for node in still.iter() if "animate" in node.tag]
    assert [node.get("transform") for node in still.iter() if node.get("transform")] == [
        "translate(40.0 50.0)",
        "translate(60.0 20.0)",
    ]


def test_a_video_has_all_frames_and_the_pause(animation, tmp_path):
    try:
        program = files.ffmpeg()
    except MissingPackage as error:
        pytest.skip(str(error))
    path = animation.save(tmp_path / "x.mp4")
    read = [program, "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(read, capture_output=True, check=True)
    assert re.search(rb"Video: h264 .* 200x80.* 20 fps", done.stderr)
    shown = np.frombuffer(done.stdout, np.uint8).reshape(-1, 80, 200, 3).astype(int)
    assert len(shown) == 4 + 20
    assert np.abs(shown[0] - shown[3]).max() > 100  # the balls move
    assert np.abs(shown[4] - shown[-1]).max() < 30  # and stay at the end


def test_a_video_is_written_by_ffmpeg_with_even_sides(animation, tmp_path, monkeypatch):
    """A program in place of ffmpeg writes its arguments and the number of bytes that it got."""
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor file; do :; done\n{ echo "$@"; wc -c; } > "$file"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    arguments, size = animation.save(tmp_path / "x.mp4").read_text().splitlines()
    assert "-s 200x80 -r 20" in arguments
    assert int(size) == 200 * 80 * 3 * (4 + 20)


def test_a_video_without_ffmpeg_names_the_extra(animation, tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingPackage, match=re.escape('pip install "optlab[video]"')):
        animation.save(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x.gfi", "--output x.gfi: an animation ends in .gif, .webp, .png, .mp4 or .svg (did you mean '.gif'?)"),
        ("none/x.gif", "--output none/x.gif: there is no folder none"),
    ],
)
def test_paths_that_cannot_be_written_are_refused(path, message):
    with pytest.raises(UserError) as error:
        checked(Path(path), "--output ")
    assert str(error.value) == message


def test_a_notebook_shows_a_gif(animation):
    assert animation._repr_html_().startswith('<img alt="balls on a map" src="data:image/gif;base64,R0lGODlh')
