"""Bridges: optlab's rules as optimizers of other packages, one module for each package."""
