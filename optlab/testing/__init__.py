"""The conformance checks for optimizers, the comparison with torch and optax, and the pytest plugin for the checks.

Nothing is imported here, as pytest loads this package at every start, for every project.
"""
