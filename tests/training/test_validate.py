"""Validation: means over clips, previews in pairs, networks unchanged."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from wavegan.audio import io
from wavegan.conditions import NO_CONDITION, Conditions
from wavegan.metrics.base import Metric
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.tasks.base import Generated, Task
from wavegan.validation.base import HeldOut
from wavegan.validation.reconstruction import validate

RATE = 22050


class Amplifier(nn.Module):
    """Doubles; remembers the modes it ran in."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.dropout = nn.Dropout(0.5)
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, audio: Tensor) -> Tensor:
        self.modes.append((self.training, torch.is_grad_enabled()))
        return self.dropout(self.weight * audio)


class Cut(Task):
    """Generates audio without the last 10 samples; the reference is cut to it."""

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        fake = generator(audio)[..., :-10]
        real = audio[..., :-10]
        return Generated(fake=fake, real=real, estimate=fake, reference=real)


class Difference(Metric):
    """`mean |estimate - reference|`; remembers shapes and rates."""

    def __init__(self) -> None:
        self.heard: list[tuple[tuple[int, ...], tuple[int, ...], int]] = []

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        self.heard.append((tuple(estimate.shape), tuple(reference.shape), sample_rate))
        return float((estimate - reference).abs().mean())


def clips() -> list[HeldOut]:
    levels = {"quiet": (0.1, 5000), "middle": (0.2, 3000), "loud": (0.45, 4001)}
    return [HeldOut(name, torch.full((1, length), a)) for name, (a, length) in levels.items()]


def test_a_metric_is_the_plain_mean_over_clips() -> None:
    """Doubled, a clip of level a has the distance a: (0.1 + 0.2 + 0.45) / 3, at any length."""
    metric = Difference()
    values = validate(Cut().generate, Amplifier(), clips(), {"difference": metric}, RATE)
    assert values == pytest.approx({"difference": 0.25})
    assert metric.heard == [((1, n), (1, n), RATE) for n in (4990, 2990, 3991)]


class FromMel(Task):
    """Generates from the clip's mel where it has one."""

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        made = generator(conditions.get("mel", audio))
        return Generated(fake=made, real=audio, estimate=made, reference=audio)


def test_a_clip_with_a_mel_is_generated_from_it() -> None:
    audio = torch.full((1, 100), 0.25)
    heard = [HeldOut("own", audio), HeldOut("given", audio, {"mel": torch.full((1, 100), 0.5)})]
    values = validate(FromMel().generate, Amplifier(), heard, {"difference": Difference()}, RATE)
    assert values["difference"] == pytest.approx((0.25 + 0.75) / 2)


def test_every_metric_is_measured() -> None:
    torch.manual_seed(0)
    heard = [HeldOut(str(n), torch.randn(1, 6000).clamp(-1, 1) / 4) for n in range(3)]
    mel = LogMelL1()
    values = validate(
        Cut().generate, Amplifier(), heard, {"mel": mel, "difference": Difference()}, RATE
    )
    by_hand = [mel(2 * c.audio[:, :-10], c.audio[:, :-10], RATE) for c in heard]
    assert set(values) == {"mel", "difference"}
    assert values["mel"] == pytest.approx(sum(by_hand) / 3)
    assert values["mel"] == pytest.approx(0.693147, abs=1e-3)  # ln 2: twice the magnitude


@pytest.mark.parametrize("training", [True, False])
def test_the_generator_runs_in_eval_mode_and_gets_its_own_back(training: bool) -> None:
    generator = Amplifier().train(training)
    validate(Cut().generate, generator, clips(), {"difference": Difference()}, RATE)
    assert generator.modes == [(False, False)] * 3
    assert generator.training is training
    assert generator.dropout.training is training
    assert torch.is_grad_enabled()


def test_previews_are_pairs_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "samples" / "00000100"
    validate(
        Cut().generate,
        Amplifier(),
        clips(),
        {"difference": Difference()},
        RATE,
        previews=folder,
        preview_count=2,
    )
    expected = {
        "00_quiet_generated.wav": (0.2, 4990),
        "00_quiet_original.wav": (0.1, 4990),
        "01_middle_generated.wav": (0.4, 2990),
        "01_middle_original.wav": (0.2, 2990),
    }
    assert sorted(file.name for file in folder.iterdir()) == sorted(expected)
    for name, (level, length) in expected.items():
        wave, rate = io.read(folder / name)
        assert rate == RATE
        assert wave.shape == (1, length)
        assert abs(wave - level).max() < 1e-3, name


def test_no_previews_no_folder(tmp_path: Path) -> None:
    metrics = {"difference": Difference()}
    validate(Cut().generate, Amplifier(), clips(), metrics, RATE, previews=tmp_path / "none")
    validate(Cut().generate, Amplifier(), clips(), metrics, RATE, preview_count=3)
    assert list(tmp_path.iterdir()) == []


def test_more_previews_than_clips(tmp_path: Path) -> None:
    metrics = {"difference": Difference()}
    validate(
        Cut().generate, Amplifier(), clips(), metrics, RATE, previews=tmp_path, preview_count=9
    )
    assert len(list(tmp_path.iterdir())) == 6
