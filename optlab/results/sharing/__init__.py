"""Results that are run again, packed into one file, or compared with others.

sources       the plugin files of an experiment as one text, which is stored with its results
sampling      some of the runs of an experiment, computed again
differences   computed and stored values, compared bit for bit
machines      what differs between the machine of the results and this one
archive       zip files whose bytes depend on their contents only; reading them refuses anything unsafe
packing       results <-> one packed file
merging       several results as one, for one ranking and one set of pictures
"""
