"""Which mel belongs to which audio, and the messages about those that do not fit."""

import ast
import re
import threading
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.data.manifest import Manifest
from wavegan.data.mels import Mels, pair
from wavegan.data.scan import scan
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

MEL = Mel(sample_rate=16000, n_fft=256, hop_length=64, win_length=256, n_mels=8, f_max=8000)
CENTRED = replace(MEL, padding="center")
FRAMES = 40


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    return tmp_path / "audio"


@pytest.fixture
def mels(tmp_path: Path) -> Path:
    (tmp_path / "mels").mkdir()
    return tmp_path / "mels"


def sound(folder: Path, *paths: str, samples: int = FRAMES * 64, rate: int = 16000) -> Manifest:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(len(path)).uniform(-0.5, 0.5, samples)
        soundfile.write(folder / path, noise.astype(np.float32), rate)
    return scan(folder)


def save(folder: Path, path: str, shape: Sequence[int] = (8, FRAMES), value: float = 0.5) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    array = np.full(shape, value, dtype=np.float32)
    if file.suffix in (".pt", ".pth"):
        torch.save({"mel": torch.from_numpy(array)}, file)
    elif file.suffix == ".npz":
        np.savez(file, mel=array)
    else:
        with file.open("wb") as stream:
            np.save(stream, array)


def partners(paired: Mels) -> dict[str, str]:
    return {path: mel.path for path, mel in paired.of.items()}


def test_a_mel_has_the_path_of_its_audio_but_for_the_suffix(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "a.wav", "x/b.flac", "x/c.1.wav", "y/c.1.wav", "d.wav")
    for path in ("a.npy", "x/b.npz", "x/c.1.pt", "y/c.1.NPY", "d.pth", ".hidden.npy"):
        save(mels, path)
    found, paired = pair(manifest, mels, MEL)
    assert found == manifest
    assert partners(paired) == {
        "a.wav": "a.npy",
        "x/b.flac": "x/b.npz",
        "x/c.1.wav": "x/c.1.pt",
        "y/c.1.wav": "y/c.1.NPY",
        "d.wav": "d.pth",
    }
    assert paired.orphans == ()
    assert paired.uneven == 0


def test_what_is_left_is_paired_by_name_alone(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "speaker/wavs/a.wav", "b.wav", "speaker/c.wav")
    for path in ("a.npy", "deep/down/b.npy", "speaker/c.npy"):
        save(mels, path)
    assert partners(pair(manifest, mels, MEL)[1]) == {
        "speaker/wavs/a.wav": "a.npy",
        "b.wav": "deep/down/b.npy",
        "speaker/c.wav": "speaker/c.npy",
    }


def test_a_mel_that_has_its_audio_is_not_given_to_a_namesake(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "x/a.wav", "y/a.wav")
    save(mels, "x/a.npy")
    found, paired = pair(manifest, mels, MEL)
    assert partners(paired) == {"x/a.wav": "x/a.npy"}
    assert [(file.path, file.reason) for file in found.rejected] == [("y/a.wav", "it has no mel")]


def test_mels_next_to_the_audio_and_names_as_macos_writes_them(audio: Path) -> None:
    composed = unicodedata.normalize("NFC", "é.wav")
    manifest = sound(audio, composed, "b.wav")
    save(audio, unicodedata.normalize("NFD", "é.npy"))
    save(audio, "b.npy")
    assert len(pair(manifest, audio, MEL)[1].of) == 2


@pytest.mark.parametrize(
    ("sounds", "files", "message"),
    [
        (["a.wav"], ["a.npy", "a.pt"], r"a\.npy and a\.pt both match a\.wav"),
        (["a.wav"], ["x/a.npy", "y/a.npy"], r"x/a\.npy and y/a\.npy both match a\.wav"),
        (["x/a.wav", "y/a.wav"], ["a.npy"], r"x/a\.wav and y/a\.wav both match a\.npy"),
        (["a.flac", "a.wav"], ["a.npy"], r"a\.flac and a\.wav both match a\.npy"),
    ],
)
def test_two_that_claim_one_are_both_named(
    audio: Path, mels: Path, sounds: list[str], files: list[str], message: str
) -> None:
    manifest = sound(audio, *sounds, "other.wav")
    for file in (*files, "other.npy"):
        save(mels, file)
    with pytest.raises(UserError, match=f"data.mels: {message}: give each mel the path"):
        pair(manifest, mels, MEL)


def test_namesakes_without_a_mel_claim_nothing(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "x/a.wav", "y/a.wav", "b.wav")
    for file in ("b.npy", "x/z.npy", "y/z.npy"):
        save(mels, file)
    found, paired = pair(manifest, mels, MEL)
    assert partners(paired) == {"b.wav": "b.npy"}
    assert len(found.rejected) == 2
    assert paired.orphans == ("x/z.npy", "y/z.npy")


