"""Derivatives made visible: the gates of an expression, update rules as equations, backpropagation step by step.

expression      an expression that was typed, as a function
gates           the gates of a function: values forward, gradients backward
equations       update rules and formulas, read off a graph, with
    rule        a rule as such a graph,
    composed    the same with transforms and a schedule around it,
    idioms      what NumPy's functions were taken apart into, together again,
    statements  the order of what is written,
    expressions values as expressions,
    notation    and the signs of mathematics
schedules       the factor on the learning rate
directional     the directional derivative of a function of two variables
backprop        a network, forward and backward, with
    network     its equations,
    network_file, network_mistakes
                its description, and what is wrong with it,
    walk        the steps in words,
    network_drawing
                and the picture
"""
