"""A killed reader is noticed at the next batch, never in between, and explained."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavegan import deaths
from wavegan.data.loader import training_loader
from wavegan.data.readers import ReaderDiedError
from wavegan.data.scan import scan
from wavegan.data.segments import Segments

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


@pytest.fixture
def segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Segments:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "data"
    root.mkdir()
    soundfile.write(root / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 4000), 16000)
    return Segments(scan(root).clips, root, sample_rate=16000, segment=400)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(signal.SIGKILL, "data.workers"), (signal.SIGBUS, "shared memory")],
)
def test_a_killed_reader_is_named_with_what_helps(
    segments: Segments, number: signal.Signals, remedy: str
) -> None:
    # torch sets a handler of its own with the first loader of a process, and keeps it
    list(training_loader(segments, batch_size=2, steps=1, num_workers=1))
    handler = signal.getsignal(signal.SIGCHLD)
    loader = training_loader(segments, batch_size=2, steps=10**6, num_workers=2)
    next(loader)
    reader = multiprocessing.active_children()[0]
    os.kill(reader.pid or 0, number)
    for _ in range(200):  # a step continues in the meantime
        time.sleep(0.005)
    with pytest.raises(ReaderDiedError) as caught:
        next(loader)
    said = str(caught.value)
    assert str(reader.pid) in said
    assert number.name in said
    assert remedy in said
    assert "\n" not in said
    assert signal.getsignal(signal.SIGCHLD) == handler
    assert not [one for one in multiprocessing.active_children() if one.is_alive()]


def test_a_reader_killed_inside_a_lock_keeps_nobody_waiting(segments: Segments) -> None:
    loader = training_loader(segments, batch_size=2, steps=10**6, num_workers=2)
    before = multiprocessing.active_children()
    next(loader)
    reader = next(p for p in multiprocessing.active_children() if p not in before)
    batches = loader.gi_frame.f_locals["batches"]  # type: ignore[attr-defined]
    batches._workers_done_event._cond.acquire()  # what a process holds that is killed in a look
    os.kill(reader.pid or 0, signal.SIGKILL)
    reader.join()
    with pytest.raises(ReaderDiedError):
        next(loader)
    ending = threading.Thread(target=batches._shutdown_workers, daemon=True)
    ending.start()
    ending.join(20)
    assert not ending.is_alive()


def test_an_iterator_that_torch_has_ended_is_left_alone(segments: Segments) -> None:
    """Torch terminates workers that are slow to end; this is not a failure."""
    loader = training_loader(segments, batch_size=2, steps=10**6, num_workers=1)
    before = multiprocessing.active_children()
    next(loader)
    (reader,) = (p for p in multiprocessing.active_children() if p not in before)
    batches = loader.gi_frame.f_locals["batches"]  # type: ignore[attr-defined]
    batches._shutdown_workers()
    reader._popen.returncode = -signal.SIGTERM  # type: ignore[attr-defined]
    loader.close()  # type: ignore[attr-defined]


def test_a_kill_by_the_system_differs_from_one_by_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "out_of_memory", lambda: 4)
    assert "memory ran out" in deaths.cause(-signal.SIGKILL, 3)
    assert "memory ran out" not in deaths.cause(-signal.SIGKILL, 4)
    assert "SIGSEGV" in deaths.cause(-signal.SIGSEGV, 3)
    assert "exit code 3" in deaths.cause(3, 3)
