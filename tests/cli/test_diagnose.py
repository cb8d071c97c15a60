"""`wavegan diagnose` as it is typed: what it prints, JSON, exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from wavegan.audio import io
from wavegan.cli import app


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["diagnose", *map(str, words)])


@pytest.fixture
def folder(speech: Path, tmp_path: Path) -> Path:
    """A clean sentence, and two with an offset, one of which has an odd name."""
    wave, rate = io.read(sorted(speech.glob("*.flac"))[0])
    for name, offset in (("clean.wav", 0.0), ("made.wav", 0.02), ("ünï çode.wav", 0.03)):
        io.write(tmp_path / name, wave + offset, rate)
    return tmp_path


def test_nothing_found_is_exit_0(folder: Path) -> None:
    result = call(folder / "clean.wav")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "clean.wav: nothing found (3.57 s, 22050 Hz, mono)\n"


def test_a_file_with_findings_is_exit_1(folder: Path) -> None:
    result = call(folder / "made.wav")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("made.wav: 1 finding (")
    assert lines[1].startswith("  0.00-3.57 s  constant offset of +0.02")
    assert lines[2].startswith("      cause: ")
    assert call(folder / "made.wav", "--exit-zero").exit_code == 0


def test_a_folder_has_a_line_a_file_and_a_summary(folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF")
    result = call(folder)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["made.wav", "ünï çode.wav"]
    assert lines[2] == "2 of 3 files have findings"
    assert lines[3] == "  DC offset in 2 of 3 files"
    assert result.stderr.startswith("left out: ")
    assert "broken.wav" in result.stderr


def test_a_clean_folder(folder: Path, tmp_path: Path) -> None:
    for name in ("made.wav", "ünï çode.wav"):
        (folder / name).unlink()
    result = call(folder)
    assert (result.exit_code, result.stdout) == (0, "nothing found in 1 file\n")


def test_json_is_one_object_on_stdout(folder: Path) -> None:
    result = call(folder, "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    found = json.loads(result.stdout)
    assert [file["name"] for file in found["files"]] == ["clean.wav", "made.wav", "ünï çode.wav"]
    offset = found["files"][1]["findings"][0]
    assert (offset["artifact"], offset["what"], offset["unit"]) == ("dc", "DC offset", "%")
    assert offset["strength"] == pytest.approx(2.0, abs=0.1)
    assert found["kinds"][0]["files"] == ["made.wav", "ünï çode.wav"]
    assert found["left_out"] == {}


def test_quiet_says_nothing(folder: Path) -> None:
    result = call(folder, "-q")
    assert (result.exit_code, result.output) == (1, "")


def test_originals(folder: Path) -> None:
    made = call(folder / "made.wav", "--reference", folder / "clean.wav")
    assert made.exit_code == 1
    assert "offset of" in made.stdout
    same = call(folder / "made.wav", "-r", folder / "ünï çode.wav")
    assert (same.exit_code, same.stdout.count("\n")) == (0, 1)


def test_what_is_minor_is_said_and_is_exit_0(tmp_path: Path) -> None:
    """A wave that is cut off while it is loud: a loop does that too."""
    time = np.arange(22050) / 22050
    wave = (0.3 * np.sin(2 * np.pi * 1000 * time) * time).astype(np.float32)
    io.write(tmp_path / "a.wav", wave[None, :22034], 22050)
    result = call(tmp_path / "a.wav")
    assert result.exit_code == 0
    assert "(minor)" in result.stdout


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    for words, message in (
        ((tmp_path / "gone.wav",), "gone.wav: no such file or folder"),
        ((tmp_path,), "no audio files in it"),
    ):
        result = call(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1
        assert message in result.stderr


def test_help_shows_examples() -> None:
    result = call("-h")
    assert result.exit_code == 0
    assert result.stdout.count("wavegan diagnose") >= 2
