"""From TOML to a plan: the document, what its names stand for, the sweeps, and the maps made of them."""
