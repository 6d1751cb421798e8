"""An experiment with random starts, noise, minibatches and a random rule, which takes a few seconds."""

from __future__ import annotations

from pathlib import Path

from torture.commands import run

TEXT = """\
name = "e"
steps = {steps}
seeds = 3

[[problem]]
name = "rosenbrock"
start = "random"

[[problem]]
name = "beale"
start = "random"
noise = {{ kind = "normal", scale = 0.1 }}

[[problem]]
name = "mlp"
dataset = "digits"
hidden = [8]
batch_size = 16

[[optimizer]]
name = "gd"
lr = {{ log = [1e-4, 1e-1], num = {values} }}

[[optimizer]]
name = "adam"
schedule = "cosine"
lr = {{ log = [1e-4, 1e-1], num = {values} }}

[[optimizer]]
name = "sgld"
lr = {{ log = [1e-5, 1e-3], num = {values} }}
"""


def write(room: Path, steps: int = 100, values: int = 4) -> Path:
    """Write the experiment into a folder, as a file with a name of its own for each number of steps."""
    room.mkdir(parents=True, exist_ok=True)
    path = room / f"{steps}.toml"
    path.write_text(TEXT.format(steps=steps, values=values))
    return path


def words(file: Path, out: str, *more: str) -> list[str]:
    """What follows `optlab` on the command line. The results are in the folder `out/e`."""
    return ["run", file.name, "--no-plots", f"--out={out}", *more]


def reference(room: Path, file: Path) -> Path:
    """The folder of results that threads have computed."""
    out = f"threads-{file.stem}"
    ended = run(room, *words(file, out, "--executor=threads"))
    assert ended.status == 0, ended.said
    return room / out / "e"
