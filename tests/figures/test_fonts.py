import matplotlib
import pytest
from matplotlib import font_manager

from optlab.figures import figure, fonts, style

CHINESE = "梯度"


@pytest.fixture
def only(monkeypatch):
    """Let the installed fonts be some of those that Matplotlib brings, read anew, with letters as given."""

    def install(**letters):
        monkeypatch.setattr(fonts, "_installed", lambda: ((n, frozenset(map(ord, has))) for n, has in letters.items()))
        fonts._found.cache_clear()

    yield install
    fonts._found.cache_clear()


def test_letters_of_dejavu_need_no_other_font():
    assert fonts.families("Adam β=0.9, é ✓ Привет\n\N{NO-BREAK SPACE}\x07") == ["DejaVu Sans"]
    assert fonts.missing(["Adam β=0.9, é ✓ Привет\n\x07"]) == ""


def test_other_letters_are_taken_from_the_first_font_that_has_them(only):
    only(A="abc", B=CHINESE[0], C=CHINESE, D=CHINESE)
    assert fonts.families(f"x {CHINESE}") == ["DejaVu Sans", "B", "C"]
    assert fonts.missing([CHINESE, "🚀"]) == "🚀"


def test_every_text_of_a_figure_has_the_fonts_that_it_needs(only, tmp_path):
    only(STIXGeneral=CHINESE)  # any font that is there
    with style.sheet():
        sheet, (axes,) = figure.new(title=CHINESE)
        axes.set_xlabel(f"label {CHINESE}")
        axes.set_ylabel("loss")
        axes.plot([0, 1])
        figure.legend(axes, axes.get_lines(), [f"_$x$ {CHINESE}"])
    figure.save(sheet, tmp_path / "x.png")
    assert axes.xaxis.label.get_fontfamily() == ["DejaVu Sans", "STIXGeneral"]
    assert sheet.texts[0].get_fontfamily() == ["DejaVu Sans", "STIXGeneral"]
    assert axes.get_legend().get_texts()[0].get_fontfamily() == ["DejaVu Sans", "STIXGeneral"]
    assert axes.yaxis.label.get_fontfamily() == ["DejaVu Sans"]


def test_fonts_are_the_installed_ones_without_placeholder_fonts():
    names = dict(fonts._installed())
    assert "DejaVu Sans" in names
    assert "Last Resort High-Efficiency" not in names
    assert not [name for name in names if name.startswith("cm")]  # their tables of letters are wrong
    assert ord("β") in names["DejaVu Sans"]
    assert ord(CHINESE[0]) not in names["DejaVu Sans"]


def test_a_font_that_is_installed_later_is_found(tmp_path, monkeypatch):
    path = font_manager.findfont("DejaVu Serif")
    known = [font for font in font_manager.fontManager.ttflist if font.fname != path]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", known)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [path, str(tmp_path / "damaged.ttf")])
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    fonts._look_for_new_ones.cache_clear()
    assert path not in {font.fname for font in font_manager.fontManager.ttflist}
    dict(fonts._installed())
    assert path in {font.fname for font in font_manager.fontManager.ttflist}


def test_a_font_of_pixels_or_a_damaged_one_has_no_letters(tmp_path):
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    assert fonts._letters(str(tmp_path / "damaged.ttf")) == frozenset()


def test_the_font_configuration_of_the_user_has_no_effect():
    with matplotlib.rc_context({"font.family": "serif"}), style.sheet():
        assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]
