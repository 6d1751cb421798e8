"""Results that were not computed here: tables, and folders of other packages.

columns            which columns of a table hold the solver, the problem, the seed and the cost
reading            files -> tables, with the line of each row
checked            tables -> runs; mistakes with file and line
table              ranks, profiles and scores of a table
folders            folders of COCO and IOH -> runs with their targets
isolated           packages that read such folders, each in a process of its own
read_cocopp        the program of such a process, for COCO
read_iohinspector  the program of such a process, for IOH
trials             ranks, profiles and scores of such a folder
loading            which of these reads a file, a folder or a frame
"""
