"""The problem of the suite of unit tests (Schaul, Antonoglou & Silver, 2014)."""
