"""Maps of many runs: the values of each pixel of a picture, and the theory for comparison.

    checks      checks whether a map can be made of an experiment
    declared    which of the declared minima of a problem are valid for its options
    minima      the minima of a function of two parameters: declared ones, and those found from the ends of runs
    bouncing    which runs oscillate around a minimum at a kink
    basins      from the ends of runs to their minima, and to the loss at which a minimum counts as reached
    targets     the loss at which the count of steps ends in a map of stability
    quadratic   whether a problem is quadratic, and the eigenvalues of its Hessian
    linear      whether an update rule is linear, and where it is then stable on a quadratic problem
    panels      a finished map as arrays

This package does not run sweeps, read files or draw.
"""
