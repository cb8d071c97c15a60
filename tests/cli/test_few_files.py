"""One recording, one clip per label, our own output next to the data: training works."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from wavegan.audio import io, made_by
from wavegan.cli import app

SOUNDS = Path(__file__).parents[1] / "sounds.yaml"
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Calls the command line in this process."""
    runner = CliRunner(env={"WAVEGAN_CACHE": str(tmp_path_factory.mktemp("cache"))})

    def _call(*words: object) -> Result:
        result = runner.invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result

    return _call


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, speech: Path) -> Path:
    """A folder with one recording of six seconds."""
    folder = tmp_path_factory.mktemp("one")
    parts = [io.read(file, sample_rate=22050)[0] for file in sorted(speech.glob("*.flac"))[:3]]
    wave = np.concatenate(parts, axis=1)[0, : 6 * 22050]
    soundfile.write(folder / "session.wav", wave, 22050)
    return folder


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in found if line["kind"] == kind]


def test_of_one_recording_a_stretch_validates(
    call: Call, small: str, recording: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = (
        "training.steps=2",
        "data.validation=0.2",
        "data.peak=null",
        "data.validation_seconds=10",
    )
    reported = call("train", small, recording, "--out", run, *words).output
    found = re.search(r"held out: ([\d.]+) s to ([\d.]+) s of session\.wav", reported)
    assert found is not None
    first, last = (round(float(second) * 22050) for second in found.groups())
    assert last - first == pytest.approx(1.2 * 22050, abs=300)
    # the original that was validated with is that stretch
    heard, _ = soundfile.read(run / "samples" / "00000002" / "00_session_original.wav")
    whole, _ = soundfile.read(recording / "session.wav")
    assert len(heard) == pytest.approx(last - first, abs=256)  # cut to whole frames
    near = [np.abs(heard[300:-300] - whole[first + k + 300 :][: len(heard) - 600]).max()
            for k in range(-200, 200)]  # fmt: skip
    assert min(near) < 1e-4
    assert len(lines(run, "validation")) == 1
    assert (run / "checkpoints" / "best.json").is_file()
    call("train", "--resume", run, "training.steps=3")
    assert [line["step"] for line in lines(run, "validation")] == [2, 3]
    assert lines(run, "start")[-1]["data"]["held_out"] == 1


@pytest.mark.parametrize("nothing", ["0", "null", "none"])
def test_nothing_held_out_trains_without_figures(
    call: Call, small: str, recording: Path, tmp_path: Path, nothing: str
) -> None:
    run = tmp_path / "run"
    words = ("training.steps=2", f"data.validation={nothing}")
    reported = call("train", small, recording, "--out", run, *words).output
    assert "nothing is held out" in reported
    assert lines(run, "validation") == []
    assert not (run / "checkpoints" / "best.json").exists()
    previews = sorted(file.name for file in (run / "samples" / "00000002").iterdir())
    assert previews == ["00_session_generated.wav", "00_session_original.wav"]
    if nothing != "0":
        return
    call("train", "--resume", run, "training.steps=3")
    assert lines(run, "validation") == []
    said = json.loads(call("status", run, "--json").stdout)
    assert "nothing is held out" in json.dumps(said)
    call("report", run, "--out", tmp_path / "report.html", "-q")
    # the run's path opens its last checkpoint
    call("vocode", recording / "session.wav", "--model", run, "--out", tmp_path / "copy.wav")


def test_a_dry_run_says_what_is_held_out(call: Call, small: str, recording: Path) -> None:
    plan = json.loads(call("train", small, recording, "--out", "x", "--dry-run", "--json").stdout)
    assert (plan["training_files"], plan["validation_files"]) == (1, 1)
    assert any("session.wav" in note for note in plan["notes"])


@pytest.mark.parametrize("words", [(), ("data.validation=1",), ("data.validation=0",)])
def test_one_clip_per_label_trains_on_all(call: Call, tmp_path: Path, words: tuple[str]) -> None:
    notes, run = tmp_path / "notes", tmp_path / "run"
    notes.mkdir()
    for number in range(4):
        tone = 0.5 * np.sin(np.arange(6000) * 0.05 * (number + 1))
        soundfile.write(notes / f"06{number}_note.wav", tone, 8000)
    given = ("data.labels=names", "training.steps=2", "training.validate_every=1", *words)
    reported = call("train", SOUNDS, notes, "--out", run, *given).output
    assert "nothing is held out" in reported
    validated = lines(run, "validation")
    assert [line["step"] for line in validated] == [1, 2]
    assert "frechet" in validated[0]
    assert "accuracy_held_out" not in validated[0]


def test_what_we_wrote_into_the_data_is_no_data(
    call: Call, small: str, recording: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(4):
        wave, rate = soundfile.read(recording / "session.wav", start=22050 * number, frames=22050)
        soundfile.write(data / f"{number}.wav", wave, rate)
    words = ("training.steps=2", "data.validation=1")
    call("train", small, data, "--out", data / "runs" / "a", *words)
    reported = call("vocode", data, "--model", data / "runs" / "a", "--out", data / "copies")
    assert "runs/a, the folder of a run with 2 audio files" in reported.stderr
    made = sorted((data / "copies").iterdir())
    assert [file.name for file in made] == [f"{number}.wav" for number in range(4)]
    assert {made_by.command(io.probe(file).tags) for file in made} == {"vocode"}
    # another time there is no more to vocode
    again = call("vocode", data, "--model", data / "runs" / "a", "--out", data / "more")
    assert "4 audio files that wavegan vocode made" in again.stderr
    assert len(list((data / "more").rglob("*.wav"))) == 4
    reported = call("train", small, data, "--out", data / "runs" / "b", *words)
    assert "3 files to train on" in reported.output
    assert "runs/a" in reported.output
    assert "8 audio files that wavegan vocode made" in reported.output
    resumed = call("train", "--resume", data / "runs" / "a", "training.steps=3").output
    assert "the training files changed" not in resumed
    # on purpose it is possible
    plan = call("train", small, data / "copies", "--out", tmp_path / "c", "--dry-run", "--json")
    assert json.loads(plan.stdout)["training_files"] == 2


def test_previews_carry_the_mark(call: Call, small: str, recording: Path, tmp_path: Path) -> None:
    call("train", small, recording, "--out", tmp_path / "run", "training.steps=1")
    previews = list((tmp_path / "run" / "samples").rglob("*.wav"))
    assert {made_by.command(io.probe(file).tags) for file in previews} == {"train"}
