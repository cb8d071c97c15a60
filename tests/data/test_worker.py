"""Workers survive signals to the whole group, and end with their parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")

SCRIPT = """
import signal, sys
from multiprocessing import active_children
from pathlib import Path
from wavegan.data.loader import training_loader
from wavegan.data.scan import scan
from wavegan.data.segments import Segments, Item

class Slow(Segments):
    "Its last item never comes: a read from a disk that has gone away."
    def __getitem__(self, number):
        if number == 9 and "hang" in sys.argv:
            import time
            time.sleep(600)
        return super().__getitem__(number)

received = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda number, _: received.append(number))
root = Path(sys.argv[1])
data = Slow(scan(root).clips, root, sample_rate=16000, segment=400)
loader = training_loader(data, batch_size=2, steps=10**9, num_workers=2)
next(loader)
print(*[child.pid for child in active_children()], flush=True)
for step in range(10**9):
    if received:
        print("received", *received, flush=True)
        for _ in range(40):
            next(loader)
        print("read on", flush=True)
        loader.close()
        break
    if "hang" not in sys.argv:
        next(loader)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    for index in range(3):
        noise = np.random.default_rng(index).uniform(-0.5, 0.5, 4000)
        soundfile.write(tmp_path / "data" / f"{index}.wav", noise, 16000)
    return tmp_path / "data"


def start(root: Path, *words: str) -> tuple["subprocess.Popen[str]", list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(root), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    workers = [int(word) for word in process.stdout.readline().split()]
    assert len(workers) == 2
    return process, workers


def alive(pid: int) -> bool:
    """Whether it runs; a zombie process does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return sys.platform != "linux"
    return state not in "ZX"


def wait_for_the_end_of(pids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, "workers live on"
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_the_group_is_the_parents(name: str, root: Path) -> None:
    number = int(getattr(signal, name))
    process, workers = start(root)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.split("\n")[:2] == [f"received {number}", "read on"]
    assert err == ""
    wait_for_the_end_of(workers)


@pytest.mark.parametrize("words", [(), ("hang",)])
def test_workers_end_with_a_parent_that_is_killed(words: tuple[str, ...], root: Path) -> None:
    process, workers = start(root, *words)
    process.kill()
    process.communicate(timeout=60)
    wait_for_the_end_of(workers)


def test_a_worker_obeys_its_parents_sigterm(root: Path) -> None:
    """Torch sends it to a worker that hangs while the loader is closed."""
    code = SCRIPT.replace("loader.close()", "").replace(
        "for step in range(10**9):",
        "import os; child = active_children()[0]; os.kill(child.pid, signal.SIGTERM); "
        "child.join(60); print('alive', child.is_alive(), flush=True); os._exit(0)\n"
        "for step in []:",
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(root), "hang"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run.stdout.endswith("alive False\n")
