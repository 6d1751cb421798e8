import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from optlab.figures import scale


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1, 19], False),
        ([1, 21], True),
        ([-1, 150], False),
        ([0, 1e-6, 1], True),
        ([0, 0], False),
        ([3, 3], False),
        ([], False),
        ([np.inf, np.nan], False),
        ([1e-300, 1e300], True),
        ([-1e308, 1e308], False),
    ],
)
def test_logarithmic_if_positive_values_span_a_factor_of_twenty(values, log):
    chosen = scale.choose(values)
    assert chosen.log is log
    assert chosen.low < chosen.high
    assert np.isfinite(chosen.padded()).all()


def test_the_axis_contains_all_finite_values():
    assert scale.choose([1.0, 5.0, np.inf, np.nan]) == scale.Scale(False, 1.0, 5.0)
    assert scale.choose([1e-5, 5.0, np.inf, np.nan]) == scale.Scale(True, 1e-5, 5.0)


def test_a_diverging_curve_does_not_flatten_the_others():
    assert scale.choose([1e-3, 1.0, 1e200], start=1.0) == scale.Scale(True, 1e-3, 100.0)
    assert scale.choose([-10.0, 5.0, 1e200], start=5.0) == scale.Scale(False, -10.0, 35.0)


def test_zero_is_below_the_smallest_positive_value():
    assert scale.choose([0.0, 1e-5, 1.0]).low == pytest.approx(1e-6)


def test_a_constant_gets_an_axis():
    assert scale.choose([3.0, 3.0]) == scale.Scale(False, 2.7, 3.3)


def test_clip_keeps_on_the_axis_and_leave_moves_off_it():
    axis = scale.Scale(True, 1e-3, 1.0)
    assert axis.clip([0, 0.5, np.inf]).tolist() == [1e-3, 0.5, 1.0]
    low, middle, high = axis.leave([0, 0.5, np.inf])
    assert low < axis.padded()[0]
    assert middle == 0.5
    assert axis.padded()[1] < high < np.inf
    assert np.isnan(axis.clip([np.nan])).all()


def labels(low, high):
    axes = Figure().add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    scale.log_ticks(axes.xaxis, low, high)
    return [text.get_text() for text in axes.get_xticklabels()]


def test_ticks():
    assert labels(0.015, 2.5) == ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert labels(1e-5, 1e1) == ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]
    assert 2 < len(labels(1e-300, 1e300)) < 15
    assert labels(0.05, 0.2) == ["0.05", "0.1", "0.2"]


def test_heights_above_a_minimum():
    frame = pd.DataFrame({"median": [-1.0, -2.0 - 1e-15, -3.0], "step": [0, 1, 2]})
    assert scale.above(frame, -2.0)["median"].tolist() == [1.0, 0.0, -1.0]
    assert scale.above(frame, 0.0) is frame
    assert frame["median"].iloc[0] == -1.0


@pytest.mark.parametrize("axis", [scale.Scale(True, 0.01, 100.0), scale.Scale(False, -3.0, 5.0)])
def test_shares_and_values_are_inverse(axis):
    shares = np.array([0.0, 0.25, 1.0])
    np.testing.assert_allclose(axis.share(axis.at(shares)), shares, atol=1e-12)
    assert np.isnan(axis.share([axis.low - 4, axis.high + 1, np.nan])).all()


def test_no_loss_is_too_large_or_too_small_for_an_axis():
    rng = np.random.default_rng(0)
    for _ in range(3000):
        count = rng.integers(1, 6)
        values = rng.choice([-1, 1, 1, 1, 0], count) * 10.0 ** rng.uniform(-323, 308, count)
        start = rng.choice([np.nan, 0.0, np.inf, values[0], 10.0 ** rng.uniform(-323, 308)])
        axis = scale.choose(values, start)
        ends = [axis.low, axis.high, *axis.padded(0.05, 0.4), *axis.padded(1.0, 1.0)]
        assert np.isfinite(ends).all()
        assert axis.low < axis.high
        assert not axis.log or min(ends) > 0
        assert not np.isnan(axis.share(axis.clip(axis.in_units(values)))).any()


@pytest.mark.parametrize("power", [-320, -300, 260, 300])
def test_an_axis_far_from_1_has_a_unit(power):
    values = np.array([2.0, 4.0]) * 10.0 ** (power // 2) * 10.0 ** (power - power // 2)
    axis = scale.choose(values)
    assert axis.power == power
    np.testing.assert_allclose(axis.in_units(values), [2, 4], rtol=1e-3)  # subnormal numbers have few digits
    np.testing.assert_allclose([axis.low, axis.high], [2, 4], rtol=1e-3)
    assert axis.suffix.startswith(" (in units of 10")
    assert axis.in_units([0.0, np.inf]).tolist() == [0.0, np.inf]


def test_a_band_with_an_infinite_upper_end_has_only_its_lower_half():
    axis = scale.Scale(False, 0.0, 10.0)
    table = pd.DataFrame({"low": [1, 2, 3, 4.0], "median": [2, 3, 4, np.inf], "high": [3, np.inf, 1e9, np.inf]})
    low, high = axis.band(table)
    assert low[:3].tolist() == [1, 2, 3]
    assert high[:3].tolist() == [3, 3, 4]
    assert np.isnan([low[3], high[3]]).all()
