"""What notebooks and files show: drawings as SVG, charts, and small pieces of HTML."""
