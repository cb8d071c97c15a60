"""What a dry run measures: kinds of steps, time and memory within bounds, bytes on the disk."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from wavegan import recipe
from wavegan.cli.console import Silent
from wavegan.data.segments import Item
from wavegan.errors import RunError
from wavegan.interrupt import Interrupt
from wavegan.training import setup
from wavegan.training.footprint import footprint
from wavegan.training.measure import Kind, kinds, measure
from wavegan.training.parts import build
from wavegan.training.plan import describe

CPU = torch.device("cpu")


class FakeStep:
    """Takes some seconds for each crop, and more with a penalty."""

    def __init__(self, each: float = 0.0, penalty: float = 0.0, **every: int) -> None:
        self.each, self.penalty, self.calls = each, penalty, []
        self.generator = SimpleNamespace(network=torch.nn.Linear(10, 10, bias=False))
        self.discriminator: Any = SimpleNamespace(network=torch.nn.Linear(10, 20, bias=False))
        self.penalties = {name: (1.0, SimpleNamespace(every=n)) for name, n in every.items()}
        self.n_critic = 1

    def generator_learns(self, step: int) -> bool:
        return (step + 1) % self.n_critic == 0

    def __call__(self, audio: torch.Tensor, step: int, **_given: Any) -> None:
        self.calls.append((len(audio), step))
        seconds = self.each * len(audio)
        seconds += sum(self.penalty for _, p in self.penalties.values() if step % p.every == 0)
        end = time.perf_counter() + seconds
        while True:
            audio.sum()
            if time.perf_counter() >= end:
                return


class Crops:
    def __getitem__(self, number: int) -> Item:
        return Item(torch.zeros(1, 8), number, "a.wav")


def measured(step: FakeStep, batch: int, **limits: float) -> Any:
    chosen = kinds(step, 100, 0)  # type: ignore[arg-type]
    return measure(step, chosen, Crops(), batch, CPU, **limits)  # type: ignore[arg-type]


def shares(step: FakeStep, steps: int, start: int) -> dict[tuple[bool, int], float]:
    found = kinds(step, steps, start)  # type: ignore[arg-type]
    return {(k.adversarial, k.number): pytest.approx(k.share) for k in found}


def test_steps_that_do_the_same_are_one_kind() -> None:
    assert shares(FakeStep(), 1000, 0) == {(True, 0): 1.0}
    assert shares(FakeStep(r1=8, r2=8), 1000, 0) == {(True, 0): 1 / 8, (True, 1): 7 / 8}
    assert shares(FakeStep(), 1000, 250) == {(True, 0): 0.75, (False, 0): 0.25}
    critic = FakeStep(gradient=1)
    critic.n_critic = 5
    assert shares(critic, 1000, 0) == {(True, 4): 1 / 5, (True, 0): 4 / 5}
    alone = FakeStep()
    alone.discriminator = None
    assert shares(alone, 1000, 0) == {(False, 0): 1.0}
    assert kinds(FakeStep(r1=8), 8, 0)[0] == Kind(0, True, 1 / 8)  # type: ignore[arg-type]


def test_a_quick_step_is_measured_whole() -> None:
    step = FakeStep(each=0.001)
    found = measured(step, 16)
    assert found.crops == 16
    # on a busy machine it takes longer
    assert 0.016 <= found.seconds < 0.5
    assert found.networks == 4 * 4 * (100 + 200)
    assert 0 < found.memory < found.available


def test_the_mean_is_over_kinds_of_steps() -> None:
    found = measured(FakeStep(each=0.0, penalty=0.08, r1=8), 1)
    assert 0.01 <= found.seconds < 0.07


def test_a_slow_step_is_measured_with_few_crops_and_scaled() -> None:
    step = FakeStep(each=0.05)
    found = measured(step, 1000, seconds=0.5)
    assert 1 <= found.crops < 10
    assert max(count for count, _ in step.calls) == found.crops
    assert found.seconds >= 0.05 * 1000


def test_a_step_that_takes_too_long_is_given_up() -> None:
    started = time.monotonic()
    found = measured(FakeStep(each=3600), 4, longest=0.2)
    assert time.monotonic() - started < 60
    assert (found.crops, found.seconds, found.memory) == (0, 0.2, None)


def test_memory_that_is_too_small_is_reported_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: Any, **_more: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nA long story")

    monkeypatch.setattr(FakeStep, "__call__", full)
    with pytest.raises(RunError, match=r"^a step of one crop does not fit .* data\.segment$"):
        measured(FakeStep(), 4)


@pytest.mark.parametrize("overrides", [[], ["discriminators.mpd=null", "feature_matching=null"]])
def test_a_footprint_is_what_a_run_writes(
    small: str, speech: Path, tmp_path: Path, overrides: list[str]
) -> None:
    every = ["training.validate_every=2", "training.checkpoint_every=3", "training.keep_last=2"]
    names = [f"data.folder={speech}", "generator.upsample_initial_channel=64", *every]
    wanted = recipe.load(small, [*names, *overrides])
    plan = describe(wanted, tmp_path / "run", device="cpu")["disk"]
    trainer = setup.prepare(wanted, tmp_path / "run", device="cpu", listener=Silent())
    trainer.train(Interrupt())
    last = tmp_path / "run" / "checkpoints" / "00000006"
    assert plan["checkpoint"] == pytest.approx(_bytes(last), rel=0.15)
    assert plan["previews"] == pytest.approx(_bytes(tmp_path / "run" / "samples"), rel=0.01)
    discriminator = last / "training" / "discriminator.safetensors"
    assert (plan["discriminators"] > 0) == discriminator.is_file()
    # steps 2, 3, 4 and 6
    assert plan["checkpoints"] == 3
    older = plan["older_checkpoint"]
    assert older == pytest.approx(_bytes(last.with_name("00000004")), rel=0.15)
    assert plan["needed"] == plan["checkpoint"] + 2 * older + plan["previews"]
    assert plan["needed_keep_last_1"] == plan["needed"] - older
    assert plan["peak"] == plan["needed"] + plan["checkpoint"]
    # D's optimizer, twice as large as D, is in the last one alone
    assert plan["checkpoint"] - older == pytest.approx(plan["discriminators"] * 2 / 3, rel=0.01)


def test_a_short_run_keeps_no_more_checkpoints_than_it_makes(small: str, speech: Path) -> None:
    wanted = recipe.load(small, [f"data.folder={speech}", "training.keep_last=9"])
    parts = build(wanted)
    networks = {"generator": parts.generator, "discriminator": parts.discriminator}
    assert footprint(wanted, parts, networks, [1.0]).checkpoints == 1


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
