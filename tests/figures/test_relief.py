import numpy as np
import pandas as pd
import pytest

from optlab.figures import contour, figure, relief, style
from tests.cases import every


def rosenbrock():
    x = np.linspace(-2, 2, 60)
    return 100 * (x[:, None] - x**2) ** 2 + (1 - x) ** 2


def test_levels_are_logarithmic_where_values_span_decades():
    z = rosenbrock()
    decades = np.log10(z.max()) - np.log10(np.quantile(z[z > 0], 0.0005))
    shares = relief.shares(z, 0.0)
    expected = 1 + np.log10(np.maximum(z / z.max(), 10**-decades)) / decades
    np.testing.assert_allclose(shares, np.maximum(expected, 0), atol=1e-12)


def test_levels_are_logarithmic_above_a_negative_minimum():
    np.testing.assert_allclose(relief.shares(rosenbrock() - 40, -40.0), relief.shares(rosenbrock(), 0.0), atol=1e-9)


def test_levels_are_linear_otherwise():
    shares = relief.shares(np.linspace(5, 6, 100).reshape(10, 10), 0.0)
    np.testing.assert_allclose(shares.ravel(), np.linspace(0, 1, 100), atol=1e-14)


def test_an_unknown_minimum_is_replaced_by_the_lowest_value():
    z = rosenbrock() - 40
    np.testing.assert_array_equal(relief.shares(z), relief.shares(z, z.min()))
    np.testing.assert_array_equal(relief.shares(z), relief.shares(z, np.nan))


def test_levels_span_seven_decades_at_most():
    z = np.geomspace(1e-300, 1, 601).reshape(1, 601)
    shares = relief.shares(z, 0.0).ravel()
    assert (shares[z.ravel() <= 1e-7] < 1e-12).all()
    np.testing.assert_allclose(shares[z.ravel() >= 1e-7], 1 + np.log10(z[z >= 1e-7]) / 7, atol=1e-12)


X = np.linspace(-2, 2, 60)
PATH = pd.DataFrame({"case": "bowl", "label": "gd", "step": [0, 1], "x0": [0.0, 1.0], "x1": [0.0, 1.0]})
BEST = pd.DataFrame({"label": ["gd"], "settings": "lr=0.1", "shown_status": "done", "shown_loss": 0.5})
BOWL = X**2 + X[:, None] ** 2
HARD = {
    "nearly constant": (1e16 + BOWL, 1e16),
    "two values": (np.where(BOWL > 1, 3.0, 2.0), None),
    "neighbours": (np.where(BOWL > 1, 1.0, np.nextafter(1.0, 2.0)), None),
    "up to 1e300": (np.exp(BOWL * 85), 0.0),
    "both ends of the numbers": (1.7e308 * np.sin(X) * np.cos(X[:, None]), None),
    "negative": (-1e6 - BOWL, None),
    "1e-300": (1e-300 * BOWL, 0.0),
    "subnormal": (1e-322 * BOWL, 0.0),
    "1e-300 and 1e300": (np.where(BOWL > 1, 1e300, 1e-300), 0.0),
    "not a number outside": (np.where(BOWL > 1, np.nan, BOWL), 0.0),
    "infinite outside": (np.where(BOWL > 1, np.inf, BOWL), 0.0),
    "minus infinity inside": (np.where(BOWL < 1, -np.inf, BOWL), None),
    "one finite value": (np.where(BOWL.min() == BOWL, 1.0, np.nan), None),
    "minimum above the heights": (BOWL, 7.0),
    "minimum that is infinite": (BOWL, -np.inf),
}


@pytest.mark.parametrize(("z", "minimum"), every(3, HARD.values()), ids=HARD)
def test_hard_heights_are_between_0_and_1_in_their_order_and_can_be_drawn(z, minimum, tmp_path):
    shares = relief.shares(z, minimum)
    finite = np.isfinite(z)
    if shares is not None:
        assert (np.ma.getmaskarray(shares) == ~finite).all()
        assert (shares.min(), shares.max()) == pytest.approx((0, 1), abs=1e-9)
        order = np.argsort(z[finite], kind="stable")
        assert (np.diff(shares[finite][order]) >= -1e-12).all()
    sheet = contour.figure(relief.Surface(X, X, z), PATH, BEST, looks=style.looks(["gd"]), minimum=minimum)
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000
    said = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert ("no finite value" in said) == (not finite.all())


def test_slopes_that_face_the_upper_left_are_brighter():
    def middle(across, up):
        """The red of a plane with these slopes where its share is 0.5."""
        steps = np.linspace(-0.1, 0.1, 5)
        return int(relief.colours(np.ma.array(0.5 + across * steps + up * steps[:, None]))[2, 2, 0])

    level = round(255 * relief.HEIGHTS(0.5)[0])
    assert middle(0, 0) == level
    assert middle(1, -1) > middle(1, 0) == middle(0, -1) > level > middle(-1, 0) > middle(-1, 1)


def test_heights_that_are_masked_are_transparent():
    painted = relief.colours(np.ma.masked_greater(np.linspace(0, 2, 25).reshape(5, 5), 1))
    np.testing.assert_array_equal(painted[..., 3], 255 * (np.linspace(0, 2, 25).reshape(5, 5) <= 1))


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-60, 2.0**900])
def test_the_map_of_a_function_is_that_of_a_multiple(scale):
    np.testing.assert_array_equal(relief.shares(scale * rosenbrock(), 0.0), relief.shares(rosenbrock(), 0.0))


@pytest.mark.parametrize("z", [np.full((60, 60), 3.0), np.full((60, 60), np.nan), np.full((60, 60), np.inf)], ids=str)
def test_a_surface_without_heights_is_drawn_plain(z, tmp_path):
    flat = relief.Surface(np.linspace(-2, 2, 60), np.linspace(-2, 2, 60), z)
    assert relief.shares(z) is None
    sheet = contour.figure(flat, PATH, BEST, looks=style.looks(["gd"]))
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000
