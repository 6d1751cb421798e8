"""Trajectories <-> files: Parquet tables and a manifest. One atomic rename replaces earlier results.

The manifest holds the checksum of each other file and of itself. A folder without a manifest is unfinished. A file that
does not match its checksum is damaged.

    lock          one writer per folder
    files         tables, texts and checksums
    manifest      the names and checksums of the files in a folder
    ownership     which files in a folder optlab made
    drafts        folders for unfinished files; removes the folders that killed processes left
    publishing    the atomic rename, and the moves after it
    runs          the table of runs
    steps         the tables of the values recorded along the steps
    writing       trajectories and pictures -> files
    results       files -> data frames
    after_errors  tells the user, after an error, whether the results are complete
"""

from optlab.results.store.after_errors import complete_in, note_if_complete
from optlab.results.store.manifest import ERRORS_LOG, REPORT, SOURCES, SPEC, failed, outcomes, read_manifest
from optlab.results.store.publishing import is_pending
from optlab.results.store.results import Results, load
from optlab.results.store.runs import runs_table
from optlab.results.store.writing import (
    DraftPictures,
    Writer,
    drawing,
    finish_killed,
    forget_pictures,
    write_report,
    writing,
)

__all__ = [
    "ERRORS_LOG",
    "REPORT",
    "SOURCES",
    "SPEC",
    "DraftPictures",
    "Results",
    "Writer",
    "complete_in",
    "drawing",
    "failed",
    "finish_killed",
    "forget_pictures",
    "is_pending",
    "load",
    "note_if_complete",
    "outcomes",
    "read_manifest",
    "runs_table",
    "write_report",
    "writing",
]
