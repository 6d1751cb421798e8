"""The animation of one case of an experiment."""

from __future__ import annotations

from optlab.errors import UserError
from optlab.experiments.cases import Titled, WithoutProblem
from optlab.experiments.choices import View
from optlab.figures.animation.player import Animation
from optlab.figures.animation.scene import Timing
from optlab.figures.experiment import per_case
from optlab.figures.experiment.absent import reason
from optlab.figures.experiment.pictures import shown_of
from optlab.results.case_frames import has_map
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection, titles_of


def animation(
    results: Profiled, case: str | None, selection: Selection, view: View, width: int, timing: Timing, how: str
) -> Animation:
    """The animation of one case.

    `case` is its title or the name of its problem. It may be None if a single case has a map. `how` is the option for
    the case in messages, as in "--problem ".

    Raises:
        UserError: the results are a map or have no trajectories, the case has no map, or there are several.
        UnknownName: there is no such case, or no optimizer with a label of the selection.
    """
    plan = results.origin.plan
    if plan is not None and not plan.kind.is_ranked:
        raise UserError(
            f"{results.place}: an animation shows trajectories, and {reason('contour', results, selection)}"
        )
    shown = shown_of(results, selection)
    maps = {found.title: found for found in shown.cases if isinstance(found, Titled) and has_map(found)}
    titles = [*maps] if case is None else titles_of(case, [found.title for found in shown.cases])
    if not maps or results.trajectories.empty:
        raise UserError(f"{results.place}: there is nothing to animate: {reason('contour', results, selection)}")
    if len(titles) > 1:
        raise UserError(f"there are several problems to animate; choose one, as in {how}{titles[0]!r}; "
                        f"there are: {', '.join(titles)}")  # fmt: skip
    if titles[0] not in maps:
        if any(found.title == titles[0] and isinstance(found, WithoutProblem) for found in shown.cases):
            raise UserError(f"{how}{titles[0]!r}: its problem is needed: {'; '.join(results.origin.left_out)}")
        raise UserError(f"{how}{titles[0]!r}: an animation needs a function of two parameters that is the same in all "
                        f"steps; choose one of: {', '.join(maps)}")  # fmt: skip
    made = per_case.animated(shown, maps[titles[0]], view, width, timing)
    if made is None:
        raise UserError(f"{titles[0]}: there is nothing to animate: no trajectory of these optimizers was recorded")
    return made
