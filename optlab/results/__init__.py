"""What an experiment leaves: files, data frames, statistics of them, and the manifest."""
