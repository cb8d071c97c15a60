"""The normalised log spectrogram: known values, statistics, clipping, inversion."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.stft import stft
from wavegan.errors import UserError
from wavegan.layers import log_spectrogram
from wavegan.layers.log_spectrogram import LogSpectrogram


@pytest.fixture(scope="module")
def digits(shared: Path) -> Tensor:
    """Six spoken digits, (6, 1, 16384), at 16 kHz, followed by silence."""
    clips = torch.zeros(6, 1, 16384)
    for number in range(6):
        file = min((shared / "data" / "sc09-16k" / str(number)).glob("*.flac"))
        wave, _ = io.read(file, sample_rate=16000, mono=True)
        clips[number, 0, : wave.shape[-1]] = torch.from_numpy(wave[0, :16384])
    return clips


def fitted(crops: Tensor, **options: Any) -> LogSpectrogram:
    net = LogSpectrogram(**options)
    net.fit(crops.split(1))
    return net


def test_a_sine_has_half_the_sum_of_the_window() -> None:
    """A Hann window of 256 sums up to 128, so a sine of 0.5 has ln 32 in bin 32."""
    net = LogSpectrogram()
    sine = 0.5 * torch.sin(2 * torch.pi * 32 / 256 * torch.arange(4096))[None, None]
    logarithm = net.logarithm(sine)
    assert logarithm.shape == (1, 1, 129, 32)
    assert torch.allclose(logarithm[..., 32, 1:-1], torch.tensor(math.log(32)), atol=1e-4)
    assert (logarithm[..., 40:, 1:-1] < -6).all()
    silence = net.logarithm(torch.zeros(1, 1, 4096))
    assert torch.allclose(silence, torch.tensor(math.log(1e-6)))


def test_frames_are_centred_on_what_they_stand_for() -> None:
    """A click in the middle of the third hop appears only in the third frame and its neighbours."""
    audio = torch.zeros(1, 1, 8 * 128)
    audio[..., 2 * 128 + 64] = 1.0
    heard = LogSpectrogram().logarithm(audio)[0, 0].amax(0) > -6
    assert heard.tolist() == [False, False, True, False, False, False, False, False]
    audio = audio.roll(1)
    heard = LogSpectrogram().logarithm(audio)[0, 0].amax(0) > -10
    assert heard.tolist() == [False, False, True, True, False, False, False, False]


@torch.no_grad()
def test_statistics_are_those_of_all_frames_at_once(digits: Tensor) -> None:
    net = LogSpectrogram()
    net.fit([digits[:3], digits[3:4], digits[4:]])
    window = torch.hann_window(256, dtype=torch.float64)
    spectrum = stft(digits[:, 0].double(), 256, 128, window, padding="same").abs()
    logarithm = (spectrum + 1e-6).log().transpose(0, 1).flatten(1)
    assert logarithm.shape == (129, 6 * 128)
    expected = logarithm.mean(1, keepdim=True)
    torch.testing.assert_close(net.mean, expected.float(), rtol=1e-4, atol=1e-4)
    deviation = logarithm.std(1, correction=0, keepdim=True)
    torch.testing.assert_close(net.std, deviation.float(), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_after_fitting_each_bin_has_mean_0_and_deviation_1(digits: Tensor) -> None:
    """With a clip that is not clipped; in its units."""
    made = fitted(digits, clip=100.0)(digits) * 100
    assert made.shape == (6, 1, 128, 128)
    assert made.mean((0, 1, 3)).abs().max() < 1e-3
    assert (made.std((0, 1, 3), correction=0) - 1).abs().max() < 1e-3


@torch.no_grad()
def test_what_is_beyond_the_clip_is_cut_off(digits: Tensor) -> None:
    wide, narrow = fitted(digits, clip=100.0), fitted(digits, clip=1.5)
    expected = (wide(digits) * 100 / 1.5).clamp(-1, 1)
    found = narrow(digits)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert found.min() == -1
    assert found.max() == 1
    assert 0.01 < (found.abs() == 1).float().mean() < 0.3


def test_two_channels_share_the_statistics(digits: Tensor) -> None:
    stereo = digits.reshape(3, 2, -1)
    net = fitted(stereo)
    torch.testing.assert_close(net.mean, fitted(digits).mean)
    assert net(stereo).shape == (3, 2, 128, 128)
    torch.testing.assert_close(net(stereo).flatten(0, 1)[:, None], net(digits))


@torch.no_grad()
def test_magnitudes_are_handed_to_griffin_lim(
    digits: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the audio where nothing was cut off; the highest bin has its mean."""
    net = fitted(digits)
    monkeypatch.setattr(log_spectrogram, "griffin_lim", lambda given, *_, **__: given)
    made = net(digits)
    given = net.inverse(made)
    assert given.shape == (6, 1, 129, 128)
    kept = made.abs() < 1
    truth = net.logarithm(digits).exp()[..., :-1, :]
    torch.testing.assert_close(given[..., :-1, :][kept], truth[kept], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(given[..., -1:, :], net.mean[-1:].exp().expand(6, 1, 1, 128))
    assert kept.float().mean() > 0.95


def test_a_bin_that_never_changes_does_not_divide_by_0() -> None:
    net = fitted(torch.zeros(2, 1, 4096))
    assert torch.allclose(net.mean, torch.tensor(math.log(1e-6)))
    assert net(torch.zeros(1, 1, 4096)).abs().max() < 1e-2
    assert net(torch.randn(1, 1, 4096)).isfinite().all()


def test_nothing_to_fit_is_refused() -> None:
    with pytest.raises(UserError, match=r"^there are no crops"):
        LogSpectrogram().fit([])


def test_statistics_are_weights_and_the_window_is_not(digits: Tensor) -> None:
    state = fitted(digits).state_dict()
    assert set(state) == {"mean", "std"}
    other = LogSpectrogram()
    assert not torch.equal(other(digits), fitted(digits)(digits))
    other.load_state_dict(state)
    assert torch.equal(other(digits), fitted(digits)(digits))


def test_float32_inside_autocast(digits: Tensor) -> None:
    net = fitted(digits)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside, back = net(digits), net.inverse(net(digits[:1]).bfloat16(), 1)
    assert inside.dtype == back.dtype == torch.float32
    assert torch.equal(inside, net(digits))


def test_gradients_are_finite_at_silence() -> None:
    audio = torch.zeros(1, 1, 4096, requires_grad=True)
    LogSpectrogram()(audio).sum().backward()
    assert audio.grad is not None
    assert audio.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip": 0.0}, r"^clip is 0\.0: give a positive number of deviations, e\.g\. 3$"),
        ({"n_fft": 256, "hop_length": 200}, r"^spec_n_fft 256 .* spec_hop_length 200: use 400$"),
        ({"n_fft": 255}, r"^spec_n_fft 255 must be even .* spec_hop_length 128: use 256$"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        LogSpectrogram(**options)
