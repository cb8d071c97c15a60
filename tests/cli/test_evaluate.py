"""`wavegan evaluate`: tables and JSON of folders, models and sets, limits, mistakes, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from wavegan.audio import io
from wavegan.cli import app

RATE = 16000
QUICK = ("--metrics", "log_mel_l1,mrstft")


def call(*words: object, width: int | None = None) -> Result:
    env = {"WAVEGAN_DEBUG": None, "COLUMNS": None if width is None else str(width)}
    return CliRunner(env=env).invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, speech: Path) -> Path:
    """`real/` speech, `near/` with a little noise, `far/` with much; 7 clips of half a second."""
    folder = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(0)
    for file in sorted(speech.glob("*.flac"))[:7]:
        voice, _ = io.read(file, sample_rate=RATE, start=RATE // 2, frames=RATE // 2)
        noise = rng.standard_normal(voice.shape).astype(np.float32)
        for name, level in (("real", 0.0), ("near", 0.001), ("far", 0.01)):
            (folder / name).mkdir(exist_ok=True)
            io.write(folder / name / f"{file.stem}.wav", voice + level * noise, RATE)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path, save_tiny: Callable[..., Path]) -> Path:
    (folder / "tiny").mkdir()
    return save_tiny(folder / "tiny")


def test_a_table_of_systems_next_to_the_floors(folder: Path) -> None:
    result = call(folder / "real", folder / "near", folder / "far", *QUICK)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in lines[1:6]] == [
        *("near", "far", "reference", "griffin_lim", "re_encoded"),
    ]
    assert "log-mel L1 ↓" in result.stdout
    assert "±" in lines[1][2]
    assert "95 % interval of the mean" in result.stdout
    assert "Ogg Vorbis at " in result.stdout


def test_json_is_all_there_is_on_stdout(folder: Path) -> None:
    result = call(folder / "real", folder / "near", *QUICK, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert set(found["metrics"]) == {"log_mel_l1", "mrstft"}
    assert found["metrics"]["mrstft"]["n"] == len(found["files"]) == 7
    assert set(found["floors"]) == {"reference", "griffin_lim", "re_encoded"}
    assert (found["failed"], found["notes"]) == ([], [])
    bare = json.loads(
        call(folder / "real", folder / "near", *QUICK, "--no-floors", "--json").stdout
    )
    assert set(bare["floors"]) == {"reference"}


def test_no_width_loses_a_figure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table wider than the screen is transposed, then split; figures stay complete."""
    from wavegan.cli import _evaluate_table

    words = (folder / "real", folder / "near", folder / "far", *QUICK, "--count", 2)
    found = json.loads(call(*words, "--json").stdout)
    rows = [*found["systems"], *found["floors"].values()]
    for width in (200, 60, 30):
        monkeypatch.setattr(_evaluate_table, "WIDE", width)
        shown = call(*words).stdout
        for key, digits in (("log_mel_l1", 3), ("mrstft", 2)):
            for row in rows:
                mean, (low, high) = row["metrics"][key]["mean"], row["metrics"][key]["ci95"]
                assert f"{mean:.{digits}f} ±{(high - low) / 2:.{digits}f}" in shown
        for head in ("near", "far", "reference", "griffin_lim", "re_encoded"):
            assert head in shown
        assert all(len(line) <= width for line in shown.splitlines() if "±0." in line)


def test_two_files_are_a_pair_and_one_clip_has_no_interval(folder: Path) -> None:
    name = sorted(os.listdir(folder / "real"))[0]
    words = (folder / "real" / name, folder / "near" / name, *QUICK, "--no-floors")
    result = call(*words)
    assert result.exit_code == 0, result.output
    value = json.loads(call(*words, "--json").stdout)["files"][0]["values"]["log_mel_l1"]
    assert result.stdout.splitlines()[1].split()[-2:] == [f"{value:.3f}", "0.000"]


def test_few_systems_stand_side_by_side(folder: Path) -> None:
    result = call(folder / "real", folder / "near", *QUICK, "--no-floors")
    assert result.stdout.splitlines()[0].split() == ["near", "reference"]


