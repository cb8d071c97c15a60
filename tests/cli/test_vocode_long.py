"""`wavegan vocode` of long inputs: piece by piece gives the same files as in one piece."""

import io as std_io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import Result
from typer.testing import CliRunner

from wavegan.audio import io
from wavegan.cli import _vocode_one, app
from wavegan.inference import file_vocoding, pieces, revocode, vocoder
from wavegan.mel import spectrogram

RATE = 16000
Vocode = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, save_tiny: Callable[..., Path]) -> Path:
    return save_tiny(tmp_path_factory.mktemp("model"))


@pytest.fixture
def vocode(model: Path, monkeypatch: pytest.MonkeyPatch) -> Vocode:
    """Calls the command; all that is longer than 4000 samples is long where `long` says so."""

    def call(*words: object, long: bool = True, model: Path = model) -> Result:
        monkeypatch.setattr(pieces, "SAMPLES", 1600)
        monkeypatch.setattr(spectrogram, "LONGEST", 4000 if long else 2**22)
        words = ("vocode", "--model", model, "--device", "cpu", *words)
        return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, [str(word) for word in words])

    return call


def good(result: Result) -> Result:
    assert result.exit_code == 0, result.stderr
    return result


def save_sound(file: Path, samples: int = 9001) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    wave = np.random.default_rng(samples).uniform(-0.3, 0.3, (1, samples))
    io.write(file, wave.astype(np.float32), RATE)
    return file


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wav", []),
        ("wav", ["--subtype", "float"]),
        ("flac", ["--subtype", "pcm24"]),
        ("ogg", []),
    ],
)
@pytest.mark.parametrize("kind", ["audio", "mel"])
def test_the_files_are_the_same(
    tmp_path: Path, vocode: Vocode, name: str, words: list[str], kind: str
) -> None:
    source = save_sound(tmp_path / "in.flac")
    if kind == "mel":
        source = tmp_path / "in.npy"
        np.save(source, np.random.default_rng(0).normal(-7, size=(8, 700)).astype(np.float32))
    long = good(vocode(source, "-o", tmp_path / f"long.{name}", *words))
    good(vocode(source, "-o", tmp_path / f"short.{name}", *words, long=False))
    made = tmp_path / f"long.{name}"
    assert long.stderr == f"{made}\n"
    files = made, tmp_path / f"short.{name}"
    assert soundfile.info(made).frames == (9001 if kind == "audio" else 11_200)
    if kind == "mel":
        assert files[0].read_bytes() == files[1].read_bytes()
    else:  # mels in blocks of other sizes are other sums, and a step of 16 bits may differ
        audio, expected = (soundfile.read(file)[0] for file in files)
        assert np.abs(audio - expected).max() <= (2e-6 if "float" in words else 2**-15)
        assert audio.any()
    assert not list(tmp_path.glob(".*"))


def test_long_inputs_are_not_held(
    tmp_path: Path, vocode: Vocode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the whole audio nor the whole mel is in memory."""

    def held(*_: object, **__: object) -> None:
        raise AssertionError("held at once")

    for place, name in ((io, "read"), (revocode, "revocode"), (vocoder.Vocoder, "__call__")):
        monkeypatch.setattr(place, name, held)
    good(vocode(save_sound(tmp_path / "in.wav"), "-o", tmp_path / "out.wav"))
    np.save(tmp_path / "in.npy", np.full((8, 700), -7, np.float32))
    good(vocode(tmp_path / "in.npy", "-o", tmp_path / "mel.wav"))
    assert "held at once" in str(
        vocode(save_sound(tmp_path / "short.wav", 3000), "-o", tmp_path / "s.wav").exception
    )


def test_stdout_and_json(tmp_path: Path, vocode: Vocode) -> None:
    source, out = save_sound(tmp_path / "in.wav"), tmp_path / "out.wav"
    summary = json.loads(good(vocode(source, "-o", out, "--json")).stdout)
    assert summary["files"] == [{"input": str(source), "output": str(out), "clipped": 0}]
    streamed = good(vocode(source, "-o", "-")).stdout_bytes
    assert streamed == out.read_bytes()
    ogg = good(vocode(source, "-o", "-", "--format", "ogg")).stdout_bytes
    assert soundfile.info(std_io.BytesIO(ogg)).frames == 9001


def test_a_folder_of_short_and_long(tmp_path: Path, vocode: Vocode) -> None:
    lengths = {"a.wav": 9000, "b/c.wav": 300, "b/d.flac": 20_000}
    for name, samples in lengths.items():
        save_sound(tmp_path / "in" / name, samples)
    (tmp_path / "in" / "e.wav").write_text("no audio")
    result = vocode(tmp_path / "in", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 2
    files = json.loads(result.stdout)["files"]
    made = [soundfile.info(file["output"]).frames for file in files]
    assert made == list(lengths.values())


def test_a_model_that_makes_no_numbers_writes_nothing(
    tmp_path: Path, vocode: Vocode, save_tiny: Callable[..., Path]
) -> None:
    (tmp_path / "model").mkdir()
    broken = save_tiny(tmp_path / "model", **{"conv_post.bias": torch.full((1,), torch.nan)})
    result = vocode(save_sound(tmp_path / "in.wav"), "-o", tmp_path / "out.wav", model=broken)
    assert result.exit_code == 1
    assert f"{tmp_path / 'out.wav'}: " in result.stderr
    assert "NaN" in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.wav", "model"]


def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, vocode: Vocode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wavegan.inference.long_audio.decode_blocks", lambda *_: iter([None]))
    source = save_sound(tmp_path / "in.wav")
    result = vocode(source, "-o", tmp_path / "out.flac", "--subtype", "float")
    assert result.exit_code == 2
    assert "out.flac: FLAC cannot hold FLOAT" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["in.wav"]


def test_a_picture_shows_the_beginning(
    tmp_path: Path, vocode: Vocode, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, int] = {}
    monkeypatch.setattr("wavegan.audio.spectrogram_figure.check", lambda _: None)
    monkeypatch.setattr(
        "wavegan.audio.spectrogram_figure.side_by_side",
        lambda _file, panels, _rate: drawn.update({key: len(p) for key, p in panels.items()}),
    )
    monkeypatch.setattr(file_vocoding, "KEPT", 8000)
    words = ("--picture", tmp_path / "a.png")
    result = good(vocode(save_sound(tmp_path / "a.wav"), "-o", tmp_path / "b.wav", *words))
    assert drawn == {"original": 8000, "vocoded": 8000}
    assert f"{tmp_path / 'a.png'}: shows the first 0 s" in result.stderr
    good(vocode(save_sound(tmp_path / "c.wav", 7000), "-o", tmp_path / "d.wav", *words))
    assert drawn == {"original": 7000, "vocoded": 7000}


def test_how_far_it_is_is_said(
    tmp_path: Path, vocode: Vocode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_vocode_one, "EVERY", 0.0)
    source = save_sound(tmp_path / "in.wav", 120_000)
    result = good(vocode(source, "-o", tmp_path / "a.wav"))
    assert f"{source}: 0 of 0 minutes" in result.stderr
    assert good(vocode(source, "-o", tmp_path / "b.wav", "--quiet")).output == ""
