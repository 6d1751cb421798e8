import io
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from optlab.figures import figure, style
from optlab.markup import files
from tests.cases import every, first_cases
from tests.digests import digest


def make(labels=("gd", "adam"), title="rosenbrock", subtitle="400 steps", columns=1):
    with style.sheet():
        sheet, axes = figure.new(columns, title=title, subtitle=subtitle)
        for panel in axes:
            panel.plot([0, 1], [0, 1])
            panel.set(xlabel="step", ylabel="loss")
        figure.legend(axes[-1], [Line2D([], []) for _ in labels], labels)
    return sheet


def cut_off(sheet, tmp_path):
    """What is not entirely within the figure, after saving it: texts of the header and the legends, and whole axes."""
    figure.save(sheet, tmp_path / "x.png")
    page = sheet.bbox
    texts = [
        *sheet.texts,
        *(text for axes in sheet.axes if axes.get_legend() for text in axes.get_legend().get_texts()),
    ]
    extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    extents += [("axes", axes.get_tightbbox()) for axes in sheet.axes]  # with labels, ticks and legend
    return [what for what, e in extents if e.x0 < 0 or e.y0 < 0 or e.x1 > page.x1 or e.y1 > page.y1]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(kind, tmp_path):
    first, second = figure.save(make(), tmp_path / f"a.{kind}"), figure.save(make(), tmp_path / f"b.{kind}")
    assert digest(first) == digest(second)
    assert len(first.read_bytes()) > 1000
    again = make()
    figure.save(again, tmp_path / f"c.{kind}")
    assert digest(figure.save(again, tmp_path / f"c.{kind}")) == digest(first)


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG\r\n"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_formats_and_no_dates(kind, magic, tmp_path):
    content = figure.save(make(), tmp_path / f"x.{kind}").read_bytes()
    assert content.startswith(magic)
    assert not re.search(rb"CreationDate|<dc:date>|ModDate", content)


def test_a_picture_has_the_size_of_a_slide(tmp_path):
    header = figure.save(make(), tmp_path / "x.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (1600, 900)


@pytest.mark.parametrize(("ground", "mode"), [("#FFFFFF", "RGB"), ((1.0, 1.0, 1.0, 0.5), "RGBA")])
def test_a_picture_has_the_pixels_of_the_figure_and_transparency_only_if_it_is_needed(ground, mode, tmp_path):
    sheet = make()
    sheet.set_facecolor(ground)
    with Image.open(figure.save(sheet, tmp_path / "x.png")) as picture:
        assert picture.mode == mode
        assert picture.info["dpi"] == pytest.approx((160, 160), abs=0.01)
        pixels = np.asarray(picture.convert("RGBA"))
    with style.sheet():
        sheet.canvas.draw()
        expected = np.asarray(sheet.canvas.buffer_rgba())
    np.testing.assert_array_equal(pixels, expected)


@given(
    st.integers(40, 900), st.integers(40, 300), st.sampled_from([72.0, 128.0, 160.0]), st.sampled_from([-1, 0, 1, 5])
)
@example(2392, 800, 160.0, -1)
def test_a_picture_of_any_size_has_the_pixels_of_matplotlib(width, height, dpi, ulps):
    """A width that is a rounding error below a whole number of pixels has this number of pixels, see `get_width_height`
    in Matplotlib."""
    inches = width / dpi
    sheet = figure.InlineFigure(figsize=(inches + ulps * np.spacing(inches), height / dpi), dpi=dpi)
    sheet.text(0.5, 0.5, "x", size=30)
    expected = io.BytesIO()
    with style.sheet():
        sheet.savefig(expected, format="png", dpi=dpi)
    with Image.open(io.BytesIO(sheet.png(dpi))) as picture, Image.open(expected) as other:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGBA")), np.asarray(other))


def test_a_failed_save_leaves_no_file(tmp_path, monkeypatch):
    target = tmp_path / "x.png"
    target.write_bytes(b"old")
    sheet = make()

    def half(_, path, **__):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure.Image.Image, "save", half)
    with pytest.raises(OSError, match="disk full"):
        figure.save(sheet, target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_files_are_published_by_renaming(tmp_path, monkeypatch):
    (tmp_path / "x.png").write_bytes(b"old")

    def stop(source, target):
        assert source.read_bytes().startswith(b"\x89PNG")
        assert target.read_bytes() == b"old"
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        figure.save(make(), tmp_path / "x.png")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match="use one of png, svg, pdf"):
        figure.save(make(), tmp_path / "x.bmp")


