"""Maps of many runs at once: what every pixel of a picture stands for, and what there is to know of it.

checks      what an experiment must be for a map to be made of it
minima      the minima of a function of two parameters, known ones and those found from where runs end
basins      from where runs end to the minimum of each, and to the loss that counts as having come to it
stability   the limits that theory gives where a problem is quadratic, and the loss that steps are counted to
"""
