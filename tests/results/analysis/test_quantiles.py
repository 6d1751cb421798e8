import numpy as np
import pytest

from optlab.results.analysis import quantiles


def test_finite_values_agree_with_numpy():
    rng = np.random.default_rng(0)
    group = np.concatenate([np.arange(40), rng.integers(0, 40, 1000)])
    values = rng.normal(size=len(group))
    expected = np.stack([np.quantile(values[group == g], [0.1, 0.5, 0.9]) for g in range(40)], 1)
    np.testing.assert_allclose(quantiles.by_group(values, group), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("values", "low", "median", "high"),
    [
        ([1.0, 2.0, 3.0, 4.0, np.inf], 1.4, 3.0, np.inf),
        ([1.0, np.inf], np.inf, np.inf, np.inf),  # the quantile between a finite value and infinity is infinity
        ([np.inf, np.inf], np.inf, np.inf, np.inf),
        ([-1e308, 1e308], -8e307, 0.0, 8e307),  # the difference overflows, the quantile does not
        ([0.1, 0.1, 0.1], 0.1, 0.1, 0.1),  # equal values stay the same to the last bit
    ],
)
def test_infinity_and_extremes(values, low, median, high):
    result = quantiles.by_group(np.array(values), np.zeros(len(values), dtype=np.int64))[:, 0]
    np.testing.assert_allclose(result, [low, median, high], rtol=1e-12, atol=1e300 if max(values) == 1e308 else 0)


def test_equal_values_are_not_rounded():
    values = np.random.default_rng(0).random(1000)
    result = quantiles.by_group(np.repeat(values, 4), np.repeat(np.arange(1000), 4))
    assert (result == values).all()
