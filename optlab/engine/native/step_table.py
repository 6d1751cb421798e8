"""The function `table`: expressions that depend on the step number only, one row per step."""

from __future__ import annotations

from optlab.engine.native.hoisting import ROW, StepProgram, Values
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.llvm_rules import ONE, ZERO, select


def table(program: StepProgram, declarations: dict[str, str]) -> list[str]:
    """The text of the function `table(rows, uniform, running, begin, end)`."""
    body = Body(program.machine, declarations)
    once = program.once(body, 1)
    for n in range(len(program.shared_running)):
        body.put(f"%p{n} = alloca {body.numbers}, align 64")
        body.store(body.spread_from(body.at("%running", str(n))), f"%p{n}", align=64)
    body.put("br label %loop")
    body.label("loop")
    body.put("%i = phi i64 [ %begin, %entry ], [ %after, %step ]")
    body.put("%more = icmp slt i64 %i, %end")
    body.put("br i1 %more, label %step, label %done")
    body.label("step")
    body.put("%after = add i64 %i, 1")
    _row(program, body, dict(once))
    body.put("br label %loop")
    body.label("done")
    for n in range(len(program.shared_running)):
        first = body.line(f"extractelement {body.numbers} {body.load(f'%p{n}', align=64)}, i32 0")
        body.store(first, body.at("%running", str(n)), "double")
    body.put("ret void")
    arguments = "ptr noalias %rows, ptr noalias %uniform, ptr noalias %running, i64 %begin, i64 %end"
    return [f"define void @table({arguments}) #0 {{", "entry:", *body.lines, "}"]


def _row(program: StepProgram, body: Body, values: Values) -> None:
    expressions = program.expressions
    for i in program.needed:
        if expressions.ops[i] == "input" and program.level[i] == ROW:
            values[i] = [body.spread(body.line("sitofp i64 %after to double"))]
    for n, i in enumerate(program.shared_running):
        (base,) = values[expressions.args[i][0]]
        product = body.line(f"fmul {body.numbers} {body.load(f'%p{n}', align=64)}, {base}")
        body.store(product, f"%p{n}", align=64)
        values[i] = [product]
    program.compute(body, values, ROW, 1)
    offset = body.times(body.line("sub i64 %i, %begin"), len(program.row))
    for n, i in enumerate(program.row):
        (value,) = values[i]
        value = select(body, value, ONE, ZERO) if i in expressions.conditions else value
        first = body.line(f"extractelement {body.numbers} {value}, i32 0")
        body.store(first, body.at("%rows", body.add(offset, n)), "double")
