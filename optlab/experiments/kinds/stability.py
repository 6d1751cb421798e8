"""The table `[stability]`: a map of settings. The axes are two hyperparameters, the colour shows the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, Strict

from optlab.execution.records import Sweep
from optlab.experiments.choices import COLORS, Color
from optlab.experiments.choices import STABILITY as RESOLUTION
from optlab.experiments.document import values
from optlab.experiments.kinds import pixels
from optlab.experiments.kinds.base import Kind, Plan
from optlab.experiments.maps import checks, panels, targets

if TYPE_CHECKING:
    from optlab.experiments.document import ExperimentSpec
    from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes
    from optlab.results.store import Results


def _color(value: Any) -> Any:
    if value not in COLORS:
        choices = " or ".join(f'"{color}"' for color in COLORS)
        raise ValueError(f"must be {choices}, not {values.shown(value)}")
    return value


_Word = Annotated[str, Strict(), Field(min_length=1)]
_Color = Annotated[Color, BeforeValidator(_color)]
_Number = Annotated[float | None, PlainValidator(values.number, json_schema_input_type=float)]


def _doc(text: str) -> Any:
    return Field(description=text)


@dataclass(frozen=True)
class StabilitySpec:
    """A map of settings: the axes are two hyperparameters, the colour shows how the loss develops."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    x: Annotated[_Word, _doc("the hyperparameter from left to right")]
    y: Annotated[_Word, _doc("the hyperparameter from bottom to top")]
    resolution: Annotated[pixels.Resolution, _doc("values of each hyperparameter whose grid has no num")] = RESOLUTION
    color: Annotated[_Color, _doc("final_loss, or steps: the number needed to reach the target")] = COLORS[0]
    target: Annotated[_Number, _doc("the loss to reach; default: a millionth of the start's height")] = None


class StabilityKind(Kind):
    """A map of settings: where an optimizer is stable, and its final loss or number of steps."""

    name = "stability"
    table = StabilitySpec
    forms = {"x": 'x = "lr"', "y": 'y = "beta"'}  # noqa: RUF012
    is_ranked = False

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set the defaults of a map: no history, and as many values per hyperparameter as pixels."""
        document = pixels.unrecorded(document)
        table, optimizers = document[self.name], document.get("optimizer")
        if not isinstance(optimizers, list):
            return document
        resolution = table.get("resolution", RESOLUTION)
        if (
            type(resolution) is not int or not 2 <= resolution <= pixels.MAX_RESOLUTION
        ):  # the mistake is reported for the resolution only
            resolution = RESOLUTION
        sides = [table.get("x"), table.get("y")]
        return {**document, "optimizer": [_numbered(optimizer, sides, resolution) for optimizer in optimizers]}

    def in_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """In a map of stability, the grid of a hyperparameter may omit `num`, which is then the resolution. In other
        experiments it may not."""
        tables = schema["$defs"]
        grid, side = {"$ref": "#/$defs/Grid"}, {"$ref": "#/$defs/Side"}
        tables["Side"] = {key: value for key, value in tables["Grid"].items() if key not in ("required", "title")}
        optimizer = tables["OptimizerSpec"]
        forms = optimizer["additionalProperties"]["oneOf"]
        optimizer["additionalProperties"] = {"oneOf": [side if form == grid else form for form in forms]}
        counted = {
            "properties": {"schedule": True},
            "additionalProperties": {"if": {"type": "object"}, "then": {"anyOf": [grid, {"$ref": "#/$defs/Range"}]}},
        }
        condition = {"if": {"required": [self.name]}, "else": {"properties": {"optimizer": {"items": counted}}}}
        return {**schema, **condition}

    def checked(
        self,
        table: StabilitySpec,
        spec: ExperimentSpec,
        cases: Sequence[CaseAxes],
        rules: Sequence[RuleAxes],
        notes: Diagnostics,
    ) -> list[CaseAxes]:
        pixels.note_seeds(spec, notes)
        pixels.note_noise(spec, notes)
        pixels.note_stop(spec, notes)
        checks.sides(table.x, table.y, rules, notes)
        if table.color == "steps":
            checks.targets(table.target, cases, notes)
        else:
            checks.unused_target(table.target, notes)
        return list(cases)

    def sweep(self, table: StabilitySpec, sweep: Sweep) -> Sweep:
        return replace(sweep, target=targets.targets_of(sweep, table.target)) if table.color == "steps" else sweep

    def panels(self, results: Results, planned: Plan) -> list[panels.StabilityMap]:
        table = planned.table
        columns = panels.STABILITY + (("reached",) if table.color == "steps" else ())
        return panels.stability_maps(planned.sweeps, results.arrays(*columns), (table.x, table.y))

    def panel_counts(self, planned: Plan) -> dict[str, int]:
        x, y = planned.table.x, planned.table.y
        return panels.counts(planned.sweeps, lambda sweep: _values(sweep, x) * _values(sweep, y))


def _values(sweep: Sweep, name: str) -> int:
    return len(np.unique(sweep.numbers["hyperparameter", name]))


def _numbered(table: Any, sides: list[Any], num: Any) -> Any:
    if not isinstance(table, dict):
        return table
    is_wrong = not all(isinstance(name, str) and name in table for name in sides)  # reported elsewhere
    grids = {name: grid for name, grid in table.items() if isinstance(grid, dict) and (is_wrong or name in sides)}
    grids.pop("schedule", None)
    return {**table, **{name: {**grid, "num": num} for name, grid in grids.items() if "num" not in grid}}


STABILITY = StabilityKind()
