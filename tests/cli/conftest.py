"""Models of sounds that die away, peak or are silent, and the command that makes them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from torch import Tensor, nn
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import app
from wavegan.generators.base import LatentGenerator
from wavegan.layers.walk import as_walk, overlap
from wavegan.mel.front_end import Mel


class Hits(LatentGenerator):
    """Label 0 is a tone that falls by `decay` dB over its clip, label 1 one that stays.

    Levels are mapped in dB, as networks do that make filters' levels: windows of a walk mix those.

    Args:
        segment: samples.
        channels: of the audio, all alike.
        n_labels: 2, or 0 for hits alone.
        decay: dB.
        gain: peak of the loudest sound.
        mute: latents whose first number is below make silence.
        circular: as networks have it that are trained on loops.
    """

    def __init__(
        self,
        segment: int = 4096,
        channels: int = 1,
        n_labels: int = 0,
        decay: float = 90.0,
        gain: float = 0.5,
        mute: float = -9.0,
        circular: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim, self.segment, self.positions = 4, segment, 16
        self.n_labels, self.channels, self.circular = n_labels, channels, circular
        self.hop_length = segment // self.positions
        self.decay, self.gain, self.mute = decay, gain, mute
        self.weight = nn.Parameter(torch.ones(()))

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        walk = as_walk(latent, self.latent_dim)
        falls = torch.ones(len(walk)) if label is None else (label == 0).float()
        course = -torch.arange(self.positions) / self.positions * self.decay
        maps = (falls[:, None, None, None] * course).expand(-1, walk.shape[1], -1, -1)
        levels = overlap(maps, positions, loop=loop) if loop or walk.shape[1] > 1 else maps[:, 0]
        levels = levels.repeat_interleave(self.hop_length, -1)
        cycles = torch.arange(levels.shape[-1]) / self.hop_length * 8
        pitch = torch.sin(2 * torch.pi * cycles + walk[:, :1, :1])
        heard = (walk[:, :1, :1] >= self.mute).float()
        wave = self.weight * self.gain * heard * 10 ** (levels / 20) * pitch
        return wave.expand(-1, self.channels, -1)


@pytest.fixture
def hits(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle of `Hits` with some options, and says where it is."""

    def save(name: str = "hits", **options: Any) -> Path:
        labels = ("hit", "stay") if options.pop("labelled", True) else ()
        config = bundle.Config(
            mel=Mel(sample_rate=8000, f_max=None),
            generator={"name": f"{__name__}:Hits", **options},
            channels=options.get("channels", 1),
            task="synthesize",
            labels=labels,
            segment=4096,
        )
        folder = tmp_path / name
        folder.mkdir(parents=True)
        bundle.save(folder, config, bundle.build(config, trust_code=True).state_dict())
        return folder

    return save


@pytest.fixture
def generate_of(tmp_path: Path) -> Callable[..., Result]:
    """Calls the command with a model, into a folder."""

    def call(model: Path, *words: object, out: str = "out") -> Result:
        given = ["-m", model, "-o", tmp_path / out, "--device", "cpu", *words]
        runner = CliRunner(env={"WAVEGAN_DEBUG": None})
        words = ["generate", "--trust-code", *(str(word) for word in given)]
        return runner.invoke(app, words)

    return call
