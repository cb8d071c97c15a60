"""Audio files: segments equal slices, damage is noticed, names and formats of every kind."""

import csv
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from wavegan.audio import ffmpeg, io, pyav
from wavegan.audio.resample import resample_array
from wavegan.errors import UserError

Wave = NDArray[np.float32]


def _sound(channels: int = 1, seconds: float = 3.0, rate: int = 22050) -> Wave:
    """Tones and noise under 0.7, different in each channel."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(0).standard_normal((channels, len(time)))
    tones = [np.sin(2 * np.pi * 220 * (c + 1) * time) for c in range(channels)]
    return (0.4 * np.stack(tones) + 0.05 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def messy(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("messy")
    archive = shared / "data" / "messy.tar.gz"
    subprocess.run(["tar", "xzf", str(archive), "-C", str(folder)], check=True)
    (inside,) = folder.iterdir()
    return inside


def _expected(shared: Path, folder: str, *kinds: str) -> list[str]:
    with open(shared / "data" / "messy-EXPECTED.tsv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = [r["file"] for r in rows if r["file"].startswith(folder) and r["kind"] in kinds]
    assert names
    return names


def _short(path: Path, **options: int) -> tuple[Wave, io.ShortReadError | None]:
    """What could be read, and the notice."""
    notices: list[io.ShortReadError] = []
    wave, _ = io.read(path, on_short=notices.append, **options)
    return wave, notices[0] if notices else None


def test_reads_every_good_file_whole(messy: Path, shared: Path) -> None:
    names = _expected(shared, "ok/", "ok")
    assert len(names) > 35
    for name in names:
        info = io.probe(messy / name)
        wave, rate = io.read(messy / name, mono=False)
        assert wave.dtype == np.float32, name
        assert wave.shape == (info.channels, info.frames), name
        assert rate == info.sample_rate, name
        assert info.damage is None, name
        assert 1.7 < info.seconds < 2.0 or info.channels == 6 or "44101" in name, name
        assert 0.05 < np.abs(wave).max() <= 1, name


def test_unsupported_containers_are_named_with_a_way_out(
    messy: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyav, "library", lambda: None)
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    for name in _expected(shared, "ok/", "unsupported"):
        with pytest.raises(UserError, match="ffmpeg -i") as caught:
            io.read(messy / name)
        assert Path(name).name in str(caught.value)


def test_with_pyav_they_are_read(messy: Path, shared: Path) -> None:
    pytest.importorskip("av")
    for name in _expected(shared, "ok/", "unsupported"):
        wave, rate = io.read(messy / name)
        assert 1.7 < wave.shape[1] / rate < 2.1, name
        assert 0.05 < np.abs(wave).max() <= 1, name


def test_bad_files_are_refused_by_name_on_one_line(messy: Path, shared: Path) -> None:
    for name in [*_expected(shared, "bad/", "bad", "empty"), "odd/rate_0hz.wav"]:
        with pytest.raises(UserError) as caught:
            io.read(messy / name)
        assert Path(name).name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_names_of_every_kind(messy: Path, shared: Path) -> None:
    names = [messy / name for name in _expected(shared, "names/", "ok")]
    (latin1,) = (f for f in (messy / "names").iterdir() if f.name.startswith("latin1_"))
    with pytest.raises(UnicodeEncodeError):
        str(latin1).encode()
    for path in [*names, latin1, messy / "links" / "to_file.wav"]:
        assert io.read(path)[0].shape == (1, 11025), path
        assert io.measure(path).frames_decoded == 11025, path


def test_messages_can_be_printed_whatever_the_name(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.wav"))
    path.write_text("no audio, but long enough to be looked at by a decoder")
    with pytest.raises(UserError, match=r"caf\\xe9\\n\.wav") as caught:
        io.read(path)
    str(caught.value).encode("utf-8")


def test_missing_files_folders_and_links(tmp_path: Path, messy: Path) -> None:
    for path in (tmp_path / "no.wav", messy / "links/broken.wav", messy / "links/self.wav"):
        with pytest.raises(UserError, match=path.name):
            io.probe(path)
    with pytest.raises(UserError, match="it is a folder"):
        io.read(messy / "bad" / "directory.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(UserError, match="not a regular file"):
        io.read(tmp_path / "pipe.wav")


def test_mono_is_the_mean_and_antiphase_stereo_is_silence(messy: Path, tmp_path: Path) -> None:
    stereo = _sound(2)
    io.write(tmp_path / "s.wav", stereo, 22050, subtype="FLOAT")
    kept, _ = io.read(tmp_path / "s.wav", mono=False)
    mixed, _ = io.read(tmp_path / "s.wav")
    assert np.array_equal(kept, stereo)
    assert mixed.shape == (1, stereo.shape[1])
    assert np.allclose(mixed[0], stereo.mean(axis=0), atol=1e-7)
    antiphase = messy / "ok" / "stereo_antiphase.wav"
    assert not io.read(antiphase)[0].any()
    measured = io.measure(antiphase)
    assert measured.mono_peak == measured.mono_mean == 0
    assert measured.peak > 0.1


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("mono", [True, False])
def test_a_segment_is_the_slice(tmp_path: Path, extension: str, mono: bool) -> None:
    path = tmp_path / f"a.{extension}"
    io.write(path, _sound(2, seconds=8), 22050)
    whole, _ = io.read(path, mono=mono)
    assert whole.shape[1] == 8 * 22050
    # Near the end is where libsndfile's own seek in Vorbis lands beside the sample.
    for start in (0, 1, 700, 3201, 22050, 100_003, 167_473, 170_000):
        part, rate = io.read(path, start=start, frames=5000, mono=mono)
        assert rate == 22050
        assert part.shape == (whole.shape[0], 5000)
        assert np.abs(part - whole[:, start : start + 5000]).max() < 1e-6


def test_a_segment_of_opus_is_nearly_the_slice(tmp_path: Path) -> None:
    """The decoder's state depends on where it began; a wrong position would be off by 1."""
    io.write(path := tmp_path / "a.opus", _sound(rate=24000, seconds=6), 24000)
    whole, _ = io.read(path)
    for start in (1, 16356, 80_000, 143_000):
        part, _ = io.read(path, start=start, frames=1000)
        assert np.abs(part - whole[:, start : start + 1000]).max() < 1e-2


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [16000, 24000, 44100, 8001])
def test_a_resampled_segment_is_the_slice(tmp_path: Path, extension: str, rate: int) -> None:
    path = tmp_path / f"a.{extension}"
    io.write(path, _sound(seconds=6), 22050)
    whole, made = io.read(path, sample_rate=rate)
    assert made == rate
    assert whole.shape == (1, 6 * rate)
    for start in (0, 1, 999, 2 * rate + 37, whole.shape[1] - 1500):
        part, _ = io.read(path, start=start, frames=1500, sample_rate=rate)
        assert part.shape == (1, 1500)
        assert np.abs(part - whole[:, start : start + 1500]).max() < 1e-6


