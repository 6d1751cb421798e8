"""This machine: its vector width, its vector mathematics, and the compiler from LLVM's text to machine code.

glibc's libmvec computes exp, sin, pow and others for a whole vector at once (names: x86 vector function ABI). On other
platforms, and for functions that libmvec does not have, the C library is called once per lane.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from optlab.engine.native.machine import Machine

LIBMVEC = "libmvec.so.1"
_OF_ONE = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
_OF_TWO = ("pow", "atan2", "hypot")
_LETTERS = {8: "e", 4: "d", 2: "b"}
"""AVX-512, AVX2 and SSE in the names of vector functions."""


@functools.cache
def this_machine() -> Machine:
    """The machine that this process runs on."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    is_x86 = llvm.get_process_triple().startswith(("x86_64", "i686"))
    width = 8 if features.get("avx512f") and features.get("avx512dq") else 4 if features.get("avx2") else 2
    return Machine(width, bool(features.get("fma")) or not is_x86, _libmvec(width) if is_x86 else {})


def _libmvec(width: int) -> dict[str, str]:
    try:
        library = ctypes.CDLL(LIBMVEC)
    except OSError:
        return {}
    found = {}
    for name in (*_OF_ONE, *_OF_TWO):
        symbol = f"_ZGV{_LETTERS[width]}N{width}{'vv' if name in _OF_TWO else 'v'}_{name}"
        function = getattr(library, symbol, None)
        if function is not None:
            llvm.add_symbol(symbol, ctypes.cast(function, ctypes.c_void_p).value)
            found[name] = symbol
    return found


@functools.cache
def _processor() -> tuple[str, str]:
    """The processor's name and features. Cached, as LLVM takes almost a millisecond to find them."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def operands_of(name: str) -> int:
    """The number of operands of a function of the vector library."""
    return 2 if name in _OF_TWO else 1


class Code:
    """Machine code in memory, and the functions in it by name. It is freed with this object.

    With `quick`, compiling takes a third of the time and the code runs at about half the speed. No bit differs.
    """

    def __init__(self, text: str, quick: bool = False) -> None:
        this_machine()
        module = llvm.parse_assembly(text)
        name, features = _processor()
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=name, features=features, opt=0 if quick else 2, jit=True
        )
        if not quick:
            into_registers(module, target)
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()

    def function(self, name: str, *arguments: Any) -> Any:
        """A function without a result, callable from Python. It releases the GIL."""
        return ctypes.CFUNCTYPE(None, *arguments)(self.address(name))

    def address(self, name: str) -> int:
        """The address of a function."""
        return self._engine.get_function_address(name)


def into_registers(module: Any, target: Any) -> None:
    """Promote variables in memory to registers. No other pass is needed: expressions are already simplified."""
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(module, builder)


_TRIED = np.array(
    [0.3, 1.7, 12.5, 1e-9, 0.999, -0.3, -20.0, 0.0, 1.0, 700.0, np.inf, -np.inf, np.nan, 5e-324, 1e300, -2.5]
)
_TOLERANCE = 1e-14


def is_right(code: Code, name: str) -> bool:
    """Whether the vector version of a function agrees with NumPy to a few units in the last place."""
    count, width = operands_of(name), this_machine().width
    function = code.function(f"check_{name}", ctypes.c_void_p, ctypes.c_void_p)
    first = np.resize(_TRIED, -(-len(_TRIED) // width) * width)
    operands = np.stack([first, np.roll(first, 3)][:count])
    found = np.empty_like(first)
    for at in range(0, len(first), width):
        inputs = np.ascontiguousarray(operands[:, at : at + width])
        function(inputs.ctypes.data, found[at:].ctypes.data)
    with np.errstate(all="ignore"):
        expected = getattr(np, _IN_NUMPY.get(name, name))(*operands)
    return np.allclose(found, expected, rtol=_TOLERANCE, atol=np.finfo(float).tiny, equal_nan=True)


_OF_ARCS = ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")
_IN_NUMPY = {"pow": "power"} | {name: f"arc{name[1:]}" for name in _OF_ARCS}
