"""Files of `wavegan generate` say how they were made, and are the same again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from wavegan.audio import io, made_by

RATE = 8000
Call = Callable[..., Result]
Save = Callable[..., Path]


@pytest.mark.parametrize(
    ("file_format", "subtype"),
    [("wav", "pcm16"), ("wav", "float"), ("flac", "pcm24"), ("ogg", "pcm16")],
)
def test_files_say_what_they_are_and_are_the_same_again(
    hits: Save,
    generate_of: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_format: str,
    subtype: str,
) -> None:
    model = hits("private/my drums/checkpoints/00000400", gain=2.0)
    words = ("-n", 2, "--seed", 7, "--format", file_format, "--subtype", subtype)
    generate_of(model, *words, "--truncation", 0.5, "--seconds", 0.25)
    file = tmp_path / "out" / f"stay_7_0001.{file_format}"
    tags = io.probe(file).tags
    assert made_by.command(tags) == "generate"
    assert tags["title"] == "stay"
    facts = made_by.facts(tags)
    gain = facts.pop("gain", None)
    assert (gain is None) == (subtype == "float")
    assert facts == {
        **{"model": "my drums", "step": 400, "seed": 7, "clip": 1, "label": "stay"},
        **{"truncation": 0.5, "seconds": 0.25},
    }
    assert b"private" not in file.read_bytes()
    first = {made.name: made.read_bytes() for made in (tmp_path / "out").iterdir()}
    generate_of(model, *words, "--truncation", 0.5, "--seconds", 0.25, out="again")
    for name, content in first.items():
        assert (tmp_path / "again" / name).read_bytes() == content, name


def test_variations_and_ways_say_where_they_come_from(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    model = hits()
    own = tmp_path / "private" / "my hit.wav"
    own.parent.mkdir(exist_ok=True)
    wave = np.sin(np.arange(3 * RATE) / 3) * np.exp(-np.arange(3 * RATE) / 400)
    soundfile.write(own, wave, RATE)
    words = ("-n", 1, "--seed", 7, "--steps", 1, "--like", own)
    result = generate_of(model, *words)
    assert "only the first 0.51 s of 3.0 s" in result.stderr
    (file,) = (tmp_path / "out").iterdir()
    facts = made_by.facts(io.probe(file).tags)
    assert facts["like"] == "my hit.wav"
    assert (facts["steps"], facts["spread"], facts["seed"]) == (1, 0.3, 7)
    result = generate_of(model, "-n", 2, "--interpolate", "7:7", "--seed", 4, out="way")
    assert "--seed 4 is not used" in result.stderr
    assert "--interpolate 7:7: both ends" in result.stderr
    facts = made_by.facts(io.probe(next((tmp_path / "way").iterdir())).tags)
    assert (facts["interpolate"], facts["of"]) == ("7:7", 2)
