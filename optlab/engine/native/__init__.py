"""The native back end: a step graph as machine code that runs whole trajectories, many runs at once.

           ┌─ scalars ─┐
    graph ─┤           ├─> expressions ── program, emit ──> LLVM's text ── machine ──> code ──> trajectories
           └─ rolled ──┘

`scalars` makes one expression per entry and is used for functions of few entries. `rolled` keeps arrays, which become
loops over the entries. `lowering` chooses between the two. A graph that this back end cannot execute, or that is not
worth compiling, is executed by `replay`.
"""
