"""WebAssembly: the same program of trajectories as machine code, for JavaScript in a page.

    graph ── compilation.program_for, module.emit ──> LLVM's text ── target ──> object file ── linker ──> module

`target` has the machines and calls LLVM, `reader` reads the binary format, `linker` makes a module of an object file,
and `module` goes through all stages. `by_node` with `places` is a simpler way for networks: one loop nest per node.
"""
