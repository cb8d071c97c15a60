"""Failures around a training: readers, the disk, the folder. They are reported and cost little."""

import errno
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file as save

from wavegan import atomic, bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import RunError
from wavegan.interrupt import Interrupt, Phase, StoppedEarly, delay_signals
from wavegan.training import checkpoint, setup, storage
from wavegan.training.heartbeat import Heartbeat
from wavegan.training.trainer import Trainer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody move an open folder")


class AtStep(Silent):
    """Does something at a step."""

    def __init__(self, step: int, do: Callable[[], object]) -> None:
        self.step, self.do = step, do

    def train(self, step: int, values: object, speed: object) -> None:
        if step == self.step:
            self.do()


def prepared(run: Path, small: str, speech: Path, listener: Silent, *words: str) -> Trainer:
    made = recipe.load(small, [f"data.folder={speech}", *words])
    return setup.prepare(made, run, device="cpu", listener=listener)


def resumed(run: Path) -> Trainer:
    made = recipe.load(str(run / "recipe.yaml"), [])
    return setup.prepare(made, run, device="cpu", resume=True, listener=Silent())


def weights(run: Path) -> dict[str, bytes]:
    folder = run / "checkpoints" / "00000006"
    return {file.name: file.read_bytes() for file in folder.rglob("*.safetensors")}


def figures(run: Path) -> list[dict[str, object]]:
    """All measurements except times."""
    found = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    measured = [line for line in found if line["kind"] != "start"]
    return [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in measured]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, small: str, speech: Path) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    prepared(run, small, speech, Silent()).train(Interrupt())
    return run


def test_a_killed_reader_saves_and_the_rest_is_the_same(
    tmp_path: Path, small: str, speech: Path, whole: Path
) -> None:
    run = tmp_path / "run"

    def kill() -> None:
        reader = multiprocessing.active_children()[0]
        reader.kill()
        reader.join()

    trainer = prepared(run, small, speech, AtStep(3, kill), "data.workers=1")
    with pytest.raises(RunError, match=r"loader worker \d+ was killed .*saved at step 3.*--resume"):
        trainer.train(Interrupt())
    assert list(bundle.checkpoints(run)) == [3]
    resumed(run).train(Interrupt())
    assert weights(run) == weights(whole)


def test_a_moved_folder_gets_its_checkpoint_and_nothing_takes_its_place(
    tmp_path: Path, small: str, speech: Path, whole: Path
) -> None:
    run, moved = tmp_path / "run", tmp_path / "moved"
    trainer = prepared(run, small, speech, AtStep(3, lambda: run.rename(moved)))
    with pytest.raises(RunError) as caught:
        trainer.train(Interrupt())
    assert str(run) in str(caught.value)
    assert "--resume" in str(caught.value)
    assert not run.exists()
    if sys.platform == "linux":
        assert f"moved to {moved}" in str(caught.value)
        assert list(bundle.checkpoints(moved)) == [3]
        resumed(moved).train(Interrupt())
        assert weights(moved) == weights(whole)
        assert figures(moved) == figures(whole)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not report its new path")
