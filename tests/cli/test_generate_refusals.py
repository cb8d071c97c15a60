"""What `wavegan generate` refuses: numbers out of range, and silence for `--like`."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

RATE = 8000
Call = Callable[..., Result]
Save = Callable[..., Path]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--seconds", "1e9"], ("seconds is 1e+09", "at most 2097 at 8000 Hz")),
        (["--seconds", "1e308"], ("seconds is 1e+308",)),
        (["--seconds", "inf"], ("seconds is inf",)),
        (["--out", "-"], ("--out -", "give a folder")),
        (["--seconds", "nan"], ("seconds is nan",)),
        (["--seconds", "0"], ("seconds is 0",)),
        (["--seconds", "-2"], ("seconds is -2",)),
        (["--seconds", "0.001"], ("seconds is 0.001", "at least 0.01")),
        (["--seconds", "0.1", "--loop"], ("seconds is 0.1", "at least 0.512")),
        (["--count", "0"], ("--count 0", "1 to 1000000")),
        (["--count", "-5"], ("--count -5",)),
        (["--count", "1000000000000"], ("--count 1000000000000", "1 to 1000000")),
        (["--count", "60000", "--batch-size", "60000", "--seconds", "2000"], ("--batch-size",)),
        (["--count", "900000", "--interpolate", "1:2"], ("--count is 900000",)),
        (["--batch-size", "0"], ("--batch-size 0",)),
        (["--steps", "-1"], ("--steps -1", "0 to 100000")),
        (["--steps", "1000000000"], ("--steps 1000000000",)),
        (["--truncation", "nan"], ("truncation is nan", "0 to 1")),
        (["--truncation", "-1"], ("truncation is -1",)),
        (["--spread", "1e9"], ("spread is 1e+09", "0 to 1")),
        (["--spread", "nan"], ("spread is nan",)),
        (["--spread", "0.3"], ("--spread 0.3", "--like")),
        (["--steps", "200"], ("--steps 200", "--like")),
        (["--steps", "5", "--interpolate", "1:2"], ("--steps 5", "--like")),
        (["--interpolate", "7" * 5000 + ":1"], ("--interpolate", "give two seeds")),
        (["--format", "ogg", "--subtype", "float"], ("--format ogg --subtype float",)),
    ],
)
def test_absurd_numbers_are_refused_in_a_line(
    hits: Save,
    generate_of: Call,
    tmp_path: Path,
    words: list[str],
    parts: Sequence[str],
) -> None:
    result = generate_of(hits(), *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_begins_with_silence_is_refused(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    model, late = hits(), tmp_path / "late.wav"
    soundfile.write(late, np.repeat([0.0, 0.5], RATE), RATE)
    result = generate_of(model, "-n", 1, "--like", late)
    assert result.exit_code == 2
    assert "its first 0.51 s" in result.stderr
    assert str(late) in result.stderr


def test_more_than_the_disk_holds_is_refused(
    hits: Save, generate_of: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three clips of 4096 samples of 2 bytes are 24576 bytes, of 4 bytes 49152."""
    model = hits()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=30_000))
    result = generate_of(model, "-n", 3, "--subtype", "float")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "--count 3: the files need" in result.stderr
    assert generate_of(model, "-n", 3, "--seed", 1).exit_code == 0
