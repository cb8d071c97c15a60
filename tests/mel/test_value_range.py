"""Checks of values: no alarm for any recording, an alarm for every visible mismatch."""

import re
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan import bundle
from wavegan.audio import io
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.mel.value_range import limits, suspicious

SPEECH = Path(__file__).resolve().parents[2] / "examples" / "speech"
CLIPS = ("arctic_a0058", "arctic_a0114", "arctic_a0402")
NATURAL = ("hifigan-22k", "bigvgan-22k", "speechbrain-22k", "nemo-22k", "cosyvoice2-24k",
           "cosyvoice3-24k")  # fmt: skip
LOUD_ENOUGH = ("hifigan-22k", "bigvgan-22k", "speechbrain-22k", "nemo-22k")
DECIMAL = ("espnet-22k", "espnet-24k", "pwg-22k", "speecht5-16k", "melgan-22k")
PLAIN = [n for n in Mel.preset_names() if (Mel.preset(n).mean, Mel.preset(n).scale) == (None, None)]
BIGVGAN = ("bigvgan-24k", "gpt-sovits-v3", "gpt-sovits-v4")


@cache
def wave(file, rate, seconds=4):
    return torch.from_numpy(io.read(file, sample_rate=rate)[0][0])[: seconds * rate]


@cache
def front_end(name):
    return MelSpectrogram(Mel.preset(name))


@cache
def mels(name):
    rate = Mel.preset(name).sample_rate
    return [front_end(name)(wave(SPEECH / f"{clip}.flac", rate)) for clip in CLIPS]


# --- No false alarm -----------------------------------------------------------------------------


