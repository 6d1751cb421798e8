"""Animations: balls that roll on a map in step with each other.

scene      what moves over which background, and when
raster     the frames as images
files      GIF, WebP, APNG and MP4
vector     SVG that moves without a script
film       drawings whose numbers appear one after the other
player     an animation that a notebook shows and that is saved by the suffix of its file
"""
