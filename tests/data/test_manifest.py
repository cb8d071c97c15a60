"""Scanning: what is used, what is refused and why, what is cached."""

import csv
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavegan.audio import ffmpeg, io, pyav
from wavegan.data.manifest import Manifest
from wavegan.data.scan import scan
from wavegan.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("WAVEGAN_CACHE", str(folder))
    return folder


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were decoded, as they are."""
    names: list[str] = []
    original: Callable[[Path], io.Measured] = io.measure

    def spy(path: Path) -> io.Measured:
        names.append(Path(path).name)
        return original(path)

    monkeypatch.setattr(io, "measure", spy)
    return names


def write(path: Path, frames: int = 1600, channels: int = 1, level: float = 0.5, seed: int = 0):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-level, level, (frames, channels))
    noise[frames // 2] = level
    soundfile.write(path, noise, 16000, subtype="PCM_16" if level <= 1 else "FLOAT")


def reasons(manifest: Manifest) -> dict[str, str]:
    return {rejected.path: rejected.reason for rejected in manifest.rejected}


# the messy folder


@pytest.fixture(scope="module")
def messy(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("messy")
    subprocess.run(["tar", "xzf", shared / "data/messy.tar.gz", "-C", folder], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        # without decoders beside libsndfile, whatever is installed
        patch.setattr(pyav, "library", lambda: None)
        patch.setattr(ffmpeg, "program", lambda: None)
        return scan(folder / "messy")


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, str]:
    with (shared / "data/messy-EXPECTED.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["file"].replace("\\xe9", "\udce9"): row["kind"] for row in rows}


REASONS = {
    "silent": "silent: peak ",
    "nan": "NaN or infinite",
    "short": "too short: ",
    "rate": "sample rate 1 Hz",
    "empty": "it has no samples",
    "unsupported": "convert it first",
}
BAD = {
    "odd/rate_0hz.wav": "libsndfile cannot read it",
    "bad/zero_length.wav": "it is empty (0 bytes)",
    "bad/html_error_page.mp3": "web page",
    "bad/git_lfs_pointer.wav": "git lfs pull",
    "names/._resource_fork.wav": "macOS metadata",
    "names/no_extension": "WAV audio without an extension",
    "links/broken.wav": "a broken link (No such file",
    "links/self.wav": "a broken link (Too many levels",
}


def test_every_row_of_the_messy_folder(messy: Manifest, expected: dict[str, str]) -> None:
    clips, refused = {clip.path: clip for clip in messy.clips}, reasons(messy)
    wrong = []
    for path, kind in expected.items():
        clip, reason = clips.get(path), refused.get(path, "")
        if kind in ("ok", "clipped", "dc", "hard-name"):
            right = clip is not None and not clip.notice and not reason
        elif kind == "loud":
            right = clip is not None and "far above full scale" in clip.notice
        elif path == "bad/truncated.ogg":
            right = clip is None and reason.startswith("it has no samples: ")
        elif kind == "truncated":
            right = clip is not None and "damaged or cut short" in clip.notice
        elif kind in ("skip", "loop") and path not in BAD:
            right = clip is None and not reason
        elif kind == "bad" or path in BAD:
            right = clip is None and BAD.get(path, "libsndfile cannot read it") in reason
        else:
            right = clip is None and REASONS[kind] in reason
        if not right:
            wrong.append((path, kind, clip, reason))
    assert wrong == []


def test_nothing_else_is_reported_from_the_messy_folder(
    messy: Manifest, expected: dict[str, str]
) -> None:
    reported = [clip.path for clip in messy.clips] + list(reasons(messy))
    assert len(reported) == len(set(reported))
    assert set(reported) <= set(expected)
    assert len(reported) == sum(
        path in BAD or kind not in ("skip", "loop") for path, kind in expected.items()
    )
    assert not any(path.startswith(("links/loop/", "links/loop2/")) for path in reported)


def test_facts_of_messy_files(messy: Manifest) -> None:
    clips = {clip.path: clip for clip in messy.clips}
    assert clips["ok/rate_44101.wav"].sample_rate == 44101
    assert clips["ok/six_channels.wav"].channels == 6
    # cut short: what decodes counts, not the 39325 samples of the header
    assert clips["bad/truncated.flac"].frames == 12288
    assert clips["bad/truncated_data.wav"].frames == 14978
    antiphase = clips["ok/stereo_antiphase.wav"]
    assert antiphase.peak < 1e-3
    assert antiphase.channel_peak == pytest.approx(0.772, abs=1e-3)
    assert clips["odd/float_over_full_scale.wav"].channel_peak > 20
    assert clips["names/a/b/c/d/e/f/g/h/i/j/k/l/deep.wav"].label == "l"
    assert {notice.path for notice in messy.notices} == {
        *("bad/truncated_data.wav", "bad/corrupt_middle.flac", "bad/truncated.flac"),
        *("bad/huge_sizes.wav", "bad/directory.wav/inside.wav", "odd/float_over_full_scale.wav"),
    }
    assert not any("\n" in rejected.reason for rejected in messy.rejected)
    assert not any("\n" in notice.reason for notice in messy.notices)


# facts


def test_a_clip_says_what_its_file_holds(tmp_path: Path) -> None:
    write(tmp_path / "root.wav", frames=4000)
    opposite = np.stack([np.linspace(-0.5, 0.5, 800), -0.75 * np.ones(800)], axis=1)
    soundfile.write(tmp_path / "two.flac", opposite, 8000)
    write(tmp_path / "deep" / "er" / "nested.wav")
    manifest = scan(tmp_path)
    nested, root, two = manifest.clips
    assert [nested.path, root.path, two.path] == ["deep/er/nested.wav", "root.wav", "two.flac"]
    assert (root.sample_rate, root.channels, root.frames, root.seconds) == (16000, 1, 4000, 0.25)
    assert (root.label, nested.label) == ("", "er")
    assert manifest.labels == ("", "er")
    assert root.peak == root.channel_peak == pytest.approx(0.5, abs=1e-4)
    assert two.peak == pytest.approx(0.625, abs=1e-4)
    assert two.channel_peak == pytest.approx(0.75, abs=1e-4)
    assert manifest.seconds == pytest.approx(0.25 + 0.1 + 0.1)


def test_the_shortest_and_quietest_that_are_used(tmp_path: Path) -> None:
    write(tmp_path / "long_enough.wav", frames=240)
    write(tmp_path / "short.wav", frames=239)
    write(tmp_path / "loud_enough.wav", level=2e-4)
    write(tmp_path / "quiet.wav", level=9e-5)
    manifest = scan(tmp_path)
    assert [clip.path for clip in manifest.clips] == ["long_enough.wav", "loud_enough.wav"]
    assert reasons(manifest)["short.wav"] == "too short: it has 239 samples, but 15 ms are needed"


def test_one_nan_is_enough_to_refuse(tmp_path: Path) -> None:
    write(tmp_path / "good.wav")
    audio = np.full(1600, 0.1, np.float32)
    audio[::2] *= -1
    audio[700] = np.nan
    soundfile.write(tmp_path / "nan.wav", audio, 16000, subtype="FLOAT")
    assert reasons(scan(tmp_path)) == {"nan.wav": "1 sample is NaN or infinite: export it again"}


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX links and pipes")
def test_links_and_pipes(tmp_path: Path) -> None:
    write(tmp_path / "data" / "real" / "a.wav")
    write(tmp_path / "elsewhere" / "b.wav")
    (tmp_path / "data" / "alias").symlink_to("real")  # sorts before the real one
    (tmp_path / "data" / "outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "gone.wav").symlink_to("nowhere")
    (tmp_path / "data" / "gone.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "data" / "pipe.wav")
    manifest = scan(tmp_path / "data")
    assert [clip.path for clip in manifest.clips] == ["outside/b.wav", "real/a.wav"]
    assert sorted(reasons(manifest)) == ["gone.wav", "pipe.wav"]
    assert reasons(manifest)["gone.wav"].startswith("a broken link")
    assert "not a regular file" in reasons(manifest)["pipe.wav"]


# fingerprint


def test_the_fingerprint_is_of_what_is_accepted(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.wav")
    write(tmp_path / "one" / "sub" / "b.wav", seed=1)
    first = scan(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    (tmp_path / "two" / "broken.wav").write_bytes(b"nothing")
    second = scan(tmp_path / "two")
    assert first.fingerprint() == second.fingerprint()
    assert replace(first, clips=first.clips[::-1]).fingerprint() == first.fingerprint()
    seen = {first.fingerprint()}
    for change in ({"path": "c"}, {"frames": 9}, {"sample_rate": 9}, {"channels": 9}, {"peak": 9}):
        clips = (replace(first.clips[0], **change), first.clips[1])
        seen.add(replace(first, clips=clips).fingerprint())
    seen.add(replace(first, clips=first.clips[:1]).fingerprint())
    assert len(seen) == 7


# cache


def test_only_new_and_changed_files_are_decoded_again(tmp_path: Path, measured: list[str]) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.wav")
    first = scan(tmp_path)
    assert sorted(measured) == ["a.wav", "b.wav", "c.wav"]
    measured.clear()
    assert scan(tmp_path) == first
    assert measured == []
    write(tmp_path / "b.wav", frames=3200)
    write(tmp_path / "d.wav")
    (tmp_path / "a.wav").unlink()
    second = scan(tmp_path)
    assert sorted(measured) == ["b.wav", "d.wav"]
    assert {clip.path: clip.frames for clip in second.clips} == {
        "b.wav": 3200,
        "c.wav": 1600,
        "d.wav": 1600,
    }


def test_same_size_but_newer_is_decoded_again(tmp_path: Path, measured: list[str]) -> None:
    write(tmp_path / "a.wav", level=0.5)
    scan(tmp_path)
    write(tmp_path / "a.wav", level=0.25)
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    assert scan(tmp_path).clips[0].peak == pytest.approx(0.25, abs=1e-4)
    assert measured == ["a.wav", "a.wav"]


def test_failures_are_tried_again_and_decisions_are_not(
    tmp_path: Path, measured: list[str]
) -> None:
    write(tmp_path / "good.wav")
    soundfile.write(tmp_path / "silent.wav", np.zeros(1600), 16000)
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    first = scan(tmp_path)
    measured.clear()
    assert scan(tmp_path) == first
    assert measured == ["bad.wav"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"version": 1}', b'{"version": 1, "files": {"a": 3}}']
)
def test_a_corrupt_cache_is_rebuilt(
    tmp_path: Path, cache: Path, measured: list[str], content: bytes
) -> None:
    write(tmp_path / "a.wav")
    first = scan(tmp_path)
    (file,) = cache.rglob("*.json")
    good = file.read_bytes()
    file.write_bytes(content)
    assert scan(tmp_path) == first
    assert measured == ["a.wav", "a.wav"]
    assert file.read_bytes() == good


def test_the_cache_is_whole_and_apart_from_the_data(tmp_path: Path, cache: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "a.wav")
        scan(tmp_path / name)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.wav", "a.wav"]
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) == 2  # and no temporary ones
    assert all(json.loads(file.read_bytes())["files"].keys() == {"a.wav"} for file in files)


def test_a_link_to_a_folder_shares_its_cache(tmp_path: Path, measured: list[str]) -> None:
    write(tmp_path / "data" / "a.wav")
    (tmp_path / "link").symlink_to("data")
    assert scan(tmp_path / "data") == scan(tmp_path / "link")
    assert measured == ["a.wav"]


@pytest.mark.skipif(os.name == "nt", reason="the variable is another one there")
def test_the_cache_is_where_the_system_keeps_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "a.wav")
    monkeypatch.delenv("WAVEGAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    scan(tmp_path / "data")
    assert len(list((tmp_path / "xdg" / "wavegan").rglob("*.json"))) == 1


def test_without_a_place_for_the_cache_the_scan_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "data" / "a.wav")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "file"))
    assert len(scan(tmp_path / "data").clips) == 1
    assert "cannot write the scan cache" in caplog.text


def test_names_that_are_not_utf8_survive_the_cache(tmp_path: Path, measured: list[str]) -> None:
    write(tmp_path / "good.wav")
    try:
        shutil.copy(tmp_path / "good.wav", tmp_path / "latin1_\udce9.wav")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    first = scan(tmp_path)
    assert [clip.path for clip in first.clips] == ["good.wav", "latin1_\udce9.wav"]
    assert scan(tmp_path) == first
    assert len(measured) == 2
    assert len(first.fingerprint()) == 16


def test_an_interrupted_scan_keeps_what_it_has(tmp_path: Path, measured: list[str]) -> None:
    for index in range(20):
        write(tmp_path / f"{index:02}.wav")

    def interrupt(done: int, total: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(tmp_path, on_progress=interrupt, threads=1)
    measured.clear()
    assert len(scan(tmp_path).clips) == 20
    assert len(measured) == 10


# progress, and nothing to use


def test_progress_counts_what_is_decoded(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.wav")
    calls: list[tuple[int, int]] = []
    threads = set()

    def note(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.current_thread())

    scan(tmp_path, on_progress=note)
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert threads == {threading.current_thread()}
    calls.clear()
    scan(tmp_path, on_progress=note)
    assert calls == []


def test_a_missing_folder_a_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: it does not exist"):
        scan(tmp_path / "nowhere")
    write(tmp_path / "file.wav")
    with pytest.raises(UserError, match=r"file\.wav: it is a file: give the folder"):
        scan(tmp_path / "file.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: it is empty"):
        scan(tmp_path / "empty")


def test_nothing_usable_says_what_was_found(tmp_path: Path) -> None:
    for name in ("a.txt", "b.TXT", "README", "x.wav", "y.m4a"):
        (tmp_path / name).write_text("text")
    with pytest.raises(UserError) as caught:
        scan(tmp_path)
    message = str(caught.value)
    assert "none of its 5 files is usable audio (2 .txt" in message
    assert "1 without extension" in message
    assert "1 .wav" in message
    assert "x.wav: libsndfile cannot read it" in message
    assert "y.m4a: " in message
    assert "\n" not in message
