"""The native back end: a step graph as machine code that runs whole trajectories, many runs at once.

    graph ── scalars ──> expressions ── emit, rules ──> LLVM's text ── machine ──> code ──> trajectories

For functions of a few numbers. What it cannot execute, or what is not worth compiling, is left to `replay`.
"""
