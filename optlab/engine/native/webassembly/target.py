"""The two WebAssembly targets, and LLVM's compiler for them."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm

from optlab.engine.native.jit import into_registers
from optlab.engine.native.machine import Machine

TRIPLE = "wasm32-unknown-unknown"

SIMD, SCALAR = Machine(2, False, {}), Machine(1, False, {})
"""Vectors of two lanes ("simd128", in all browsers since 2023), and single numbers. Neither has fused multiply-add."""


@functools.cache
def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        return llvm.Target.from_triple(TRIPLE)
    except RuntimeError as error:
        raise ImportError(f"this LLVM has no WebAssembly: {error}") from error


def object_code(text: str, machine: Machine) -> bytes:
    """LLVM's text as a relocatable object file."""
    features = "+simd128" if machine.width > 1 else ""
    target = _target().create_target_machine(features=features, opt=2)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = TRIPLE, str(target.target_data)
    into_registers(module, target)
    return target.emit_object(module)
