"""Which files of a folder are for training and validation, and what is read."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan import recipe
from wavegan.data.clips import offset, whole
from wavegan.data.scan import scan
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.training import files, files_report


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


def found(small: str, folder: Path, *overrides: str) -> tuple[recipe.Recipe, files.Files]:
    loaded = recipe.load(small, (f"data.folder={folder}", *overrides))
    return loaded, files.find(loaded)


def save(file: Path, seconds: float, rate: int = 22050) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(file.name)).uniform(-0.5, 0.5, round(seconds * rate))
    soundfile.write(file, noise.astype(np.float32), rate, "FLOAT")


@pytest.mark.parametrize("rate", [22050, 48000])
def test_pieces_of_a_stretch_follow_each_other_and_have_their_mels(
    small: str, tmp_path: Path, rate: int
) -> None:
    save(tmp_path / "audio" / "a.wav", 10, rate)
    mel = recipe.load(small).front_end()
    clip, root = scan(tmp_path / "audio").clips[0], tmp_path / "audio"
    everything = whole(clip, root, mel.sample_rate)
    (tmp_path / "mels").mkdir()
    np.save(tmp_path / "mels" / "a.npy", MelSpectrogram(mel)(everything)[0].numpy())
    words = ("data.validation=0.3", "data.validation_seconds=1", "data.peak=null")
    for mels, hop in (("null", 1), (tmp_path / "mels", mel.hop_length)):
        loaded, here = found(small, tmp_path / "audio", *words, f"data.mels={mels}")
        (held,) = here.split.validation
        first = offset(held, mel.sample_rate)
        assert held.seconds == pytest.approx(3)
        parts = files.held_out(loaded, here)
        assert [part.name for part in parts] == ["a", "a", "a"]
        for number, part in enumerate(parts):
            start = -(-(first + number * 22050) // hop) * hop
            expected = everything[:, start : first + (number + 1) * 22050]
            torch.testing.assert_close(part.audio, expected, atol=1e-6, rtol=0)
            if "mel" in part.conditions:
                own = MelSpectrogram(mel)(part.audio)[0]
                assert part.conditions["mel"].shape == own.shape
                torch.testing.assert_close(
                    part.conditions["mel"][:, 4:-4], own[:, 4:-4], atol=0.02, rtol=0
                )


def test_where_nothing_is_held_out_training_files_are_shown(small: str, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        save(tmp_path / name, 0.5)
    words = ("data.validation=0", "training.previews=2")
    loaded, here = found(small, tmp_path, *words)
    assert files.held_out(loaded, here) == []
    assert files.held_out_segments(loaded, here) is None
    assert [part.name for part in files.shown(loaded, here)] == ["a", "b"]
    assert files_report.describe(here, [])["validation_files"] == 0


@pytest.mark.parametrize("silent", [True, False])
def test_a_stretch_of_silence_is_said(small: str, tmp_path: Path, silent: bool) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 10 * 22050).astype(np.float32)
    if silent:
        noise[4 * 22050 : 6 * 22050] *= 1e-3
    soundfile.write(tmp_path / "a.wav", noise, 22050, "FLOAT")
    _, here = found(small, tmp_path)
    assert len(here.split.validation) == 1
    assert any("nearly silent" in note for note in here.notes) == silent


def test_the_gap_is_wider_than_a_mel_window_and_the_filter(small: str, tmp_path: Path) -> None:
    save(tmp_path / "a.wav", 30, 4000)
    mel = recipe.load(small).front_end()
    _, here = found(small, tmp_path)
    before, after = here.split.train
    (held,) = here.split.validation
    needed = mel.n_fft / 2 / mel.sample_rate + 256 / 4000
    assert (held.start - before.frames) / 4000 >= needed
    assert (after.start - held.start - held.frames) / 4000 >= needed
