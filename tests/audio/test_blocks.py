"""Long files block by block: equal to one call, in bounded memory."""

import errno
import os
import tempfile
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from wavegan.audio import chained_ogg, encoding, flac_length, io, libsndfile, resample
from wavegan.audio.block_writer import BlockWriter
from wavegan.errors import RunError, UserError

Wave = NDArray[np.float32]


def noise(*shape: int) -> Wave:
    return np.random.default_rng(0).normal(0, 0.2, shape).astype(np.float32)


def joined(path: Path, rate: int) -> Wave:
    return np.concatenate(list(io.mono_blocks(path, rate)))


@pytest.mark.parametrize("rate", [44100, 22050, 48000, 16001])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("wav", (1, 70_001)),
        ("flac", (2, 70_001)),
        ("ogg", (2, 140_003)),
        ("mp3", (2, 140_003)),
        ("wav", (3, 1)),
        ("flac", (1, 65_536)),
    ],
)
def test_blocks_are_the_whole(tmp_path: Path, kind: str, shape: tuple[int, int], rate: int) -> None:
    io.write(tmp_path / f"a.{kind}", noise(*shape), 44100)
    blocks = list(io.mono_blocks(tmp_path / f"a.{kind}", rate))
    whole, _ = io.read(tmp_path / f"a.{kind}", sample_rate=rate)
    assert np.array_equal(np.concatenate(blocks), whole[0])
    assert len(blocks) > 1 or shape[1] < 2**16 or rate == 44100


@pytest.mark.parametrize("subtype", ["OPUS", "VORBIS"])
def test_blocks_leave_no_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtype: str
) -> None:
    io.write(tmp_path / "a.ogg", noise(2, 200_000), 48000, subtype=subtype)
    whole = soundfile.read(tmp_path / "a.ogg", dtype="float32", always_2d=True)[0]
    monkeypatch.setattr(libsndfile, "BLOCK", 5000)
    assert np.array_equal(io.read(tmp_path / "a.ogg", mono=False)[0].T, whole)


@pytest.mark.parametrize("sizes", [[1], [999], [2**16, 1], [4096, 0, 7]])
def test_resampling_does_not_hear_where_blocks_end(sizes: list[int]) -> None:
    wave, blocks, place = noise(50_001), [], 0
    while place < len(wave):
        for size in sizes if sizes != [1] else [1, 49_999, 1]:
            blocks.append(wave[place : place + size])
            place += size
    whole = resample.resample_array(wave, 44100, 16000)
    made = np.concatenate(list(resample.resample_blocks(blocks, 44100, 16000, len(wave))))
    assert np.array_equal(made, whole)


def test_missing_samples_at_the_end_are_reported_there(tmp_path: Path) -> None:
    io.write(tmp_path / "a.flac", noise(1, 100_000), 16000)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    blocks = io.mono_blocks(tmp_path / "a.flac", 16000)
    assert len(next(blocks))
    with pytest.raises(io.ShortReadError, match=r"a\.flac: damaged"):
        list(blocks)


