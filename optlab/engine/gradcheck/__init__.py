"""Gradients checked against difference quotients and the complex step."""
