"""The built-in suites, one file each. A suite is a table of problems that an experiment adds by name."""
