"""Texts in audio files' metadata, including our own mark."""

from pathlib import Path

import numpy as np
import pytest

from wavegan.audio import io, made_by
from wavegan.audio.encoding import FORMATS
from wavegan.errors import UserError

WAVE = 0.5 * np.sin(np.arange(4800, dtype=np.float32) * 0.05)[None]
WITHOUT = {"au", "w64", "mp3"}


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_tags_are_read_back_and_change_no_sample(kind: str, tmp_path: Path) -> None:
    plain, tagged = tmp_path / f"plain.{kind}", tmp_path / f"tagged.{kind}"
    io.write(plain, WAVE, 48000)
    io.write(tagged, WAVE, 48000, tags=made_by.mark("generate", title="snare", comment="seed 7"))
    tags = io.probe(tagged).tags
    if kind in WITHOUT:
        assert not tags
    else:
        assert made_by.command(tags) == "generate"
        assert (tags["title"], tags["comment"]) == ("snare", "seed 7")
    assert made_by.command(io.probe(plain).tags) is None
    np.testing.assert_array_equal(io.read(tagged)[0], io.read(plain)[0])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_every_subtype_of_wav_takes_tags(subtype: str, tmp_path: Path) -> None:
    io.write(tmp_path / "a.wav", WAVE, 22050, subtype=subtype, tags={"title": "é – 鼓"})
    assert io.probe(tmp_path / "a.wav").tags["title"] == "é – 鼓"
    assert io.probe(tmp_path / "a.wav").frames == WAVE.shape[1]


def test_an_unknown_tag_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="colour"):
        io.write(tmp_path / "a.wav", WAVE, 22050, tags={"colour": "red"})
    assert not (tmp_path / "a.wav").exists()
