"""The mel front-end: its bank, its frames, gradients, and what it refuses."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.presets import PRESETS
from wavegan.mel.spectrogram import MelSpectrogram, mel_filterbank

# --- The filter bank ----------------------------------------------------------------------------


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", None])
def test_filterbank_is_librosas(htk: bool, norm: str | None) -> None:
    import librosa

    mel = Mel(mel_scale="htk" if htk else "slaney", mel_norm=norm, f_min=20, f_max=11000)
    expected = librosa.filters.mel(
        sr=22050, n_fft=1024, n_mels=80, fmin=20, fmax=11000, htk=htk, norm=norm
    )
    bank = mel_filterbank(mel)
    assert bank.shape == (80, 513)
    assert np.abs(bank.numpy() - expected).max() < 1e-6 * expected.max()


def test_two_rates_in_one_process_get_two_banks() -> None:
    """The trap of the reference code, whose cache is keyed on f_max alone."""
    at_22k, at_24k = mel_filterbank(Mel()), mel_filterbank(Mel(sample_rate=24000))
    assert not torch.equal(at_22k, at_24k)
    assert torch.equal(at_22k, mel_filterbank(Mel()))


def test_changing_a_bank_changes_no_other() -> None:
    mel_filterbank(Mel()).zero_()
    assert mel_filterbank(Mel()).sum() > 0


# --- Frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hifigan-22k", "vocos-24k", "nemo-22k", "espnet-24k"])
@pytest.mark.parametrize("samples", [1, 2, 100, 255, 256, 384, 385, 512, 513, 1023, 5000, 5121])
def test_frames_is_what_comes_out_of_any_length(name: str, samples: int) -> None:
    mel = Mel.preset(name)
    out = MelSpectrogram(mel)(torch.randn(samples))
    assert out.shape == (mel.n_mels, mel.frames(samples))
    assert out.isfinite().all()


def test_frame_counts_of_the_two_framings() -> None:
    assert Mel().frames(256 * 137 + 5) == 137
    assert Mel.preset("vocos-24k").frames(256 * 137 + 5) == 138


def test_odd_padding_puts_the_extra_sample_last() -> None:
    """n_fft - hop = 723: 361 before, 362 after, so a click at the end reaches the last frame."""
    mel = Mel(hop_length=301, pad_mode="zero")
    wave = torch.zeros(301 * 20)
    wave[-1] = 1
    out = MelSpectrogram(mel)(wave)
    assert out.shape[-1] == 20
    position = 361 + 301 * 20 - 1 - 301 * 19
    size = torch.hann_window(1024)[position]
    expected = torch.log(mel_filterbank(mel).sum(-1) * (size**2 + 1e-9).sqrt())
    assert (out[:, -1] - expected).abs().max() < 1e-3


def test_leading_dimensions_are_kept_and_independent() -> None:
    wave = torch.randn(2, 3, 4000)
    front_end = MelSpectrogram(Mel())
    out = front_end(wave)
    assert out.shape == (2, 3, 80, 15)
    assert (out[1, 2] - front_end(wave[1, 2])).abs().max() < 1e-5


def test_an_empty_wave_is_refused() -> None:
    with pytest.raises(UserError, match="0 samples"):
        MelSpectrogram(Mel())(torch.zeros(0))


# --- Numbers and gradients ----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_gradient_is_finite_at_silence(name: str) -> None:
    wave = torch.zeros(1, 6000)
    wave[:, 3000:] = 0.1 * torch.randn(3000)
    wave.requires_grad_()
    MelSpectrogram(Mel.preset(name))(wave).sum().backward()
    assert wave.grad is not None
    assert wave.grad.isfinite().all()
    assert wave.grad[:, 4000:5000].abs().max() > 0


def test_gradient_is_right() -> None:
    front_end = MelSpectrogram(Mel(n_fft=32, hop_length=8, win_length=32, n_mels=4)).double()
    wave = torch.randn(70, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(front_end, (wave,), fast_mode=True)


def test_float32_inside_autocast_and_for_half_precision() -> None:
    front_end, wave = MelSpectrogram(Mel()), torch.randn(1, 8000)
    plain = front_end(wave)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = front_end(wave)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, plain)
    assert front_end(wave.bfloat16()).dtype == torch.float32


def test_nothing_is_saved() -> None:
    front_end = MelSpectrogram(Mel.preset("univnet-24k"))
    assert front_end.state_dict() == {}
    assert list(front_end.parameters()) == []


def test_nemo_s_last_frame_is_masked() -> None:
    out = MelSpectrogram(Mel.preset("nemo-22k"))(torch.randn(256 * 10))
    assert (out[:, -1] == -11.52).all()
    assert (out[:, :-1] > -11.5).all()


# --- The value ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_survives_json_and_yaml(name: str) -> None:
    mel = Mel.preset(name)
    assert Mel.from_dict(json.loads(json.dumps(mel.to_dict()))) == mel
    assert Mel.from_dict(yaml.safe_load(yaml.safe_dump(mel.to_dict()))) == mel
    assert hash(Mel.preset(name)) == hash(mel)


def test_statistics_survive_and_hash() -> None:
    mel = Mel(mean=np.zeros(80), scale=[2] * 80, clip=[-4, 4])
    assert mel.mean == (0.0,) * 80
    assert mel.scale == (2.0,) * 80
    assert Mel.from_dict(mel.to_dict()) == mel
    assert {mel: 1}[Mel.from_dict(mel.to_dict())] == 1


def test_no_f_max_is_half_the_banks_rate() -> None:
    assert Mel(f_max=None).f_max == 11025
    assert Mel(f_max=None) == Mel(f_max=11025)
    assert Mel(sample_rate=24000, filterbank_rate=16000, f_max=None).f_max == 8000


def test_yaml_s_text_numbers_and_none_are_taken() -> None:
    fields = yaml.safe_load("{floor: 1e-7, magnitude_eps: 1e-9, mel_norm: none, n_mels: 80.0}")
    assert isinstance(fields["floor"], str)
    mel = Mel.from_dict(fields)
    assert (mel.floor, mel.magnitude_eps, mel.mel_norm, mel.n_mels) == (1e-7, 1e-9, None, 80)
    assert isinstance(mel.n_mels, int)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Mel().n_mels = 3  # type: ignore[misc]


REFUSED = [
    ({"f_max": 12000}, "f_max 12000 is above half of sample_rate 22050: use 11025 or less"),
    ({"filterbank_rate": 14000}, "f_max 8000 is above half of filterbank_rate 14000: use 7000"),
    ({"win_length": 2048}, "win_length 2048 is above n_fft 1024: use 1024"),
    ({"hop_length": 2000}, "hop_length 2000 is above win_length 1024"),
    ({"f_min": 9000}, "f_min 9000 is not below f_max 8000"),
    ({"f_min": -1}, "f_min is -1"),
    ({"n_mels": 0}, "n_mels is 0: it must be 1 or more"),
    ({"n_mels": 600}, "n_mels 600 is above the 513 bins of n_fft 1024: use 513"),
    ({"sample_rate": -5}, "sample_rate is -5"),
    ({"n_fft": 1025, "win_length": 1024}, "n_fft 1025 is odd: use 1026"),
    ({"hop_length": 2.5}, "hop_length is 2.5: it must be a whole number"),
    ({"n_mels": True}, "n_mels is True: it must be a number"),
    ({"n_mels": "many"}, "n_mels is 'many': it must be a number"),
    ({"floor": 0}, "floor is 0: it must be above 0"),
    ({"floor": float("nan")}, "floor is nan"),
    ({"magnitude_eps": -1e-9}, "magnitude_eps is -1e-09"),
    ({"mel_scale": "slany"}, "mel_scale is 'slany', which is not a choice; did you mean 'slaney'?"),
    ({"log": "log2"}, "log is 'log2', which is not a choice; did you mean 'log10'?"),
    ({"power": 3}, "power is 3, which is not a choice; known: 1, 2"),
    ({"periodic": "yes"}, "periodic is 'yes': it must be true or false"),
    ({"mean": [0.0] * 79}, "mean has 79 values, but n_mels is 80"),
    ({"scale": [1.0] * 79 + [0.0]}, "scale contains 0"),
    ({"clip": [1, -1]}, "must be (lowest, highest)"),
    ({"clip": 4}, "clip is 4: it must be two numbers"),
    ({"output_rate": 22051}, "output_rate 22051 does not"),
    ({"hop_lenght": 256}, "hop_lenght: no such field; did you mean 'hop_length'?"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[str(f)[:40] for f, _ in REFUSED])
def test_contradictions_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        Mel.from_dict(fields)
    text = str(caught.value)
    assert message in text
    assert text.startswith("mel.")
    assert "\n" not in text


def test_the_output_rate_that_is_offered_works() -> None:
    with pytest.raises(UserError, match="use a multiple of 11025"):
        Mel(output_rate=48000)
    assert Mel(output_rate=44100).samples_per_frame == 512


def test_an_unknown_preset_has_a_suggestion() -> None:
    with pytest.raises(UserError, match="no mel preset 'hifigan22k'; did you mean 'hifigan-22k'"):
        Mel.preset("hifigan22k")


def test_naming_a_front_end_loads_no_torch() -> None:
    code = (
        "import sys; from wavegan.mel.front_end import Mel; Mel.preset('vocos-24k').to_dict();"
        "assert not {'torch', 'numpy', 'librosa'} & set(sys.modules), 'loaded too much'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
