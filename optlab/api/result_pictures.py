"""The pictures of results for Python and notebooks: one by its kind and case, or all by their names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optlab.engine.containment import prints_aside
from optlab.errors import UnknownName, UserError, counted, did_you_mean
from optlab.experiments.choices import FPS, FRAMES, PICTURES, VIEWS, WIDTH, View
from optlab.experiments.kinds import Plan
from optlab.markup import html
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection, titles_of
from optlab.results.subject import ALL_CASES, NamedFigure

if TYPE_CHECKING:
    from optlab.figures.animation.player import Animation
    from optlab.figures.figure import InlineFigure


class Pictured(Profiled):
    """Finished results with their pictures."""

    @abstractmethod
    def exact_plan(self, refusal: str) -> Plan:
        """The plan, made with the unchanged plugins of the runs. Raises ResultsError if there is none."""

    def figure(
        self,
        kind: str,
        case: str | None = None,
        *,
        only: Sequence[str] = (),
        top: int | None = None,
        without: Sequence[str] = (),
        x: str | None = None,
        by: str | None = None,
    ) -> InlineFigure:
        """Draw a picture and return it as a Matplotlib figure. A notebook shows the returned figure.

        Args:
            kind: "contour", "surface", "loss", "lr", "ranks", "ert" or "best_of_k" of a case; "ranks", "profile",
                "data_profile", "ecdf", "strategies" or "units" of all cases; for a map "basins" or "stability"; or a
                full name, as in `figures()`.
            case: the title of the case, or the name of its problem. Not needed if there is one case, or a picture of
                all cases.
            only: labels of the optimizers that are shown; all if empty.
            top: how many optimizers are in colour, the best by rank. Default: the number of colours.
            without: labels of optimizers that are left out of the comparison, unlike with `only`: what depends on the
                set of optimizers is computed without them.
            x: what the horizontal axis of a curve counts: "steps", "gradients" or "seconds".
            by: the metric of "ranks" and "best_of_k", such as "test_accuracy". Default: the final loss, and for
                "best_of_k" the metric that settings were chosen by.

        Raises:
            UnknownName: there is no such picture, case, label or axis; the message lists the existing names.
            UserError: there are several cases and `case` is missing.
            ResultsError: the folder was replaced or removed, or a plugin that a map needs has changed.
        """
        selection = Selection(tuple(only), top, tuple(without), PICTURES, x, by)
        found = self.named_figures(selection)
        names = {figure.name: figure for figure in found}
        return drawn(names[kind] if kind in names and case is None else self._chosen(found, kind, case, selection))

    def figures(
        self,
        *,
        only: Sequence[str] = (),
        top: int | None = None,
        without: Sequence[str] = (),
        kinds: Sequence[str] = (),
        x: str | None = None,
        by: str | None = None,
        cases: Sequence[str] = (),
    ) -> Figures:
        """All pictures by name, such as `contour_beale`. Each is drawn when it is accessed. A notebook shows all.

        With more than twelve cases, only the pictures of all cases together are usual.

        Args:
            only, top, without, x, by: see `figure`.
            kinds: the kinds of pictures; the usual ones if empty.
            cases: the titles, or names of problems, of the cases that have pictures. Pictures of all cases are left
                out.
        """
        selection = Selection(tuple(only), top, tuple(without), tuple(kinds), x, by, tuple(cases))
        return Figures({figure.name: figure for figure in self.named_figures(selection)})

    def animate(
        self,
        case: str | None = None,
        *,
        only: Sequence[str] = (),
        top: int | None = None,
        without: Sequence[str] = (),
        view: View = "map",
        frames: int = FRAMES,
        fps: int = FPS,
        width: int = WIDTH,
        how: str = "case=",
    ) -> Animation:
        """Animate the trajectories on a problem of two parameters: one ball per optimizer, all at the same step. A
        notebook shows the returned animation, and `.save("balls.gif")` writes it.

        Args:
            case: the title of the case, or the name of its problem. Not needed if one case has two parameters.
            only, top, without: see `figure`.
            view: "map", from above, or "surface", in three dimensions.
            frames: the number of frames. The steps per frame grow in proportion to the time.
            fps: frames per second.
            width: the width in pixels.
            how: the option for the case in messages.

        Raises:
            UserError: there is nothing to animate, several cases can be, or a number is out of range.
            UnknownName: there is no such case, label or view.
        """
        check_animation(view, frames, fps, width)
        from optlab.figures.animation.scene import Timing
        from optlab.figures.experiment.moving import animation

        selection = Selection(tuple(only), top, tuple(without))
        return animation(self, case, selection, view, width, Timing(frames, fps), how)

    def named_figures(self, selection: Selection) -> list[NamedFigure]:
        """The selected pictures, not drawn yet."""
        from optlab.figures.experiment import from_plugins, pictures

        if not self.kind.is_ranked:
            self.exact_plan("the map cannot be read from these results")
        more = from_plugins.extras(self, selection) if selection.wants("extra") else []
        return [*pictures.figures(self, selection), *from_plugins.named(more)]

    def _chosen(self, found: Sequence[NamedFigure], kind: str, case: str | None, selection: Selection) -> NamedFigure:
        """The picture of a kind and a case."""
        kinds, cases = (list(dict.fromkeys(getattr(figure, what) for figure in found)) for what in ("kind", "case"))
        if kind not in kinds:
            names = [*kinds, *(figure.name for figure in found)]
            omitted = f"; left out: {'; '.join(self.origin.left_out)}" if self.origin.left_out else ""
            why = did_you_mean(str(kind), names)
            if kind in PICTURES and not omitted:
                from optlab.figures.experiment.absent import reason

                why = f" of these results: {reason(kind, self, selection)}"
            raise UnknownName(f"there is no picture {kind!r}{why}; {existing(kinds)}{omitted}")
        if case is not None:
            cases = titles_of(case, cases)
        matching = [figure for figure in found if figure.kind == kind and figure.case in cases]
        if not matching:
            others = [figure.kind for figure in found if figure.case in cases]
            omitted = f"; left out: {'; '.join(self.origin.left_out)}" if self.origin.left_out else ""
            raise UnknownName(f"there is no {kind} of {cases[0]}; {existing(list(dict.fromkeys(others)))}{omitted}")
        titles = list(dict.fromkeys(figure.case for figure in matching))
        if ALL_CASES in titles:
            return next(figure for figure in matching if figure.case == ALL_CASES)
        if len(titles) > 1:
            raise UserError(
                f"there are several pictures {kind!r}; choose one, as in case={titles[0]!r}; {existing(titles)}"
            )
        return matching[0]


@prints_aside
def drawn(figure: NamedFigure) -> InlineFigure:
    return figure.make()


def check_animation(view: str, frames: int, fps: int, width: int) -> None:
    """Raise UserError if an animation cannot have these numbers of frames, of frames per second and of pixels, and
    UnknownName if there is no such view."""
    if view not in VIEWS:
        raise UnknownName(f"view: there is no view {view!r}{did_you_mean(str(view), VIEWS)}; {existing(VIEWS)}")
    for name, value, low, high in (("frames", frames, 2, 2000), ("fps", fps, 1, 100), ("width", width, 200, 3840)):
        if not low <= value <= high:
            raise UserError(f"{name}: must be between {low} and {high}, not {value}")


def existing(names: Sequence[str]) -> str:
    """The list of existing names, for messages."""
    return f"there are: {', '.join(names)}" if names else "there are none"


@dataclass(frozen=True, repr=False)
class Figures(Mapping[str, Any]):
    """Pictures by name. Each is drawn when it is accessed. A notebook shows all."""

    named: Mapping[str, NamedFigure]

    def __getitem__(self, name: str) -> InlineFigure:
        if name not in self.named:
            guess = did_you_mean(str(name), self.named)
            raise UnknownName(f"there is no picture {name!r}{guess}; {existing(list(self.named))}")
        return drawn(self.named[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.named)

    def __len__(self) -> int:
        return len(self.named)

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'picture')}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        def all_of_them() -> str:
            drawn = {name: self[name] for name in self}
            return "".join(html.image(figure.png(), 80 * figure.get_figwidth(), name) for name, figure in drawn.items())

        return html.never_raises(all_of_them, "the pictures")
