"""The linker: data, stack and imports in a real engine, and damaged object files."""

from __future__ import annotations

import base64
import random

import pytest

from optlab.engine.native.webassembly.linker import STACK, linked
from optlab.engine.native.webassembly.reader import Reader, padded, sections, signed, unsigned
from optlab.engine.native.webassembly.target import SCALAR, object_code
from tests.node import evaluated, needs_node

TEXT = """
@squares = private constant [4 x double] [double 0.0, double 1.0, double 4.0, double 9.0]
@third = constant ptr getelementptr (double, ptr @squares, i32 2)
@counter = global i32 40
declare double @exp(double)
declare double @sum(ptr)
define double @square(i32 %n) {
  %p = getelementptr double, ptr @squares, i32 %n
  %x = load double, ptr %p
  ret double %x
}
define double @third_square() {
  %p = load ptr, ptr @third
  %x = load double, ptr %p
  ret double %x
}
define i32 @count() {
  %n = load i32, ptr @counter
  %m = add i32 %n, 2
  store i32 %m, ptr @counter
  ret i32 %m
}
define double @on_the_stack(double %x) {
  %p = alloca [2 x double]
  %y = call double @exp(double %x)
  store double %x, ptr %p
  %q = getelementptr double, ptr %p, i32 1
  store double %y, ptr %q
  %z = call double @sum(ptr %p)
  ret double %z
}
"""
NAMES = ("square", "third_square", "count", "on_the_stack")

RUN = """
const module = new WebAssembly.Module(Buffer.from(given, "base64"));
let stack = 0;
const env = { exp: Math.exp, sum: (p) => {
  stack = p;
  const [x, y] = new Float64Array(it.memory.buffer, p, 2);
  return x + y;
} };
const it = new WebAssembly.Instance(module, { env }).exports;
console.log(JSON.stringify({
  squares: [0, 1, 2, 3].map(it.square), third: it.third_square(), counts: [it.count(), it.count()],
  sum: it.on_the_stack(1.5), exp: Math.exp(1.5), stack,
  imports: WebAssembly.Module.imports(module), exports: Object.keys(it),
}));
"""


@pytest.fixture(scope="module")
def data() -> bytes:
    return object_code(TEXT, SCALAR)


@needs_node
def test_data_stack_and_imports_of_a_linked_module(data, tmp_path):
    made = linked(data, NAMES)
    found = evaluated(RUN, tmp_path, base64.b64encode(made.code).decode())
    assert found["squares"] == [0.0, 1.0, 4.0, 9.0]
    assert found["third"] == 4.0
    assert found["counts"] == [42, 44]
    assert found["sum"] == 1.5 + found["exp"]
    assert 0 < found["stack"] < STACK < made.heap
    assert made.imports == tuple(one["name"] for one in found["imports"]) == ("exp", "sum")
    assert found["exports"] == ["memory", *NAMES]


def test_a_function_that_is_not_there(data):
    with pytest.raises(ValueError, match="no function 'cube'"):
        linked(data, ("cube",))


def test_truncated_files(data):
    """Only a file without its last sections may be whole."""
    ends = {section.end for section in sections(data)}
    for size in set(range(len(data))) - ends:
        with pytest.raises(ValueError, match="WebAssembly object"):
            linked(data[:size], NAMES)


def test_damaged_files_give_a_message_or_a_module(data):
    rng, messages = random.Random(0), []
    for _ in range(600):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 1, 4])):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            linked(bytes(damaged), NAMES)
        except ValueError as error:
            messages.append(str(error))
    assert all(message.startswith("WebAssembly object") for message in messages)
    assert len(messages) > 150
    assert sum("byte" in message for message in messages) > 0.8 * len(messages)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"\0asm\x02\0\0\0", "byte 0: not a WebAssembly file of version 1"),
        (b"\0asm\x01\0\0\0\x01\x01\0\x01\x01\0", "byte 11: a second section 1"),
        (b"\0asm\x01\0\0\0\x01\x05\0", "byte 10: 5 bytes expected, 1 are left"),
        (b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x7f", "byte 9: an integer of more than 32 bits"),
    ],
)
def test_messages(text, what):
    with pytest.raises(ValueError, match=what):
        linked(text, ())


@pytest.mark.parametrize("value", [0, 1, 63, 64, 127, 128, 8191, 2**31 - 1])
def test_integers(value):
    assert Reader(unsigned(value)).unsigned() == value
    assert Reader(signed(value)).signed() == value
    assert Reader(signed(-value)).signed() == -value
    assert Reader(padded(value)).unsigned() == Reader(padded(value)).signed() == value
    assert len(padded(value)) == 5
