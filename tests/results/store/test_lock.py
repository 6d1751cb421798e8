"""A folder has one writer among all processes and threads, however the writer ends."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading

import pytest

from optlab.errors import InUse, UserError
from optlab.results.store import lock
from optlab.results.store.lock import LOCK, locked, mark_of

HOLD = "import sys; from pathlib import Path; from optlab.results.store.lock import locked\n"


def test_a_second_writer_gets_the_name_of_the_folder_in_use(tmp_path):
    folder = tmp_path / "results" / "e"
    with locked(folder):
        with pytest.raises(InUse) as info, locked(folder):
            pass
        refused = []

        def try_it():
            try:
                with locked(folder):
                    pass
            except InUse as error:
                refused.append(str(error))

        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
        with locked(tmp_path / "results" / "other"):
            pass
    assert refused == [str(info.value)]
    assert refused[0].startswith(f"{folder}: another run is writing its results there; wait until it has ended")
    with locked(folder):
        pass


def test_a_lock_and_an_empty_folder_are_removed(tmp_path):
    with locked(tmp_path / "empty"):
        assert (tmp_path / "empty").is_dir()
    with locked(tmp_path / "full"):
        (tmp_path / "full" / "file").write_text("")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full"]


def test_a_process_that_is_killed_leaves_its_folder_free(tmp_path):
    code = HOLD + "with locked(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"locked\n"
    with pytest.raises(InUse), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        pass


def test_many_processes_at_once(tmp_path):
    """Each thread makes a file that must not exist. The folder is made and removed with every lock."""
    code = HOLD + (
        "from optlab.errors import InUse\n"
        "folder, held = Path(sys.argv[1]), 0\n"
        "while held < 40:\n"
        "    try:\n"
        "        with locked(folder):\n"
        "            (folder / 'mine').open('x').close()\n"
        "            (folder / 'mine').unlink()\n"
        "            held += 1\n"
        "    except InUse:\n"
        "        pass\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "e"]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the folder for the results cannot be made"), locked(tmp_path / "file" / "e"):
        pass


@pytest.fixture
def unlockable(monkeypatch):
    """A file system without locks."""

    def refuse(file, wait):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    monkeypatch.setattr(lock, "_PATIENCE", 0.1)


@pytest.mark.parametrize("wait", [False, True])
def test_on_a_file_system_without_locks_there_is_one_writer_too(tmp_path, unlockable, wait):
    folder = tmp_path / "e"
    for _ in range(2):
        with locked(folder):
            with pytest.raises(InUse) as refusal, locked(folder, wait=wait):
                pass
            assert str(refusal.value).endswith("or, if it was killed, remove .lock.owner")
            with locked(folder, ".optlab-lock", wait=wait):
                pass
        assert not folder.exists()


def test_without_locks_a_waiting_writer_continues(tmp_path, unlockable, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE", 60)
    entered = []

    def second():
        with locked(tmp_path, wait=True):
            entered.append(True)

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        assert not entered
    thread.join()
    assert entered


def test_others_can_read_the_mark_of_a_lock(tmp_path):
    folder = tmp_path / "e"
    with locked(folder, mark="0123456789abcdef"):
        assert mark_of(folder) == "0123456789abcdef"
        with pytest.raises(InUse), locked(folder, mark="ffffffffffffffff"):
            pass
        assert mark_of(folder) == "0123456789abcdef"
    assert mark_of(folder) == ""


def test_the_mark_of_a_killed_process_is_replaced(tmp_path):
    (tmp_path / LOCK).write_text("0123456789abcdef")
    with locked(tmp_path):
        assert mark_of(tmp_path) == ""
        (tmp_path / "file").write_text("")  # so that the folder stays
    (tmp_path / LOCK).write_text("a note of mine")
    with pytest.raises(UserError, match="exists already and was not made by optlab"), locked(tmp_path):
        pass