def test_every_mismatch_is_named_with_its_numbers_and_the_rest_is_kept(
    audio: Path, mels: Path
) -> None:
    names = ["bands", "cut", "good", "infinite", "long", "none", "text", "turned"]
    manifest = sound(audio, *(f"{name}.wav" for name in names))
    save(mels, "good.npy")
    save(mels, "turned.npy", (FRAMES, 8))
    save(mels, "bands.npy", (100, FRAMES))
    save(mels, "infinite.npy", value=np.inf)
    save(mels, "long.npz", (8, 55))
    save(mels, "cut.npy")
    (mels / "cut.npy").write_bytes((mels / "cut.npy").read_bytes()[:-9])
    (mels / "text.pt").write_text("no mel")
    found, paired = pair(manifest, mels, MEL)
    assert [clip.path for clip in found.clips] == ["good.wav", "turned.wav"] == list(paired.of)
    reasons = {file.path.removesuffix(".wav"): file.reason for file in found.rejected}
    assert list(reasons) == ["bands", "cut", "infinite", "long", "none", "text"]
    shape = r"its mel bands\.npy: .*\(100, 40\).*\(8, frames\)"
    assert re.fullmatch(shape, reasons["bands"])
    assert reasons["none"] == "it has no mel"
    assert reasons["infinite"] == "its mel infinite.npy: 320 values are NaN or infinite"
    assert reasons["long"].startswith(
        "its mel long.npz has 55 frames, expected 40 for 2560 samples"
    )
    assert reasons["cut"].startswith("its mel cut.npy: not a readable array file")
    assert reasons["text"].startswith("its mel text.pt: not a readable array file")


@pytest.mark.parametrize(("mel", "expected"), [(MEL, 40), (CENTRED, 41)])
@pytest.mark.parametrize("off", [-2, -1, 0, 1, 2])
def test_one_frame_more_or_fewer_is_tolerated_and_the_longer_cut(
    audio: Path, mels: Path, mel: Mel, expected: int, off: int
) -> None:
    manifest = sound(audio, "a.wav", "b.wav", samples=40 * 64 + 30)
    save(mels, "a.npy", (8, expected))
    save(mels, "b.npy", (8, expected + off))
    found, paired = pair(manifest, mels, mel)
    if abs(off) > 1:
        assert [file.path for file in found.rejected] == ["b.wav"]
        assert f"has {expected + off} frames, expected {expected}" in found.rejected[0].reason
        return
    assert paired.of["b.wav"].frames == expected + min(0, off)
    assert paired.uneven == abs(off)
    assert paired.first("b.wav", 40 * 64 + 30).shape == (8, expected + min(0, off))
    assert paired.first("b.wav", 640).shape == (8, mel.frames(640))