def test_resampling_is_soxr_of_the_whole(tmp_path: Path) -> None:
    sound = _sound(2)
    io.write(tmp_path / "a.wav", sound, 22050, subtype="FLOAT")
    made, _ = io.read(tmp_path / "a.wav", sample_rate=16000, mono=False)
    assert np.array_equal(made, resample_array(sound, 22050, 16000))


def test_the_end_of_the_file_shortens_a_segment(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    io.write(path, _sound(seconds=1), 22050)
    assert io.read(path, start=22000, frames=500)[0].shape == (1, 50)
    assert io.read(path, start=22050, frames=500)[0].shape == (1, 0)
    assert io.read(path, start=43000, sample_rate=44100)[0].shape == (1, 1100)
    for options in ({"start": 22051}, {"start": -1}, {"frames": -1}, {"sample_rate": 0}):
        with pytest.raises(UserError):
            io.read(path, **options)


def test_files_that_cannot_seek_give_segments_too(messy: Path) -> None:
    path = messy / "ok" / "wav_gsm610.wav"
    whole, _ = io.read(path)
    part, _ = io.read(path, start=3000, frames=1000)
    assert np.array_equal(part, whole[:, 3000:4000])


def test_truncated_files_are_noticed(messy: Path, shared: Path) -> None:
    for name in _expected(shared, "bad/", "truncated"):
        wave, notice = _short(messy / name)
        assert notice is not None, name
        assert notice.path == messy / name
        assert notice.decoded == wave.shape[1]
        assert Path(name).name in str(notice)
        assert io.measure(messy / name).damage is not None
        with pytest.raises(io.ShortReadError):
            io.read(messy / name)


def test_what_precedes_the_damage_is_there(messy: Path) -> None:
    good, _ = io.read(messy / "ok" / "container_flac_pcm_16.flac")
    for name in ("truncated.flac", "corrupt_middle.flac"):
        wave, _ = _short(messy / "bad" / name)
        assert wave.shape[1] >= 12288
        assert np.array_equal(wave, good[:, : wave.shape[1]])
    assert _short(messy / "bad" / "truncated_data.wav")[0].shape == (1, 14978)
    assert _short(messy / "bad" / "truncated.ogg")[0].shape == (1, 0)


def test_a_whole_segment_of_a_damaged_file_is_no_error(messy: Path) -> None:
    path = messy / "bad" / "truncated_data.wav"
    assert io.read(path, start=1000, frames=5000)[0].shape == (1, 5000)
    assert io.read(path, frames=5000, sample_rate=16000)[0].shape == (1, 5000)
    with pytest.raises(io.ShortReadError):
        io.read(path, start=10000, frames=5000)
    assert io.read(messy / "bad" / "corrupt_middle.flac", frames=4000)[0].shape == (1, 4000)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff", "au", "w64", "rf64"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_is_noticed_in_every_format(tmp_path: Path, extension: str, share: float) -> None:
    path = tmp_path / f"a.{extension}"
    io.write(path, _sound(), 22050)
    data = path.read_bytes()
    assert io.measure(path).damage is None
    assert _short(path)[1] is None
    path.write_bytes(data[: int(len(data) * share)])
    wave, notice = _short(path)
    assert notice is not None
    assert wave.shape[1] < 3 * 22050
    assert io.measure(path).damage is not None


def test_an_ogg_cut_inside_its_last_page_is_noticed(messy: Path, tmp_path: Path) -> None:
    """libsndfile sees a complete stream there, followed by something else."""
    data = (messy / "ok" / "container_ogg_vorbis.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(data[: len(data) * 8 // 10])
    wave, notice = _short(tmp_path / "a.ogg")
    assert wave.shape[1] == 28800
    assert notice is not None


def test_the_notice_crosses_processes(messy: Path) -> None:
    _, notice = _short(messy / "bad" / "truncated_data.wav")
    copy = pickle.loads(pickle.dumps(notice))
    assert (str(copy), copy.path, copy.decoded) == (str(notice), notice.path, notice.decoded)


def test_mpeg_remarks_stay_off_the_terminal(
    messy: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray((messy / "ok" / "container_mp3_mpeg_layer_iii.mp3").read_bytes())
    data[4000:4400] = bytes(400)
    (tmp_path / "gap.mp3").write_bytes(data)
    with soundfile.SoundFile(tmp_path / "gap.mp3") as sound:
        sound.read(sound.frames)
    assert capfd.readouterr().err != ""
    _short(tmp_path / "gap.mp3")
    with pytest.raises(UserError):
        io.read(messy / "bad" / "html_error_page.mp3")
    assert capfd.readouterr().err == ""
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_measures_known_levels(tmp_path: Path) -> None:
    wave = np.zeros((2, 200_000), np.float32)
    wave[0, 3], wave[1, 150_000] = -0.5, 1.0
    wave[0, 7], wave[1, 9] = np.nan, np.inf
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 22050, 2, "FLOAT") as file:
        file.write(wave.T)
    found = io.measure(tmp_path / "a.wav")
    assert (found.frames_decoded, found.peak, found.mono_peak) == (200_000, 1.0, 0.5)
    assert found.non_finite_count == 2
    assert found.rms == pytest.approx((1.25 / 400_000) ** 0.5)
    assert found.mono_mean == pytest.approx(0.25 / 200_000)
    assert found.damage is None


def test_measures_the_odd_ones(messy: Path) -> None:
    odd = {
        file.stem: io.measure(file) for file in (messy / "odd").iterdir() if "0hz" not in file.stem
    }
    assert odd["silent"].peak == 0
    assert 0 < odd["almost_silent"].rms < 1e-4
    assert odd["only_dc"].rms == pytest.approx(odd["only_dc"].mono_mean) == 0.25
    assert odd["dc_offset"].mono_mean == pytest.approx(0.5, abs=1e-3)
    assert odd["nan"].non_finite_count == 10
    assert odd["inf"].non_finite_count == 2
    assert odd["all_nan"].non_finite_count == odd["all_nan"].frames_decoded == 4000
    assert odd["float_over_full_scale"].peak > 20
