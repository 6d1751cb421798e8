"""A graph as a picture: the circuit, the layout of its gates, and the symbols on them."""
