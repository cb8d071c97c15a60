"""Headers that declare too little sound: read to the end, with a note, and nothing else taken
for sound.
"""

import logging
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from wavegan.audio import io
from wavegan.audio.unfinished import repair
from wavegan.errors import UserError

Wave = NDArray[np.float32]
FRAMES, RATE = 9001, 22050
UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x80000000)
SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW")
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"a recorder 1\0\0"
TAILS = {
    "list": LIST,
    "id3": b"id3 " + struct.pack("<I", 20) + bytes(20),
    "bext": b"bext" + struct.pack("<I", 602) + bytes(602),
    "several": b"cue " + struct.pack("<I", 4) + bytes(4) + LIST,
    "unheard-of": b"Zq9~" + struct.pack("<I", 12) + bytes(range(12)),
    "cut": b"LIST" + struct.pack("<I", 4000) + b"INFO" + bytes(range(1, 40)),
    "tag of an mp3": b"TAG" + b"x" * 125,
    "reserved zeros": bytes(5000),
    "one byte": b"\0",
}


def _noise(channels: int = 1, frames: int = FRAMES) -> Wave:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (frames, channels))
    return noise.astype(np.float32)


def _written(
    path: Path,
    subtype: str = "PCM_16",
    channels: int = 1,
    format: str = "WAV",
    endian: str = "FILE",
) -> bytes:
    soundfile.write(path, _noise(channels), RATE, format=format, subtype=subtype, endian=endian)
    return path.read_bytes()


def _put(data: bytes, at: int, number: int, form: str = "<I") -> bytes:
    return data[:at] + struct.pack(form, number) + data[at + struct.calcsize(form) :]


def _read(path: Path) -> tuple[Wave, list[str]]:
    notes: list[str] = []
    wave, _ = io.read(path, mono=False, on_note=notes.append)
    return wave, notes


@pytest.mark.parametrize("size", [*UNKNOWN, 1000, 1001])
@pytest.mark.parametrize("subtype", SUBTYPES)
def test_a_wav_is_read_to_its_end_and_that_is_said(tmp_path: Path, subtype: str, size: int) -> None:
    data = _written(tmp_path / "right.wav", subtype, channels=2)
    right, notes = _read(tmp_path / "right.wav")
    assert notes == []
    (tmp_path / "a.wav").write_bytes(_put(data, data.index(b"data") + 4, size))
    wave, notes = _read(tmp_path / "a.wav")
    assert np.array_equal(wave, right)
    assert len(notes) == 1
    assert "unfinished" in notes[0]
    assert f"({FRAMES / RATE:.2f} s)" in notes[0]
    assert ("1000 bytes" in notes[0]) == (size == 1000)
    measured = io.measure(tmp_path / "a.wav")
    assert (measured.frames_decoded, measured.damage) == (FRAMES, None)
    assert measured.info.note == notes[0]


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_an_unfinished_wav_without_the_size_of_a_frame(tmp_path: Path, subtype: str) -> None:
    data = _written(tmp_path / "right.wav", subtype)
    broken = _put(_put(data, data.index(b"data") + 4, 0), data.index(b"fmt ") + 20, 0, "<H")
    (tmp_path / "a.wav").write_bytes(broken)
    wave, notes = _read(tmp_path / "a.wav")
    assert wave.shape == (1, FRAMES)
    assert len(notes) == 1


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 1000, 1 << 30])
def test_a_wrong_size_of_the_whole_alone_changes_nothing(tmp_path: Path, size: int) -> None:
    data = _written(tmp_path / "a.wav")
    right, _ = _read(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(_put(data, 4, size))
    assert repair(tmp_path / "a.wav") is None
    wave, _ = io.read(tmp_path / "a.wav", on_short=lambda error: None)
    assert np.array_equal(wave, right)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 2000])
