"""`optlab play`: the page, the browser, and messages. `--watch` is in test_play_watch.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OPTLAB = str(Path(sys.executable).with_name("optlab"))
PLUGIN = '''\
import numpy as np
from optlab import optimizer

@optimizer
def signs(x, g, *, lr=0.1):
    """Steps of one length."""
    return x - lr * np.sign(g)
'''
OWN = "def bowl(x):\n    return (x**2).sum()\n\n\ndef plain(x, g, *, lr=0.1):\n    return x - lr * g\n"


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGIN)
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path


@pytest.mark.parametrize("rule", ["plugins/mine.py", "plugins/mine.py:signs lr=0.2", "signs"])
def test_own_problems_and_rules(lab, optlab_command, rule):
    words = ["mine.py:bowl", "--start", "1,2", "--optimizer", rule, "--optimizer", "gd lr=0.1", "--steps", "5"]
    done = optlab_command("play", *words, "-o", "valley.html", "-q", cwd=lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (lab / "valley.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert '"name":"signs"' in text
    assert "Steps of one length" in text  # the source of the rule
    assert not (lab / "results").exists()


def test_a_plain_function_is_a_rule(lab, optlab_command):
    words = ["mine.py:bowl", "--start", "1,2", "--optimizer", "mine.py:plain", "--lr", "0.1:0.3:3", "--steps", "5"]
    done = optlab_command("play", *words, "-o", "valley.html", "-q", cwd=lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (lab / "valley.html").read_text(encoding="utf-8")
    assert '"name":"plain"' in text
    assert "return x - lr * g" in text  # its source


def played(lab, browser):
    """The command with a browser, which is a program or a line of the shell."""
    known = os.environ | {"BROWSER": browser, "TMPDIR": str(lab)}
    words = [OPTLAB, "play", "beale", "--optimizer", "gd", "--steps", "3"]
    return subprocess.run(words, cwd=lab, env=known, capture_output=True, text=True, check=False, timeout=300)


def test_without_o_the_page_is_opened(lab):
    done = played(lab, "echo opened %s")
    assert done.returncode == 0, done.stderr
    opened, path = done.stdout.splitlines()
    assert opened == f"opened {(lab / path).as_uri()}"
    assert (lab / path).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_browser_the_address_is_printed(lab):
    done = played(lab, "false %s")
    assert done.returncode == 0
    assert f"no browser could be started; open {(lab / done.stdout.strip()).as_uri()}\n" in done.stderr


def test_a_rule_that_fails_is_an_error_and_the_page_has_the_others(lab, optlab_command):
    (lab / "plugins" / "mine.py").write_text(PLUGIN.replace("np.sign(g)", "np.sing(g)"))
    words = ["beale", "--optimizer", "signs", "--optimizer", "gd", "--steps", "3", "-o", "page.html"]
    done = optlab_command("play", *words, "-q", cwd=lab)
    message = "signs on beale: plugins/mine.py:7:21: AttributeError: module 'numpy' has no attribute 'sing'\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert '"statuses":{"done":' in (lab / "page.html").read_text(encoding="utf-8")


MISTAKES = {
    "problem": (["himelblau"], "there is no problem 'himelblau' (did you mean 'himmelblau'?)"),
    "optimizer": (["beale", "--optimizer", "adm"], "there is no optimizer 'adm' (did you mean 'adam'?)"),
    "optimizer as problem": (["gd"], "there is no problem 'gd': it is an optimizer; write it after --optimizer"),
    "problem as optimizer": (["beale", "--optimizer", "booth"], "there is no optimizer 'booth': it is a problem"),
    "dataset": (
        ["moons"],
        "there is no problem 'moons': it is a dataset; write it with a problem, as in 'mlp dataset=",
    ),
    "twice": (["beale", "beale"], "beale is given twice with the same settings; leave one out"),
    "option": (["rosenbrock c=1"], "rosenbrock has no option 'c'"),
    "start": (["mine.py:bowl"], "bowl has no start of its own; write a point, as --start 1,2"),
    "point": (["beale", "--start", "1,x"], "--start"),
    "function": (["mine.py:bowls"], "mine.py: there is no function 'bowls' (did you mean 'bowl'?)"),
    "which": (["beale", "--optimizer", "mine.py"], "name the function, as in mine.py:NAME; there is bowl, plain"),
    "no rule": (["beale", "--optimizer", "mine.py:bowl"], "mine.py:1: optimizer 'bowl' takes (x) by position instead"),
    "file": (["none.py:bowl"], "none.py: there is no such file"),
    "folder": (["beale", "-o", "none/page.html"], "--output none/page.html: there is no folder none"),
    "rates": (["beale", "--lr", "1"], "lr: '1' is not LOW:HIGH:NUM"),
    "steps": (["beale", "--steps", "0"], "steps"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_what_to_write_instead(lab, optlab_command, name):
    words, message = MISTAKES[name]
    done = optlab_command("play", *words, *["-o", "page.html"] * ("-o" not in words), cwd=lab)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
    assert "<experiment>" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (lab / "page.html").exists()
