"""Writes the results of an experiment as one HTML page, which needs no network and no server.

    packing     arrays as text in the page
    cases       what the page shows of one case: surface, paths, curves, sensitivity, verdict
    verdicts    the rankings, what their marks mean, and what they say
    rankings    the losses from which the page computes rankings again
    profiles    the costs from which the page computes profiles again
    programs    the modules with which the page runs optimizers; `sliders` and `rule` are parts of them, and
                `chosen_runs` finds their runs
    basins      what the page needs to find minima
    landscapes  the loss around the paths of a case with more than two parameters, in two planes
    networks    the outputs, examples and parameters of networks, for decision boundaries
    recomputed  paths of networks that were not recorded
    maps        what the page shows of a map of basins or stability, with `map_looks` and `map_programs`;
                `recorded_maps` are those whose plugins have changed
    about       the experiment file, versions, sources of plugins, and files to download
    document    the data of the page
    modules     the JavaScript modules of the page as one script
    page        the page as text
    web/        its JavaScript, style and skeleton

No statistic is computed here: the frames are those of `optlab.results`. Surfaces and landscapes evaluate losses,
`programs` compiles the rules for the page, and `recomputed` runs some optimizers again.
"""
