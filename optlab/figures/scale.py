"""Shows a scale of losses on the axes of Matplotlib."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from optlab.results.loss_scale import LOSSES, ten_to
from optlab.results.loss_scale import Scale as Scale
from optlab.results.loss_scale import choose as choose


def apply(scale: Scale, axes: Axes, below: float = 0.0, above: float = 0.0) -> None:
    """Set the scale, the limits with margins, and the ticks of the y axis. The shares `below` and `above` of its
    height are left empty."""
    margin = 0.05
    low, high = scale.padded(margin, margin)
    height = (1 + 2 * margin) / (1 - below - above)  # of the whole axis, in units of the part that has data
    axes.set_yscale("log" if scale.log else "linear")
    axes.set_ylim(scale.padded(margin + height * below, margin + height * above))
    if scale.log:
        log_ticks(axes.yaxis, low, high)
    else:
        ticks = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def above(frame: pd.DataFrame, minimum: float) -> pd.DataFrame:
    """The losses of a frame minus the minimum. Losses that are below the minimum by rounding become 0."""
    if not minimum:
        return frame
    frame = frame.copy()
    columns = [name for name in LOSSES if name in frame]
    heights = frame[columns] - minimum
    frame[columns] = heights.mask((heights < 0) & (heights > -1e-9 * max(1.0, abs(minimum))), 0.0)
    return frame


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Set the ticks of a logarithmic axis to those of `log_labels`.

    The labels are plain text, because Matplotlib's own labels use mathtext, which is slower than the rest of the axis.
    """
    ticks, texts = log_labels(low, high)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter(texts))
    axis.set_minor_locator(NullLocator())


def from_one(last: float, most: int = 9) -> list[float]:
    """At most about `most` whole ticks from 1 to `last`, among them 1.

    >>> from_one(4), from_one(40, 8)
    ([1.0, 2.0, 3.0, 4.0], [1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0])
    """
    ticks = MaxNLocator(most, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1).tick_values(0, last)
    return sorted({1.0, *(float(tick) for tick in ticks if 1 <= tick <= last)})


def log_labels(low: float, high: float) -> tuple[list[float], list[str]]:
    """Ticks and their labels: 1, 2, 5 in each decade if there are few decades, else powers of ten.

    >>> log_labels(0.1, 2.0)
    ([0.1, 0.2, 0.5, 1.0, 2.0], ['0.1', '0.2', '0.5', '1', '2'])
    """
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    if last - first <= 4:
        ticks = [m * 10.0**k for k in range(first, last + 1) for m in (1, 2, 5)]
        ticks = [tick for tick in ticks if low <= tick <= high]
        return ticks, [f"{tick:.10g}" if 1e-4 <= tick < 1e5 else f"{tick:.0e}" for tick in ticks]
    stride = next(s for s in (1, 2, 3, 5, 10, 20, 50, 100) if (last - first) / s <= 10)
    powers = [k for k in range(first, last + 1) if k % stride == 0 and low <= 10.0**k <= high]
    return [10.0**k for k in powers], [ten_to(k) for k in powers]
