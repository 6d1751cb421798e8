"""An animation in one call: optimizers on a problem of two parameters."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optlab.api import pipeline
from optlab.api.maps import Table
from optlab.api.race import RATES, race_document
from optlab.api.result_pictures import check_animation
from optlab.errors import UserError
from optlab.experiments.cases import titled
from optlab.experiments.choices import FPS, FRAMES, WIDTH, View
from optlab.plugins import registry
from optlab.plugins.registry import Folders, Registry
from optlab.results.case_frames import has_map

if TYPE_CHECKING:
    from optlab.figures.animation.player import Animation

OPTIMIZERS = ("gd", "momentum", "rmsprop", "adam")
"""The default optimizers of an animation."""
STEPS = 200
"""The default number of steps of an animation. All are recorded up to `RECORDED`."""
RECORDED = 2000


def animate(
    problem: Table,
    optimizers: Table | Sequence[Table] = OPTIMIZERS,
    *,
    steps: int = STEPS,
    start: str | Sequence[float] | None = None,
    view: View = "map",
    frames: int = FRAMES,
    fps: int = FPS,
    width: int = WIDTH,
    plugins: Folders | Registry = ("plugins",),
) -> Animation:
    """Run optimizers on a problem of two parameters and animate their trajectories. No results are kept.

    Args:
        problem: a text with options such as `"rosenbrock b=10"`, a table, or an object that `@problem` made.
        optimizers: one or several, as for `optlab.race`. One without an `lr` is shown at the best of several.
        steps: the number of updates per run.
        start: the start of all runs, `"random"` or a point. Default: the start of the problem.
        view: `"map"`, from above, or `"surface"`, in three dimensions.
        frames: the number of frames. The steps per frame grow in proportion to the time.
        fps: frames per second.
        width: the width in pixels.
        plugins: folders of drop-in files, or the registry of all plugins.

    Returns:
        An animation, which a notebook shows; `.save("balls.gif")` writes it, also as .webp, .png, .mp4 or .svg.

    Raises:
        SpecError: an unknown name or option.
        UserError: the problem does not have two parameters, or a number is out of range.

    >>> animate("himmelblau", "adam lr=0.1", steps=20, frames=5)
    <animation of 5 frames; .save('balls.gif') writes it>
    """
    check_animation(view, frames, fps, width)
    known = plugins if isinstance(plugins, Registry) else registry.load(plugins)
    document = race_document(optimizers, problem, steps, 1, start, RATES, None, "animation", known)
    document["record"] = {"points": min(steps + 1, RECORDED)}
    with tempfile.TemporaryDirectory() as folder:
        job = pipeline.prepare(document, folder, known)
        for case in titled(job.plan):
            if not has_map(case):
                what = "a function of two parameters that is the same in all steps"
                raise UserError(f"{case.title}: an animation needs {what}")
        return pipeline.carry_out(job, None).results.animate(view=view, frames=frames, fps=fps, width=width)