def test_against_a_system_by_name_or_a_folder(folder: Path) -> None:
    words = (*QUICK, "--no-floors")
    both = call(folder / "real", folder / "near", folder / "far", *words, "--against", "far")
    one = call(folder / "real", folder / "near", *words, "--against", folder / "far")
    for result in (both, one):
        assert result.exit_code == 0, result.output
        assert "near against far" in result.stdout
        # 7 of one sign: 2/128, doubled as there are two metrics
        assert "0.031  better" in result.stdout
    few = call(folder / "real", folder / "near", *words, "--against", folder / "far", "--count", 3)
    assert "no difference shown" in few.stdout
    assert "With 3 clips and 2 metrics p cannot be below 0.5" in few.stdout


def test_limits_decide_the_exit_code(folder: Path) -> None:
    words = (folder / "real", folder / "near", folder / "far", *QUICK, "--no-floors")
    means = {
        row["name"]: row["metrics"]["log_mel_l1"]["mean"]
        for row in json.loads(call(*words, "--json").stdout)["systems"]
    }
    between = sum(means.values()) / 2
    good = call(*words, "--fail-above", f"log_mel_l1={means['far'] + 0.01}")
    assert (good.exit_code, good.stderr) == (0, "")
    bad = call(*words, "--fail-above", f"log_mel_l1={between}", "--json")
    assert bad.exit_code == 1
    assert bad.stderr.startswith(f"far: log_mel_l1 {means['far']:.4g} is above {between:g}")
    assert [entry["system"] for entry in json.loads(bad.stdout)["failed"]] == ["far"]
    below = call(*words, "--fail-below", f"log_mel_l1={between}")
    assert below.exit_code == 1
    assert "near: log_mel_l1" in below.stderr


