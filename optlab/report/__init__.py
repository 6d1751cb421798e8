"""Writes the results of an experiment as one HTML page, which needs no network and no server.

    packing     arrays as text in the page
    cases       what the page shows of one case: surface, paths, curves, sensitivity, ranking
    verdicts    the rankings, what their marks mean, and what they say
    landscapes  the loss around the paths of a case with more than two parameters, in two planes
    networks    the outputs, examples and parameters of networks, for decision boundaries
    maps        what the page shows of a map of basins or stability, with `map_looks` and `map_programs`
    about       the experiment file, versions, sources of plugins, and files to download
    document    the data of the page
    modules     the JavaScript modules of the page as one script
    page        the page as text
    web/        its JavaScript, style and skeleton

No experiment is run, and no statistic is computed here: the frames are those of `optlab.results`. Surfaces and
landscapes evaluate losses, and `programs` compiles the rules for the page.
"""
