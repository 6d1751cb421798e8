"""An experiment file, read: TOML text -> `ExperimentSpec`, or every mistake in it with its line and column.

    positions   TOML text -> document, and where each of its keys stands
    values      what a single value may be
    axes        what an option may be: a value, a list or a grid
    tables      the experiment itself, in frozen dataclasses
    mistakes    pydantic's errors in sentences
    text        a file as text, and mistakes where they stand in it
    draft       all of it together
    schema      what may be written, as a JSON Schema

The tables of kinds of experiment, such as [basins], are known here only where the kinds are given (`KindOfTable`).
Whether a problem or a hyperparameter exists is not known here, so a `Draft` holds what could be read until `resolve`
has looked the names up, and all mistakes are raised together.
"""

from optlab.spec.axes import Axis
from optlab.spec.draft import Draft, read, read_dict
from optlab.spec.schema import json_schema
from optlab.spec.tables import ExperimentSpec, KindOfTable, OptimizerSpec, ProblemSpec, RecordSpec, ScheduleSpec

__all__ = [
    "Axis",
    "Draft",
    "ExperimentSpec",
    "KindOfTable",
    "OptimizerSpec",
    "ProblemSpec",
    "RecordSpec",
    "ScheduleSpec",
    "json_schema",
    "read",
    "read_dict",
]
