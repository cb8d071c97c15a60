"""Folders of clips compared: what is measured, what is left out, and the notes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.evaluation.compare import compare
from wavegan.evaluation.selection import DEFAULT
from wavegan.metrics.log_mel_l1 import LogMelL1

RATE = 16000
QUICK = ["log_mel_l1", "mrstft"]

Wave = NDArray[np.float32]


@pytest.fixture(scope="module")
def voices(speech: Path) -> list[Wave]:
    files = sorted(speech.glob("*.flac"))[:7]
    return [io.read(file, sample_rate=RATE, frames=RATE)[0] for file in files]


@pytest.fixture
def folders(tmp_path: Path, voices: list[Wave]) -> Path:
    """`real/`, `near/` with a little noise at half the level, `far/` with more noise."""
    rng = np.random.default_rng(0)
    for number, voice in enumerate(voices):
        noise = rng.standard_normal(voice.shape).astype(np.float32)
        put(tmp_path / "real" / f"{number}.wav", voice)
        put(tmp_path / "near" / f"{number}.wav", 0.5 * (voice + 0.001 * noise))
        put(tmp_path / "far" / f"{number}.wav", voice + 0.01 * noise)
    return tmp_path


def put(file: Path, wave: Wave, rate: int = RATE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    io.write(file, wave, rate, subtype="FLOAT")


def test_values_are_what_the_metrics_say(folders: Path) -> None:
    import torch

    found = compare(folders / "real", {"far": folders / "far"}, metrics=QUICK, floors=False)
    made, real = (
        torch.from_numpy(io.read(folders / name / "3.wav")[0]) for name in ("far", "real")
    )
    values = found.systems[0].values("log_mel_l1")
    assert values["3"] == pytest.approx(LogMelL1()(made, real, RATE))
    assert found.systems[0].means["log_mel_l1"].mean == pytest.approx(
        np.mean(list(values.values()))
    )
    assert [row.name for row in found.baselines] == ["reference"]
    assert found.baselines[0].means["mrstft"].mean == 0


def test_the_shape_of_the_json(folders: Path) -> None:
    systems = {name: folders / name for name in ("near", "far")}
    found = compare(folders / "real", systems, metrics=QUICK, match_gain=True, against="far")
    made = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(made) == {
        *("metrics", "files", "systems", "floors", "comparisons", "left_out", "settings"),
    }
    assert set(made["metrics"]) == set(QUICK)
    mean = made["metrics"]["mrstft"]
    assert set(mean) == {"mean", "ci95", "n"}
    assert mean["ci95"][0] <= mean["mean"] <= mean["ci95"][1]
    assert mean["n"] == 7
    assert [row["name"] for row in made["systems"]] == ["near", "far"]
    assert made["systems"][0]["files"] == made["files"]
    assert set(made["files"][0]) == {"name", "values", "notes", "gain"}
    assert list(made["floors"]) == ["reference", "griffin_lim", "re_encoded"]
    assert all(set(floor["metrics"]) == set(QUICK) for floor in made["floors"].values())
    assert made["left_out"] == []
    settings = made["settings"]
    assert settings["reference"] == str(folders / "real")
    assert settings["systems"]["far"] == {"folder": str(folders / "far")}
    assert settings["metrics"]["log_mel_l1"]["unit"] == "nepers"
    assert settings["floors"]["griffin_lim"]["mel"]["sample_rate"] == RATE
    assert 10 < settings["floors"]["re_encoded"]["kbit_per_s"] < 100
    assert settings["lengths"]["sample_rates"] == {"16000": 14}
    assert {"torch", "numpy"} <= settings["versions"].keys()
    assert settings["machine"]["cores"] >= 1


def test_a_matched_gain_takes_the_level_out(folders: Path, voices: list[Wave]) -> None:
    for number, voice in enumerate(voices):
        put(folders / "half" / f"{number}.wav", 0.5 * voice)
    plain, matched = (
        compare(
            folders / "real",
            {"half": folders / "half"},
            metrics=["log_mel_l1"],
            match_gain=match,
            floors=False,
        ).systems[0]
        for match in (False, True)
    )
    assert [clip.gain for clip in matched.files] == [pytest.approx(2)] * 7
    assert {clip.gain for clip in plain.files} == {None}
    # ln 2 in every band that is above the floor
    assert plain.means["log_mel_l1"].mean == pytest.approx(0.69, abs=0.05)
    assert matched.means["log_mel_l1"].mean < 1e-5


def test_loudness_is_measured_before_matching(folders: Path) -> None:
    pytest.importorskip("pyloudnorm")
    found = compare(
        folders / "real",
        {"near": folders / "near"},
        metrics=["loudness"],
        match_gain=True,
        floors=False,
    )
    assert found.systems[0].means["loudness"].mean == pytest.approx(6.02, abs=0.1)


def test_a_planted_difference_is_shown(folders: Path) -> None:
    systems = {name: folders / name for name in ("near", "far")}
    found = compare(
        folders / "real",
        systems,
        metrics=["log_mel_l1"],
        match_gain=True,
        floors=False,
        against="far",
    )
    (comparison,) = found.comparisons
    assert (comparison.system, comparison.against) == ("near", "far")
    difference = comparison.metrics["log_mel_l1"]
    assert difference.verdict == "better"
    assert difference.p == 2 / 2**7
    assert difference.difference.high < 0


def test_one_damaged_file_is_named_and_not_fatal(folders: Path) -> None:
    (folders / "far" / "2.wav").write_bytes(b"RIFF")
    soundfile.write(folders / "far" / "4.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    notes: list[str] = []
    found = compare(
        folders / "real", {"far": folders / "far"}, metrics=QUICK, floors=False, note=notes.append
    )
    assert [entry.file for entry in found.left_out] == ["2", "4"]
    assert [row.means["mrstft"].n for row in (*found.systems, *found.baselines)] == [5, 5]
    assert any(note.startswith("far: left out: 2: ") and "2.wav" in note for note in notes)
    assert any("4.wav: some of its samples are NaN" in note for note in notes)


def test_if_no_clip_can_be_measured_it_is_an_error(folders: Path) -> None:
    for file in (folders / "far").iterdir():
        file.write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"far: no clip could be measured: 6: .*6\.wav"):
        compare(folders / "real", {"far": folders / "far"}, metrics=QUICK, floors=False)


def test_other_rates_channels_and_lengths_are_said(folders: Path, voices: list[Wave]) -> None:
    put(folders / "far" / "0.wav", np.repeat(voices[0], 3, 1), 3 * RATE)
    put(folders / "far" / "1.wav", np.concatenate([voices[1], voices[1]]))
    put(folders / "far" / "2.wav", np.pad(voices[2], ((0, 0), (4000, 0))))
    put(folders / "far" / "3.wav", voices[3][:, :-300])
    put(folders / "far" / "4.wav", np.concatenate([voices[4], -voices[4]]))
    put(folders / "far" / "5.wav", np.pad(voices[1], ((0, 0), (0, 4000))))
    put(folders / "far" / "6.wav", 0 * voices[6])
    notes: list[str] = []
    found = compare(
        folders / "real", {"far": folders / "far"}, metrics=QUICK, floors=False, note=notes.append
    )
    clips = {clip.name: clip for clip in found.systems[0].files}
    assert clips["0"].resampled
    assert "resampled from 48000 to 16000 Hz" in map(str, clips["0"].notes)
    assert clips["1"].mixed
    assert clips["1"].values["log_mel_l1"] < 1e-5
    assert clips["2"].shift == pytest.approx(0.25)
    assert clips["2"].to_dict()["shift_seconds"] == pytest.approx(0.25)
    assert clips["2"].values["log_mel_l1"] < 1e-5
    assert clips["3"].cut
    assert clips["3"].seconds == pytest.approx(1 - 300 / RATE)
    reasons = {entry.file: entry.reason for entry in found.left_out}
    assert "its channels cancel each other" in reasons["4"]
    assert "they agree at no offset" in reasons["5"]
    assert found.settings["lengths"]["shifted"] == 1
    assert found.settings["lengths"]["resampled"] == 1
    said = "\n".join(notes)
    for text in (
        "shifted to their references: 2 by +0.250 s",
        "rate: 0",
        "mono, as one of the pair was mono: 1",
    ):
        assert text in said
    assert "far: silent, and measured anyway: 6" in said


def test_silent_clips_are_said_plainly(tmp_path: Path, voices: list[Wave]) -> None:
    silent = np.full_like(voices[0], 1e-40)
    for number, (real, made) in enumerate(
        ((voices[0], silent), (silent, silent), (silent, voices[1]))
    ):
        put(tmp_path / "real" / f"{number}.wav", real)
        put(tmp_path / "made" / f"{number}.wav", made)
    notes: list[str] = []
    found = compare(
        tmp_path / "real",
        {"made": tmp_path / "made"},
        metrics=[*QUICK, "lsd", "mcd"],
        floors=False,
        match_gain=True,
        note=notes.append,
    )
    for line in (
        "made: silent, and measured anyway: 0",
        "made: it and the reference are silent, and measured anyway: 1",
        "made: the reference is silent, and measured anyway: 2",
    ):
        assert line in notes
    assert not any("late" in note for note in notes)
    for clip in found.systems[0].files:
        assert clip.lag == clip.shift == 0
        assert clip.gain == 1
        assert all(np.isfinite(list(clip.values.values())))
    both = next(clip for clip in found.systems[0].files if clip.name == "1")
    assert set(both.values.values()) == {0}


def test_files_that_are_odd_but_read_are_said(tmp_path: Path, voices: list[Wave]) -> None:
    for folder in ("real", "made"):
        put(tmp_path / folder / "a.wav", voices[0])
    data = bytearray((tmp_path / "made" / "a.wav").read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = bytes(4)
    (tmp_path / "made" / "a.wav").write_bytes(data)
    notes: list[str] = []
    found = compare(
        tmp_path / "real",
        {"made": tmp_path / "made"},
        metrics=QUICK,
        floors=False,
        note=notes.append,
    )
    assert found.systems[0].files[0].values["log_mel_l1"] == 0
    assert any(note.startswith("made: a: unfinished: ") for note in notes), notes


def test_clips_that_do_not_align_are_still_measured_by_what_aligns_itself(
    folders: Path, voices: list[Wave]
) -> None:
    put(folders / "far" / "5.wav", np.pad(voices[1], ((0, 0), (0, 4000))))
    keys = ["mcd_dtw", "log_mel_l1"]
    found = compare(folders / "real", {"far": folders / "far"}, metrics=keys, floors=False)
    row = found.systems[0]
    assert (row.means["mcd_dtw"].n, row.means["log_mel_l1"].n) == (7, 6)
    assert found.to_dict()["files"][5]["values"]["log_mel_l1"] is None


def test_a_delay_is_pointed_out(folders: Path, voices: list[Wave]) -> None:
    for number, voice in enumerate(voices):
        put(folders / "far" / f"{number}.wav", np.pad(voice, ((0, 0), (400, 0)))[:, :RATE])
    notes: list[str] = []
    compare(folders / "real", {"far": folders / "far"}, metrics=QUICK, note=notes.append)
    assert any("far: 7 of 7 clips are late" in note and "+0.025 s" in note for note in notes)


def test_means_over_other_clips_are_pointed_out(folders: Path) -> None:
    (folders / "far" / "2.wav").unlink()
    notes: list[str] = []
    systems = {name: folders / name for name in ("near", "far")}
    compare(folders / "real", systems, metrics=QUICK, floors=False, note=notes.append)
    assert "the systems' means are over different clips: near 7, far 6" in notes


def test_processes_do_not_change_a_number(folders: Path) -> None:
    systems = {"far": folders / "far"}
    done: list[tuple[int, int]] = []
    alone = compare(folders / "real", systems, metrics=["log_mel_l1"], floors=False, processes=1)
    together = compare(
        folders / "real",
        systems,
        metrics=["log_mel_l1"],
        floors=False,
        processes=2,
        progress=lambda count, every: done.append((count, every)),
    )
    assert together.systems[0].values("log_mel_l1") == pytest.approx(
        alone.systems[0].values("log_mel_l1"), rel=1e-5
    )
    assert done[-1] == (14, 14)


def test_only_some_clips(folders: Path) -> None:
    listed, real = ["1", "2", "5", "6"], folders / "real"
    found = compare(real, {"far": folders / "far"}, metrics=["mrstft"], only=listed, count=2)
    assert [clip.name for clip in found.systems[0].files] == ["1", "5"]
    assert [len(row.files) for row in found.baselines] == [2, 2, 2]


def test_mistakes(folders: Path) -> None:
    real, systems = folders / "real", {"far": folders / "far"}
    for options, message in (
        ({"metrics": ["pesq_vb"]}, "did you mean 'pesq_wb'"),
        ({"metrics": QUICK, "against": "near"}, "no system 'near'; known: far"),
        ({"metrics": QUICK, "against": "far"}, "give a second system"),
    ):
        with pytest.raises(UserError, match=message):
            compare(real, systems, **options)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no system to compare"):
        compare(real, {})


OWN = """
from wavegan.metrics.base import Metric
class Peak(Metric):
    label = "peak"
    needs_reference = False
    def __call__(self, estimate, reference, sample_rate):
        if float(estimate.abs().max()) < 0.1:
            raise ValueError("too quiet\\nto judge")
        return float(estimate.abs().max())
"""


def test_a_metric_of_ones_own_that_fails_on_one_clip(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders / "my_peak.py").write_text(OWN)
    monkeypatch.syspath_prepend(folders)
    put(folders / "far" / "3.wav", np.full((1, RATE), 0.05, np.float32))
    notes: list[str] = []
    found = compare(
        folders / "real",
        {"far": folders / "far"},
        metrics=["my_peak:Peak"],
        floors=False,
        note=notes.append,
    )
    assert found.systems[0].means["my_peak:Peak"].n == 6
    assert "far: 3: my_peak:Peak: ValueError: too quiet to judge" in notes


def test_the_guide_names_what_there_is(folders: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    usual = guide.split("these are computed if")[1].split("```")[0]
    assert re.findall(r"`(\w+)`", usual) == list(DEFAULT)
    shown = guide.split("## JSON")[1].split("```")[1]
    found = compare(folders / "real", {"far": folders / "far"}, metrics=["mrstft"], floors=False)
    listed = re.findall(r"^(\w+) ", shown, re.MULTILINE)
    assert listed == [*found.to_dict(), "failed", "notes"]
    assert all(f'"{key}"' in shown for key in found.to_dict()["files"][0])
