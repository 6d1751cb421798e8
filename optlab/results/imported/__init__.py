"""Results that were not computed here: tables and folders of other packages.

columns   which columns of a table hold the solver, the problem, the seed and the cost
reading   files -> tables, with the line of each row
checked   tables -> runs; mistakes with file and line
table     ranks, profiles and scores of a table
"""
