"""Trajectories <-> files: Parquet tables and a manifest, which replace earlier ones by one rename.

The manifest holds the checksum of each of the other files, and of itself: a folder without one is unfinished, a file
that does not match it is damaged.

    lock        one writer per folder
    files       tables, texts and checksums
    manifest    what a folder holds, sealed
    ownership   which files in a folder are optlab's
    drafts      files that are being made, and what killed processes left of them
    publishing  one rename, and what comes after it
    runs        the table of runs
    steps       the tables of what was recorded along the steps
    writing     trajectories and pictures -> files
    results     files -> data frames
    truth       what an error leaves of results
"""

from optlab.store.manifest import ERRORS_LOG, SPEC, failed, read_manifest
from optlab.store.publishing import is_pending
from optlab.store.results import Results, load
from optlab.store.runs import runs_table
from optlab.store.truth import complete_in, told_truly
from optlab.store.writing import Drawing, Writer, drawing, tidied, writing

__all__ = [
    "ERRORS_LOG",
    "SPEC",
    "Drawing",
    "Results",
    "Writer",
    "complete_in",
    "drawing",
    "failed",
    "is_pending",
    "load",
    "read_manifest",
    "runs_table",
    "tidied",
    "told_truly",
    "writing",
]
