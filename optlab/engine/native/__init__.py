"""The native back end: a step graph as machine code that runs whole trajectories, many runs at once.

           ┌─ scalars ─┐
    graph ─┤           ├─> expressions ── program, emit ──> LLVM's text ── machine ──> code ──> trajectories
           └─ rolled ──┘

`scalars` writes out every entry, for functions of few; `rolled` keeps arrays, which become loops over the entries;
`lowering` decides. What it cannot execute, or what is not worth compiling, is left to `replay`.
"""
