"""A run's folder has one training at a time, and the lock of a dead one blocks nothing."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from wavegan.errors import UserError
from wavegan.training import kernel_lock, lock
from wavegan.training.owner import Owner

HOLDER = """
import sys
from pathlib import Path
from wavegan.errors import UserError
from wavegan.training import lock
try:
    with lock.hold(Path(sys.argv[1]), lambda text: print("note:", text, flush=True)):
        print("held", flush=True)
        sys.stdin.read()
except UserError as error:
    print("refused:", error, flush=True)
"""
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def start(run):
    """A process that holds the lock until its stdin is closed, or prints why not."""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", HOLDER, run], stdin=pipe, stdout=pipe, text=True)


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock."""
    process = start(tmp_path / "run")
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def without_kernel_locks(monkeypatch):
    """A file system without locks, like some network drives."""

    def refuse(_handle):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(kernel_lock, "_lock", refuse)
    monkeypatch.setattr(lock, "SETTLED", 0.01)


def held(run):
    """The notes of taking and releasing the lock."""
    said = []
    with lock.hold(run, said.append):
        assert json.loads((run / "run.lock").read_text())["pid"] == os.getpid()
    assert not (run / "run.lock").exists()
    return said


def plant(run, **changed):
    run.mkdir(exist_ok=True)
    owner = json.loads(Owner.here().to_json()) | changed
    (run / "run.lock").write_text(json.dumps(owner))


def refusal(run):
    with pytest.raises(UserError) as caught, lock.hold(run, print):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_says_who_holds_it_and_leaves_nothing_of_a_folder_that_was_not_used(tmp_path):
    run = tmp_path / "new" / "run"
    with lock.hold(run, print):
        owner = json.loads((run / "run.lock").read_text())
        assert (owner["host"], owner["pid"]) == (socket.gethostname(), os.getpid())
    assert os.listdir(tmp_path) == []
    with lock.hold(run, print):
        (run / "file").write_text("used")
    assert os.listdir(run) == ["file"]


def test_a_second_is_refused_while_the_first_lives(tmp_path, holder):
    before = (tmp_path / "run" / "run.lock").read_bytes()
    message = refusal(tmp_path / "run")
    for part in (str(tmp_path / "run"), f"process {holder.pid}", socket.gethostname(), "since 20"):
        assert part in message
    assert (tmp_path / "run" / "run.lock").read_bytes() == before


@posix
def test_a_stopped_process_lives(tmp_path, holder):
    holder.send_signal(signal.SIGSTOP)
    assert f"process {holder.pid}" in refusal(tmp_path / "run")


@posix
def test_a_killed_process_is_followed_at_once_and_that_is_said(tmp_path, holder):
    holder.kill()
    holder.wait()
    (note,) = held(tmp_path / "run")
    assert f"process {holder.pid}" in note
    assert "taking over" in note


@posix
def test_a_process_that_nobody_has_waited_for_is_dead(tmp_path, holder, without_kernel_locks):
    holder.kill()
    while Owner(**json.loads((tmp_path / "run" / "run.lock").read_text())).is_alive():
        time.sleep(0.01)
    assert holder.returncode is None  # a zombie
    assert len(held(tmp_path / "run")) == 1


def test_of_many_at_once_one_has_it(tmp_path):
    for left in (False, True):
        if left:
            plant(tmp_path / "run", pid=2**22 + 1)
        processes = [start(tmp_path / "run") for _ in range(6)]
        said = [process.stdout.readline() for process in processes]
        while any(line.startswith("note:") for line in said):
            place = next(i for i, line in enumerate(said) if line.startswith("note:"))
            said[place] = processes[place].stdout.readline()
        assert said.count("held\n") == 1, said
        assert sum(line.startswith("refused: ") for line in said) == 5, said
        for process in processes:
            process.communicate()
        assert not (tmp_path / "run" / "run.lock").exists()


def test_the_same_process_does_not_get_it_twice(tmp_path):
    with lock.hold(tmp_path / "run", print):
        assert f"process {os.getpid()}" in refusal(tmp_path / "run")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 3}', "\x00" * 40])
def test_a_damaged_lock_that_nobody_holds_is_taken_over(tmp_path, content):
    (tmp_path / "run.lock").write_text(content)
    (note,) = held(tmp_path)
    assert "damaged" in note


def test_a_lock_of_another_host_is_believed(tmp_path):
    plant(tmp_path, host="elsewhere", boot="other", pid=77, time="2026-01-01T00:00:00+00:00")
    (tmp_path / "metrics.jsonl").touch()
    message = refusal(tmp_path)
    for part in ("process 77", "elsewhere", "2026-01-01", "0 minutes ago", "remove", "run.lock"):
        assert part in message
    assert (tmp_path / "run.lock").exists()


def test_a_container_of_this_host_that_is_gone_is_followed(tmp_path):
    """Its name and numbers mean nothing here, but the kernel is the same."""
    here = Owner.here()
    if not here.boot:
        pytest.skip("the system does not say when it was started")
    plant(tmp_path, host="0f3a9c", pid=1, began="1")
    assert len(held(tmp_path)) == 1


def test_what_was_before_the_machine_was_started_again_is_dead(tmp_path, without_kernel_locks):
    plant(tmp_path, boot="the one before")
    assert len(held(tmp_path)) == 1


def test_without_kernel_locks_a_live_process_keeps_others_out(
    tmp_path, holder, without_kernel_locks
):
    if not Owner.here().began:
        pytest.skip("the system does not say when processes began")
    assert f"process {holder.pid}" in refusal(tmp_path / "run")


def test_a_process_number_given_again_deceives_nobody(tmp_path, without_kernel_locks):
    if not Owner.here().began:
        pytest.skip("the system does not say when processes began")
    plant(tmp_path, pid=os.getppid(), began="1")
    assert len(held(tmp_path)) == 1


def test_where_the_system_cannot_tell_the_lock_is_believed(tmp_path, without_kernel_locks):
    plant(tmp_path, began="")
    assert "remove" in refusal(tmp_path)


def test_of_two_that_follow_a_dead_one_without_kernel_locks_the_last_to_write_has_it(
    tmp_path, monkeypatch, without_kernel_locks
):
    plant(tmp_path, boot="the one before")
    rival = Owner("rival", "", 5, "", "2026-01-01T00:00:00+00:00")
    monkeypatch.setattr(
        lock.time, "sleep", lambda _: (tmp_path / "run.lock").write_text(rival.to_json())
    )
    assert "process 5 on rival" in refusal(tmp_path)
    assert json.loads((tmp_path / "run.lock").read_text())["pid"] == 5


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file" / "run") in refusal(tmp_path / "file" / "run")
