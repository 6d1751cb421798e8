"""From frames to pictures: one kind of figure per module, each with `draw(frame, axes, ...) -> axes` for a picture of
one's own and `figure(frame, ...) -> Figure` for the finished one, which `save` writes to a file.

    contour       trajectories on the level lines of a problem of two parameters
    loss          the loss along the steps, median and band over seeds
    sensitivity   the final loss against the learning rate
    directional   the gradient at a point, and the slope in all directions

Nothing here computes a statistic: the frames are those of `optlab.analysis`. pyplot is never imported (it costs a
second and keeps global state), so the functions can be used in any thread of any program.
"""
