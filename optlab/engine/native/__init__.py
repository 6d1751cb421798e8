"""The native back end: a step graph as machine code that runs whole trajectories, many runs at once.

           ┌─ scalar_ir ─┐
    graph ─┤             ├─> ir ── hoisting, module ──> LLVM's text ── jit ──> code ──> kernel
           └─ array_ir ──┘                             └─ webassembly ──> module for a browser

`scalar_ir` makes one expression per entry and is used for functions of few entries. `array_ir` keeps arrays, which
become loops over the entries. `lowering` chooses between the two. `compilation` goes through all stages, and `kernel`
runs the code. `machine` has the properties of a target. A graph that this back end cannot execute, or that is not worth
compiling, is executed by the replay back end.
"""
