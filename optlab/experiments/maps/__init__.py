"""Maps of many runs at once: what every pixel of a picture stands for, and what there is to know of it.

    checks      what an experiment must be for a map to be made of it
    declared    which of the minima that a problem declares hold under its options
    minima      the minima of a function of two parameters, known ones and those found from where runs end
    bouncing    which runs go back and forth over a minimum at a kink
    basins      from where runs end to the minimum of each, and to the loss that counts as having come to it
    targets     the loss that steps are counted to in a map of stability
    quadratic   whether a problem is quadratic, and the eigenvalues of its Hessian
    linear      whether an update rule is linear, and where it is then stable on a quadratic problem
    panels      a finished map as arrays

Nothing here runs a sweep, reads a file or draws.
"""
