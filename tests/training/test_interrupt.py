"""Stop signals: what is printed, aborted and saved."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import bundle, interrupt, recipe
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt, Phase, StoppedEarly
from wavegan.training import checkpoint, setup
from wavegan.training.trainer import Trainer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def no_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second signal count at once."""
    monkeypatch.setattr(interrupt, "ECHO", 0.0)


def prepared(run: Path, small: str, speech: Path, *words: str) -> Trainer:
    made = recipe.load(small, [f"data.folder={speech}", *words])
    return setup.prepare(made, run, device="cpu", listener=Silent())


def resumed(run: Path, *words: str) -> Trainer:
    made = recipe.load(str(run / "recipe.yaml"), words)
    return setup.prepare(made, run, device="cpu", resume=True, listener=Silent())


def hit(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in found if line["kind"] == kind]


def before(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, do: Callable[[], None]) -> None:
    """Do something when a function is first called."""
    original, calls = getattr(target, name), []

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if not calls:
            calls.append(name)
            do()
        return original(*arguments, **named)

    monkeypatch.setattr(target, name, wrapped)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_each_signal_is_noted_said_and_its_exit_code_tells_it(number: int) -> None:
    said: list[str] = []
    handlers = [signal.getsignal(n) for n in interrupt.stops()]
    with interrupt.watch(said.append) as watched:
        watched.phase = Phase.STEP
        hit(number)
        assert watched.signal == number
        assert watched.exit_code == 128 + number
    (line,) = said
    assert ("Ctrl-C: " if number == signal.SIGINT else signal.Signals(number).name) in line
    assert "saving after this step" in line
    assert "again to stop without saving" in line
    assert [signal.getsignal(n) for n in interrupt.stops()] == handlers


def test_nohup_outlives_a_closed_terminal() -> None:
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupt.watch() as watched:
            watched.phase = Phase.STEP
            hit(signal.SIGHUP)
            assert watched.signal is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, usual)


def test_while_files_are_read_there_is_nothing_to_save() -> None:
    said: list[str] = []
    with interrupt.watch(said.append) as watched, pytest.raises(KeyboardInterrupt):
        hit(signal.SIGTERM)
    assert watched.exit_code == 143
    assert "nothing to save" in said[0]


def test_a_second_signal_leaves_at_once_but_an_echo_of_the_first_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(interrupt.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(interrupt, "ECHO", 1.0)
    watched = Interrupt()
    watched.receive(signal.SIGINT)
    now[0] += 0.9
    watched.receive(signal.SIGTERM)
    now[0] += 0.2
    with pytest.raises(KeyboardInterrupt):
        watched.receive(signal.SIGINT)
    watched.receive(signal.SIGINT)
    assert watched.exit_code == 130


@pytest.mark.parametrize(
    ("phase", "raised"), [(Phase.VALIDATION, StoppedEarly), (Phase.PREVIEW, StoppedEarly)]
)
def test_what_can_be_left_is_left(phase: Phase, raised: type[BaseException]) -> None:
    watched = Interrupt()
    with watched.during(phase), pytest.raises(raised):
        watched.receive(signal.SIGINT)
    assert watched.phase is Phase.STEP


def test_a_validation_left_early_is_no_result_and_made_up_for(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resumed run measures the same as one that was never stopped."""
    words = ["training.steps=3", "training.validate_every=2"]
    prepared(tmp_path / "whole", small, speech, *words).train(Interrupt())
    trainer, said = prepared(tmp_path / "run", small, speech, *words), []
    metric = trainer.validation.metrics["mrstft"]
    before(monkeypatch, type(metric), "__call__", hit)
    with interrupt.watch(said.append) as watched:
        trainer.train(watched)
    assert "stopping this validation" in said[0]
    assert lines(tmp_path / "run", "validation") == []
    assert list(bundle.checkpoints(tmp_path / "run")) == [2]
    assert not (tmp_path / "run" / "checkpoints" / "best.json").exists()
    assert list((tmp_path / "run").glob("samples/*")) == []
    resumed(tmp_path / "run").train(Interrupt())
    made, wanted = (lines(tmp_path / name, "validation") for name in ("run", "whole"))
    assert made == wanted
    assert [line["step"] for line in made] == [2, 3]
    best = [(tmp_path / n / "checkpoints" / "best.json").read_text() for n in ("run", "whole")]
    assert best[0] == best[1]
    assert list(bundle.checkpoints(tmp_path / "run")) == list(
        bundle.checkpoints(tmp_path / "whole")
    )


def test_the_last_validation_is_made_up_for_as_well(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = prepared(tmp_path / "run", small, speech, "training.steps=1")
    with monkeypatch.context() as patch, interrupt.watch() as watched:
        before(patch, type(trainer.validation.metrics["mrstft"]), "__call__", hit)
        trainer.train(watched)
    assert lines(tmp_path / "run", "validation") == []
    resumed(tmp_path / "run").train(Interrupt())
    assert [line["step"] for line in lines(tmp_path / "run", "validation")] == [1]
    assert json.loads((tmp_path / "run" / "checkpoints" / "best.json").read_text())["step"] == 1


def test_a_signal_while_saving_lets_the_checkpoint_be_finished_and_does_no_other_step(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, said = prepared(tmp_path / "run", small, speech, "training.checkpoint_every=2"), []
    before(monkeypatch, checkpoint, "save", hit)
    with interrupt.watch(said.append) as watched:
        trainer.train(watched)
    assert "as soon as this checkpoint is saved" in said[0]
    assert list(bundle.checkpoints(tmp_path / "run")) == [2]
    assert trainer.train_state.progress.step == 2
    assert not (tmp_path / "run" / "samples").exists()
    resumed(tmp_path / "run").train(Interrupt())
    assert max(bundle.checkpoints(tmp_path / "run")) == 6


def test_a_second_signal_while_saving_leaves_the_last_checkpoint_whole(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    prepared(run, small, speech, "training.steps=2").train(Interrupt())
    trainer = resumed(run, "training.steps=4", "training.checkpoint_every=3")

    def twice() -> None:
        hit()
        hit()

    before(monkeypatch, torch, "save", twice)
    with interrupt.watch() as watched, pytest.raises(KeyboardInterrupt):
        trainer.train(watched)
    assert watched.exit_code == 130
    assert list(bundle.checkpoints(run)) == [2]
    assert [entry.name for entry in (run / "checkpoints").iterdir() if entry.is_dir()] == [
        "00000002"
    ]
    monkeypatch.undo()
    resumed(run, "training.steps=4").train(Interrupt())
    assert bundle.load(run)[0].step in (2, 4)
    assert max(bundle.checkpoints(run)) == 4


def test_a_signal_to_any_process_is_one_to_all(
    tmp_path: Path, small: str, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a cluster sends it to only one of them."""
    trainer, watched = prepared(tmp_path / "run", small, speech), Interrupt()
    monkeypatch.setattr("wavegan.training.trainer.largest", lambda *_: int(signal.SIGUSR1))
    trainer.train(watched)
    assert watched.exit_code == 128 + signal.SIGUSR1
    assert list(bundle.checkpoints(tmp_path / "run")) == []
    assert trainer.train_state.progress.step == 0
