"""Checks that any optimizer must pass, a check of gradients, and the pytest plugin that runs the former.

Nothing is imported here: pytest loads this package at every start, whatever project it tests.
"""