@pytest.mark.parametrize("writer", ["folder", "text"])
def test_a_folder_that_is_moved_while_a_checkpoint_is_written_gets_it_all_the_same(
    writer: str, tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its folder is made, or before `best.json`: the step is kept, with its validation."""
    run, moved, usual = tmp_path / "run", tmp_path / "moved", getattr(atomic, writer)

    def move(path: Path, *rest: object) -> object:
        if run.exists() and path.is_relative_to(run / "checkpoints"):
            run.rename(moved)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return usual(path, *rest)

    trainer = prepared(run, small, speech, Silent(), "training.validate_every=3")
    monkeypatch.setattr(atomic, writer, move)
    with pytest.raises(RunError, match=f"moved to {moved} .*saved there at step 3"):
        trainer.train(Interrupt())
    assert not run.exists()
    assert list(bundle.checkpoints(moved)) == [3]
    assert json.loads((moved / "checkpoints/best.json").read_text())["step"] == 3
    assert [line["kind"] for line in figures(moved)] == ["train"] * 3 + ["validation"]


@pytest.mark.parametrize("kind", ["train", "validation"])
def test_a_folder_that_goes_as_a_line_is_written_ends_as_ever(
    kind: str, tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    trainer = prepared(run, small, speech, Silent(), "training.validate_every=3")
    usual = trainer.log._append

    def late(line: dict[str, object]) -> None:
        if (line["kind"], line["step"]) == (kind, 3):
            shutil.rmtree(run)
        usual(line)

    monkeypatch.setattr(trainer.log, "_append", late)
    with pytest.raises(RunError, match="deleted, or moved"):
        trainer.train(Interrupt())
    assert not run.exists()


def test_a_deleted_folder_stays_deleted(tmp_path: Path, small: str, speech: Path) -> None:
    run = tmp_path / "run"
    trainer = prepared(run, small, speech, AtStep(3, lambda: shutil.rmtree(run)))
    with pytest.raises(RunError, match="deleted"):
        trainer.train(Interrupt())
    assert not run.exists()


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("writer", ["text", "tensors", "folder"])
def test_a_full_disk_is_one_line_with_the_last_good_checkpoint(
    writer: str, tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    listener = AtStep(3, lambda: monkeypatch.setattr(atomic, writer, full))
    trainer = prepared(run, small, speech, listener, "training.checkpoint_every=2")
    with pytest.raises(RunError) as caught:
        trainer.train(Interrupt())
    said = str(caught.value)
    assert "No space left" in said
    assert "bytes are needed" in said
    assert str(run / "checkpoints") in said
    kept = bundle.checkpoints(run)
    assert f"last good checkpoint is {kept[max(kept)]}" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "said", ["basic_ios::clear: iostream error", "[enforce fail at inline_container.cc:672] . ..."]
)
def test_torchs_words_for_a_full_disk_are_known(said: str, tmp_path: Path) -> None:
    with (
        pytest.raises(RunError, match="12 bytes are needed"),
        storage.writing(tmp_path, tmp_path / "state.pt", 12),
    ):
        raise RuntimeError(said)


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write_text(""),
        lambda file: torch.save({}, file),
        lambda file: save({}, file),
    ],
)
def test_a_folder_that_is_being_deleted_is_no_lack_of_room(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    """Files are deleted before their folders, and the run's folder last."""
    file = tmp_path / "checkpoints" / "00000002" / "state.pt"
    with (
        pytest.raises(RunError, match=r"deleted: state\.pt cannot be written.*--resume") as caught,
        storage.writing(tmp_path, file, 12),
    ):
        write(file)
    assert str(tmp_path) in str(caught.value)
    assert "bytes" not in str(caught.value)


def test_previews_and_trackers_that_cannot_be_written_end_nothing(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    trainer = prepared(run, small, speech, Silent(), "training.validate_every=2")
    monkeypatch.setattr("wavegan.audio.io.write", full)
    monkeypatch.setattr(trainer.accelerator, "log", full)
    with pytest.warns(RuntimeWarning) as caught:
        trainer.train(Interrupt())
    said = [str(one.message) for one in caught]
    assert sum("training.trackers" in one for one in said) == 1
    assert len({one for one in said if "cannot write previews" in one}) == 1
    assert list(bundle.checkpoints(run))[-1] == 6


def test_previews_whose_folder_cannot_be_made_end_nothing(
    tmp_path: Path, small: str, speech: Path
) -> None:
    run = tmp_path / "run"
    trainer = prepared(run, small, speech, Silent(), "training.validate_every=3")
    (run / "samples").write_text("a file has its name")
    with pytest.warns(RuntimeWarning, match="cannot write previews"):
        trainer.train(Interrupt())
    assert list(bundle.checkpoints(run))[-1] == 6


def test_best_json_is_corrected_on_resuming(tmp_path: Path, small: str, speech: Path) -> None:
    """As after a kill between a checkpoint and `best.json`."""
    run = tmp_path / "run"
    words = ("training.steps=4", "training.validate_every=2")
    prepared(run, small, speech, Silent(), *words).train(Interrupt())
    file = run / "checkpoints" / "best.json"
    right = file.read_text()
    file.write_text(json.dumps({"step": 1, "log_mel_l1": 9.0}))
    resumed(run).train(Interrupt())
    assert file.read_text() == right


def test_what_found_no_room_behind_the_last_checkpoint_is_made_up_for(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("training.steps=4", "training.checkpoint_every=2", "training.validate_every=2")
    prepared(tmp_path / "whole", small, speech, Silent(), *words).train(Interrupt())
    run = tmp_path / "run"
    trainer = prepared(run, small, speech, Silent(), *words)
    usual = atomic.text

    def no_room(path: Path, *rest: object) -> object:
        last = path.name == "best.json" and (run / "checkpoints" / "00000004").exists()
        return full() if last else usual(path, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "text", no_room)
        with pytest.raises(RunError, match=r"best\.json: .*00000004"):
            trainer.train(Interrupt())
    assert (run / "checkpoints/00000002/training/discriminator_optimizer.pt").exists()
    resumed(run).train(Interrupt())
    here, there = (
        sorted(file.relative_to(at / "checkpoints") for file in (at / "checkpoints").rglob("*"))
        for at in (run, tmp_path / "whole")
    )
    assert here == there


def test_a_best_that_is_not_there_is_not_noted(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints" / "best.json"
    atomic_folder = file.parent
    atomic_folder.mkdir()
    file.write_text('{"step": 3}')
    checkpoint.mark_best(tmp_path, checkpoint.Progress(step=4, best_step=3), "log_mel_l1")
    assert not file.exists()


def test_a_signal_inside_a_library_is_raised_behind_it() -> None:
    interrupt, done = Interrupt(), []

    def write() -> None:
        with delay_signals():
            interrupt.receive(15)
            done.append("written")

    with interrupt.during(Phase.VALIDATION), pytest.raises(StoppedEarly):
        write()
    assert done == ["written"]


def heard(run: Path, rank: int, **beat: object) -> None:
    (run / "processes").mkdir(exist_ok=True)
    content = {"pid": 7, "host": "node", "step": 5, "phase": "STEP", "waits": False, "beat": 0}
    (run / "processes" / f"{rank}.json").write_text(json.dumps(content | beat))


@pytest.mark.parametrize(
    ("beat", "hangs"),
    [
        ({}, True),
        ({"waits": True}, False),
        ({"phase": "VALIDATION"}, False),
        ({"phase": "VALIDATION", "silent": True}, True),
        ({"waits": True, "silent": True}, True),
    ],
)
def test_who_hangs_is_named_and_who_validates_is_waited_for(
    beat: dict[str, object], hangs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = beat.pop("silent", False)
    monkeypatch.setattr("wavegan.process_group.waits_since", lambda: 0.0)
    heart = Heartbeat(tmp_path, 0, 2, lambda: (5, "STEP"), end=lambda _: None, limit=60)
    said = None
    for count, now in enumerate((1.0, 30.0, 61.5, 90.0)):
        heard(tmp_path, 1, **beat, beat=0 if silent else count)
        said = heart.look(now)
        if now < 60:
            assert said is None
    assert (said is not None) == hangs
    if said:
        assert "process 1 (pid 7 on node)" in said
        assert "step 5" in said