def recordings(shared):
    """Speech, music, drums, notes: a few of each folder, spread over it."""
    for folder, count in (("speech-single", 2), ("speech-multi", 3), ("digits", 3), ("music", 6),
                          ("drums", 5), ("piano-notes", 2), ("sc09-16k", 2)):  # fmt: skip
        files = sorted(f for f in (shared / "data" / folder).rglob("*") if f.suffix in AUDIO)
        yield from files[:: max(1, len(files) // count)][:count]


AUDIO = (".flac", ".wav", ".ogg", ".mp3")


@pytest.mark.parametrize("name", Mel.preset_names())
def test_no_recording_alarms_its_own_front_end(name, shared):
    spec = Mel.preset(name)
    for file in recordings(shared):
        found = suspicious(front_end(name)(wave(file, spec.sample_rate)), spec)
        assert found is None, file


@pytest.mark.parametrize("name", ["hifigan-22k", "pwg-22k", "vocos-24k", "coqui-22k", "fish-44k"])
@pytest.mark.parametrize("gain", [1e-4, 0.01, 20])
def test_neither_does_a_very_quiet_or_loud_one(name, gain, shared):
    spec = Mel.preset(name)
    for file in list(recordings(shared))[::3]:
        sound = (gain * wave(file, spec.sample_rate)).clamp(-1, 1)
        assert suspicious(front_end(name)(sound), spec) is None, file


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("noise", [20, 0, -10])
def test_nor_does_a_noisy_one(name, noise, shared):
    """Noise so many decibels below speech: it has less fluctuation than any clean sound."""
    spec = Mel.preset(name)
    for file in list(recordings(shared))[::3]:
        sound = wave(file, spec.sample_rate)
        drawn = torch.randn(len(sound), generator=torch.Generator().manual_seed(1))
        sound = sound + drawn * sound.square().mean().sqrt() * 10 ** (-noise / 20)
        sound = sound / max(1.0, float(sound.abs().max()))
        assert suspicious(front_end(name)(sound), spec) is None, file


@pytest.mark.parametrize("name", Mel.preset_names())
@pytest.mark.parametrize("frames", [1, 2, 5, 9, 17, 33, 50])
def test_nor_does_a_short_one(name, frames, shared):
    spec = Mel.preset(name)
    for file in list(recordings(shared))[::3]:
        made = front_end(name)(wave(file, spec.sample_rate))
        for start in range(0, made.shape[1] - frames, 1 + made.shape[1] // 3):
            part = made[:, start : start + frames]
            assert suspicious(part, spec) is None, (file, start)


@pytest.mark.parametrize("name", Mel.preset_names())
def test_nor_does_what_no_one_recorded(name):
    spec, time = Mel.preset(name), torch.arange(30000) / 22050
    tone = torch.sin(2 * torch.pi * 440 * time)
    noise = torch.rand(30000, generator=torch.Generator().manual_seed(0)) * 2 - 1
    sounds = {
        "silence": torch.zeros(30000), "constant": torch.ones(30000), "tone": tone,
        "square": tone.sign(), "quiet tone": 1e-3 * tone, "noise": noise, "signs": noise.sign(),
        "one click": (time == time[9000]).float(), "a moment": noise[:300],
        "silence, then noise": torch.cat([torch.zeros(15000), 0.1 * noise[15000:]]),
    }  # fmt: skip
    for what, sound in sounds.items():
        assert suspicious(front_end(name)(sound), spec) is None, what


def test_no_golden_model_is_alarmed_by_its_own_mels(shared):
    for folder in sorted((shared / "golden").iterdir()):
        expected = folder / "expected.npz"
        if expected.is_file() and "source_mel" in (arrays := np.load(expected)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                spec = bundle.read(folder).config.mel
            assert suspicious(torch.from_numpy(arrays["source_mel"]), spec) is None, folder


@pytest.mark.parametrize("mel", [torch.zeros(1, 80, 88), torch.zeros(80, 0), torch.zeros(64, 9)])
def test_a_constant_or_another_shape_is_none_of_its_business(mel):
    """Denoisers vocode zeros; other code refuses shapes."""
    assert suspicious(mel, Mel()) is None


def test_predictions_that_scatter_around_the_floor_are_let_be():
    predicted = mels("hifigan-22k")[1] + 0.25 * torch.randn(80, 1)
    assert suspicious(predicted, Mel()) is None


# --- What is detected, and what cannot be -------------------------------------------------------

# (given, model): what the message says. On all clips; pairs of equal band counts only.
DETECTED = {
    **{(a, b): "not normalised" for a in NATURAL for b in ("coqui-22k", "styletts2-24k")},
    **{(a, b): "natural-log mels" for a in NATURAL for b in ("espnet-22k", "espnet-24k")},
    **{(a, "melgan-22k"): "natural-log mels" for a in NATURAL},
    **{(a, b): "log10 mels" for a in DECIMAL for b in NATURAL},
    **{(a, "styletts2-24k"): "not normalised" for a in DECIMAL},
    **{("coqui-22k", b): "" for b in (*NATURAL, *DECIMAL, "styletts2-24k")},
    **{("styletts2-24k", b): "normalised" for b in (*DECIMAL, *LOUD_ENOUGH)},
    **{(a, "univnet-24k"): "not normalised" for a in (*BIGVGAN, "vocos-24k", "f5-vocos-24k")},
    **{("univnet-24k", b): "normalised" for b in (*BIGVGAN, "vocos-24k", "f5-vocos-24k")},
    **{("vocos-24k", b): "lower floor" for b in (*BIGVGAN, "f5-vocos-24k")},
    **{(a, "fish-44k"): "smaller magnitude_eps" for a in ("bigvgan-44k-256x", "bigvgan-44k-512x")},
}
# Their clips decide: only silence is below what a decimal logarithm over 1e-10 reaches, and
# statistics show where the longest windows do not make all values higher.
SOMETIMES = {(a, b) for a in NATURAL for b in ("pwg-22k", "speecht5-16k")}
SOMETIMES |= {("styletts2-24k", b) for b in ("cosyvoice2-24k", "cosyvoice3-24k")}


def pairs():
    names = Mel.preset_names()
    return [(a, b) for a in names for b in names if Mel.preset(a).n_mels == Mel.preset(b).n_mels]


@pytest.mark.parametrize("pair", sorted(DETECTED), ids="-to-".join)
def test_the_wrong_preset_is_noticed(pair):
    given, model = pair
    for mel in mels(given):
        found = suspicious(mel, Mel.preset(model))
        assert found is not None
        assert DETECTED[pair] in found.split("looks like ")[1]


def test_what_values_alone_do_not_show_stays_unsaid():
    """Front-ends of about the same range: another filter bank, hop, padding, or a close floor."""
    silent = [pair for pair in pairs() if pair not in DETECTED and pair not in SOMETIMES]
    silent = [(given, model) for given, model in silent if given != model]
    for given, model in silent:
        assert suspicious(mels(given)[1], Mel.preset(model)) is None, (given, model)
    assert all(
        pair in silent for pair in (("hifigan-22k", "bigvgan-22k"), ("pwg-22k", "coqui-22k"))
    )
    assert len(silent) < len(DETECTED)


def standardized(mel):
    return (mel - mel.mean(1, keepdim=True)) / mel.std(1, keepdim=True).clamp(min=1e-3)


def standardized_as_one(mel):
    return (mel - mel.mean()) / mel.std()


@pytest.mark.parametrize("change", [standardized, standardized_as_one, lambda mel: (mel + 4) / 4],
                         ids=["each band", "all as one", "(log + 4) / 4"])  # fmt: skip
@pytest.mark.parametrize("model", PLAIN)
def test_statistics_are_noticed_by_every_model_without(change, model):
    for mel in mels(model):
        assert "normalised" in (suspicious(change(mel), Mel.preset(model)) or "")


@pytest.mark.parametrize("model", [n for n in PLAIN if not re.search("vocos|cosyvoice", n)])
def test_so_are_those_of_a_data_set(model):
    """A mean and a deviation of many speakers, as Matcha's, on mels of one sentence."""
    spec = Mel.preset(model)
    unit = 1 if spec.log == "ln" else 2.3026
    for mel in mels(model):
        found = suspicious((mel * unit + 5.53) / 2.12, spec)
        assert "normalised" in (found or "")


@pytest.mark.parametrize(("change", "said"), [
    (standardized, "normalised mels"),
    (lambda mel: mel.exp(), "linear magnitudes"),
    (lambda mel: 8.6859 * mel, "decibels"),
    (lambda mel: mel + 10.397, "integers"),
    (lambda mel: mel / 2.3026, "log10 mels"),
])  # fmt: skip
@pytest.mark.parametrize("model", NATURAL)
def test_other_habits_are_named(change, said, model):
    for mel in mels(model):
        found = suspicious(change(mel), Mel.preset(model))
        assert found is not None
        assert said in found


def test_the_floor_of_another_front_end_is_recognised():
    sound = torch.cat([wave(SPEECH / "arctic_a0114.flac", 24000), torch.zeros(12000)])
    found = suspicious(front_end("f5-vocos-24k")(sound), Mel.preset("vocos-24k"))
    assert found is not None
    assert "another floor or base of the logarithm (ln, floor 1e-05)" in found


def test_the_message_has_both_ranges_and_what_to_do():
    found = suspicious(mels("melgan-22k")[1], Mel())
    assert found is not None
    assert found.startswith("mel values span -")
    assert "this model's front-end (ln, floor 1e-05) gives -11.51 to at most 2.62" in found
    assert found.endswith(
        "it looks like log10 mels: convert with Mel.convert, or see `wavegan doctor mel`"
    )


def test_batches_half_precision_and_long_mels():
    mel = mels("melgan-22k")[0]
    assert "log10" in (suspicious(mel.expand(3, 1, -1, -1), Mel()) or "")
    assert "log10" in (suspicious(mel.bfloat16(), Mel()) or "")
    assert "log10" in (suspicious(mel.repeat(1, 30), Mel()) or "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert suspicious(mels("hifigan-22k")[0].repeat(1, 30).requires_grad_(), Mel()) is None


@pytest.mark.parametrize("name", Mel.preset_names())
def test_limits_hold_for_full_scale(name):
    """A chirp and noise at full scale come near the bounds and stay below."""
    spec = Mel.preset(name)
    time = torch.arange(60000) / spec.sample_rate
    chirp = torch.sin(2 * torch.pi * spec.sample_rate / 2 * time**2 / 2 / time[-1])
    made = front_end(name)(torch.cat([chirp, torch.randn(9000).sign(), torch.zeros(9000)]))
    bounds = limits(spec)
    assert (made <= bounds.high + 1e-4).all()
    last = made[:, :-1] if spec.mask_last is not None else made
    assert (last >= bounds.low - 1e-4).all()
    unit = replace(spec, clip=None)
    if unit == spec and spec.mean is None:
        assert float((bounds.high - made.amax(1, keepdim=True)).median()) < 1.5
