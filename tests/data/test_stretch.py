"""A held-out stretch: training never uses it, and validation uses all of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.audio.resample import REACH
from wavegan.data.clips import crop, length, offset, whole
from wavegan.data.manifest import Clip, Manifest
from wavegan.data.mels import Mels, pair
from wavegan.data.segments import Segments
from wavegan.data.stretch import cut, part, pieces
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

MEL = Mel(sample_rate=16000, n_fft=256, hop_length=64, win_length=256, n_mels=8, f_max=8000)
SEGMENT, SECONDS = 640, 6
RATES = [16000, 44100, 11025, 22050]


def gap(rate: int) -> float:
    return max(0.1, MEL.n_fft / MEL.sample_rate + REACH / min(rate, MEL.sample_rate))


def recording(folder: Path, rate: int, *, loud_inside: bool) -> tuple[Manifest, list[Clip], Clip]:
    """Noise in the stretch and silence around it, or the reverse."""
    frames = SECONDS * rate
    clip = Clip("a.wav", rate, 1, frames, "", 0.9, 0.9)
    divided = cut(clip, 0.3, gap(rate))
    assert divided is not None
    train, held = divided
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, frames).astype(np.float32)
    inside = np.zeros(frames, bool)
    inside[held.start : held.start + held.frames] = True
    (folder / "audio").mkdir()
    wave = np.where(inside == loud_inside, noise, np.float32(0))
    soundfile.write(folder / "audio" / "a.wav", wave, rate, "FLOAT")
    return Manifest(folder / "audio", (clip,), ()), list(train), held


def mels_of(folder: Path, manifest: Manifest, mel: Mel) -> Mels:
    """The mel of the whole file."""
    (folder / "mels").mkdir()
    audio = whole(manifest.clips[0], manifest.root, mel.sample_rate)
    np.save(folder / "mels" / "a.npy", MelSpectrogram(mel)(audio)[0].numpy())
    return pair(manifest, folder / "mels", mel)[1]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("align", ["random", "start"])
def test_crops_never_touch_it(tmp_path: Path, rate: int, align: str) -> None:
    manifest, train, _ = recording(tmp_path, rate, loud_inside=True)
    options = {"sample_rate": 16000, "segment": SEGMENT, "align": align}
    data = Segments(train, manifest.root, **options)  # type: ignore[arg-type]
    assert all(not data[number].audio.any() for number in range(300))
    whole_file = Segments(manifest.clips, manifest.root, sample_rate=16000, segment=SEGMENT)
    assert any(whole_file[number].audio.any() for number in range(100))


@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize("rate", [16000, 22050])
def test_nor_do_their_mels(tmp_path: Path, rate: int, padding: str) -> None:
    mel = replace(MEL, padding=padding)
    manifest, train, _ = recording(tmp_path, rate, loud_inside=True)
    mels = mels_of(tmp_path, manifest, mel)
    data = Segments(train, manifest.root, sample_rate=16000, segment=SEGMENT, mels=mels)
    for number in range(40):
        item = data[number]
        mel = item.conditions["mel"]
        assert not item.audio.any()
        assert torch.equal(mel, mels.silence.expand_as(mel))
    for clip, place in ((train[0], 0.999999), (train[1], 0.0)):  # the crops nearest to it
        within = offset(clip, 16000), offset(clip, 16000) + length(clip, 16000)
        start, _, nearest = mels.crop("a.wav", SEGMENT, place, within)
        assert within[0] <= start <= within[1] - SEGMENT
        assert torch.equal(nearest, mels.silence.expand_as(nearest))


@pytest.mark.parametrize("rate", RATES)
def test_it_is_heard_whole_and_alone(tmp_path: Path, rate: int) -> None:
    manifest, _, held = recording(tmp_path, rate, loud_inside=True)
    audio = whole(held, manifest.root, 16000)
    everything = whole(manifest.clips[0], manifest.root, 16000)
    first = offset(held, 16000)
    assert audio.shape[-1] == length(held, 16000) == round(0.3 * SECONDS * 16000)
    torch.testing.assert_close(audio, everything[:, first : first + audio.shape[-1]])
    assert audio.square().sum() > 0.99 * everything.square().sum()


def test_the_mel_of_a_part_goes_with_its_audio(tmp_path: Path) -> None:
    """The same frames as in the mel of the whole file, wherever the part begins."""
    manifest, train, _ = recording(tmp_path, 16000, loud_inside=False)
    mels = mels_of(tmp_path, manifest, MEL)
    data = Segments(train[1:], manifest.root, sample_rate=16000, segment=SEGMENT, mels=mels)
    edge = MEL.n_fft // MEL.hop_length
    for number in range(20):
        item = data[number]
        mel = item.conditions["mel"]
        own = MelSpectrogram(MEL)(item.audio[0])
        inside = slice(edge, own.shape[-1] - edge)
        torch.testing.assert_close(mel[:, inside], own[:, inside], atol=1e-4, rtol=0)


def test_a_file_too_short_is_not_cut() -> None:
    clip = Clip("a.wav", 1000, 1, 2190, "", 0.9, 0.9)
    assert cut(clip, 0.05, 0.1) is None
    assert cut(replace(clip, frames=2200), 0.05, 0.1) is not None
    assert cut(replace(clip, frames=20_000), 0.99, 0.1) is None


def test_a_long_stretch_is_dealt_into_equal_pieces() -> None:
    held = Clip("a.wav", 1000, 1, 25_000, "", 0.9, 0.9, start=7)
    parts = pieces(held, 10.0)
    assert [(p.start, p.frames) for p in parts] == [(7, 8333), (8340, 8333), (16673, 8334)]
    assert pieces(replace(held, start=0), 10.0) == [replace(held, start=0)]
    assert pieces(part(held, 0, 9999), 10.0) == [part(held, 0, 9999)]


def test_a_crop_of_a_stretch_ends_with_it(tmp_path: Path) -> None:
    manifest, _, held = recording(tmp_path, 16000, loud_inside=True)
    longer = crop(held, manifest.root, 16000, start=100, frames=10**9)
    assert longer.shape[-1] == held.frames - 100
