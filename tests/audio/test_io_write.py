"""Writing audio: round trips, clipping, every format, whole files or none."""

import io as std_io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from wavegan.audio import io
from wavegan.errors import RunError, UserError

Wave = NDArray[np.float32]


def _sound(channels: int = 1, seconds: float = 3.0, rate: int = 22050) -> Wave:
    """Tones and noise under 0.7, different in each channel."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(0).standard_normal((channels, len(time)))
    tones = [np.sin(2 * np.pi * 220 * (c + 1) * time) for c in range(channels)]
    return (0.4 * np.stack(tones) + 0.05 * noise).astype(np.float32)


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff"])
@pytest.mark.parametrize(("subtype", "step"), [("PCM_16", 2.0**-15), ("PCM_24", 2.0**-23)])
def test_pcm_round_trip(tmp_path: Path, extension: str, subtype: str, step: float) -> None:
    path = tmp_path / f"a.{extension}"
    wave = _sound(2)
    report = io.write(path, wave, 22050, subtype=subtype)
    assert (report.frames, report.clipped) == (wave.shape[1], 0)
    assert io.probe(path).subtype == subtype
    first, _ = io.read(path, mono=False)
    assert np.abs(first - wave).max() <= step / 2 * 1.001
    io.write(path, first, 22050, subtype=subtype)
    assert np.array_equal(io.read(path, mono=False)[0], first)


def test_float_round_trip_keeps_what_is_beyond_full_scale(tmp_path: Path) -> None:
    wave = 3 * _sound()
    report = io.write(tmp_path / "a.wav", wave, 22050, subtype="FLOAT")
    assert report.clipped == 0
    assert report.peak == np.abs(wave).max() > 1
    assert np.array_equal(io.read(tmp_path / "a.wav")[0], wave)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
def test_clipped_samples_are_counted(tmp_path: Path, extension: str) -> None:
    wave = np.full((2, 4000), 0.25, np.float32)
    wave[0, :3], wave[1, 5:7] = 1.5, -1.01
    wave[1, 9] = 1.0
    assert io.write(tmp_path / f"a.{extension}", wave, 22050).clipped == 5


def test_clipping_saturates(tmp_path: Path) -> None:
    io.write(tmp_path / "a.wav", np.array([2.0, -2.0, 1.0, -1.0], np.float32), 22050)
    made, _ = io.read(tmp_path / "a.wav")
    assert made[0].tolist() == [32767 / 32768, -1.0, 32767 / 32768, -1.0]


def test_a_minute_of_stereo_vorbis(tmp_path: Path) -> None:
    """Written in one call, libsndfile would crash the interpreter."""
    rate = 44100
    wave = np.tile(_sound(2, seconds=6, rate=rate), 10)
    io.write(tmp_path / "a.ogg", wave, rate)
    info = io.probe(tmp_path / "a.ogg")
    assert (info.frames, info.channels, info.subtype) == (60 * rate, 2, "VORBIS")
    made, _ = io.read(tmp_path / "a.ogg", start=30 * rate, frames=rate, mono=False)
    original = wave[:, 30 * rate : 31 * rate]
    assert np.corrcoef(made[0], original[0])[0, 1] > 0.98


def test_opus_has_its_own_extension(tmp_path: Path) -> None:
    io.write(tmp_path / "a.opus", _sound(rate=24000), 24000)
    assert io.probe(tmp_path / "a.opus").subtype == "OPUS"
    with pytest.raises(UserError, match=r"a\.opus: cannot write OGG OPUS"):
        io.write(tmp_path / "a.opus", _sound(), 22050)


def test_streams_get_a_whole_wav() -> None:
    class Pipe(std_io.RawIOBase):
        """Can only be written."""

        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    report = io.write(pipe, _sound(), 22050)  # type: ignore[arg-type]
    made, rate = soundfile.read(std_io.BytesIO(pipe.data), dtype="float32")
    assert (rate, len(made)) == (22050, report.frames)
    assert np.abs(made - _sound()[0]).max() < 2.0**-15


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    io.write(path, _sound(), 22050)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match=r"a\.wav: No space left"):
        io.write(path, _sound(2), 22050)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.wav"]


def test_devices_and_links_are_written_through(tmp_path: Path) -> None:
    io.write("/dev/null", _sound(), 22050, format="wav")
    assert not Path("/dev/null").is_file()
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    io.write(tmp_path / "link.wav", _sound(), 22050)
    assert (tmp_path / "link.wav").is_symlink()
    assert (tmp_path / "real.wav").is_file()


def test_names_in_another_encoding_can_be_written(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    io.write(path, _sound(), 22050)
    assert io.read(path)[0].shape == _sound().shape


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    wave = _sound()
    path = tmp_path / "a.wav"
    for target, sound, options, message in (
        (tmp_path / "a.xyz", wave, {}, "cannot write xyz"),
        (tmp_path / "a", wave, {}, "without extension"),
        (tmp_path / "a.flac", wave, {"subtype": "FLOAT"}, "FLAC cannot hold FLOAT"),
        (tmp_path / "no" / "a.wav", wave, {}, "there is no folder"),
        (path, wave.T, {}, r"shape \(66150, 1\)"),
        (path, wave[None], {}, "shape"),
        (path, (wave * 100).astype(np.int16), {}, "int16"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            io.write(target, sound, 22050, **options)
        assert str(target) in str(caught.value)
    wave[0, :7] = np.nan
    with pytest.raises(RunError, match=r"a\.wav: 7 of 66150 samples are NaN"):
        io.write(path, wave, 22050)
    assert list(tmp_path.iterdir()) == []
