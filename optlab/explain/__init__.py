"""Derivatives made visible: the gates of an expression, update rules as equations, backpropagation step by step."""
