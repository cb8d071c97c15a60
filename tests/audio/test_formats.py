"""Formats that libsndfile cannot read: what PyAV reads, and the messages without it."""

import multiprocessing
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wavegan.audio import ffmpeg, formats, io, pyav
from wavegan.errors import UserError

Wave = NDArray[np.float32]
Encode = Callable[..., Path]

RATE = 24000
# File name, codec, container, rate; whether what was encoded comes back, and how well.
KINDS = {
    "a.m4a": ("aac", None, RATE, 0.02),
    "a.mp4": ("libopus", None, 48000, 0.02),
    "a.mov": ("alac", None, RATE, 1e-6),
    "a.aac": ("aac", "adts", RATE, None),
    "a.webm": ("libopus", None, 48000, 0.02),
    "a.mka": ("flac", "matroska", RATE, 1e-4),
    "a.mkv": ("aac", None, RATE, 0.02),
    "a.wv": ("wavpack", None, RATE, 1e-2),
    "a.tta": ("tta", None, RATE, 1e-2),
    "a.3gp": ("amr_nb", "3gp", 8000, None),
    "a.ac3": ("ac3", None, 48000, None),
    "a.g722": ("adpcm_g722", "g722", 16000, None),
    "a.amr": ("amr_nb", "amr", 8000, None),
}
FRAME = 2048


def _sound(rate: int, seconds: float) -> Wave:
    """Steps through tones with noise, so that a shift by one sample shows."""
    time = np.arange(int(seconds * rate)) / rate
    pitch = 200 + 100 * (np.floor(time * 4) % 5)
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.3 * np.sin(2 * np.pi * pitch * time) + 0.02 * noise).astype(np.float32)


@pytest.fixture(scope="module", params=sorted(KINDS))
def made(
    request: pytest.FixtureRequest, encode: Encode, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Wave, int, float | None]:
    """A file of 23 s in each format, what was encoded, its rate, and the tolerance of decoding."""
    codec, container, rate, error = KINDS[request.param]
    wave = _sound(rate, 23)
    path = tmp_path_factory.mktemp("made") / request.param
    return encode(path, wave, rate, codec, container), wave, rate, error


def test_the_whole_comes_back(made: tuple[Path, Wave, int, float | None]) -> None:
    path, wave, rate, error = made
    info = io.probe(path)
    read, found = io.read(path)
    measured = io.measure(path)
    assert (info.sample_rate, info.channels, found) == (rate, 1, rate)
    assert read.dtype == np.float32
    assert read.shape == (1, info.frames) == (1, measured.frames_decoded)
    assert measured.damage is None
    assert 0 <= info.frames - len(wave) <= FRAME
    assert info.subtype == KINDS[path.name][0].removeprefix("lib").upper()
    if error is not None:  # sample by sample: the encoder's delay is taken off
        assert info.frames - len(wave) < 1024
        distance = read[0, : len(wave)] - wave
        assert np.sqrt(np.square(distance).mean()) < error


def test_a_segment_is_exactly_the_slice(made: tuple[Path, Wave, int, float | None]) -> None:
    path, _, rate, _ = made
    whole, _ = io.read(path)
    random = np.random.default_rng(0).integers(0, whole.shape[1] - 3000, 6)
    edges = [0, 1, 10 * rate - 700, 10 * rate + 1, 20 * rate + 100, whole.shape[1] - 3000]
    for start in [*random, *edges]:
        part, _ = io.read(path, start=int(start), frames=3000)
        assert np.array_equal(part, whole[:, start : start + 3000]), start
    assert io.read(path, start=whole.shape[1], frames=10)[0].shape == (1, 0)


def test_a_resampled_segment_is_the_slice(made: tuple[Path, Wave, int, float | None]) -> None:
    path, _, _, _ = made
    whole, _ = io.read(path, sample_rate=22050)
    part, _ = io.read(path, start=250_001, frames=3000, sample_rate=22050)
    assert np.abs(part - whole[:, 250_001:253_001]).max() < 1e-6