def test_a_mean_that_is_undefined_fails(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("pesq")
    (tmp_path / "silent").mkdir()
    for file in (folder / "real").iterdir():
        io.write(tmp_path / "silent" / file.name, np.zeros((1, RATE // 2), np.float32), RATE)
    words = ("--metrics", "pesq_wb", "--fail-above", "pesq_wb=9", "--json", "--no-floors")
    result = call(folder / "real", tmp_path / "silent", *words)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"][0]["mean"] is None
    assert json.loads(result.stdout)["metrics"]["pesq_wb"] == {
        "mean": None,
        "ci95": [None, None],
        "n": 0,
    }


def test_a_model_is_measured_by_copy_synthesis(folder: Path, model: Path, tmp_path: Path) -> None:
    words = (*QUICK, "--count", 3, "--device", "cpu", "--no-floors")
    saved = tmp_path / "kept"
    result = call(folder / "real", "--model", model, *words, "--save", saved, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["settings"]["systems"]["tiny"]["model"] == str(model)
    assert found["metrics"]["mrstft"]["n"] == 3
    # what was kept gives the same figures
    again = json.loads(call(saved / "reference", saved / "tiny", *QUICK, "--json").stdout)
    assert again["metrics"] == found["metrics"]
    used = call(folder / "real", "--model", model, *words, "--save", saved)
    assert (used.exit_code, used.stdout) == (2, "")
    assert "it is in use; give a new folder" in used.stderr
    assert "--force" in used.stderr
    (saved / "tiny" / "stale.wav").write_bytes(b"")
    again = call(folder / "real", "--model", model, *words, "--save", saved, "--force", "--json")
    assert json.loads(again.stdout)["metrics"] == found["metrics"]
    assert not (saved / "tiny" / "stale.wav").exists()
    (saved / "notes.txt").write_text("mine")
    assert call(folder / "real", "--model", model, "--save", saved, "--force").exit_code == 2
    for place in (folder / "real", folder):
        said = call(folder / "real", "--model", model, "--save", place, "--force")
        assert (said.exit_code, said.stdout) == (2, "")
        assert str(place) in said.stderr


def test_a_model_against_a_folder_and_a_list_of_clips(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    names = sorted(file.stem for file in (folder / "real").iterdir())
    (tmp_path / "list.txt").write_text("\n".join([*names[:2], ""]))
    words = (*QUICK, "--device", "cpu", "--no-floors", "--list", tmp_path / "list.txt", "--json")
    for ours, theirs in (
        (("--model", model), folder / "near"),
        ((folder / "near",), model),
    ):
        found = json.loads(call(folder / "real", *ours, *words, "--against", theirs).stdout)
        assert [entry["name"] for entry in found["files"]] == names[:2]
        assert {row["name"] for row in found["systems"]} == {"tiny", "near"}
        assert found["comparisons"][0]["metrics"]["mrstft"]["n"] == 2


def test_a_list_is_measured_to_the_line_or_refused(folder: Path, tmp_path: Path) -> None:
    names = sorted(file.stem for file in (folder / "real").iterdir())
    words = (folder / "real", folder / "near", *QUICK, "--no-floors", "--json", "--list")
    written = {
        "bom": f"\ufeff{names[0]}\n{names[1]}\n",
        "text": f"{names[0]}|one\n{names[1]}|two\n",
        "csv": f"file,text\n{names[0]}.wav,one\n{names[1]}.wav,two\n",
        "paths": f"{folder}/real/{names[0]}.wav\r\n{folder}/real/{names[1]}.wav\r\n",
        "twice": f"{names[0]}\n{names[1]}\n{names[1]}\n",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        found = json.loads(call(*words, tmp_path / name).stdout)
        assert [entry["name"] for entry in found["files"]] == names[:2], name
    (tmp_path / "gone").write_text(f"{names[0]}\nrenamed\n")
    (tmp_path / "wide").write_text(f"{names[0]}\n", encoding="utf-16")
    for name, message in (("gone", "renamed"), ("wide", "UTF-16"), ("none", "cannot be read")):
        refused = call(*words, tmp_path / name)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert f"--list {tmp_path / name}" in refused.stderr
        assert message in refused.stderr


def test_a_count_is_of_clips_that_can_be_used(folder: Path, model: Path, tmp_path: Path) -> None:
    for file in sorted((folder / "real").iterdir())[:4]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for number in range(4):
        io.write(tmp_path / f"a{number}.wav", np.zeros(RATE, np.float32), RATE)
    words = ("--model", model, *QUICK, "--device", "cpu", "--no-floors", "--json")
    found = json.loads(call(tmp_path, *words, "--count", "3").stdout)
    assert len(found["files"]) == 3


def test_a_listed_clip_that_is_not_measured_does_not_pass(folder: Path, tmp_path: Path) -> None:
    names = sorted(file.stem for file in (folder / "real").iterdir())
    (tmp_path / "made").mkdir()
    for name in names[:2]:
        copied = (folder / "near" / f"{name}.wav").read_bytes()
        (tmp_path / "made" / f"{name}.wav").write_bytes(copied)
    (tmp_path / "three").write_text("\n".join(names[:3]))
    (tmp_path / "two").write_text("\n".join(names[:2]))
    words = (folder / "real", tmp_path / "made", *QUICK, "--no-floors", "--json")
    limit = ("--fail-above", "mrstft=100")
    failed = call(*words, "--list", tmp_path / "three", *limit)
    assert failed.exit_code == 1
    assert "made: 1 of the listed clips" in failed.stderr
    assert [entry["file"] for entry in json.loads(failed.stdout)["left_out"]] == [names[2]]
    assert call(*words, "--list", tmp_path / "three").exit_code == 0
    assert call(*words, "--list", tmp_path / "two", *limit).exit_code == 0


def test_sets(folder: Path) -> None:
    words = ("--sets", folder / "real", folder / "near", folder / "far")
    result = call(*words, "--metrics", "frechet,diversity", "--fail-above", "frechet=1e9")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0].split() == ["near", "far", "real", "halves"]
    assert "N: parts of 3 clips against 4 of 7 real ones" in result.stdout
    assert "grow as sets shrink" in result.stdout
    found = json.loads(call(*words, "--metrics", "frechet", "--json").stdout)
    assert set(found["floors"]) == {"real_halves"}
    failed = call(*words, "--metrics", "frechet", "--fail-above", "frechet=0")
    assert failed.exit_code == 1


def test_one_damaged_file_is_named_and_the_rest_measured(folder: Path, tmp_path: Path) -> None:
    names = sorted(file.name for file in (folder / "real").iterdir())
    (tmp_path / "made").mkdir()
    for name in names:
        (tmp_path / "made" / name).write_bytes((folder / "near" / name).read_bytes())
    (tmp_path / "made" / names[2]).write_bytes(b"RIFF")
    result = call(folder / "real", tmp_path / "made", *QUICK, "--no-floors")
    assert result.exit_code == 0
    assert f"{names[2]}: " in result.stderr
    found = json.loads(
        call(folder / "real", tmp_path / "made", *QUICK, "--no-floors", "--json").stdout
    )
    assert found["metrics"]["mrstft"]["n"] == 6
    assert [entry["file"] for entry in found["left_out"]] == [names[2].removesuffix(".wav")]
    assert len(found["notes"]) == 1


def test_mistakes_are_one_line_before_any_work(folder: Path, model: Path, tmp_path: Path) -> None:
    real, near = folder / "real", folder / "near"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "z.wav").write_bytes((near / sorted(os.listdir(near))[0]).read_bytes())
    (tmp_path / "empty.txt").touch()
    for words, message in (
        ((real,), "give a folder of generated clips after it"),
        ((real, tmp_path / "gone"), "gone: it does not exist"),
        ((real, model), "give it with --model"),
        ((real, tmp_path / "other"), "no two clips have the same name"),
        ((real, near, "--metrics", "pesq_bw"), "did you mean"),
        ((real, near, *QUICK, "--fail-above", "mrstf=1"), "did you mean 'mrstft'"),
        ((real, near, *QUICK, "--fail-above", "pesq_wb=1"), "--fail-above pesq_wb: "),
        ((real, near, "--fail-below", "mrstft"), "--fail-below mrstft: give KEY=VALUE"),
        ((real, near, *QUICK, "--against", "gone"), "--against gone: no such"),
        ((real, near, *QUICK, "--align", "maybe"), "--align maybe: give auto, always, never"),
        ((real, near, near, *QUICK), "near: given twice"),
        ((real, "--model", near, *QUICK), "near"),
        ((real, near, *QUICK, "--list", tmp_path / "empty.txt"), "it has no names"),
        ((real, near, "--sets", "--match-gain"), "leave out --match-gain or --sets"),
        ((real, "--sets"), "--sets: give a folder"),
        ((real, near, "--held-out", real), "--held-out needs --sets"),
        ((real, near, "--sets", "--held-out", real), "all of its clips are held out"),
    ):
        result = call(*words, "-q")
        assert (result.exit_code, result.stdout) == (2, ""), (words, result.output)
        assert result.stderr.count("\n") == 1, result.stderr
        assert message in result.stderr, result.stderr


def test_help_shows_examples() -> None:
    shown = call("-h").stdout
    assert shown.count("wavegan evaluate") >= 3
    assert "--fail-above" in shown


SLOW = """
import os, time
from pathlib import Path
from wavegan.metrics.base import Metric
class Slow(Metric):
    label = "slow"
    def __call__(self, estimate, reference, sample_rate):
        Path(os.environ["MARKS"], str(os.getpid())).touch()
        time.sleep(60)
        return 0.0
"""


HEARS_CTRL_C = """
import runpy, signal
# what a shell starts in the background is deaf to it
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("wavegan", run_name="__main__")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are otherwise there")
def test_ctrl_c_ends_at_once_with_all_its_processes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "my_slow.py").write_text(SLOW)
    (tmp_path / "marks").mkdir()
    words = (folder / "real", folder / "near", "--metrics", "my_slow:Slow", "--processes", 2)
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, "evaluate", *map(str, words), "--no-floors"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "MARKS": str(tmp_path / "marks")},
    )
    deadline = time.monotonic() + 50
    while len(os.listdir(tmp_path / "marks")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(name) for name in os.listdir(tmp_path / "marks")]
    # as a terminal does: to the whole group
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert len(workers) == 2
    assert not [pid for pid in workers if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
