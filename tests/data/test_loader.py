"""Batches: the same for any number of workers and processes, from any step on."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.data.batch import Batch
from wavegan.data.loader import training_loader
from wavegan.data.scan import scan
from wavegan.data.segments import Item, Segments
from wavegan.errors import RunError, UserError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six files in two folders, 23 slots of 400 samples."""
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "cache"))
    for index in range(6):
        audio = np.random.default_rng(index).uniform(-0.5, 0.5, 400 + 500 * index)
        path = tmp_path / "data" / "xy"[index % 2] / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, audio, 16000)
    return tmp_path / "data"


@pytest.fixture
def segments(root: Path) -> Segments:
    return Segments(scan(root).clips, root, sample_rate=16000, segment=400)


def audio(batches: list[Batch]) -> torch.Tensor:
    return torch.cat([batch.audio for batch in batches])


def test_a_batch_holds_the_samples_of_its_step(segments: Segments) -> None:
    batches = list(training_loader(segments, batch_size=4, steps=9, num_workers=0))
    assert len(batches) == 9
    for step, batch in enumerate(batches):
        assert batch.audio.shape == (4, 1, 400)
        assert batch.audio.dtype == torch.float32
        assert batch.conditions["number"].dtype == batch.conditions["label"].dtype == torch.int64
        assert batch.conditions["number"].tolist() == list(range(step * 4, step * 4 + 4))
        for row, number in enumerate(batch.conditions["number"].tolist()):
            item = segments[number]
            assert torch.equal(batch.audio[row], item.audio)
            assert batch.paths[row] == item.path
            assert batch.conditions["label"][row] == "xy".index(item.path[0])


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(segments: Segments, workers: int) -> None:
    alone = list(training_loader(segments, batch_size=4, steps=9, num_workers=0))
    others = list(training_loader(segments, batch_size=4, steps=9, num_workers=workers))
    assert torch.equal(audio(alone), audio(others))
    assert [batch.paths for batch in alone] == [batch.paths for batch in others]


@pytest.mark.parametrize("world", [2, 3])
def test_processes_together_see_what_one_sees(segments: Segments, world: int) -> None:
    one = list(training_loader(segments, batch_size=6, steps=8, num_workers=0))
    ranks = [
        list(training_loader(segments, batch_size=6, steps=8, rank=r, world=world, num_workers=0))
        for r in range(world)
    ]
    for whole, *shares in zip(one, *ranks, strict=True):
        assert torch.equal(whole.audio, audio(shares))
        assert whole.conditions["number"].tolist() == [
            n for share in shares for n in share.conditions["number"].tolist()
        ]


def test_resuming_is_going_on(segments: Segments) -> None:
    one = list(training_loader(segments, batch_size=4, steps=20, num_workers=0))
    rest = list(training_loader(segments, batch_size=4, steps=20, start_step=7, num_workers=1))
    assert len(rest) == 13
    assert torch.equal(audio(one[7:]), audio(rest))


@pytest.mark.parametrize("workers", [0, 1])
def test_the_global_random_states_are_untouched(segments: Segments, workers: int) -> None:
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    list(training_loader(segments, batch_size=4, steps=3, num_workers=workers))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert (before[2] == np.random.get_state()[1]).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_lost_file_is_warned_of_once_by_name(segments: Segments, workers: int) -> None:
    (segments.root / "y/5.wav").unlink()
    with pytest.warns(RuntimeWarning) as caught:
        batches = list(training_loader(segments, batch_size=4, steps=18, num_workers=workers))
    assert len(caught) == 1
    assert str(caught[0].message).startswith("y/5.wav was replaced by another file: ")
    assert len(batches) == 18
    assert all(batch.audio.shape == (4, 1, 400) for batch in batches)
    assert "y/5.wav" not in {path for batch in batches for path in batch.paths}
    assert sum(len(batch.failed) for batch in batches) > 1


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_left_is_one_line_also_from_a_worker(segments: Segments, workers: int) -> None:
    for clip in segments.clips:
        (segments.root / clip.path).unlink()
    with pytest.raises(RunError) as caught:
        next(training_loader(segments, batch_size=4, steps=9, num_workers=workers))
    assert str(caught.value).startswith("none of the 6 training files under ")
    assert "\n" not in str(caught.value)


class Spy(Segments):
    """Reports the state of its worker in place of labels."""

    def __getitem__(self, number: int) -> Item:
        default = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        state = 100 * torch.get_num_threads() + 10 * default + ignored
        item = super().__getitem__(number)
        return replace(item, conditions={"label": torch.tensor(state)})


def test_workers_use_one_thread_and_leave_signals_to_the_parent(segments: Segments) -> None:
    spy = Spy(segments.clips, segments.root, sample_rate=16000, segment=400)
    previous = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        batches = list(training_loader(spy, batch_size=4, steps=2, num_workers=1))
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert batches[0].conditions["label"].tolist() == [111] * 4


def test_closing_ends_the_workers(segments: Segments) -> None:
    before = multiprocessing.active_children()
    loader = training_loader(segments, batch_size=4, steps=1000, num_workers=2)
    next(loader)
    workers = [worker for worker in multiprocessing.active_children() if worker not in before]
    assert len(workers) == 2
    loader.close()  # type: ignore[attr-defined]
    assert not any(worker.is_alive() for worker in workers)


def test_nothing_warns_when_all_is_well(segments: Segments) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(training_loader(segments, batch_size=4, steps=3, num_workers=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 5, "world": 2}, "batch_size is 5: .* a multiple of 2"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"rank": 2, "world": 2}, "rank is 2"),
        ({"start_step": 11}, "start_step is 11"),
        ({"num_workers": -1}, "num_workers is -1"),
        ({"prefetch": 0, "num_workers": 1}, "prefetch is 0"),
    ],
)
def test_what_cannot_be_is_refused_at_once(segments: Segments, options, message: str) -> None:
    with pytest.raises(UserError, match=message):
        training_loader(segments, **{"batch_size": 4, "steps": 10, **options})


def test_to_moves_the_tensors(segments: Segments) -> None:
    (batch,) = training_loader(segments, batch_size=4, steps=1, num_workers=0)
    moved = batch.to("meta")
    assert {
        moved.audio.device.type,
        moved.conditions["number"].device.type,
        moved.conditions["label"].device.type,
    } == {"meta"}
    assert moved.paths == batch.paths
    assert batch.audio.device.type == "cpu"


SCRIPT = """
import signal
import sys
from pathlib import Path
from wavegan.data.loader import training_loader
from wavegan.data.scan import scan
from wavegan.data.segments import Segments

# in a background job of a shell Ctrl-C starts out ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
root = Path(sys.argv[1])
data = Segments(scan(root).clips, root, sample_rate=16000, segment=400)
try:
    for batch in training_loader(data, batch_size=4, steps=10**9, num_workers=2):
        print(batch.conditions["number"][0].item(), flush=True)
except KeyboardInterrupt:
    print("saved", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_ctrl_c_reaches_the_parent_alone(root: Path) -> None:
    """The script has no `__main__` guard: workers must start from it anyway."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.endswith("saved\n")
    assert out.count("saved") == 1
    assert err == ""
