"""What an experiment is told in: which pictures it gets, and what each of them shows.

pictures    those of an experiment
maps        those of a map
cases       the cases that they are made of
"""
