"""Folders of runs, and audio that wavegan made, are not recordings."""

from pathlib import Path

import numpy as np
import pytest

from wavegan.audio import io, made_by
from wavegan.data.manifest import Manifest
from wavegan.data.scan import scan
from wavegan.errors import UserError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


def write(path: Path, command: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 1600).astype(np.float32)
    io.write(path, noise, 16000, tags=made_by.mark(command) if command else None)


def run_folder(folder: Path, *, begun: bool = True) -> None:
    """A run's folder with two previews of an old version: without a mark."""
    for name in ("00_generated", "00_original"):
        write(folder / "samples" / "00000002" / f"{name}.wav")
    (folder / "recipe.yaml").touch()
    if begun:
        (folder / "metrics.jsonl").touch()
    else:
        (folder / "checkpoints").mkdir()


def paths(manifest: Manifest) -> list[str]:
    return [clip.path for clip in manifest.clips]


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("place", ["run", "runs/deep/a"])
def test_a_run_is_not_entered_and_is_said(tmp_path: Path, place: str, begun: bool) -> None:
    write(tmp_path / "one.wav")
    run_folder(tmp_path / place, begun=begun)
    manifest = scan(tmp_path)
    assert paths(manifest) == ["one.wav"]
    (line,) = manifest.passed_over
    assert place in line
    assert "2 audio files" in line


def test_what_looks_like_half_a_run_is_none(tmp_path: Path) -> None:
    write(tmp_path / "session" / "one.wav")
    (tmp_path / "session" / "recipe.yaml").touch()
    write(tmp_path / "checkpoints" / "two.wav")
    assert len(scan(tmp_path).clips) == 2


def test_a_run_that_is_given_is_scanned(tmp_path: Path) -> None:
    run_folder(tmp_path / "a")
    assert len(scan(tmp_path / "a").clips) == 2
    assert len(scan(tmp_path / "a" / "samples").clips) == 2


def test_nothing_but_a_run_is_said_to_be_so(tmp_path: Path) -> None:
    run_folder(tmp_path / "a")
    with pytest.raises(UserError, match="a, the folder of a run with 2 audio files"):
        scan(tmp_path)


@pytest.mark.parametrize("format", ["wav", "flac", "ogg"])
def test_what_we_made_is_passed_over_among_recordings(tmp_path: Path, format: str) -> None:
    write(tmp_path / f"one.{format}")
    write(tmp_path / "copies" / f"one.{format}", "vocode")
    write(tmp_path / "new" / f"1.{format}", "generate")
    write(tmp_path / "new" / f"2.{format}", "generate")
    for _ in range(2):  # decoded, and from the cache
        manifest = scan(tmp_path)
        assert paths(manifest) == [f"one.{format}"]
        assert [clip.path for clip in manifest.own] == [
            f"copies/one.{format}", f"new/1.{format}", f"new/2.{format}"
        ]  # fmt: skip
        generated, vocoded = manifest.passed_over
        assert "2 audio files that wavegan generate made" in generated
        assert f"1 audio file that wavegan vocode made: copies/one.{format}" in vocoded
    assert len(scan(tmp_path, keep_own=True).clips) == 4


def test_what_we_made_is_used_where_there_is_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", "vocode")
    write(tmp_path / "b.wav", "vocode")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    manifest = scan(tmp_path)
    assert paths(manifest) == ["a.wav", "b.wav"]
    (line,) = manifest.passed_over
    assert line.startswith("used")
    assert "2 audio files that wavegan vocode made" in line
