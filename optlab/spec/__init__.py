"""An experiment file, read: TOML text -> `ExperimentSpec`, or every mistake in it with its line and column.

    positions   TOML text -> document, and where each of its keys stands
    values      what a single value may be
    axes        what an option may be: a value, a list or a grid
    maps        the tables of maps: [basins] and [stability]
    tables      the experiment itself, in frozen dataclasses
    mistakes    pydantic's errors in sentences
    text        a file as text, and mistakes where they stand in it
    draft       all of it together
    schema      what may be written, as a JSON Schema

Whether a problem or a hyperparameter exists is not known here, so a `Draft` holds what could be read until `resolve`
has looked the names up, and all mistakes are raised together.
"""

from optlab.spec.axes import Axis
from optlab.spec.draft import Draft, read, read_dict
from optlab.spec.maps import BasinsSpec, StabilitySpec
from optlab.spec.schema import json_schema
from optlab.spec.tables import ExperimentSpec, OptimizerSpec, ProblemSpec, RecordSpec, ScheduleSpec

__all__ = [
    "Axis",
    "BasinsSpec",
    "Draft",
    "ExperimentSpec",
    "OptimizerSpec",
    "ProblemSpec",
    "RecordSpec",
    "ScheduleSpec",
    "StabilitySpec",
    "json_schema",
    "read",
    "read_dict",
]
