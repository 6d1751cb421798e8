"""The way out: rules of the lab in other packages, one module for each of them."""