def silence(file: Path, seconds: int, **options: str) -> Path:
    with soundfile.SoundFile(file, "w", 8000, 1, **options) as sound:
        for _ in range(seconds // 10):
            sound.write(np.zeros(80_000, np.float32))
    return file


def test_hours_in_a_few_bytes_are_no_recording(tmp_path: Path) -> None:
    packed = silence(tmp_path / "a.flac", 1200)
    assert os.path.getsize(packed) < 100_000
    for opened in (
        lambda file: next(io.mono_blocks(file, 8000)),
        io.read,
        io.measure,
    ):
        with pytest.raises(UserError, match=r"a\.flac: .* bytes for 20 minutes"):
            opened(packed)
    assert io.read(packed, frames=100)[0].shape == (1, 100)
    for allowed in (silence(tmp_path / "b.flac", 590), silence(tmp_path / "b.wav", 1200)):
        assert io.measure(allowed).peak == 0


KINDS = [
    *(("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16")),
    *(("ogg", "VORBIS"), ("mp3", None)),
]


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("sizes", [(1, 16_384, 3), (50_000,), (7, 0, 9)])
def test_a_file_written_in_blocks_is_the_same_file(
    tmp_path: Path, kind: str, subtype: str | None, sizes: tuple[int, ...]
) -> None:
    wave = 3 * noise(2, 40_001)
    options = {"subtype": subtype, "tags": {"title": "t"}}
    whole = io.write(tmp_path / f"a.{kind}", wave, 44100, **options)
    with BlockWriter(tmp_path / f"b.{kind}", 44100, 40_001, 2, **options) as writer:
        place = 0
        while place < 40_001:
            for size in sizes:
                writer.write(wave[:, place : place + size])
                place += size
    assert (tmp_path / f"b.{kind}").read_bytes() == (tmp_path / f"a.{kind}").read_bytes()
    assert writer.report == whole
    assert (subtype == "FLOAT") == (whole.clipped == 0)
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_appears_where_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    target.write_text("mine")

    def attempt(*blocks: Wave, file: Path = target, samples: int = 10, **options: str) -> None:
        with BlockWriter(file, 16000, samples, **options) as writer:
            for block in blocks:
                writer.write(block)
            raise KeyError("from outside")

    with pytest.raises(KeyError):
        attempt(noise(10))
    with pytest.raises(RunError, match=r"a\.wav: 1 of 20 samples are NaN"):
        attempt(noise(10), np.append(noise(9), np.float32(np.nan)))
    with pytest.raises(UserError, match=r"a\.wav: .*4 GiB"):
        attempt(samples=2**31)
    with pytest.raises(UserError, match=r"a\.flac: FLAC cannot hold FLOAT"):
        attempt(file=tmp_path / "a.flac", subtype="FLOAT")
    with pytest.raises(UserError, match=r"a\.wav: there is no folder"):
        attempt(file=tmp_path / "none" / "a.wav")
    with pytest.raises(UserError, match=r"a\.txt: cannot write txt"):
        attempt(file=tmp_path / "a.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["a.wav"]
    assert target.read_text() == "mine"


class Full(BytesIO):
    """A disk of a hundred thousand bytes."""

    def write(self, data: Any) -> int:
        if self.tell() > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("kind", ["wav", "ogg"])
def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    monkeypatch.setattr("wavegan.audio.block_writer.is_plain", lambda _path: False)
    with (
        pytest.raises(RunError, match=rf"a\.{kind}: No space left"),
        BlockWriter(tmp_path / f"a.{kind}", 16000, 10**6) as writer,
    ):
        writer.write(noise(10**6))
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""


def test_streams_get_the_bytes_at_the_end(tmp_path: Path) -> None:
    io.write(tmp_path / "a.wav", noise(1, 99), 16000)
    with (tmp_path / "b.wav").open("wb") as stream, BlockWriter(stream, 16000, 99) as writer:
        writer.write(noise(99))
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_a_device_is_written_into(tmp_path: Path) -> None:
    with BlockWriter(os.devnull, 16000, 99, format="wav") as writer:
        writer.write(noise(99))
    assert writer.report.frames == 99
    assert not Path(os.devnull).is_file()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (10, 40):
        tracemalloc.start()
        with BlockWriter(tmp_path / "a.wav", 16000, count * 2**16) as writer:
            for _ in range(count):
                writer.write(noise(2**16))
        for _ in io.mono_blocks(tmp_path / "a.wav", 22050):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert encoding.BLOCK <= 2**16


@pytest.mark.parametrize("rest", [0, 1, 7])
def test_another_file_behind_a_flac_is_found_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: int
) -> None:
    io.write(tmp_path / "a.flac", noise(1, 5000), 16000)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "b.flac").write_bytes(data + data)
    monkeypatch.setattr(flac_length, "BLOCK", len(data) - 4 + rest)
    for name, found in (("a.flac", False), ("b.flac", True)):
        with (tmp_path / name).open("rb") as file:
            assert flac_length.is_followed(file) == found


@pytest.mark.parametrize("size", [11, 100, 4097])
def test_another_stream_behind_an_ogg_is_found_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    io.write(tmp_path / "a.ogg", noise(1, 5000), 16000)
    data = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "b.ogg").write_bytes(data + data)
    monkeypatch.setattr(chained_ogg, "BLOCK", size)
    for name, found in (("a.ogg", False), ("b.ogg", True)):
        with (tmp_path / name).open("rb") as file:
            assert chained_ogg._begins_again(file) == found
