"""Explanations of derivatives: the gates of an expression, update rules as equations, backpropagation step by step.

parser          parses a typed expression into a function
gates           the gates of a function: forward values and backward gradients
equations       update rules and formulas, generated from a graph
    rule_drawing    the picture of an update rule
    rule_graph      the graph of an update rule with its transforms and schedule
    rule_values     a rule with places for numbers, and the graph that computes these numbers on an objective
    patterns        recognizes NumPy functions (norm, mean, ...) in the primitives that they were traced into
    statements      the order of the written equations
    writer          writes values of a graph as expressions
    notation        mathematical notation in Unicode and LaTeX
schedules       the factor on the learning rate
directional     the directional derivative of a function of two variables
backprop        the forward and backward pass of a network
    network         its equations
    network_file, network_errors
                    reads the description of a network and reports its mistakes
    backprop_text   the steps as text
    network_drawing the picture
"""
