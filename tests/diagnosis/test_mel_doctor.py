"""The doctor names the front-end of a mel, or says what it cannot determine."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wavegan.audio import io
from wavegan.audio.resample import resample_array
from wavegan.diagnosis.mel_doctor import diagnose, fit
from wavegan.diagnosis.mel_search import matching
from wavegan.diagnosis.mel_trials import Recording
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

HIFIGAN = Mel()
EQUAL = {
    "bigvgan-24k": {"bigvgan-24k", "gpt-sovits-v3"},
    "gpt-sovits-v3": {"bigvgan-24k", "gpt-sovits-v3"},
}


def made(spec, wave, rate):
    """The mel of a wave, resampled if necessary."""
    return MelSpectrogram(spec)(torch.from_numpy(resample_array(wave, rate, spec.sample_rate)))


@pytest.fixture(scope="module")
def clip(speech):
    """A second and a half of speech, faded to silence so that floors and epsilons show."""
    wave, rate = io.read(speech / "arctic_a0114.flac", frames=33000)
    quiet = np.concatenate([np.ones(25000), np.logspace(0, -6, 5000), np.zeros(3000)])
    return (wave[0] * quiet).astype(np.float32), rate


@pytest.fixture(scope="module")
def other(speech):
    return io.read(speech / "arctic_a0169.flac", frames=33000)[0][0]


# --- Presets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", Mel.preset_names())
def test_every_preset_is_distinguished_from_all_others(name, turned, clip):
    mel = made(Mel.preset(name), *clip)
    found = diagnose(mel.T if turned else mel, *clip)
    assert found.kind == "match"
    assert set(found.matches) == EQUAL.get(name, {name})
    assert found.headline.startswith(" = ".join(found.matches) + ": max difference ")
    assert found.best.layout == ("frames_first" if turned else "frames_last")
    assert found.nearest[0].worst < 1e-4


@pytest.mark.parametrize(
    "name", ["bigvgan-44k-256x", "bigvgan-44k-512x", "fish-44k", "vocos-24k", "gpt-sovits-v4"]
)
def test_presets_for_music_are_named_from_music(name, shared):
    file = min((shared / "data" / "music").rglob("*.flac"))
    wave, rate = io.read(file)
    wave = wave[0][: 2 * rate]
    assert name in diagnose(made(Mel.preset(name), wave, rate), wave, rate).matches


@pytest.mark.parametrize(("folder", "rate", "name"), [
    ("jik876-v1-small", 22050, "hifigan-22k"),
    ("bigvgan-v2-small", 24000, "bigvgan-24k"),
    ("descript-melgan", 22050, "melgan-22k"),
    ("pwg-melgan", 22050, "pwg-22k"),
    ("vocos-small", 24000, "vocos-24k"),
])  # fmt: skip
def test_what_the_projects_own_code_made_is_named(folder, rate, name, golden):
    _, expected = golden(folder)
    found = diagnose(
        expected["source_mel"].squeeze(), expected["source_wave"].squeeze().numpy(), rate
    )
    assert found.kind == "match"
    assert name in found.matches
    assert not {"hifigan-22k", "f5-vocos-24k"} & set(found.matches) - {name}


def test_what_a_recording_does_not_show_is_said(speech):
    """Without quiet bands an epsilon inside the root makes no difference."""
    wave, rate = io.read(speech / "arctic_a0114.flac", frames=33000)
    found = diagnose(made(Mel.preset("pwg-22k"), wave[0], rate), wave[0], rate)
    assert set(found.matches) == {"pwg-22k", "espnet-22k"}
    assert "they differ in magnitude_floor, which" in found.headline


@pytest.mark.parametrize(
    ("worst", "kept"), [((1e-5, 5e-3), 1), ((1e-5, 1.5e-4), 2), ((0.3, 0.5), 2), ((0.0, 5e-4), 1)]
)
def test_rounding_excuses_no_more_than_the_nearest_needs(worst, kept, clip):
    recording = Recording(made(HIFIGAN, *clip), *clip)
    trials = [recording.trial(name, {}, "frames_last") for name in ("hifigan-22k", "nemo-22k")]
    trials = [replace(t, worst=w, excess=0.0) for t, w in zip(trials, worst, strict=True)]
    assert len(matching(trials, recording)) == kept


def test_other_lengths_layouts_and_precisions(clip):
    mel = made(HIFIGAN, *clip)
    assert diagnose(mel[:, :-1], *clip).matches == ("hifigan-22k",)
    assert "(127 frames instead of 128)" in diagnose(mel[:, :-1], *clip).headline
    assert "hifigan-22k" in diagnose(mel.half(), *clip).matches
    assert "hifigan-22k" in diagnose(mel.bfloat16().float(), *clip).headline


def test_long_recordings_are_cut_but_counted_whole(speech):
    wave = np.concatenate([io.read(f)[0][0] for f in sorted(speech.glob("*.flac"))[:6]])
    mel = made(Mel.preset("vocos-24k"), wave, 22050)
    found = diagnose(mel, wave, 22050)
    assert found.matches == ("vocos-24k",)
    assert found.best.frames == (mel.shape[1], mel.shape[1])


# --- Fields, level, statistics ------------------------------------------------------------------

VOCOS = Mel.preset("vocos-24k")
ALTERED = {
    "magnitude_eps 1e-06 instead of 1e-09": replace(HIFIGAN, magnitude_eps=1e-6),
    "floor 1e-06 instead of 1e-07": replace(VOCOS, floor=1e-6),
    "log log10 instead of ln": replace(HIFIGAN, log="log10"),
    "mel_scale htk instead of slaney, mel_norm none instead of slaney":
        replace(HIFIGAN, mel_scale="htk", mel_norm=None),
    "f_max 7600 instead of 8000": replace(HIFIGAN, f_max=7600),
    "power 2 instead of 1": replace(VOCOS, power=2),
    "win_length 800 instead of 1024": replace(HIFIGAN, win_length=800),
    "n_mels 64 instead of 80": replace(HIFIGAN, n_mels=64),
    "hop_length 200 instead of 256": replace(HIFIGAN, hop_length=200),
    "sample_rate 16000 instead of 22050": replace(HIFIGAN, sample_rate=16000),
    "floor_mode add instead of clamp": replace(HIFIGAN, floor_mode="add"),
    "pad_mode zero instead of reflect": replace(HIFIGAN, pad_mode="zero"),
    "f_max 7600 instead of 8000, magnitude_eps 1e-06 instead of 1e-09":
        replace(HIFIGAN, f_max=7600, magnitude_eps=1e-6),
}  # fmt: skip


@pytest.mark.parametrize("words", ALTERED)
def test_an_altered_field_is_named(words, clip):
    spec = ALTERED[words]
    found = diagnose(made(spec, *clip), *clip)
    assert found.kind == "differs"
    assert found.matches == ()
    assert found.best.spec == spec
    assert all(word in found.headline for word in words.split(", "))
    assert len(found.best.changes) == words.count(" instead of ")


def test_another_level_is_named_with_its_peak(clip):
    wave, rate = clip
    loud = made(HIFIGAN, wave * (0.95 / np.abs(wave).max()), rate)
    found = diagnose(loud, wave, rate)
    assert found.kind == "level"
    assert "hifigan-22k with audio" in found.headline
    assert "(a peak of 0.95)" in found.headline
    integers = diagnose(made(HIFIGAN, wave * 32768, rate), wave, rate)
    assert "hifigan-22k with audio as 16-bit integers" in integers.headline


def test_statistics_are_found(clip):
    wave, rate = clip
    mel = made(Mel.preset("espnet-24k"), *clip)
    mean, scale = mel.mean(1, keepdim=True), mel.std(1, keepdim=True)
    found = diagnose((mel - mean) / scale, wave, rate)
    assert found.kind == "statistics"
    assert "espnet-24k with statistics applied" in found.headline
    assert "by band" in found.headline
    means, scales = np.array(found.best.statistics).T
    assert np.abs(means - mean[:, 0].numpy()).max() < 1e-3
    assert np.abs(scales - scale[:, 0].numpy()).max() < 1e-3
    one = diagnose((made(Mel.preset("bigvgan-24k"), *clip) + 5) / 7, wave, rate)
    assert "bigvgan-24k with statistics applied: mean -5, scale 7 matches:" in one.headline


def test_rounded_audio_is_still_recognised(clip):
    wave, rate = clip
    rounded = (np.round(wave * 32767) / 32767).astype(np.float32)
    found = diagnose(made(HIFIGAN, rounded[:25000], rate), wave[:25000], rate)
    assert found.kind in ("close", "match")
    assert "hifigan-22k" in found.matches


# --- Nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [HIFIGAN, VOCOS], ids=["hifigan-22k", "vocos-24k"])
def test_another_recording_is_asked_about(spec, clip, other):
    found = diagnose(made(spec, *clip), other, 22050)
    assert (found.kind, found.matches) == ("none", ())
    assert found.headline.startswith("no preset matches (nearest ")
    assert found.headline.endswith("check that both are of one recording")


def test_shapes_of_no_front_end_are_reported(clip):
    found = diagnose(made(HIFIGAN, *clip)[:, :7], *clip)
    assert found.kind == "none"
    assert "none makes 80 x 7 values of 1.50 s of audio (nearest: " in found.headline
    assert "check that both are of one recording" in found.headline


@pytest.mark.parametrize(
    ("mel", "wave", "message"),
    [
        (torch.zeros(2, 80, 9), np.zeros(9), "mel has shape"),
        (torch.zeros(80, 0), np.zeros(9), "mel has shape"),
        (torch.zeros(80, 9), np.zeros(0), "wave has shape"),
        (torch.zeros(80, 9), np.zeros((1, 9)), "wave has shape"),
        (torch.full((80, 9), torch.nan), np.zeros(2304), "not finite"),
    ],
)
def test_what_is_no_mel_or_no_wave_is_refused(mel, wave, message):
    with pytest.raises(UserError, match=message):
        diagnose(mel, wave.astype(np.float32), 22050)


@pytest.mark.parametrize("mel", [torch.zeros(80, 128), torch.full((80, 128), -11.5129)])
def test_silence_gives_no_errors(mel, clip):
    assert diagnose(mel, *clip).kind == "none"
    diagnose(mel, np.zeros_like(clip[0]), clip[1])


# --- A model ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "own", "fits", "obstacle"),
    [
        ("hifigan-22k", HIFIGAN, True, None),
        ("bigvgan-24k", Mel.preset("univnet-24k"), False, None),
        ("bigvgan-22k", HIFIGAN, False, "f_max is 11025, wanted 8000"),
        ("f5-vocos-24k", VOCOS, False, "floor is 1e-05 (clamp), wanted 1e-07 (clamp)"),
    ],
)
def test_whether_it_fits_a_model(given, own, fits, obstacle, clip):
    mel = made(Mel.preset(given), *clip)
    found = fit(mel, *clip, own, diagnose(mel, *clip))
    assert found.fits is fits
    assert found.obstacles == (() if obstacle is None else (obstacle,))
    if not fits:
        assert (obstacle or "Mel.convert converts it exactly") in found.headline
