"""Copy synthesis keeps a clip's length, level and place in time."""

import dataclasses

import pytest
import torch

from wavegan import Vocoder
from wavegan.generators.base import MelGenerator
from wavegan.generators.hifigan import HiFiGAN
from wavegan.inference.revocode import revocode
from wavegan.mel.front_end import Mel

SAME = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)
CENTER = dataclasses.replace(SAME, padding="center")


class Loudness(MelGenerator):
    """Turns each frame into a constant: the level of its bands."""

    hop_length = 16

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, mel):
        return self.scale * mel.exp().mean(1, keepdim=True).repeat_interleave(16, dim=-1)


def network():
    torch.manual_seed(0)
    return HiFiGAN(
        n_mels=8,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        upsample_initial_channel=8,
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
    )


def noise(samples):
    return torch.rand(samples, generator=torch.Generator().manual_seed(samples)) - 0.5


@pytest.mark.parametrize("mel", [SAME, CENTER], ids=["same", "center"])
@pytest.mark.parametrize("samples", [1, 15, 16, 17, 63, 64, 400, 1601])
def test_the_copy_is_as_long_as_the_clip(mel, samples):
    made = revocode(Vocoder(network(), mel, peak=0.95), noise(samples))
    assert made.shape == (samples,)
    assert made.isfinite().all()
    assert made.abs().max() > 0


@pytest.mark.parametrize("mel", [SAME, CENTER], ids=["same", "center"])
@pytest.mark.parametrize("place", [8, 200, 392, 399])
def test_the_copy_sounds_where_the_clip_does(mel, place):
    clip = torch.zeros(400)
    clip[place] = 1.0
    made = revocode(Vocoder(Loudness(), mel, peak=None), clip)
    middle = (made * torch.arange(400.0)).sum() / made.sum()
    assert made[max(0, place - 16) : place + 16].max() == made.max()
    assert abs(middle - place) < 32
    assert made.max() > 100 * made.median()


@pytest.mark.parametrize("gain", [1e-4, 0.1, 3.0])
def test_a_model_with_a_peak_gives_a_quiet_clip_back_quietly(gain):
    vocoder = Vocoder(network(), SAME, peak=0.95)
    clip = noise(400)
    made = revocode(vocoder, clip)
    assert made.std() > 1e-3
    torch.testing.assert_close(revocode(vocoder, clip * gain) / gain, made, rtol=1e-3, atol=1e-4)


def test_a_model_with_a_peak_gets_that_peak(monkeypatch):
    vocoder, heard = Vocoder(Loudness(), SAME, peak=0.7), []
    front_end = vocoder.mel
    monkeypatch.setattr(
        vocoder, "mel", lambda wave: heard.append(wave.abs().max()) or front_end(wave)
    )
    revocode(vocoder, noise(400) * 0.01)
    assert float(heard[0]) == pytest.approx(0.7)


def test_a_model_without_a_peak_gets_the_clip_unchanged():
    vocoder = Vocoder(Loudness(), SAME, peak=None)
    clip = noise(400)
    heard = vocoder(vocoder.mel(torch.nn.functional.pad(clip * 0.3, (0, 16))))
    assert torch.equal(revocode(vocoder, clip * 0.3), heard[:400])


@pytest.mark.parametrize("peak", [0.95, None])
@pytest.mark.parametrize("samples", [1, 400])
def test_silence_stays_finite(peak, samples):
    made = revocode(Vocoder(network(), SAME, peak=peak), torch.zeros(samples))
    assert made.shape == (samples,)
    assert made.isfinite().all()
    assert made.abs().max() <= 1


def test_denormal_silence_stays_finite(silences):
    vocoder = Vocoder(network(), SAME, peak=0.95)
    for kind, silence in silences(400).items():
        assert vocoder.mel(silence).isfinite().all(), kind
        made = revocode(vocoder, silence)
        assert made.isfinite().all(), kind
        assert made.abs().max() <= 1, kind


def test_silence_stays_silent():
    made = revocode(Vocoder(Loudness(), SAME, peak=0.95), torch.zeros(400))
    assert made.abs().max() < 1e-3


def test_an_empty_clip_gives_an_empty_copy():
    assert revocode(Vocoder(network(), SAME, peak=0.95), torch.zeros(0)).shape == (0,)
