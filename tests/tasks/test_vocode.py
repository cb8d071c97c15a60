"""Vocoding: from the audio's own mel or a given one, always compared with the audio."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.tasks.vocode import Vocode

MEL = Mel.preset("hifigan-22k")


class Levels(nn.Module):
    """A generator whose samples are the mean of their frame; `missing` frames make no sound."""

    def __init__(self, missing: int = 0) -> None:
        super().__init__()
        self.missing = missing
        self.heard: list[Tensor] = []

    def forward(self, mel: Tensor) -> Tensor:
        self.heard.append(mel)
        frames = mel.mean(1, keepdim=True)[..., : mel.shape[-1] - self.missing]
        return frames.repeat_interleave(256, dim=-1)


@pytest.fixture
def audio() -> Tensor:
    return 0.1 * torch.randn(2, 1, 4096, generator=torch.Generator().manual_seed(0))


def test_without_a_mel_the_audios_own_goes_in(audio: Tensor) -> None:
    generator = Levels()
    made = Vocode(MEL).generate(generator, audio)
    assert torch.equal(generator.heard[0], MelSpectrogram(MEL)(audio[:, 0]))
    assert made.fake is made.estimate
    assert torch.equal(made.real, audio)
    assert torch.equal(made.reference, audio)


def test_a_given_mel_goes_in_instead_and_the_audio_is_still_the_goal(audio: Tensor) -> None:
    generator = Levels()
    given = torch.randn(2, 80, 16, generator=torch.Generator().manual_seed(1))
    made = Vocode(MEL).generate(generator, audio, {"mel": given})
    assert generator.heard[0] is given
    assert made.fake.shape == made.real.shape == (2, 1, 4096)
    torch.testing.assert_close(made.fake[:, 0, ::256], given.mean(1))
    assert torch.equal(made.reference, audio)


@pytest.mark.parametrize(
    ("frames", "missing", "length"), [(17, 0, 4096), (17, 1, 4096), (15, 0, 3840), (20, 0, 4096)]
)
def test_what_is_longer_is_cut(audio: Tensor, frames: int, missing: int, length: int) -> None:
    """A centred front-end has one frame more, and some generators then make one hop less."""
    centred = replace(MEL, padding="center")
    made = Vocode(centred).generate(Levels(missing), audio, {"mel": torch.zeros(2, 80, frames)})
    assert made.fake.shape == made.reference.shape == (2, 1, length)
    assert torch.equal(made.reference, audio[..., :length])


def test_it_is_mono_and_of_one_rate() -> None:
    with pytest.raises(UserError, match=r"audio\.channels is 2"):
        Vocode(MEL, channels=2)
    with pytest.raises(UserError, match=r"mel\.output_rate is 44100"):
        Vocode(replace(MEL, output_rate=44100))
