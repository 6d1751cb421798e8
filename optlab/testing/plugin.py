"""The pytest plugin: `pytest plugins/powersign.py` runs the suite on every optimizer that the file declares, and
`pytest plugins` those of all files in the folder.

    plugins/powersign.py::TestPowersign::test_keeps_dtype[float32] PASSED
    plugins/powersign.py::test_powersign_two_steps_by_hand PASSED

Every pytest run in the environment loads this module. So large modules are imported only when a drop-in file is found,
and other files are not changed.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from optlab.plugins.kinds import PluginKind
    from optlab.plugins.registry.helper_modules import Helpers
    from optlab.testing.conformance import Check
    from optlab.testing.wrapped_descent import Checked

_OWN = Path(__file__).parents[1] / "plugins"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option for a strict suite, like `optlab check --strict`."""
    group = parser.getgroup("optlab")
    group.addoption("--optlab-strict", action="store_true", help="treat advice of the suite as failures")


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> DropIn | None:
    """Collect a drop-in file with `DropIn`."""
    return DropIn.from_parent(parent, path=module_path) if _is_drop_in(module_path, parent.session) else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: Any) -> Any:
    """Collect the drop-in files of a folder on the command line, whatever their names.

    `DropIn` also collects the doctests of its file, so that one mistake in the file is reported once.
    """
    collectors = yield
    if _is_in_named_folder(file_path, parent.session) and not any(isinstance(c, DropIn) for c in collectors):
        collectors = [DropIn.from_parent(parent, path=file_path), *collectors]
    for collector in collectors:
        if isinstance(collector, DropIn):
            collector.others = [c for c in collectors if c is not collector]
            return [collector]
    return collectors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Let functions of a drop-in file import files of the same folder during tests, as in the lab."""
    drop_in = item.getparent(DropIn)
    with drop_in.helpers.importable() if drop_in else nullcontext():
        return (yield)


def _is_in_named_folder(path: Path, session: pytest.Session) -> bool:
    """Whether a file is a drop-in file in a folder on the command line."""
    return path.suffix == ".py" and session.isinitpath(path.parent) and _is_drop_in(path, session)


def _is_drop_in(path: Path, session: pytest.Session) -> bool:
    """Whether a file looks like a drop-in file: by its folder or the command line, then by words in its text.

    A test file never is a drop-in file, as it may declare optimizers that are wrong on purpose.
    Modules of optlab's own package `plugins` are none either.
    """
    if path.name.startswith("test_") or path.stem.endswith("_test") or path.name == "conftest.py":
        return False
    if (path.parent.name != "plugins" or path.parent == _OWN) and not session.isinitpath(path):
        return False
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "optlab" in text and any(kind.name in text for kind in _checked())


def _checked() -> tuple[PluginKind, ...]:
    """The kinds of plugin that the conformance suite has checks for."""
    from optlab.plugins.kinds import CHECKED

    return CHECKED


class DropIn(pytest.Module):
    """A drop-in file: its own tests, and one test class for each optimizer, transform and schedule in it."""

    others: Iterable[Any] = ()
    """Other collectors of the same file."""

    helpers: Helpers
    """The importable files of the same folder."""

    def collect(self) -> Iterable[Any]:
        from optlab.engine.containment import contained, original
        from optlab.plugins.registry.helper_modules import Helpers

        self.helpers = Helpers(self.path)
        try:
            with self.helpers.importable(), contained():
                _add_test_classes(self.obj)  # `self.obj` imports the file
        except Exception as error:
            if isinstance(original(error), pytest.skip.Exception | pytest.fail.Exception):
                raise original(error) from None
            complaint = _complaint(error, self.path)
            if complaint is None:
                raise
            shown = os.path.relpath(self.path, self.config.invocation_params.dir)
            raise self.CollectError(complaint.replace(str(self.path), shown)) from error
        yield from super().collect()
        for other in self.others:
            yield from other.collect()


def _add_test_classes(module: ModuleType) -> None:
    """Add a test class to a module for each optimizer, transform or schedule it declares. pytest then finds them."""
    from optlab.plugins.registry import declared
    from optlab.testing.wrapped_descent import Checked

    found = declared(module)
    for optimizer in (plugin for kind in _checked() for plugin in found[kind.plural]):
        assert isinstance(optimizer, Checked)
        name = "Test" + "".join(word[:1].upper() + word[1:] for word in optimizer.name.split("_"))
        while name in vars(module) and getattr(vars(module)[name], "optlab_optimizer", None) is not optimizer:
            name += "Conformance"  # the file already has a test class of this name
        setattr(module, name, _test_class(name, optimizer))


def _test_class(name: str, optimizer: Checked) -> type:
    """A test class with one test per check."""
    from optlab.testing.conformance import checks_for

    tests = {f"test_{check.name}": _test(check, optimizer) for check in checks_for(optimizer)}
    return type(name, (), {"__test__": True, "__module__": __name__, "optlab_optimizer": optimizer, **tests})


def _test(check: Check, optimizer: Checked) -> Callable[..., None]:
    def test(self: Any, pytestconfig: pytest.Config) -> None:
        from optlab.testing.conformance import verdict

        found = verdict(check, optimizer, _is_strict(pytestconfig))
        if found.outcome == "failed":
            # the message is complete; the frames of optlab would only hide it
            raise pytest.fail.Exception(found.text, pytrace=False)
        if found.outcome == "skipped":
            pytest.skip(found.text)
        if found.outcome == "advice":
            pytest.skip(f"advice: {found.text}")
        if found.outcome == "exempt":
            pytest.xfail(found.text)

    test.__doc__ = check.catches
    test.__test__ = True  # collected for any `python_functions` of the project
    test.place_as = optimizer.function  # pytest reports this as the place of the test
    return test


def _is_strict(config: pytest.Config) -> bool:
    """Whether --optlab-strict, or pytest's own option `strict`, is set."""
    return bool(config.getoption("--optlab-strict") or config.getoption("strict", default=False))


def _complaint(error: BaseException, path: Path) -> str | None:
    """`file:line: message` and the source line; None if the traceback has no line of the file."""
    from optlab.engine.containment import described, original
    from optlab.errors import UserError

    error = original(error)
    if isinstance(error, pytest.Collector.CollectError) and error.__cause__ is not None:
        error = error.__cause__  # pytest wraps exceptions during an import
    if isinstance(error, UserError) and str(error).startswith(f"{path}:"):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}{_indented(error.text)}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if not frames:
        return None
    return f"{path}:{frames[-1].lineno}: {described(error)}{_indented(frames[-1].line)}"


def _indented(line: str | None) -> str:
    return f"\n    {line.strip()}" if line else ""
