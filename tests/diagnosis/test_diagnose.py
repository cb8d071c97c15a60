"""Files and folders: what is reported for each and in common, with originals and with models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan import bundle
from wavegan.artifacts.base import Finding
from wavegan.audio import io
from wavegan.diagnosis import diagnose as module
from wavegan.diagnosis.diagnose import detectors, diagnose, examine
from wavegan.diagnosis.report import FileReport, FolderReport
from wavegan.errors import UserError


@pytest.fixture(scope="module")
def folder(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`clean/` has three sentences, `made/` the same with an offset, and one with a dropout too."""
    folder = tmp_path_factory.mktemp("diagnose")
    for number, file in enumerate(sorted(speech.glob("*.flac"))[:3]):
        wave, rate = io.read(file)
        for name in ("clean", "made/deep"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        io.write(folder / "clean" / f"{number}.flac", wave, rate)
        made = wave + 0.02
        if number == 1:
            made[:, 20000:20600] = 0.02
        io.write(folder / "made" / f"{number}.wav", made, rate)
    (folder / "made" / "broken.wav").write_bytes(b"RIFF")
    (folder / "made" / "notes.txt").write_text("no audio")
    (folder / "made" / ".hidden.wav").write_bytes(b"RIFF")
    return folder


def test_every_detector_is_there_and_in_its_order() -> None:
    assert tuple(detectors()) == module.ORDER


def test_a_file_is_described(folder: Path) -> None:
    report = diagnose(folder / "made" / "1.wav").files[0]
    assert (report.name, report.sample_rate, report.channels) == ("1.wav", 22050, 1)
    assert [finding.what for finding in report.findings] == ["DC offset", "dropout"]
    assert report.findings[1].start == pytest.approx(20000 / 22050, abs=1e-3)


def test_a_folder_is_summed_up_and_bad_files_are_named(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = diagnose(folder / "made", progress=lambda done, of: seen.append((done, of)))
    assert [file.name for file in found.files] == ["0.wav", "1.wav", "2.wav"]
    assert list(found.left_out) == ["broken.wav"]
    assert [(kind.title, kind.files) for kind in found.kinds()] == [
        ("DC offset", ["0.wav", "1.wav", "2.wav"]),
        ("dropout", ["1.wav"]),
    ]
    assert found.faulty
    assert seen == [(n, 4) for n in range(1, 5)]


def test_clean_speech_has_nothing(folder: Path) -> None:
    found = diagnose(folder / "clean")
    assert [file.findings for file in found.files] == [(), (), ()]
    assert not found.faulty


def test_with_originals_only_differences_are_reported(folder: Path) -> None:
    against_itself = diagnose(folder / "made", reference=folder / "made")
    assert against_itself.kinds() == []
    found = diagnose(folder / "made", reference=folder / "clean")
    assert {kind.title for kind in found.kinds()} == {"DC offset", "dropout"}
    one = diagnose(folder / "made" / "0.wav", reference=folder / "clean" / "0.flac")
    assert [finding.what for finding in one.files[0].findings] == ["DC offset"]


def test_an_original_at_another_rate_and_level_is_compared(folder: Path, tmp_path: Path) -> None:
    wave, rate = io.read(folder / "clean" / "0.flac", sample_rate=44100)
    io.write(tmp_path / "0.wav", 2 * wave, rate)
    report = diagnose(folder / "clean" / "0.flac", reference=tmp_path / "0.wav").files[0]
    assert [finding.what for finding in report.findings] == ["level mismatch"]
    assert report.findings[0].strength == pytest.approx(6.02, abs=0.05)


def test_a_file_without_an_original_is_looked_at_by_itself(folder: Path, tmp_path: Path) -> None:
    wave, rate = io.read(folder / "clean" / "0.flac")
    io.write(tmp_path / "0.wav", wave, rate)
    found = diagnose(folder / "made", reference=tmp_path)
    notes = {file.name: file.notes for file in found.files}
    assert notes["0.wav"] == ()
    assert notes["1.wav"] == ("no original of this name: analysed without one",)
    assert len(found.files[1].findings) == 2


def test_a_models_stages_are_named(save_tiny: Callable[..., Path], tmp_path: Path) -> None:
    """Of x4, x4 after a hop of 16 at 16 kHz, the second stage's input has 4 kHz."""
    model = save_tiny(tmp_path)
    source = np.random.default_rng(0)
    time = np.arange(48000) / 16000
    wave = 0.1 * source.standard_normal(48000) * (np.sin(2 * np.pi * time) > 0)
    wave += 0.002 * source.standard_normal(48000) + 0.01 * np.cos(2 * np.pi * 4000 * time)
    io.write(tmp_path / "a.wav", wave[None].astype(np.float32), 16000)
    report = diagnose(tmp_path / "a.wav", model=model).files[0]
    lines = [finding for finding in report.findings if finding.what == "tonal line"]
    assert lines[0].low == pytest.approx(4000, abs=1)
    assert lines[0].cause.startswith("stage 2 (x4) of your generator")
    io.write(tmp_path / "b.wav", wave[None].astype(np.float32), 22050)
    other = diagnose(tmp_path / "b.wav", model=model).files[0]
    assert other.notes == ("the model's sample rate is 16000 Hz, so its stages are not named",)


def test_a_fresh_generators_checkerboard_is_found(tiny: bundle.Config) -> None:
    """Transposed convolutions that were never trained repeat their bias's pattern at each stage."""
    torch.manual_seed(3)
    generator = bundle.build(tiny).eval()
    mel = torch.randn(1, 8, 4000) - 5
    with torch.no_grad():
        wave = generator(mel)[0]
    found = examine(wave / wave.abs().max(), 16000, config=tiny)
    lines = [finding for finding in found if finding.what == "tonal line"]
    assert lines
    assert all("of your generator" in line.cause for line in lines)
    assert all(round(line.low or 0) % 1000 == 0 for line in lines)


def test_lines_of_one_frequency_are_one_kind() -> None:
    def report(name: str, hertz: float, strength: float) -> FileReport:
        line = Finding("tonal_lines", "tonal line", "", "", 0, 1, strength, "dB", hertz, hertz)
        return FileReport(name, 1.0, 22050, 1, (line,))

    kinds = FolderReport((report("a", 5512, 1), report("b", 5514, 2), report("c", 2756, 1))).kinds()
    assert [(kind.title, kind.files) for kind in kinds] == [
        ("tonal line at 5514 Hz", ["a", "b"]),
        ("tonal line at 2756 Hz", ["c"]),
    ]


def test_long_files_are_looked_at_in_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 1.0)
    report = diagnose(folder / "clean" / "0.flac").files[0]
    assert report.seconds == 1.0
    assert report.notes[0].startswith("only the first 1 s of ")


@pytest.mark.parametrize(("channels", "seconds"), [(1, 0.5), (2, 0.5), (8, 0.125)])
def test_many_channels_and_high_rates_are_looked_at_in_a_shorter_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int, seconds: float
) -> None:
    wave = 0.1 * np.random.default_rng(0).standard_normal((channels, 16_000)).astype(np.float32)
    io.write(tmp_path / "a.wav", wave, 8000)
    read: list[int] = []
    original = io.read
    monkeypatch.setattr(
        io, "read", lambda *a, **k: read.append(k.get("frames")) or original(*a, **k)
    )
    monkeypatch.setattr(module, "MOST", 4000)
    report = diagnose(tmp_path / "a.wav", reference=tmp_path / "a.wav").files[0]
    assert report.seconds == seconds
    assert report.notes[0].startswith(f"only the first {seconds:.0f} s of 2 s")
    assert report.findings == ()
    assert read == [seconds * 8000] * 2  # of the original no more


def test_mistakes_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    io.write(tmp_path / "slow.wav", np.ones((1, 9), dtype=np.float32) / 2, 7)
    for path, reference, message in (
        (tmp_path / "slow.wav", None, "slow.wav: its sample rate is 7 Hz"),
        (folder / "gone", None, "gone: no such file or folder"),
        (tmp_path / "empty", None, "empty: there are no audio files in it"),
        (folder / "made" / "broken.wav", None, "broken.wav"),
        (folder / "clean", folder / "gone", "gone: no such file or folder; give the originals"),
        (folder / "clean", folder / "made" / "0.wav", "give a folder of originals"),
    ):
        with pytest.raises(UserError, match=message):
            diagnose(path, reference=reference)
