"""Crops with the mel of a TTS model: audio and mel cover the same time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.data.clips import whole
from wavegan.data.loader import training_loader
from wavegan.data.mels import pair
from wavegan.data.scan import scan
from wavegan.data.segments import Segments
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

HOP, SEGMENT = 64, 1280
MEL = Mel(sample_rate=16000, n_fft=256, hop_length=HOP, win_length=256, n_mels=8, f_max=8000)
FRONT_ENDS = {
    "same": MEL,
    "center": replace(MEL, padding="center"),
    "scaled": replace(MEL, hop_length=80, n_fft=320, win_length=300, mean=-5.0, scale=2.0),
    "masked": replace(MEL, pad_mode="zero", periodic=False, mask_last=-11.52),
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


def made(root: Path, lengths: dict[str, int], mel: Mel, rate: int = 16000, **off: int) -> Segments:
    """Noise of those lengths (at the mel's rate) with its mels."""
    (root / "audio").mkdir(parents=True)
    (root / "mels").mkdir()
    for seed, (name, length) in enumerate(lengths.items()):
        samples = length * rate // mel.sample_rate
        noise = 0.3 * np.random.default_rng(seed).standard_normal(samples)
        soundfile.write(root / "audio" / f"{name}.wav", noise.clip(-0.9, 0.9), rate, "FLOAT")
    manifest = scan(root / "audio")
    for clip in manifest.clips:
        made = MelSpectrogram(mel)(whole(clip, manifest.root, mel.sample_rate))[0].numpy()
        change = off.get(clip.path[0], 0)
        longer = np.pad(made, ((0, 0), (0, max(0, change))), constant_values=77)
        kept = longer if change >= 0 else longer[:, :change]
        np.save(root / "mels" / f"{clip.path.removesuffix('.wav')}.npy", kept)
    manifest, mels = pair(manifest, root / "mels", mel)
    segment = 20 * mel.hop_length
    return Segments(
        manifest.clips, manifest.root, sample_rate=mel.sample_rate, segment=segment, mels=mels
    )


@pytest.mark.parametrize("kind", FRONT_ENDS)
@pytest.mark.parametrize("rate", [16000, 22050])
def test_the_mel_of_a_crop_is_that_of_its_audio(tmp_path: Path, kind: str, rate: int) -> None:
    """Except at the edges, where the front-end of the crop sees padding instead of audio."""
    mel = FRONT_ENDS[kind]
    data = made(tmp_path, {"a": 9000, "b": 5000}, mel, rate)
    edge = mel.n_fft // mel.hop_length
    for number in range(12):
        item = data[number]
        assert item.audio.shape == (1, data.segment)
        assert item.conditions["mel"].shape == (8, mel.frames(data.segment))
        own = MelSpectrogram(mel)(item.audio[0])
        inside = slice(edge, own.shape[-1] - edge)
        tolerance = 1e-5 if rate == 16000 else 0.02
        torch.testing.assert_close(
            item.conditions["mel"][:, inside], own[:, inside], atol=tolerance, rtol=0
        )
        shifted = own.roll(1, dims=-1)
        assert (item.conditions["mel"] - shifted)[:, inside].abs().max() > 0.1


@pytest.mark.parametrize("kind", ["same", "center"])
def test_crops_begin_on_any_frame_the_first_and_the_last_too(tmp_path: Path, kind: str) -> None:
    data = made(tmp_path, {"a": SEGMENT + 5 * HOP + 17}, FRONT_ENDS[kind])
    audio = whole(data.clips[0], data.root, 16000)
    heard = set()
    for number in range(60):
        item = data[number]
        (start,) = (
            f * HOP for f in range(6) if torch.equal(item.audio, audio[:, f * HOP :][:, :SEGMENT])
        )
        heard.add(start // HOP)
    assert heard == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("kind", ["same", "center"])
@pytest.mark.parametrize("off", [-1, 1])
def test_no_crop_goes_past_the_end_of_the_shorter(tmp_path: Path, kind: str, off: int) -> None:
    """Frames beyond the audio are 77 and never appear; nor does audio without a frame."""
    data = made(tmp_path, {"a": SEGMENT + 3 * HOP}, FRONT_ENDS[kind], a=off)
    assert data.mels is not None
    frames = {data[number].conditions["mel"] for number in range(40)}
    assert all(mel is not None and mel.max() < 70 for mel in frames)
    silence = data.mels.silence
    assert all(mel is not None and (mel[:, -1:] != silence).any() for mel in frames)
    last = whole(data.clips[0], data.root, 16000)[0, -1]
    assert any(data[n].audio[0, -1] == last for n in range(40)) is (off == 1)


@pytest.mark.parametrize("kind", ["same", "center"])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clip_of_exactly_one_segment_has_one_crop(tmp_path: Path, kind: str, off: int) -> None:
    mel = FRONT_ENDS[kind]
    data = made(tmp_path, {"a": SEGMENT}, mel, a=off)
    assert data.mels is not None
    frames = mel.frames(SEGMENT)
    stored = MelSpectrogram(mel)(whole(data.clips[0], data.root, 16000))[0]
    for number in range(5):
        item = data[number]
        assert item.conditions["mel"].shape == (8, frames)
        kept = frames + min(0, off)
        torch.testing.assert_close(item.conditions["mel"][:, :kept], stored[:, :kept])
        assert torch.equal(
            item.conditions["mel"][:, kept:], data.mels.silence.expand(-1, frames - kept)
        )
        with_sound = min(SEGMENT, kept * HOP)
        assert item.audio[0, :with_sound].count_nonzero() == with_sound
        assert not item.audio[0, with_sound:].any()


@pytest.mark.parametrize("kind", FRONT_ENDS)
@pytest.mark.parametrize("length", [1279, 1000, 500, 300])
def test_a_short_clip_ends_in_zeros_and_its_mel_in_silence(
    tmp_path: Path, kind: str, length: int
) -> None:
    mel = FRONT_ENDS[kind]
    data = made(tmp_path, {"a": length}, mel)
    item = data[3]
    frames = mel.frames(length)
    assert item.conditions["mel"].shape == (8, mel.frames(data.segment))
    sounding = min(length, frames * mel.hop_length)
    assert item.audio[0, :sounding].count_nonzero() == sounding
    assert not item.audio[0, sounding:].any()
    # far from the clip's end the silence is the one that the front-end makes of the zeros
    own = MelSpectrogram(mel)(item.audio[0])
    far = slice(frames + mel.n_fft // mel.hop_length, own.shape[-1] - 1)
    torch.testing.assert_close(item.conditions["mel"][:, far], own[:, far])
    near = slice(0, max(0, frames - mel.n_fft // mel.hop_length - 1))
    torch.testing.assert_close(item.conditions["mel"][:, near], own[:, near], atol=1e-5, rtol=0)


def test_a_crop_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    data = made(tmp_path, {"a": 9000, "b": 1000, "c": 4000}, MEL)
    forward = [data[n] for n in range(30)]
    again = {n: data[n] for n in np.random.default_rng(0).permutation(30).tolist()}
    for number, item in enumerate(forward):
        other = again[number].conditions["mel"]
        assert other is not None
        assert torch.equal(item.audio, again[number].audio)
        assert torch.equal(item.conditions["mel"], other)


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_carry_the_mels_on_from_any_step(tmp_path: Path, workers: int) -> None:
    data = made(tmp_path, {"a": 9000, "b": 1000, "c": 4000}, MEL)
    batches = training_loader(data, batch_size=4, steps=6, start_step=2, num_workers=workers)
    for step, batch in enumerate(batches, start=2):
        assert batch.conditions["mel"].shape == (4, 8, 20)
        for row, number in enumerate(range(4 * step, 4 * step + 4)):
            mel = data[number].conditions["mel"]
            assert torch.equal(batch.conditions["mel"][row], mel)
    moved = batch.to("meta").conditions["mel"]
    assert moved.device.type == "meta"


def test_a_lost_mel_is_replaced_by_the_next_slot_and_named(tmp_path: Path) -> None:
    data = made(tmp_path, {"a": 9000, "b": 4000}, MEL)
    (tmp_path / "mels" / "b.npy").unlink()
    items = [data[number] for number in range(len(data))]
    assert {item.path for item in items} == {"a.wav"}
    failed = {failure.path: failure.reason for item in items for failure in item.failed}
    assert list(failed) == ["b.wav"]
    assert failed["b.wav"].endswith("b.npy: no such file")
