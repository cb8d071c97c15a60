"""A run's folder on the command line: started twice, resumed, killed, its terminal closed."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import app

HOLDER = """
import sys
from pathlib import Path
from wavegan.training import lock
with lock.hold(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""
ENDLESS = ("training.steps=1000000", "training.checkpoint_every=1000000")
Call = Callable[..., Result]
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Calls the command line in this process, without a terminal."""
    unset = dict.fromkeys(("WAVEGAN_DEBUG", "FORCE_COLOR", "TTY_COMPATIBLE", "RANK"))
    runner = CliRunner(env={**unset, "WAVEGAN_CACHE": str(tmp_path_factory.mktemp("cache"))})
    return lambda *words: runner.invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, call: Call, small: str, speech: Path) -> Path:
    """A run of two steps."""
    run = tmp_path_factory.mktemp("runs") / "run"
    assert start(call, small, speech, run).exit_code == 0
    return run


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def training(run: Path) -> Iterator[int]:
    """Another process that trains the run, according to its lock."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run)], stdin=pipe, stdout=pipe, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process.pid
    process.communicate()


def start(call: Call, small: str, data: Path, run: Path, *words: str) -> Result:
    return call("train", small, data, "--out", run, "training.steps=2", *words)


def files(folder: Path) -> dict[str, bytes]:
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def refused(result: Result) -> str:
    """The error line of a call that was refused."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: ")
    return result.stderr


def steps(run: Path) -> list[int]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if line["kind"] == "train"]


def test_a_running_training_is_neither_started_again_nor_resumed(
    call: Call, small: str, speech: Path, run: Path, training: int
) -> None:
    before = files(run)
    for words in (
        ("train", small, speech, "--out", run),
        ("train", small, speech, "--out", run, "training.seed=9"),
        ("train", "--resume", run, "training.steps=4"),
        ("train", "--resume", run, "training.steps=4", "--processes", "2"),
    ):
        message = refused(call(*words))
        assert str(run) in message
        assert f"process {training} on " in message
    assert files(run) == before


def test_a_run_that_lives_can_be_looked_at_and_used(
    tmp_path: Path, call: Call, small: str, speech: Path, run: Path, training: int
) -> None:
    clip = min(speech.glob("*.flac"))
    for words in (
        ("status", run),
        ("vocode", clip, "--model", run, "--out", tmp_path / "copy.wav"),
        ("report", run, "--out", tmp_path / "report.html"),
        ("train", small, speech, "--out", run, "training.steps=2", "--dry-run"),
    ):
        result = call(*words)
        assert result.exit_code == 0, (words, result.output)


def test_a_dry_run_takes_no_lock_and_makes_no_folder(
    tmp_path: Path, call: Call, small: str, speech: Path
) -> None:
    assert start(call, small, speech, tmp_path / "new", "--dry-run").exit_code == 0
    assert not (tmp_path / "new").exists()


def test_a_dry_run_of_a_resumed_run_splits_files_as_the_run_does(
    tmp_path: Path, call: Call, small: str, speech: Path, run: Path
) -> None:
    data = shutil.copytree(speech, tmp_path / "data")
    clips = sorted(data.glob("*.flac"))
    for clip in clips:
        shutil.copy(clip, data / f"new_{clip.name}")
    words = ("train", "--resume", run, f"data.folder={data}", "--dry-run", "--json")
    plan = json.loads(call(*words).stdout)
    assert plan["validation_files"] == 2
    assert plan["training_files"] == 2 * (len(clips) - 2)  # copies of what is held out do not
    assert [note for note in plan["notes"] if "new, " in note]
    assert [note for note in plan["notes"] if "data.folder was" in note]


def test_the_same_command_resumes_where_it_stopped(
    call: Call, small: str, speech: Path, run: Path
) -> None:
    result = start(call, small, speech, run, "training.steps=4")
    assert result.exit_code == 0, result.output
    assert steps(run) == [1, 2, 3, 4]
    assert max(bundle.checkpoints(run)) == 4
    assert "resuming from step 2" in result.stderr
    assert "training.steps was 2, is 4" in result.stderr


def test_a_run_that_is_done_says_so_and_how_to_go_on(
    call: Call, small: str, speech: Path, run: Path
) -> None:
    before = files(run)
    result = start(call, small, speech, run)
    assert result.exit_code == 0, result.output
    assert "done at step 2" in result.stderr
    assert f"wavegan train --resume {run} training.steps=" in result.stderr
    assert files(run) == before


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_another_recipe_or_other_data_is_refused_and_nothing_is_lost(
    tmp_path: Path, call: Call, small: str, speech: Path, run: Path, dry: tuple[str, ...]
) -> None:
    before = files(run)
    message = refused(
        start(call, small, speech, run, "generator.upsample_initial_channel=32", *dry)
    )
    for part in ("generator.upsample_initial_channel", "16 there", "32 in this command", str(run)):
        assert part in message
    message = refused(start(call, small, tmp_path, run, *dry))
    for part in ("data.folder", f"{speech} there", f"{tmp_path} in this command"):
        assert part in message
    assert files(run) == before


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_cannot_change_in_a_run_is_refused_by_name(
    call: Call, run: Path, dry: tuple[str, ...]
) -> None:
    before = files(run)
    words = ("generator.upsample_initial_channel=32", "mel.f_max=7000", "training.init_from=x")
    for word in words:
        message = refused(call("train", "--resume", run, word, "training.steps=4", *dry))
        assert word.partition("=")[0] in message
        assert "new run" in message
    assert files(run) == before


def test_what_a_killed_process_left_half_written_is_cleared(
    call: Call, small: str, speech: Path, run: Path
) -> None:
    half = run / "checkpoints" / ".00000003.part-0123abcd"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    result = start(call, small, speech, run, "training.steps=3")
    assert result.exit_code == 0, result.output
    assert not half.exists()
    assert len([line for line in result.stderr.splitlines() if "unfinished" in line]) == 1


def test_a_run_that_saved_nothing_starts_again_and_says_so(
    tmp_path: Path, call: Call, small: str, speech: Path, run: Path
) -> None:
    shutil.rmtree(run / "checkpoints")
    # what steps that were left out, and several processes, leave behind
    for name in ("skipped", "processes"):
        (run / name).mkdir(exist_ok=True)
        (run / name / "0.json").write_text("{}")
    result = start(call, small, speech, run, "training.steps=1", "training.seed=9")
    assert result.exit_code == 0, result.output
    assert "starts from step 0" in result.stderr
    assert steps(run) == [1]


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_not_be_written_to_is_named(
    call: Call, small: str, speech: Path, run: Path
) -> None:
    run.chmod(0o555)
    try:
        message = refused(start(call, small, speech, run, "training.steps=4"))
    finally:
        run.chmod(0o755)
    assert str(run) in message


def endless(run: Path, small: str, speech: Path) -> list[str]:
    words = [*ENDLESS, "data.workers=1", "training.validate_every=1000000", "--device", "cpu"]
    return [sys.executable, "-m", "wavegan", "train", small, str(speech), "--out", str(run), *words]


def wait_for_steps(run: Path, count: int, alive: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and alive():
        if (run / "metrics.jsonl").exists() and len(steps(run)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {count} steps")


@posix
@pytest.mark.slow
def test_a_closed_terminal_saves(tmp_path: Path, small: str, speech: Path) -> None:
    """Not only the signal: writing to the terminal fails from then on."""
    import pty

    run = tmp_path / "run"
    command = endless(run, small, speech)
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup
        os.execvp(command[0], command)
    os.set_blocking(terminal, False)

    def alive() -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(terminal, 100_000)  # or the process would wait for somebody to read
        return os.waitpid(pid, os.WNOHANG) == (0, 0)

    wait_for_steps(run, 2, alive)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 128 + signal.SIGHUP
    (step,) = bundle.checkpoints(run)
    assert step >= 2
    assert not (run / "run.lock").exists()


@posix
@pytest.mark.slow
def test_a_reader_of_stderr_that_is_gone_keeps_nothing_from_being_saved(
    tmp_path: Path, small: str, speech: Path
) -> None:
    """`wavegan train ... 2>&1 | tee log` and Ctrl-C, which ends tee first."""
    run = tmp_path / "run"
    process = subprocess.Popen(endless(run, small, speech), stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.close()
    try:
        wait_for_steps(run, 2, lambda: process.poll() is None)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
    assert len(bundle.checkpoints(run)) == 1


@posix
@pytest.mark.slow
@pytest.mark.parametrize("to_all", [False, True])
def test_a_signal_to_several_processes_saves_once(
    tmp_path: Path, small: str, speech: Path, to_all: bool
) -> None:
    """To the one that started them, or to all of them, as a terminal and a cluster do."""
    run = tmp_path / "run"
    command = [*endless(run, small, speech), "--processes", "2"]
    process: Any = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        wait_for_steps(run, 2, lambda: process.poll() is None)
        if to_all:
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert process.returncode == 143, said
    assert "Traceback" not in said
    assert said.count("SIGTERM: saving after this step") == 1
    (step,) = bundle.checkpoints(run)
    assert f"stopped at step {step:,}" in said
    assert not (run / "run.lock").exists()


@posix
@pytest.mark.slow
def test_after_kill_9_the_same_command_resumes_immediately(
    tmp_path: Path, call: Call, small: str, speech: Path
) -> None:
    run = tmp_path / "run"
    often = [*endless(run, small, speech), "training.checkpoint_every=2"]
    process = subprocess.Popen(often, stderr=subprocess.DEVNULL)
    wait_for_steps(run, 4, lambda: process.poll() is None)
    process.kill()
    process.wait()
    done = max(bundle.checkpoints(run))
    assert (run / "run.lock").exists()
    result = call(
        *("train", small, speech, "--out", run, f"training.steps={done + 2}"),
        *("training.validate_every=1000000", "data.workers=0"),
    )
    assert result.exit_code == 0, result.output
    assert f"process {process.pid} on " in result.stderr
    assert "taking over" in result.stderr
    assert steps(run) == list(range(1, done + 3))
