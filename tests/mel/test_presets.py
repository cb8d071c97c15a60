"""The named front-ends: the projects' own numbers, then their published formulas."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray

from wavegan.mel.front_end import Mel
from wavegan.mel.presets import PRESETS
from wavegan.mel.spectrogram import MelSpectrogram

Array = NDArray[np.float64]


# --- What the projects' own code computed -------------------------------------------------------


def _of_hifigan(folder: Path) -> Mel:
    c = json.loads((folder / "config.json").read_text())
    return Mel(
        sample_rate=c["sampling_rate"],
        n_fft=c["n_fft"],
        hop_length=c["hop_size"],
        win_length=c["win_size"],
        n_mels=c["num_mels"],
        f_min=c["fmin"],
        f_max=c["fmax"],
    )


def _of_pwg(folder: Path) -> Mel:
    c = yaml.safe_load((folder / "config.yml").read_text())
    return Mel(
        sample_rate=c["sampling_rate"],
        n_fft=c["fft_size"],
        hop_length=c["hop_size"],
        win_length=c["win_length"] or c["fft_size"],
        n_mels=c["num_mels"],
        f_min=c["fmin"],
        f_max=c["fmax"],
        magnitude_eps=0,
        log="log10",
        floor=1e-10,
        padding="center",
    )


def _of_descript(folder: Path) -> Mel:
    lines = (folder / "args.yml").read_text().splitlines()[1:]
    n_mels = yaml.safe_load("\n".join(lines))["n_mel_channels"]
    return dataclasses.replace(Mel.preset("melgan-22k"), n_mels=n_mels)


def _golden_mel(folder: Path) -> Mel:
    if (folder / "config.json").exists():
        return _of_hifigan(folder)
    return _of_pwg(folder) if (folder / "config.yml").exists() else _of_descript(folder)


GOLDEN = [
    "bigvgan-v1-small", "bigvgan-v2-small", "descript-melgan",
    "jik876-v1-small", "jik876-v2", "jik876-v3",
    "pwg-hifigan", "pwg-mb-melgan", "pwg-melgan", "pwg-parallel-wavegan", "pwg-style-melgan",
]  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_reproduces_the_projects_own_mel(golden: Any, name: str) -> None:
    folder, expected = golden(name)
    made = MelSpectrogram(_golden_mel(folder))(expected["source_wave"])
    assert made.shape == expected["source_mel"].shape
    assert (made - expected["source_mel"]).abs().max() < 1e-4


def test_reproduces_vocos_mel_where_float32_can(shared: Path) -> None:
    """That wave is band-limited at 11 kHz: the bands above hold float32's own rounding.

    There the project's numbers are 0.85 from what float64 gives, so no float32 code can meet
    them but by luck; the linear error shows that it is rounding.
    """
    folder = shared / "golden" / "vocos-small"
    init = yaml.safe_load((folder / "config.yaml").read_text())["feature_extractor"]["init_args"]
    mel = dataclasses.replace(Mel.preset("vocos-24k"), **init)
    expected = np.load(folder / "expected.npz")
    theirs = expected["source_mel"]
    ours = MelSpectrogram(mel)(torch.from_numpy(expected["source_wave"])).numpy()
    assert ours.shape == theirs.shape
    occupied = theirs > -5
    assert occupied.mean() > 0.8
    assert np.abs(ours - theirs)[occupied].max() < 1e-4
    assert np.abs(ours - theirs)[:87].max() < 1e-4
    assert (np.abs(np.exp(ours) - np.exp(theirs)) < 1e-5 + 1e-4 * np.exp(theirs)).all()


def test_every_golden_front_end_is_covered(shared: Path) -> None:
    with_mel = {
        file.parent.name
        for file in (shared / "golden").glob("*/expected.npz")
        if "source_mel" in np.load(file)
    }
    assert with_mel == {*GOLDEN, "vocos-small"}


def test_statistics_normalize_as_the_project_does(shared: Path) -> None:
    folder = shared / "golden" / "pwg-hifigan"
    expected, stats = np.load(folder / "expected.npz"), np.load(folder / "stats.npy")
    mel = dataclasses.replace(_of_pwg(folder), mean=stats[0], scale=stats[1])
    front_end = MelSpectrogram(mel)
    raw = torch.from_numpy(expected["mel"])
    normalized = front_end.normalize(raw)
    assert np.abs(normalized.numpy() - expected["normalized_mel"]).max() < 1e-5
    wave = torch.from_numpy(expected["source_wave"])
    assert torch.equal(front_end(wave), front_end.normalize(front_end.log_mel(wave)))


# --- The presets against the published formulas, written with librosa ---------------------------

LN5, SAME, CENTER = ("ln", 1e-5), "same", "center"
# name: rate, n_fft, hop, win, bands, low, high, HTK without norm, eps, logarithm, framing
PUBLISHED = {
    "hifigan-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 1e-9, LN5, SAME),
    "bigvgan-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 1e-9, LN5, SAME),
    "bigvgan-24k": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "bigvgan-44k-256x": (44100, 1024, 256, 1024, 128, 0, 22050, False, 1e-9, LN5, SAME),
    "bigvgan-44k-512x": (44100, 2048, 512, 2048, 128, 0, 22050, False, 1e-9, LN5, SAME),
    "melgan-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 0, ("log10", 1e-5), SAME),
    "vocos-24k": (24000, 1024, 256, 1024, 100, 0, 12000, True, 0, ("ln", 1e-7), CENTER),
    "f5-vocos-24k": (24000, 1024, 256, 1024, 100, 0, 12000, True, 0, LN5, CENTER),
    "speechbrain-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 0, LN5, CENTER),
    "espnet-22k": (22050, 1024, 256, 1024, 80, 80, 7600, False, "max", ("log10", 1e-10), CENTER),
    "espnet-24k": (24000, 2048, 300, 1200, 80, 80, 7600, False, "max", ("log10", 1e-10), CENTER),
    "pwg-22k": (22050, 1024, 256, 1024, 80, 80, 7600, False, 0, ("log10", 1e-10), CENTER),
    "speecht5-16k": (16000, 1024, 256, 1024, 80, 80, 7600, False, 0, ("log10", 1e-10), CENTER),
    "univnet-24k": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "nemo-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 0, LN5, "same-zero"),
    "cosyvoice2-24k": (24000, 1920, 480, 1920, 80, 0, 8000, False, 1e-9, LN5, SAME),
    "cosyvoice3-24k": (24000, 1920, 480, 1920, 80, 0, 12000, False, 1e-9, LN5, SAME),
    "gpt-sovits-v3": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "gpt-sovits-v4": (32000, 1280, 320, 1280, 100, 0, 16000, False, 1e-9, LN5, SAME),
    "fish-44k": (44100, 2048, 512, 2048, 128, 0, 22050, False, 1e-6, LN5, SAME),
    "styletts2-24k": (24000, 2048, 300, 1200, 80, 0, 8000, True, 0, LN5, CENTER),
    "coqui-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 0, ("db", 1e-8), CENTER),
}


def _signal(rate: int) -> NDArray[np.float32]:
    """1.03 s of chirp and noise after a near-silent head."""
    samples = int(1.03 * rate)
    time = np.arange(samples) / rate
    chirp = 0.5 * np.sin(2 * np.pi * (60 * time + 0.4 * rate / 2 * time**2))
    noise = np.random.default_rng(0).standard_normal(samples)
    loud = np.clip((time - 0.15) * 20, 1e-4, 1)
    return np.asarray((chirp + 0.05 * noise) * loud, np.float32)


def _spectrum(wave: Array, n_fft: int, hop: int, win: int, framing: str) -> Array:
    import librosa
    from scipy.signal import get_window

    if framing == "center":
        return np.asarray(np.abs(librosa.stft(
            wave, n_fft=n_fft, hop_length=hop, win_length=win, center=True, pad_mode="reflect"
        )))  # fmt: skip
    total = n_fft - hop
    mode = "constant" if framing == "same-zero" else "reflect"
    padded = np.pad(wave, (total // 2, total - total // 2), mode=mode)
    window = get_window("hann", win, fftbins=framing != "same-zero")
    return np.asarray(np.abs(librosa.stft(
        padded, n_fft=n_fft, hop_length=hop, win_length=win, window=window, center=False
    )))  # fmt: skip


def _published(name: str, wave: NDArray[np.float32]) -> Array:
    import librosa

    rate, n_fft, hop, win, bands, low, high, htk, eps, (log, floor), framing = PUBLISHED[name]
    size = _spectrum(wave.astype(np.float64), n_fft, hop, win, framing)
    bank = librosa.filters.mel(
        sr=16000 if name == "styletts2-24k" else rate, n_fft=n_fft, n_mels=bands, fmin=low,
        fmax=high, htk=htk, norm=None if htk else "slaney", dtype=np.float64,
    )  # fmt: skip
    if name == "styletts2-24k":
        return np.asarray((np.log(1e-5 + bank @ size**2) + 4) / 4)
    energy = np.maximum(size**2, 1e-10) if eps == "max" else size**2 + float(eps)
    mel = np.maximum(bank @ np.sqrt(energy), floor)
    if name == "univnet-24k":
        return np.asarray(2 * (np.log(mel) + 11.512925148) / (2.314338684 + 11.512925148) - 1)
    if name == "coqui-22k":
        return np.asarray(np.clip(8 * (20 * np.log10(mel) - 20 + 100) / 100 - 4, -4, 4))
    result = np.log(mel) if log == "ln" else np.log10(mel)
    if name == "nemo-22k":
        result[:, -1] = -11.52
    return np.asarray(result)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_preset_equals_the_published_formula(name: str) -> None:
    wave = _signal(PUBLISHED[name][0])
    expected = _published(name, wave)
    made = MelSpectrogram(Mel.preset(name))(torch.from_numpy(wave)).numpy()
    assert made.shape == expected.shape
    assert np.abs(made - expected).max() < 1e-4


def test_every_preset_has_a_formula_and_is_what_its_name_says() -> None:
    assert Mel.preset_names() == sorted(PUBLISHED) == sorted(PRESETS)
    for name, (rate, *_) in PUBLISHED.items():
        assert Mel.preset(name).sample_rate == rate
    assert Mel.preset("gpt-sovits-v4").samples_per_frame == 480
    assert Mel.preset("gpt-sovits-v4").audio_rate == 48000
    assert Mel.preset("espnet-22k").layout == "frames_first"


@pytest.mark.parametrize("name", PRESETS)
def test_denormal_silence_is_the_floor_too(
    name: str, silences: Callable[..., dict[str, torch.Tensor]]
) -> None:
    spectrogram = MelSpectrogram(Mel.preset(name))
    kinds = silences(1, 9000)
    floor = spectrogram(kinds["zeros"])
    for kind, silence in kinds.items():
        heard = silence.clone().requires_grad_()
        mel = spectrogram(heard)
        mel.sum().backward()
        assert heard.grad is not None
        assert heard.grad.isfinite().all(), kind
        if kind not in ("tiny offset", "inaudible noise"):  # some floors are lower than that
            torch.testing.assert_close(mel.detach(), floor, atol=0.02, rtol=0)


def test_silence_is_each_front_end_s_floor() -> None:
    silence = torch.zeros(24000)
    for name, floor in (("vocos-24k", -16.118), ("f5-vocos-24k", -11.513), ("pwg-22k", -10.0)):
        assert MelSpectrogram(Mel.preset(name))(silence).unique().item() == pytest.approx(
            floor, abs=1e-3
        )
    assert MelSpectrogram(Mel.preset("coqui-22k"))(silence).unique().item() == -4
