"""Clips that are too long to measure are refused by their headers, in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan import memory_limit
from wavegan.audio import io
from wavegan.data.scan import scan
from wavegan.errors import UserError
from wavegan.evaluation.compare import compare
from wavegan.evaluation.copies import copy_synthesis
from wavegan.evaluation.longest import EACH


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten seconds at 8 kHz in `long`, one in `short`; five are allowed."""
    wave = 0.1 * np.random.default_rng(0).standard_normal((1, 80_000)).astype(np.float32)
    for folder, names in (("real", ("long", "short")), ("made", ("long", "short"))):
        (tmp_path / folder).mkdir()
        for name in names:
            samples = 80_000 if name == "long" else 8000
            io.write(tmp_path / folder / f"{name}.wav", wave[:, :samples], 8000)
    gigabytes = memory_limit.LOADED + 40_000 * EACH / 1e9
    monkeypatch.setenv(memory_limit.VARIABLE, str(gigabytes))
    return tmp_path


def test_a_long_clip_is_left_out_by_name(clips: Path) -> None:
    found = compare(clips / "real", {"a": clips / "made"}, metrics=["lsd"], floors=False)
    (row,) = found.systems
    assert [clip.name for clip in row.files] == ["short"]
    (left,) = row.left_out
    assert left.file == "long"
    assert "real/long.wav: 10 s of mono at 8000 Hz" in left.reason
    assert "5 s" in left.reason
    assert memory_limit.VARIABLE in left.reason


def test_nothing_of_it_is_read(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("real", "made"):
        (clips / folder / "short.wav").unlink()
    monkeypatch.setattr(io, "read", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(UserError, match=r"no clip .*long\.wav: 10 s"):
        compare(clips / "real", {"a": clips / "made"}, metrics=["lsd"], floors=False)


def test_an_estimate_is_as_long_as_its_reference_may_be(clips: Path) -> None:
    io.write(clips / "real" / "long.wav", io.read(clips / "real" / "short.wav")[0], 8000)
    found = compare(clips / "real", {"a": clips / "made"}, metrics=["lsd"], floors=False)
    (left,) = found.systems[0].left_out
    assert "made/long.wav: 10 s" in left.reason


def test_more_memory_is_a_longer_clip(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory_limit.VARIABLE, "4")
    found = compare(clips / "real", {"a": clips / "made"}, metrics=["lsd"], floors=False)
    assert not found.systems[0].left_out


def test_models_do_not_copy_what_is_not_measured(
    clips: Path, save_tiny: Callable[..., Path]
) -> None:
    (clips / "m").mkdir()
    model = save_tiny(clips / "m")
    copies = copy_synthesis(
        {"m": model}, scan(clips / "real"), clips / "out", device=torch.device("cpu")
    )["m"]
    (left,) = copies.system.left_out
    assert left.file == "long"
    assert "long.wav: 10 s of mono at 16000 Hz" in left.reason


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory_limit.VARIABLE, text)
    with pytest.raises(UserError, match=f"{memory_limit.VARIABLE}={text}"):
        memory_limit.spare()
    monkeypatch.setenv(memory_limit.VARIABLE, "0.1")
    assert memory_limit.spare() == 0
