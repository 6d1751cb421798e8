"""Reads an experiment file: TOML text -> `ExperimentSpec`, or all mistakes in it with their lines and columns.

    source_map  TOML text -> document, and the position of each key
    values      validation of a single value
    axes        validation of an option: a value, a list or a grid
    experiment  the experiment, in frozen dataclasses
    tables      its tables, such as [[problem]] and [record]
    tuning      its table [tuning]
    messages    messages for pydantic's errors
    text        reads a file as text, and adds positions to mistakes
    reader      reads an experiment with all of these modules
    schema      the JSON Schema of an experiment file
    widening    wider ranges in the text of an experiment file

Tables of kinds of experiment, such as [basins], are accepted if the caller passes the kinds (`KindOfTable`). This
package does not check whether a problem or a hyperparameter exists. So a `Draft` keeps the mistakes until `resolve` has
looked up the names, and all mistakes are raised together.
"""

from optlab.experiments.document.axes import Axis
from optlab.experiments.document.experiment import ExperimentSpec, KindOfTable
from optlab.experiments.document.reader import Draft, read, read_dict
from optlab.experiments.document.schema import json_schema
from optlab.experiments.document.tables import (
    NoiseSpec,
    OptimizerSpec,
    ProblemSpec,
    RecordSpec,
    ScheduleSpec,
    StopSpec,
    TargetSpec,
    problem_of,
)
from optlab.experiments.document.tuning import TuningSpec

__all__ = [
    "Axis",
    "Draft",
    "ExperimentSpec",
    "KindOfTable",
    "NoiseSpec",
    "OptimizerSpec",
    "ProblemSpec",
    "RecordSpec",
    "ScheduleSpec",
    "StopSpec",
    "TargetSpec",
    "TuningSpec",
    "json_schema",
    "problem_of",
    "read",
    "read_dict",
]