def test_crops_of_an_unfinished_file_are_slices(tmp_path: Path, size: int) -> None:
    data = _written(tmp_path / "a.wav")
    right, _ = _read(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(_put(data, data.index(b"data") + 4, size))
    for start in (0, 999, 1000, 8000):
        part, _ = io.read(tmp_path / "a.wav", start=start, frames=1001, on_note=list)
        assert np.array_equal(part, right[:, start : start + 1001])


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24"])
def test_what_follows_the_sound_of_a_finished_file_is_no_sound(
    tmp_path: Path, subtype: str, tail: str
) -> None:
    """8-bit and 24-bit files have an odd number of bytes and a byte of padding."""
    data = _written(tmp_path / "a.wav", subtype)
    whole = data[:4] + struct.pack("<I", len(data) + len(TAILS[tail]) - 8) + data[8:]
    (tmp_path / "a.wav").write_bytes(whole + TAILS[tail])
    assert repair(tmp_path / "a.wav") is None
    wave, notes = _read(tmp_path / "a.wav")
    assert wave.shape == (1, FRAMES)
    assert notes == []


@pytest.mark.parametrize("tail", ["list", "id3", "bext", "several"])
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 1000])
def test_chunks_behind_unfinished_sound_are_no_sound(tmp_path: Path, tail: str, size: int) -> None:
    data = _written(tmp_path / "a.wav")
    right, _ = _read(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(_put(data, data.index(b"data") + 4, size) + TAILS[tail])
    wave, notes = _read(tmp_path / "a.wav")
    assert np.array_equal(wave, right)
    assert len(notes) == 1


def test_odd_chunks_before_the_sound_and_extensible_headers(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.wav", "PCM_24", channels=2)
    right, _ = _read(tmp_path / "a.wav")
    odd = b"JUNK" + struct.pack("<I", 3) + b"abc\0"
    place = data.index(b"data")
    for size in (0, 0xFFFFFFFF, 600):
        changed = data[:12] + odd + _put(data, place + 4, size)[12:]
        (tmp_path / "a.wav").write_bytes(changed)
        wave, notes = _read(tmp_path / "a.wav")
        assert np.array_equal(wave, right)
        assert notes
    soundfile.write(tmp_path / "x.wav", _noise(2), RATE, format="WAVEX", subtype="PCM_16")
    data = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(_put(data, data.index(b"data") + 4, 0))
    assert _read(tmp_path / "x.wav")[0].shape == (2, FRAMES)


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_compressed_wavs_too(tmp_path: Path, subtype: str) -> None:
    data = _written(tmp_path / "a.wav", subtype)
    right, _ = _read(tmp_path / "a.wav")
    for size in (0, 0xFFFFFFFF):
        (tmp_path / "a.wav").write_bytes(_put(data, data.index(b"data") + 4, size))
        wave, notes = _read(tmp_path / "a.wav")
        assert np.array_equal(wave[:, :FRAMES], right[:, :FRAMES])
        assert notes


def test_big_endian_wav(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.wav", endian="BIG")
    assert data[:4] == b"RIFX"
    (tmp_path / "a.wav").write_bytes(_put(data, data.index(b"data") + 4, 0, ">I"))
    assert _read(tmp_path / "a.wav")[0].shape == (1, FRAMES)


def test_rf64_without_its_sizes(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.rf64", format="RF64")
    right, notes = _read(tmp_path / "a.rf64")
    assert notes == []
    place = data.index(b"ds64")
    for at, size in ((place + 16, 0), (place + 16, 5000), (place + 8, 0)):
        changed = _put(_put(data, at, size, "<Q"), place + 16, size, "<Q")
        (tmp_path / "a.rf64").write_bytes(changed)
        wave, notes = _read(tmp_path / "a.rf64")
        assert np.array_equal(wave, right)
        assert len(notes) == 1
    (tmp_path / "a.rf64").write_bytes(data[:12] + data[place + 36 :])
    assert np.array_equal(_read(tmp_path / "a.rf64")[0], right)


@pytest.mark.parametrize("size", [0, 8, 0xFFFFFFFF, 1000])
def test_an_aiff_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    data = _written(tmp_path / "a.aiff", "PCM_24", format="AIFF")
    right, notes = _read(tmp_path / "a.aiff")
    assert notes == []
    note = b"ANNO" + struct.pack(">I", 4) + b"abcd"
    for tail in (b"", note):
        pad = b"\0" * (len(data) % 2)
        changed = _put(data, data.index(b"SSND") + 4, size, ">I")
        changed = _put(changed, data.index(b"COMM") + 10, 0, ">I")
        (tmp_path / "a.aiff").write_bytes(changed + (pad + tail if tail else b""))
        wave, notes = _read(tmp_path / "a.aiff")
        assert np.array_equal(wave[:, :FRAMES], right)
        assert wave.shape[1] == FRAMES
        assert len(notes) == 1
    (tmp_path / "a.aiff").write_bytes(data + b"\0" * (len(data) % 2) + note)
    assert _read(tmp_path / "a.aiff")[1] == []


@pytest.mark.parametrize("size", [0, 1000])
def test_au_and_caf_are_read_to_their_ends(tmp_path: Path, size: int) -> None:
    for name, format, mark, at, form in (
        ("a.au", "AU", b".snd", 8, ">I"),
        ("a.caf", "CAF", b"data", 4, ">q"),
    ):
        data = _written(tmp_path / name, format=format)
        right, notes = _read(tmp_path / name)
        assert notes == []
        (tmp_path / name).write_bytes(_put(data, data.index(mark) + at, size, form))
        wave, notes = _read(tmp_path / name)
        assert np.array_equal(wave, right), name
        assert len(notes) == 1, name


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_chunks_behind_the_sound_of_a_w64_are_no_sound(tmp_path: Path, subtype: str) -> None:
    data = _written(tmp_path / "a.w64", subtype, format="W64")
    right, _ = _read(tmp_path / "a.w64")
    place = data.index(b"data\xf3\xac")
    name = b"bext" + data[place + 4 : place + 16]
    chunk = bytes(-len(data) % 8) + name + struct.pack("<q", 24 + 64) + bytes(range(64))
    (tmp_path / "a.w64").write_bytes(data + chunk)
    wave, notes = _read(tmp_path / "a.w64")
    assert np.array_equal(wave, right)
    assert notes == []
    for size in (0, 24, 600):  # unfinished: libsndfile reads on by itself
        (tmp_path / "a.w64").write_bytes(_put(data, place + 16, size, "<q"))
        assert np.array_equal(_read(tmp_path / "a.w64")[0], right)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("promised", [0, 500])
def test_a_flac_is_read_to_its_last_frame(tmp_path: Path, promised: int, channels: int) -> None:
    data = _written(tmp_path / "a.flac", channels=channels, format="FLAC")
    right, notes = _read(tmp_path / "a.flac")
    assert notes == []
    packed = int.from_bytes(data[18:26], "big")
    assert packed & (1 << 36) - 1 == FRAMES
    changed = _put(data, 18, packed >> 36 << 36 | promised, ">Q")
    (tmp_path / "a.flac").write_bytes(changed)
    wave, notes = _read(tmp_path / "a.flac")
    assert np.array_equal(wave, right)
    assert len(notes) == 1
    # broken off inside the last frame: all the whole ones are there
    (tmp_path / "a.flac").write_bytes(changed[:-900])
    wave, notes = _read(tmp_path / "a.flac")
    assert np.array_equal(wave, right[:, : wave.shape[1]])
    assert wave.shape[1] == 8192
    assert len(notes) == 1


def _sparse(path: Path, claimed: int, there: int, tail: bytes = b"") -> None:
    """A sparse WAV of zeros with a marked last sample."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 44100, 88200, 2, 16)
    riff = (claimed + 36) % (1 << 32)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", riff) + b"WAVE" + form)
        file.write(b"data" + struct.pack("<I", claimed % (1 << 32)) + b"\0\x20")
        file.seek(44 + there - 2)
        file.write(b"\0\x40" + tail)


@pytest.mark.parametrize("tail", [b"", LIST])
def test_sizes_cut_to_32_bits(tmp_path: Path, tail: bytes) -> None:
    there = (1 << 32) + 200_000
    _sparse(tmp_path / "a.wav", there, there, tail)
    info = io.probe(tmp_path / "a.wav")
    assert info.frames == there // 2
    assert "cut to 32 bits" in info.note
    wave, _ = io.read(tmp_path / "a.wav", start=there // 2 - 2, on_note=list)
    assert wave.tolist() == [[0, 0.5]]
    wave, _ = io.read(tmp_path / "a.wav", frames=2, on_note=list)
    assert wave.tolist() == [[0.25, 0]]


def test_an_unfinished_recording_of_more_than_4_gib(tmp_path: Path) -> None:
    there = (1 << 32) + 200_000
    for claimed in (0, 0xFFFFFFFF):
        _sparse(tmp_path / "a.wav", claimed, there)
        wave, _ = io.read(tmp_path / "a.wav", start=there // 2 - 1, on_note=list)
        assert wave.tolist() == [[0.5]]


def test_a_file_cut_off_is_damaged_as_ever(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(data[:9044])
    with pytest.raises(io.ShortReadError):
        io.read(tmp_path / "a.wav")
    assert io.probe(tmp_path / "a.wav").note == ""


def test_no_sound_at_all_stays_none(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.wav")[:44]
    for tail in (b"", LIST):
        (tmp_path / "a.wav").write_bytes(_put(data, 40, 0) + tail)
        with pytest.raises(UserError, match="no samples"):
            io.read(tmp_path / "a.wav")


def test_a_note_is_logged_once_for_whoever_does_not_ask(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = _written(tmp_path / "once.wav")
    (tmp_path / "once.wav").write_bytes(_put(data, data.index(b"data") + 4, 0))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            io.read(tmp_path / "once.wav")
    (record,) = caplog.records
    assert "once.wav: unfinished" in record.getMessage()


@pytest.mark.parametrize("extension", ["ogg", "opus"])
def test_a_second_stream_in_an_ogg_is_said(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    io.write(path, _noise(frames=48000).T, 24000)
    assert _read(path)[1] == []
    path.write_bytes(path.read_bytes() * 2)
    wave, notes = _read(path)
    assert wave.shape == (1, 48000)
    assert len(notes) == 1
    assert "only the first is read" in notes[0]


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (22050, 1), (8000, 1)])
def test_an_mp3_is_read_beyond_what_its_tag_counts(
    tmp_path: Path, rate: int, channels: int
) -> None:
    io.write(tmp_path / "a.mp3", _noise(channels, 3 * rate).T, rate)
    data = (tmp_path / "a.mp3").read_bytes()
    right, notes = _read(tmp_path / "a.mp3")
    assert notes == []
    assert right.shape == (channels, 3 * rate)
    place = max(data.find(b"Xing"), data.find(b"Info")) + 8
    (true,) = struct.unpack_from(">I", data, place)
    tag = b"ID3\x03\0\0\0\0\x02\x01" + bytes(257)
    for promised in (0, 7, true // 2):
        for before in (b"", tag):
            (tmp_path / "a.mp3").write_bytes(before + _put(data, place, promised, ">I"))
            wave, notes = _read(tmp_path / "a.mp3")
            assert np.array_equal(wave, right), (promised, len(before))
            assert f"{promised} MP3 frames; all {true} in" in notes[0]
    (tmp_path / "a.mp3").write_bytes(data + b"TAG" + b"x" * 125)
    assert _read(tmp_path / "a.mp3")[1] == []


@pytest.mark.parametrize("format", ["WAV", "AIFF", "FLAC"])
def test_two_files_behind_each_other_are_said(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format.lower()}"
    data = _written(path, format=format)
    if format == "WAV":  # the first one's own last chunk is between them
        data = data[:4] + struct.pack("<I", len(data) + len(LIST) - 8) + data[8:] + LIST
    path.write_bytes(data * 2)
    wave, notes = _read(path)
    assert wave.shape == (1, FRAMES)
    assert notes == ["another file follows in the same file: only the first is read"]


def test_two_mp3s_behind_each_other_are_both_read(tmp_path: Path) -> None:
    io.write(tmp_path / "a.mp3", _noise(frames=44100).T, 22050)
    (tmp_path / "a.mp3").write_bytes((tmp_path / "a.mp3").read_bytes() * 2)
    wave, notes = _read(tmp_path / "a.mp3")
    assert wave.shape[1] >= 2 * 44100
    assert len(notes) == 1