def test_seams_between_chunks_are_not_heard(encode: Encode, tmp_path: Path) -> None:
    """AAC of tones alone has no random noise: decoded in one go it is the same."""
    av = pytest.importorskip("av")
    time = np.arange(25 * RATE) / RATE
    tone = (0.4 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    read, _ = io.read(encode(tmp_path / "a.m4a", tone, RATE))
    with av.open(str(tmp_path / "a.m4a")) as container:
        straight = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(read[0]) == 25 * RATE
    assert np.abs(read[0] - straight[: 25 * RATE]).max() < 1e-4


def test_threads_and_forked_and_spawned_processes_read_the_same(
    encode: Encode, tmp_path: Path
) -> None:
    path = encode(tmp_path / "a.m4a", _sound(RATE, 12), RATE)
    expected = _part(path, 7000)
    with ThreadPoolExecutor(4) as threads:
        for part in threads.map(_part, [path] * 8, [7000] * 8):
            assert np.array_equal(part, expected)
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert np.array_equal(pool.apply(_part, (path, 7000)), expected)


def _part(path: Path, start: int) -> Wave:
    return io.read(path, start=start, frames=2000)[0]


def test_a_crop_of_a_long_file_decodes_little(
    encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encode(tmp_path / "a.m4a", np.tile(_sound(8000, 20), 30), 8000)
    assert io.probe(path).seconds == pytest.approx(600, abs=0.2)
    decoded = []
    original = pyav.samples_of

    def counting(frame: object, rate: int, channels: int) -> Wave:
        decoded.append(original(frame, rate, channels))
        return decoded[-1]

    monkeypatch.setattr(pyav, "samples_of", counting)
    io.read(path, start=555 * 8000, frames=4000)
    assert sum(map(len, decoded)) < 12 * 8000


def test_two_tracks_are_said_and_the_first_is_read(encode: Encode, tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", _sound(RATE, 1), RATE, "flac", tracks=2)
    notes: list[str] = []
    wave, _ = io.read(path, on_note=notes.append)
    assert wave.shape == (1, RATE)
    assert notes == ["it has 2 audio tracks: only the first is read"]
    assert io.measure(path).info.note == notes[0]


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    with pytest.raises(UserError, match=r"a\.mp4: .*MP4.* no audio track"):
        io.read(tmp_path / "a.mp4")


def test_content_decides_and_a_wrong_name_is_said(encode: Encode, tmp_path: Path) -> None:
    made = encode(tmp_path / "a.m4a", _sound(RATE, 1), RATE)
    right, _ = io.read(made)
    for name, says in (("b.wav", "ends in .wav"), ("b", "has no extension"), ("b.webm", ".webm")):
        shutil.copy(made, tmp_path / name)
        notes: list[str] = []
        wave, _ = io.read(tmp_path / name, on_note=notes.append)
        assert np.array_equal(wave, right), name
        assert says in notes[0], name
        assert "MP4" in notes[0], name


def test_names_that_are_no_text_and_names_of_protocols(encode: Encode, tmp_path: Path) -> None:
    made = encode(tmp_path / "a.m4a", _sound(RATE, 1), RATE)
    folder = tmp_path / "http:"
    folder.mkdir()
    for name in (os.fsdecode(b"caf\xe9.m4a"), "concat:a|b.m4a", "http:/a.m4a"):
        shutil.copy(made, tmp_path / name)
        assert io.read(tmp_path / name)[0].shape == (1, RATE)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_files_are_noticed(encode: Encode, tmp_path: Path, share: float) -> None:
    wave = _sound(RATE, 15)
    for name, codec in (
        ("a.mov", "alac"),
        ("a.mkv", "flac"),
        ("a.m4a", "aac"),
        ("a.wv", "wavpack"),
    ):
        path = encode(tmp_path / name, wave, RATE, codec)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        try:
            found = io.measure(path)
        except UserError:  # an MP4's index is at its end
            assert name in ("a.mov", "a.m4a")
            continue
        assert found.frames_decoded < len(wave), name
        if name != "a.mkv":  # Matroska names no length
            with pytest.raises(io.ShortReadError):
                io.read(path)


@pytest.mark.parametrize("extension", sorted(formats.READABLE - formats.OWN))
def test_what_is_no_such_file_is_refused_by_name(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"x{extension}"
    path.write_bytes(np.random.default_rng(3).bytes(4000))
    decoder = pyav.library() or ffmpeg.program()
    if extension == ".g722" and decoder is not None:  # any bytes are sound there
        assert io.probe(path).frames > 0
        return
    with pytest.raises(UserError, match=re.escape(f"x{extension}: ")) as caught:
        io.read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("extension", sorted(formats.READABLE - formats.OWN))
def test_without_a_decoder_what_would_read_it_is_named(
    tmp_path: Path, extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyav, "library", lambda: None)
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    path = tmp_path / f"x{extension}"
    path.write_bytes(np.random.default_rng(3).bytes(4000))
    with pytest.raises(UserError, match=re.escape(f"x{extension}: ")) as caught:
        io.read(path)
    if extension in (".spx", ".ogv", ".ogx"):  # its bytes are no Ogg
        assert "libsndfile cannot read it" in str(caught.value)
    else:
        assert 'pip install "wavegan[formats]"' in str(caught.value)
        assert f"ffmpeg -i x{extension} x.wav" in str(caught.value)


def test_a_wav_that_is_an_mp4_is_called_one_without_a_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyav, "library", lambda: None)
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    (tmp_path / "a.wav").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(400))
    with pytest.raises(UserError, match=r"a\.wav: .*it is MP4"):
        io.read(tmp_path / "a.wav")


@pytest.mark.parametrize("extension", sorted(formats.UNREADABLE))
def test_what_holds_no_sound_is_named_as_such(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"x{extension}"
    path.write_bytes(b"whatever it is")
    with pytest.raises(UserError, match=re.escape(f"x{extension}: ")):
        io.probe(path)


def test_an_mp3_under_another_name_is_read_as_ever(tmp_path: Path) -> None:
    io.write(tmp_path / "a.mp3", _sound(RATE, 1)[None], RATE)
    right, _ = io.read(tmp_path / "a.mp3")
    for name in ("b.m4a", "b.aac", "b.mp4", "b"):
        shutil.copy(tmp_path / "a.mp3", tmp_path / name)
        assert np.array_equal(io.read(tmp_path / name)[0], right), name


def test_a_code_that_only_ffmpeg_knows_is_hinted_at(
    encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encode(tmp_path / "a.wav", _sound(48000, 1), 48000, "ac3", "wav")
    assert io.read(path)[0].shape[1] >= 48000
    monkeypatch.setattr(pyav, "library", lambda: None)
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    with pytest.raises(UserError, match=r"a\.wav: libsndfile cannot read it .*wavegan\[formats\]"):
        io.read(path)


def test_notes_of_music_are_no_sound_whatever_their_name(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0")
    with pytest.raises(UserError, match="MIDI holds notes, not sound"):
        io.read(tmp_path / "a.wav")


def test_the_program_reads_what_pyav_reads(
    encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ffmpeg.program() is None:
        pytest.skip("there is no ffmpeg on the PATH: install it to test it")
    wave = _sound(RATE, 5)
    for name, codec in (("a.m4a", "aac"), ("a.mkv", "flac"), ("a.mov", "alac")):
        path = encode(tmp_path / name, wave, RATE, codec, tracks=2 if name == "a.mkv" else 1)
        by_library = io.probe(path), io.read(path, on_note=list)[0]
        with monkeypatch.context() as patch:
            patch.setattr(pyav, "library", lambda: None)
            info = io.probe(path)
            read, _ = io.read(path, on_note=list)
            part, _ = io.read(path, start=50_000, frames=2000, on_note=list)
        assert (info.sample_rate, info.channels, info.note) == (RATE, 1, by_library[0].note)
        assert (info.format, info.subtype) == (by_library[0].format, by_library[0].subtype)
        samples = min(read.shape[1], by_library[1].shape[1])
        assert abs(read.shape[1] - by_library[1].shape[1]) <= 1024
        assert np.abs(read[:, :samples] - by_library[1][:, :samples]).max() < 1e-4
        assert np.array_equal(part, read[:, 50_000:52_000])


def test_the_program_refuses_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if ffmpeg.program() is None:
        pytest.skip("there is no ffmpeg on the PATH: install it to test it")
    monkeypatch.setattr(pyav, "library", lambda: None)
    (tmp_path / "x.mp4").write_bytes(bytes(5000))
    with pytest.raises(UserError, match=r"x\.mp4: .*as MP4 it is damaged"):
        io.read(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", ("web page", "download")),
        (b"\xef\xbb\xbf\n  <HTML>sign in</HTML>", ("web page", "download")),
        (
            b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
            ("web page", "download"),
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            ("Git LFS", "git lfs pull"),
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.m4a"])
def test_files_that_are_not_audio_are_reported(
    tmp_path: Path, name: str, content: bytes, said: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name}: ") as refused:
        io.read(tmp_path / name)
    for part in said:
        assert part in str(refused.value)
    # under a name that is none of audio it is nobody's concern
    (tmp_path / "page").write_bytes(content)
    assert formats.unnamed(tmp_path / "page") == ""


def test_a_wav_by_the_name_of_raw_samples_is_read(tmp_path: Path) -> None:
    """For such a name soundfile asks for the rate, even if the file has one."""
    io.write(tmp_path / "a.wav", np.full((1, 100), 0.25, np.float32), 8000)
    (tmp_path / "a.wav").rename(tmp_path / "a.RAW")
    audio, rate = io.read(tmp_path / "a.RAW")
    assert (audio.shape, rate) == ((1, 100), 8000)
    assert audio == pytest.approx(0.25, abs=1e-4)
