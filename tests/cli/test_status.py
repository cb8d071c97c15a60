"""`wavegan status` as it is typed, on runs that train, runs that ended, and other folders."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wavegan.cli import app

RECIPE = """\
task: {name: vocode}
training: {steps: 4000, log_every: 50, validate_every: 500}
"""


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["status", *map(str, words)])


def write(run: Path, steps: int, factor: float = 1.0) -> Path:
    """A run at a step that is a multiple of 500, its validations falling by turns."""
    run.mkdir(parents=True)
    (run / "recipe.yaml").write_text(RECIPE)
    with (run / "metrics.jsonl").open("w") as stream:
        for step in range(50, steps + 1, 50):
            line = {"kind": "train", "step": step, "generator/mel": 0.3, "speed/steps": 5.0}
            stream.write(json.dumps(line) + "\n")
            if step % 500 == 0:
                value = factor * (0.2 + 100 / step)
                line = {"kind": "validation", "step": step, "log_mel_l1": value}
                stream.write(json.dumps(line) + "\n")
    folder = run / "checkpoints" / f"{steps:08d}"
    folder.mkdir(parents=True)
    (run / "checkpoints" / "best.json").write_text(json.dumps({"step": steps}))
    return run


def test_a_run_that_trains(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 2500)
    with (run / "metrics.jsonl").open("a") as stream:
        stream.write('{"kind": "alarm", "step": 2500, "text": "odd; look"}\n{"kind": "tra')
    result = call(run)
    assert (result.exit_code, result.stderr) == (0, "")
    first, paragraph, best, alarm = result.stdout.splitlines()
    assert first.startswith(f"{run}: step 2,500 of 4,000 (62%), 5 steps/s, 5 min to the end; ")
    assert "running (wrote " in first
    assert paragraph.startswith("Step 2,500 of 4,000: validation log-mel L1 0.240 (its best)")
    assert "falling since step 500 by " in paragraph
    assert "G is healthy; there is no D." in paragraph
    assert "Continue." in paragraph
    assert best == f"best checkpoint: {run / 'checkpoints' / '00002500'}"
    assert alarm == "alarm at step 2,500: odd; look"


def test_a_copied_folder_says_the_same(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 2500)
    copy = shutil.copytree(run, tmp_path / "ä b" / "a")
    mine, other = (call(r).stdout.splitlines()[1] for r in (run, copy))
    assert mine == other


def test_before_its_first_validation(tmp_path: Path) -> None:
    result = call(write(tmp_path / "a", 250))
    assert result.exit_code == 0
    assert "no validation yet" in result.stdout
    assert "the first validation is due at step 500, in about 50 s." in result.stdout


def test_several_are_a_table_and_their_paragraphs(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", 2500), write(tmp_path / "b", 4000, 2.0)
    result = call(one, other)
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows = (line.split() for line in result.stdout.splitlines()[:3])
    assert head == ["run", "step", "of", "left", "value", "best", "trend", "action", "state"]
    assert rows[0][1:] == ["2,500", "4,000", "5", "min", "0.24", "0.24", "falling", "continue",
                           "running"]  # fmt: skip
    assert rows[1][1:] == ["4,000", "4,000", "-", "0.45", "0.45", "falling", "continue", "ended"]
    assert result.stdout.count("validation log-mel L1") == 2
    assert "it was still falling when it ended" in result.stdout


def test_as_json(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 2500)
    result = call(run, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["left_out"] == []
    (facts,) = found["runs"]
    assert (facts["run"], facts["step"], facts["total"]) == (str(run), 2500, 4000)
    assert (facts["state"], facts["speed"], facts["left"]) == ("running", 5.0, 300.0)
    assert facts["verdict"]["action"] == "continue"
    assert facts["verdict"]["trend"] == "falling"
    assert facts["verdict"]["value"] == pytest.approx(0.24)
    assert facts["verdict"]["health"] == {"G": "healthy"}
    early = json.loads(call(write(tmp_path / "b", 250), "--json").stdout)
    assert early["runs"][0]["verdict"]["value"] is None


def test_quiet_is_the_action(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 2500)
    assert call(run, "-q").stdout == f"{run}: continue\n"


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    run = write(tmp_path / "runs" / "a", 500)
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    damaged = write(tmp_path / "damaged", 500)
    (damaged / "recipe.yaml").write_text("a: [")
    for path, message in (
        (tmp_path / "missing", "no such folder"),
        (tmp_path / "file", "it has no recipe.yaml"),
        (tmp_path / "empty", "it has no recipe.yaml"),
        (tmp_path / "runs", f"give {run}"),
        (damaged, "recipe.yaml: damaged"),
    ):
        result = call(path)
        assert result.exit_code == 2
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert str(path) in line
        assert message in line


def test_one_that_is_none_is_left_out_and_the_others_shown(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 500)
    result = call(run, tmp_path / "missing")
    assert result.exit_code == 2
    assert f"{run}: step 500 of 4,000" in result.stdout
    left, end = result.stderr.splitlines()
    assert left == f"left out: {tmp_path / 'missing'}: no such folder"
    assert end.startswith("error: 1 of 2 runs left out")


def test_odd_lines_do_no_harm(tmp_path: Path) -> None:
    run = write(tmp_path / "a", 2500)
    clean = call(run).stdout.splitlines()[1]
    with (run / "metrics.jsonl").open("a") as stream:
        stream.write('\x00\n[1]\n{"kind": "new", "step": 1}\n{"kind": "train"}\n\n')
    assert call(run).stdout.splitlines()[1] == clean


def test_it_is_quick_and_loads_no_torch(tmp_path: Path) -> None:
    """In a separate process; processor time, which other load does not change."""
    run = write(tmp_path / "a", 4000)
    code = (
        "import sys, time; from wavegan.cli import app\n"
        f"sys.argv = ['wavegan', 'status', {str(run)!r}]\n"
        "try: app()\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules\n"
        "print(time.process_time())"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert time.monotonic() - began < 30
    assert float(ended.stdout.split()[-1]) < 1.2
