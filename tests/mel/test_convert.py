"""Conversion between front-ends: equal to the other's own mel of real sound, or refused."""

from dataclasses import replace
from itertools import permutations

import pytest
import torch

from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

EPS0 = Mel(magnitude_eps=0)
DECIMAL = replace(EPS0, log="log10", floor=1e-4)
BANDS = replace(EPS0, mean=[-5 - b / 40 for b in range(80)], scale=[1 + b / 80 for b in range(80)])
COQUI = replace(Mel.preset("coqui-22k"), floor=1e-6)
ADDED = replace(EPS0, floor_mode="add")
SQUARED = replace(EPS0, power=2)


@pytest.fixture(scope="module")
def waves(speech):
    """Two seconds with silence at the end, so that every floor is reached, by rate."""

    def read(rate):
        wave, _ = io.read(speech / "arctic_a0114.flac", sample_rate=rate)
        tail = torch.zeros(rate // 4)
        return torch.cat([torch.from_numpy(wave[0][: 2 * rate]), tail])

    return {rate: read(rate) for rate in (16000, 22050, 24000, 32000, 44100)}


@pytest.fixture(scope="module")
def made(waves):
    presets = {name: Mel.preset(name) for name in Mel.preset_names()}
    return {name: MelSpectrogram(spec)(waves[spec.sample_rate]) for name, spec in presets.items()}


def test_every_pair_of_presets_is_exact_or_refused_with_fields_that_differ(made):
    exact = set()
    for one, other in permutations(Mel.preset_names(), 2):
        source, target = Mel.preset(one), Mel.preset(other)
        obstacles = source.differences(target)
        if not obstacles:
            exact.add((one, other))
            converted = source.convert(made[one], target)
            assert (converted - made[other]).abs().max() < 1e-4, (one, other)
            continue
        with pytest.raises(UserError) as refusal:
            source.convert(made[one], target)
        for obstacle in obstacles:
            assert obstacle in str(refusal.value)
            field = obstacle.split(" is ")[0]
            name = "bank_rate" if field == "filterbank_rate" else field
            assert getattr(source, name) != getattr(target, name), (one, other, obstacle)
    assert {("bigvgan-24k", "univnet-24k"), ("univnet-24k", "gpt-sovits-v3")} <= exact
    assert ("vocos-24k", "f5-vocos-24k") in exact
    assert ("f5-vocos-24k", "vocos-24k") not in exact


CONVERTIBLE = {
    "base": (EPS0, replace(EPS0, log="log10")),
    "base, higher floor": (EPS0, DECIMAL),
    "decibels": (replace(EPS0, log="db"), EPS0),
    "decibels of powers": (SQUARED, replace(SQUARED, log="db")),
    "statistics taken off": (BANDS, EPS0),
    "statistics put on": (EPS0, BANDS),
    "one number for per band": (replace(EPS0, mean=-4, scale=4), BANDS),
    "scale below zero": (replace(EPS0, scale=-2), replace(EPS0, scale=-3, clip=(0, 2))),
    "clip put on": (replace(COQUI, clip=None), COQUI),
    "clip narrowed": (COQUI, replace(COQUI, clip=(-3, 2))),
    "the same clip in other units": (
        COQUI, replace(COQUI, mean=None, scale=None, clip=(-80, 20)),
    ),
    "clip that never clips": (replace(EPS0, clip=(-11.6, 9)), replace(EPS0, clip=(-20, 8.9))),
    "a floor above the clip": (
        replace(EPS0, clip=(-8, 9)), replace(EPS0, floor=1e-3, clip=(-8, 9)),
    ),
    "added floor to clamped": (ADDED, EPS0),
    "added floor to a higher": (ADDED, replace(ADDED, floor=1e-2, log="log10")),
    "clamped to added over a clip": (EPS0, replace(ADDED, clip=(-6, 9))),
    "last frame masked": (EPS0, replace(EPS0, mask_last=-11.52, mean=-5)),
    "last frame masked otherwise": (
        replace(EPS0, mask_last=-11.52), replace(EPS0, mask_last=-9, log="log10"),
    ),
    "layout and output": (EPS0, replace(EPS0, layout="frames_first", output_rate=44100)),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERTIBLE)
def test_what_can_be_undone_is_undone(name, waves):
    source, target = CONVERTIBLE[name]
    wave = torch.stack([waves[22050], 0.1 * waves[22050].flip(-1)])
    assert source.differences(target) == []
    converted = source.convert(MelSpectrogram(source)(wave), target)
    expected = MelSpectrogram(target)(wave)
    assert (converted - expected).abs().max() < 1e-4
    assert expected.std() > 0.1


REFUSED = {
    "floor is 0.0001 (clamp), wanted 1e-05 (clamp)": (DECIMAL, EPS0),
    "floor is 1e-05 (clamp), wanted 1e-05 (add)": (EPS0, ADDED),
    "floor is 1e-05 (add), wanted 1e-06 (clamp)": (ADDED, replace(EPS0, floor=1e-6)),
    "clip is -4 to 4 after mean and scale, wanted none": (COQUI, replace(COQUI, clip=None)),
    "clip is -3 to 4, wanted -3.1 to 4": (
        replace(EPS0, clip=(-3, 4)), replace(EPS0, clip=(-3.1, 4)),
    ),
    "clip is -3 to 4, wanted -3 to 4.1": (
        replace(EPS0, clip=(-3, 4)), replace(EPS0, clip=(-3, 4.1)),
    ),
    "mask_last is -11.52, wanted none": (replace(EPS0, mask_last=-11.52), EPS0),
    "power is 1, wanted 2": (EPS0, SQUARED),
    "magnitude_eps is 1e-09, wanted 0": (Mel(), EPS0),
    "magnitude_floor is 1e-10, wanted 0": (replace(EPS0, magnitude_floor=1e-10), EPS0),
    "mel_norm is slaney, wanted none": (EPS0, replace(EPS0, mel_norm=None)),
    "filterbank_rate is 22050, wanted 16000": (EPS0, replace(EPS0, filterbank_rate=16000)),
    "n_mels is 80, wanted 64": (EPS0, replace(EPS0, n_mels=64)),
    "pad_mode is reflect, wanted zero": (EPS0, replace(EPS0, pad_mode="zero")),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_lost_is_refused_with_both_values(message, waves):
    source, target = REFUSED[message]
    assert source.differences(target) == [message]
    with pytest.raises(UserError) as refusal:
        source.convert(MelSpectrogram(source)(waves[22050]), target)
    text = str(refusal.value)
    assert message in text
    assert "from the audio with the wanted front-end" in text
    assert "\n" not in text


def test_all_that_differs_is_named_at_once():
    found = Mel.preset("espnet-24k").differences(Mel.preset("hifigan-22k"))
    fields = {text.split(" is ")[0] for text in found}
    assert {"sample_rate", "n_fft", "hop_length", "win_length", "f_min", "f_max"} <= fields
    assert {"magnitude_eps", "magnitude_floor", "padding"} <= fields
    assert "log" not in fields


def test_nothing_to_do_gives_the_same_tensor():
    mel = torch.randn(80, 5)
    assert Mel().convert(mel, replace(Mel(), layout="frames_first")) is mel
    assert Mel.preset("bigvgan-24k").differences(Mel.preset("gpt-sovits-v3")) == []


def test_gradients_pass_and_half_precision_widens():
    mel = torch.full((1, 80, 3), -5.0, requires_grad=True)
    Mel().convert(mel, replace(Mel(), log="log10")).sum().backward()
    assert mel.grad == pytest.approx(torch.full((1, 80, 3), 0.4342945), abs=1e-6)
    half = Mel().convert(torch.full((80, 3), -5.0).bfloat16(), replace(Mel(), scale=2))
    assert half.dtype == torch.float32
    assert (half == -2.5).all()


@pytest.mark.parametrize("shape", [(80,), (5, 80), (80, 0)])
def test_another_shape_is_refused(shape):
    with pytest.raises(UserError, match="80, frames"):
        Mel().convert(torch.zeros(shape), replace(Mel(), scale=2))
