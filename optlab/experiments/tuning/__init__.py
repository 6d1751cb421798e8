"""Experiments with the table `[tuning]`: settings are chosen on runs of their own, and only the chosen ones are judged.

checks      the mistakes in the table
numbers     several numbers of trials, which share runs
two_passes  the runs for tuning, the choice, and the runs for judging
"""

from optlab.experiments.tuning.checks import drawing_of, minima_of, note_tuning
from optlab.experiments.tuning.numbers import labels_of
from optlab.experiments.tuning.two_passes import JUDGING, TUNING, JudgedRuns, Tuned, Tuning, first_pass, steps_within

__all__ = [
    "JUDGING",
    "TUNING",
    "JudgedRuns",
    "Tuned",
    "Tuning",
    "drawing_of",
    "first_pass",
    "labels_of",
    "minima_of",
    "note_tuning",
    "steps_within",
]
