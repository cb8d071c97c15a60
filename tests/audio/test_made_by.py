"""The origin in our files is read again, and other files are not mistaken for ours."""

from pathlib import Path

import numpy as np
import pytest

from wavegan.audio import io
from wavegan.audio.made_by import command, comment, facts, mark


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "aiff"])
def test_facts_come_back(tmp_path: Path, suffix: str) -> None:
    said = {"model": 'drüms; "2" = new', "seed": 10**30, "gain": 0.25, "loop": True}
    text = comment(said)
    assert text.isascii()
    assert "\n" not in text
    file = tmp_path / f"a.{suffix}"
    io.write(file, np.ones(500, np.float32) / 2, 8000, tags=mark("generate", comment=text))
    tags = io.probe(file).tags
    assert command(tags) == "generate"
    assert facts(tags) == said


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"comment": '{"seed": 7}'},
        {"software": "Reaper", "comment": '{"seed": 7}'},
        mark("vocode"),
        mark("vocode", comment="Take 2"),
        mark("vocode", comment="[7]"),
    ],
)
def test_other_comments_are_no_facts(tags: dict[str, str]) -> None:
    assert facts(tags) == {}
