"""`optlab animate`: its files and its messages."""

import pytest
from PIL import Image

EXPERIMENT = """
name = "e"
steps = 20
[[problem]]
name = "beale"
[[problem]]
name = "himmelblau"
[[problem]]
name = "sphere"
dim = 3
[[optimizer]]
name = "gd"
lr = 0.01
[[optimizer]]
name = "adam"
lr = 0.1
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, optlab_command):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "e.toml").write_text(EXPERIMENT)
    (folder / "none.toml").write_text(EXPERIMENT.replace('"e"', '"none"') + "[record]\npoints = 0\n")
    for name in ("e", "none"):
        assert optlab_command("run", f"{name}.toml", "--no-plots", "--quiet", cwd=folder).returncode == 0
    return folder


def test_results_are_animated(lab, optlab_command):
    options = ["--problem", "beale", "--only", "adam", "--frames", "3", "--width", "300", "-o", "balls.gif"]
    done = optlab_command("animate", "results/e", *options, cwd=lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, "balls.gif\n", "")
    with Image.open(lab / "balls.gif") as image:
        assert (image.width, image.n_frames) == (300, 3)


def test_a_problem_is_run_and_animated_and_leaves_no_results(lab, optlab_command):
    done = optlab_command("animate", "himmelblau", "--optimizer", "adam lr=0.1", "--steps", "9", "--start", "1,1",
                          "--frames", "4", "-o", "new.svg", cwd=lab)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "new.svg\n", "")
    assert ">step 9</text>" in (lab / "new.svg").read_text()
    assert not (lab / "results" / "animation").exists()


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_balls_roll_on_a_surface(lab, optlab_command, ending):
    options = ["--problem", "beale", "--view", "surface", "--frames", "3", "--width", "300", "-o", f"valley.{ending}"]
    done = optlab_command("animate", "results/e", *options, cwd=lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"valley.{ending}\n", "")
    with Image.open(lab / f"valley.{ending}") as image:
        assert (image.size, image.n_frames) == ((300, 192), 3)


def test_a_changed_problem_is_named(tmp_path, optlab_command):
    plugin = 'from optlab import problem\n\n@problem(start=[1.0, 2.0])\ndef bowl(x):\n    "A bowl."\n'
    plugin += "    return (x**2).sum()\n"
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "bowl.py").write_text(plugin)
    spec = 'name = "b"\nsteps = 9\n[record]\npoints = 9\n[[problem]]\nname = "{}"\n[[optimizer]]\nname = "gd"\n'
    both = spec.format("bowl").replace("[[optimizer]]", '[[problem]]\nname = "beale"\n[[optimizer]]')
    (tmp_path / "b.toml").write_text(both)
    assert optlab_command("run", "b.toml", "--no-plots", cwd=tmp_path).returncode == 0
    (tmp_path / "plugins" / "bowl.py").write_text(plugin.replace(".sum()", ".sum() * 3"))
    done = optlab_command("animate", "results/b", "--problem", "bowl", cwd=tmp_path)
    assert done.returncode == 2
    assert "--problem 'bowl': its problem is needed: " in " ".join(done.stderr.split())
    assert "changed" in done.stderr


MISTAKES = {
    "suffix": (["results/e", "-o", "x.gfi"], "--output x.gfi: an animation ends in .gif, .webp, .png, .mp4 or .svg"),
    "which": (["results/e"], "there are several problems to animate; choose one, as in --problem 'beale'"),
    "three parameters": (["results/e", "--problem", "sphere (dim=3)"], "--problem 'sphere (dim=3)': an animation needs "
                         "a function of two parameters that is the same in all steps; choose one of: beale,"),
    "case": (["results/e", "--problem", "bale"], "there is no case 'bale' (did you mean 'beale'?)"),
    "label": (["results/e", "--problem", "beale", "--only", "adm"], "only: no optimizer has the label 'adm'"),
    "optimizer": (["gd"], "there is no problem 'gd': it is an optimizer; write it after --optimizer"),
    "unrecorded": (["results/none", "--problem", "beale"], "results/none: there is nothing to animate: no steps were "
                   "recorded; write points = 200 in [record]"),
    "option of a problem": (["results/e", "--optimizer", "adam"], "--optimizer applies to a problem"),
    "option of results": (["beale", "--only", "adam"], "--only applies to a folder of results"),
    "problem": (["himelblau"], "himmelblau"),
    "dimension": (["sphere dim=3"], "sphere (dim=3): an animation needs a function of two parameters"),
    "view": (["results/e", "--problem", "beale", "--view", "surfce"], "'surfce' is not one of map, surface (did you "
             "mean 'surface'?)"),
    "frames": (["beale", "--frames", "1"], "frames: must be between 2 and 2000, not 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_to_write_instead(lab, optlab_command, name):
    words, message = MISTAKES[name]
    done = optlab_command("animate", *words, cwd=lab)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