def test_a_mel_without_frames_is_refused(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "a.wav", "b.wav", samples=300)
    save(mels, "a.npy", (8, 0))
    save(mels, "b.npy", (8, 4))
    found, _ = pair(manifest, mels, MEL)
    assert [clip.path for clip in found.clips] == ["b.wav"]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_frames_are_counted_at_the_rate_of_the_model(audio: Path, mels: Path, rate: int) -> None:
    manifest = sound(audio, "a.wav", samples=rate, rate=rate)
    save(mels, "a.npy", (8, 16000 // 64))
    assert pair(manifest, mels, MEL)[1].uneven == 0


def test_a_square_is_turned_as_the_front_end_says(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "a.wav", samples=8 * 64)
    square = np.arange(64, dtype=np.float32).reshape(8, 8)
    np.save(mels / "a.npy", square)
    for layout, expected in (("frames_last", square), ("frames_first", square.T)):
        _, paired = pair(manifest, mels, replace(MEL, layout=layout))
        assert torch.equal(paired.first("a.wav", 512), torch.from_numpy(expected.copy()))


def test_the_mel_of_audio_that_is_not_usable_is_no_orphan(audio: Path, mels: Path) -> None:
    sound(audio, "a.wav")
    soundfile.write(audio / "silent.wav", np.zeros(4000), 16000)
    for file in ("a.npy", "silent.npy", "z.npy", "y.pt"):
        save(mels, file)
    found, paired = pair(scan(audio), mels, MEL)
    assert paired.orphans == ("y.pt", "z.npy")
    assert [file.path for file in found.rejected] == ["silent.wav"]
    assert found.rejected[0].reason.startswith("silent")


def test_nothing_that_fits_is_an_error_that_gives_reasons(audio: Path, mels: Path) -> None:
    manifest = sound(audio, *(f"{name}.wav" for name in "abcdf"))
    save(mels, "d.npy", (8, 20))
    save(mels, "f.npy", (80, FRAMES))
    with pytest.raises(UserError) as refusal:
        pair(manifest, mels, MEL)
    text = str(refusal.value)
    assert text.startswith(f"data.mels {mels}: none of the 5 audio files has a mel that fits: ")
    assert "d.wav: its mel d.npy has 20 frames, expected 40" in text
    assert "f.wav: its mel f.npy: it holds an array of shape (80, 40)" in text
    assert "a.wav: it has no mel" in text
    assert "\n" not in text


def test_a_folder_that_is_none_is_refused(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "a.wav")
    with pytest.raises(UserError, match=r"data\.mels .*gone: it does not exist"):
        pair(manifest, mels / "gone", MEL)
    with pytest.raises(UserError, match=r"data\.mels .*a\.wav: it is a file: give a folder"):
        pair(manifest, audio / "a.wav", MEL)
    with pytest.raises(UserError, match=r"mels: it has no \.npy, \.npz, \.pt, \.pth files"):
        pair(manifest, mels, MEL)


def test_links_are_followed_each_folder_once(audio: Path, mels: Path, tmp_path: Path) -> None:
    manifest = sound(audio, "x/a.wav", "b.wav")
    save(tmp_path / "elsewhere", "a.npy")
    save(mels, "b.npy")
    (mels / "x").symlink_to(tmp_path / "elsewhere")
    (mels / "loop").symlink_to(mels)
    assert partners(pair(manifest, mels, MEL)[1]) == {"x/a.wav": "x/a.npy", "b.wav": "b.npy"}


def test_audio_over_full_scale_is_pointed_out(audio: Path, mels: Path) -> None:
    audio.mkdir()
    for name, level in (("loud", 1.5), ("right", 1.0)):
        wave = np.sin(np.arange(FRAMES * 64) / 5) * level
        soundfile.write(audio / f"{name}.wav", wave.astype(np.float32), 16000, "FLOAT")
        save(mels, f"{name}.npy")
    found, _ = pair(scan(audio), mels, MEL)
    ((path, reason),) = [(notice.path, notice.reason) for notice in found.notices]
    assert path == "loud.wav"
    assert reason == "above full scale and scaled down to it, but its mel is not (peak 1.5)"


def test_silence_is_what_the_front_end_makes_of_it(audio: Path, mels: Path) -> None:
    manifest = sound(audio, "a.wav")
    save(mels, "a.npy")
    assert torch.allclose(pair(manifest, mels, MEL)[1].silence, torch.full((8, 1), np.log(1e-5)))
    scaled = replace(MEL, mean=-5.0, scale=(1.0, 2, 3, 4, 5, 6, 7, 8), mask_last=99.0)
    silence = pair(manifest, mels, scaled)[1].silence
    expected = (np.log(1e-5) + 5) / torch.arange(1.0, 9)[:, None]
    assert torch.allclose(silence, expected)
    made = MelSpectrogram(scaled)(torch.zeros(4000))
    assert torch.equal(made[:, 20:21], silence)


@pytest.mark.parametrize("harm", ["shorter", "nan", "gone"])
def test_a_mel_that_changed_since_is_refused_by_name(audio: Path, mels: Path, harm: str) -> None:
    manifest = sound(audio, "a.wav")
    save(mels, "a.npy")
    _, paired = pair(manifest, mels, MEL)
    (mels / "a.npy").unlink()
    if harm != "gone":
        save(mels, "a.npy", (8, 12 if harm == "shorter" else FRAMES), value=np.nan)
    with pytest.raises(UserError, match=r"a\.npy: (this mel has changed|no such file)"):
        paired.crop("a.wav", 1280, 0.5)


def test_headers_are_parsed_one_at_a_time(
    audio: Path, mels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parallel `ast` fails sometimes: python/cpython#106905."""
    manifest = sound(audio, *(f"{number}.wav" for number in range(16)))
    for number in range(16):
        save(mels, f"{number}.{'npz' if number % 2 else 'npy'}")
    parse, inside, threads, most = ast.literal_eval, 0, set[int](), 0

    def counted(text: str) -> object:
        nonlocal inside, most
        threads.add(threading.get_ident())
        inside += 1
        most = max(most, inside)
        time.sleep(0.002)
        inside -= 1
        return parse(text)

    monkeypatch.setattr(ast, "literal_eval", counted)
    pair(manifest, mels, MEL)
    assert len(threads) > 1
    assert most == 1