LABELS = {
    "short": ["gd", "adam"],
    "long": ["a very long label of an optimizer with many settings, warm restarts and more"] * 3,
    "without spaces": ["x" * 120, "y" * 120],
    "many": [f"optimizer number {i}\nlr=0.000316, loss 1.23e-05" for i in range(12)],
    "very many": [f"optimizer number {i}\nlr=0.000316, loss 1.23e-05" for i in range(45)],
    "no glyphs": ["優化器", "\x07\t\x1b[31m"],
}


@pytest.mark.parametrize("labels", every(2, LABELS.values()), ids=LABELS)
@pytest.mark.parametrize("columns", [1, 2])
def test_no_text_is_cut_off(labels, columns, tmp_path):
    sheet = make(labels, columns=columns)
    assert cut_off(sheet, tmp_path) == []
    axes = sheet.axes[-1]
    assert axes.get_legend().get_window_extent().x0 >= axes.bbox.x1  # next to the axes, not on them
    assert axes.bbox.width > 0.1 * sheet.bbox.width


def test_an_error_of_the_file_system_names_the_requested_file(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "a.png"
    with pytest.raises(NotADirectoryError) as info:
        figure.save(make(), path)
    assert info.value.filename == str(path)


def test_the_check_for_cut_texts_can_fail(tmp_path):
    sheet = make()
    sheet.text(0.99, 0.5, "cut off here")
    assert cut_off(sheet, tmp_path) == ["cut off here"]
    sheet.axes[0].set_position([0, 0, 1, 1])
    assert cut_off(sheet, tmp_path) == ["cut off here", "gd", "adam", "axes"]


@pytest.mark.parametrize("title", ["option=1234.5, " * 12, "w" * 300, "Привет 優 $x_1$", "", "   "])
def test_titles_of_any_length(title, tmp_path):
    sheet = make(title=title, subtitle=title)
    assert cut_off(sheet, tmp_path) == []
    shown = "".join(text.get_text() for text in sheet.texts)
    assert shown.replace(" ", "") == (title + title).replace(" ", "")
    bottom = min((text.get_window_extent().y0 for text in sheet.texts), default=np.inf)
    assert bottom > sheet.axes[0].bbox.y1


@pytest.mark.parametrize("own", [False, True])
def test_labels_are_shown_literally(own):
    labels = ["_hidden", "cost $x^2$", "$", "<b>&amp;", "\\frac{1}{2}"]
    axes = Figure().add_subplot() if own else make(labels).axes[0]
    if own:  # a figure of the user, without the style sheet of optlab
        figure.legend(axes, [Line2D([], []) for _ in labels], labels)
    entries = axes.get_legend().get_texts()
    assert [text.get_text() for text in entries] == labels
    assert not any(text.get_parse_math() for text in entries)


@pytest.mark.parametrize("height", first_cases(1, [3.5, 5.625]))
@pytest.mark.parametrize("count", [18, 40])
@pytest.mark.parametrize("aspect", ["auto", "equal"])
def test_a_legend_of_many_entries_is_complete_next_to_a_narrow_map(count, aspect, height, tmp_path):
    with style.sheet():
        sheet, (axes,) = figure.new(title="rosenbrock", subtitle="400 steps", size=(10.0, height))
        axes.set(xlim=(0, 4), ylim=(0, 1), aspect=aspect, xlabel="x0", ylabel="x1", anchor="NW")
        names = [f"optimizer number {i}\nlr=0.000316, loss 1.23e-05" for i in range(count)]
        box = figure.legend(axes, [Line2D([], []) for _ in names], names)
    assert cut_off(sheet, tmp_path) == []
    frame = box.get_window_extent()
    assert 0 <= frame.y0 < frame.y1 <= sheet.bbox.y1
    assert frame.x1 <= sheet.bbox.x1
    assert frame.x0 >= axes.bbox.x1
    sizes = {text.get_fontsize() for text in box.get_texts()}
    assert min(sizes) >= 5  # points
    shown = [text.get_text() for text in box.get_texts()]
    left_out = count - len(shown) + 1
    assert shown[-1] == (f"and {left_out} more" if left_out > 1 else names[-1])


def test_a_legend_leaves_out_entries_that_do_not_fit(tmp_path):
    sheet = make([f"{i} " + "a long label " * 20 for i in range(60)])
    assert cut_off(sheet, tmp_path) == []
    texts = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert texts[-1] == f"and {61 - len(texts)} more"
