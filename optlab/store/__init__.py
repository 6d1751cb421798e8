"""Trajectories <-> files: Parquet tables and a manifest, each written whole or not at all.

The manifest comes last and holds the checksum of each of the other files, and of itself: a folder without one is
unfinished, a file that does not match it is damaged.

    lock        one writer per folder
    files       tables, texts and checksums
    manifest    what a folder holds, sealed
    runs        the table of runs
    steps       the tables of what was recorded along the steps
    writing     trajectories -> files
    results     files -> data frames
"""

from optlab.store.manifest import ERRORS_LOG, SPEC, failed, read_manifest
from optlab.store.results import Results, load
from optlab.store.runs import runs_table
from optlab.store.writing import Writer, writing

__all__ = ["ERRORS_LOG", "SPEC", "Results", "Writer", "failed", "load", "read_manifest", "runs_table", "writing"]
