"""`wavegan train`: a folder of audio in, a run out; its output, refusals and failures."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import app


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Calls the command line in this process, without a terminal."""
    unset = dict.fromkeys(("WAVEGAN_DEBUG", "FORCE_COLOR", "TTY_COMPATIBLE", "RANK"))
    cache = str(tmp_path_factory.mktemp("cache"))
    runner = CliRunner(env={**unset, "WAVEGAN_CACHE": cache})
    return lambda *words: runner.invoke(app, [str(word) for word in words])


def good(result):
    assert result.exit_code == 0, result.output
    return result


def wrong(result):
    """The one line on stderr of a call that was refused."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: ")
    return result.stderr


def metrics(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def save_noise(file, seconds=0.6, value=None):
    file.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.5 * np.random.default_rng(len(file.name)).normal(size=int(22050 * seconds))
    if value is not None:
        samples = np.full(len(samples), value)
    soundfile.write(file, samples.clip(-1, 1) if value is None else samples, 22050, "FLOAT")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, call, small, speech):
    """A run of six steps, and its output."""
    run = tmp_path_factory.mktemp("runs") / "run"
    result = good(call("train", small, speech, "--out", run, "--device", "cpu"))
    return run, result


def test_a_run_holds_its_recipe_its_metrics_and_a_model(trained, speech):
    run, _ = trained
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    assert "inherit" not in recipe
    assert recipe["data"]["folder"] == str(speech)
    assert recipe["training"]["steps"] == 6
    assert list(bundle.checkpoints(run)) == [6]
    checkpoint = run / "checkpoints" / "00000006"
    assert {file.name for file in (checkpoint / "training").iterdir()} == {
        "generator.safetensors",
        "discriminator.safetensors",
        "discriminator_optimizer.pt",
        "state.pt",
        "recipe.yaml",
    }
    assert bundle.load(run)[0].step == 6
    assert json.loads((run / "checkpoints" / "best.json").read_text())["step"] == 6


def test_metrics_have_a_line_a_step_and_one_of_validation(trained):
    lines = metrics(trained[0])
    assert [line["step"] for line in lines if line["kind"] == "train"] == [1, 2, 3, 4, 5, 6]
    (validation,) = (line for line in lines if line["kind"] == "validation")
    assert validation["step"] == 6
    assert validation["log_mel_l1"] > 0
    assert validation["mrstft"] > 0
    start, *measured = lines
    assert (start["kind"], start["step"], start["processes"]) == ("start", 0, 1)
    for line in measured:
        assert all(math.isfinite(value) for key, value in line.items() if key != "kind")
    assert {"generator/total", "discriminator/total", "generator/mel", "rate/generator"} <= set(
        measured[0]
    )


def test_previews_are_next_to_their_originals(trained):
    files = sorted((trained[0] / "samples" / "00000006").iterdir())
    made, original = (soundfile.info(file) for file in files)
    assert [file.stem.rpartition("_")[2] for file in files] == ["generated", "original"]
    assert files[0].stem.rpartition("_")[0] == files[1].stem.rpartition("_")[0]
    assert made.samplerate == original.samplerate == 22050
    assert made.frames == original.frames == 22050 // 2 // 256 * 256


def test_progress_goes_to_stderr_only(trained, speech):
    run, result = trained
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"{speech}: ")
    assert " 2 held out, 0 not usable" in lines[0]
    assert [line for line in lines if line.startswith("step 6/6  ")]
    assert [line for line in lines if line.startswith("validation at step 6: log_mel_l1 ")]
    assert f"done at step 6; saved in {run}" in lines[-1]


def test_the_run_is_a_model_to_vocode_with(tmp_path, call, trained, speech):
    clip = sorted(speech.glob("*.flac"))[0]
    out = tmp_path / "copy.wav"
    result = good(call("vocode", clip, "--model", trained[0], "--out", out, "--json"))
    assert json.loads(result.stdout)["sample_rate"] == 22050
    seconds = soundfile.info(clip).frames / soundfile.info(clip).samplerate
    assert soundfile.info(out).frames == pytest.approx(22050 * seconds, abs=1)


def test_json_is_one_object_on_stdout_and_resume_continues(tmp_path, call, small, speech):
    run = tmp_path / "run"
    result = good(call("train", small, speech, "--out", run, "training.steps=1", "--json"))
    first = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert "step" not in result.stderr
    assert first["run"] == str(run)
    assert (first["step"], first["best_step"], first["interrupted"]) == (1, 1, False)
    assert first["best_log_mel_l1"] == pytest.approx(metrics(run)[-1]["log_mel_l1"])
    assert (first["verdict"]["action"], first["verdict"]["step"]) == ("stop", 1)
    result = good(call("train", "--resume", run, "training.steps=3", "--json"))
    assert json.loads(result.stdout)["step"] == 3
    assert [line["step"] for line in metrics(run) if line["kind"] == "train"] == [1, 2, 3]
    assert yaml.safe_load((run / "recipe.yaml").read_text())["training"]["steps"] == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has names in UTF-16")
def test_a_run_may_have_a_name_that_is_not_utf8(tmp_path, call, small, speech):
    run = tmp_path / "run_\udce9"
    words = ["training.steps=1", "training.trackers=[tensorboard]"]
    result = good(call("train", small, speech, "--out", run, *words))
    assert "no TensorBoard log" in result.stderr
    assert list(bundle.checkpoints(run)) == [1]
    good(call("train", "--resume", run, "training.steps=2", "--quiet"))


def test_quiet_says_nothing(tmp_path, call, small, speech):
    words = ["training.steps=1", "training.ema=null", "--quiet"]
    result = good(call("train", small, speech, "--out", tmp_path / "run", *words))
    assert result.stdout == ""
    assert not [line for line in result.stderr.splitlines() if "step" in line or "done" in line]


def test_a_folder_with_other_files_is_not_written_into(tmp_path, call, small, speech):
    (tmp_path / "thesis.tex").write_text("")
    message = wrong(call("train", small, speech, "--out", tmp_path))
    assert "not empty (it has thesis.tex)" in message
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder_for_a_run(tmp_path, call, small, speech):
    (tmp_path / "run").write_text("")
    assert "this is a file" in wrong(call("train", small, speech, "--out", tmp_path / "run"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny", "DATA"], "--out is missing: give a folder for the run"),
        (["tiny", "--out", "run"], "give a recipe and a folder of audio"),
        (["tiny", "training.steps=3", "--out", "run"], "give a recipe and a folder of audio"),
        (["--out", "run"], "give a recipe and a folder of audio"),
        (["tinny", "DATA", "--out", "run"], "no recipe 'tinny'; did you mean 'tiny'?"),
        (["gone.yaml", "DATA", "--out", "run"], "gone.yaml: no such recipe file"),
        (
            ["tiny", "DATA", "--out", "run", "training.stepz=1"],
            "training.stepz=1 (command line): no such field; did you mean training.steps=1?",
        ),
        (["tiny", "DATA", "--out", "run", "fast"], "'fast': write KEY=VALUE"),
        (["tiny", "DATA", "--out", "run", "--device", "tpu"], "--device tpu: give auto, cpu"),
        (["hifigan-v3", "DATA", "--out", "run"], "DATA: it does not exist"),
    ],
)
def test_a_mistake_in_the_words_is_one_line(tmp_path, call, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert message in wrong(call("train", *words))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("data.segment=2000", ["data.segment is 2000", "mel.hop_length (256)", "2048"]),
        (
            "generator.upsample_rates=[8, 8, 2]",
            ["mel.hop_length 256", "generator.upsample_rates [8, 8, 2]", "128", "[8, 8, 4]"],
        ),
        (
            "generator.upsample_kernel_sizes=[16, 16, 7]",
            ["upsample_kernel_sizes [16, 16, 7]", "upsample_rates [8, 8, 4]", "[16, 16, 8]"],
        ),
        ("mel.f_max=12000", ["mel.f_max 12000", "sample_rate 22050", "11025"]),
        ("mel.hop_length=2048", ["mel.hop_length 2048", "win_length 1024"]),
        ("data.channels=2", ["audio.channels is 2", "1"]),
        ("generator.name=higan", ["'higan'", "did you mean 'hifigan'"]),
        ("losses.extra={name: mell}", ["'mell'", "did you mean 'mel'"]),
        ("losses.mel.weigth=3", ["losses.mel.weigth", "mel"]),
        ("discriminators.mpd.period=[2]", ["discriminators.mpd.period", "'periods'"]),
        ("training.batch_size=0", ["training.batch_size", "greater than 0"]),
    ],
)
def test_a_contradiction_is_refused_before_the_data_is_touched(
    tmp_path, call, small, override, named
):
    kernels = ["generator.upsample_kernel_sizes=[16, 16, 4]"] if "8, 2]" in override else []
    words = ["train", small, tmp_path / "gone", "--out", tmp_path / "run", override, *kernels]
    for message in (wrong(call(*words)), wrong(call(*words, "--dry-run"))):
        for part in named:
            assert part in message
        assert "gone" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_cannot_be_shared_is_refused_at_once(tmp_path, call, small, speech):
    words = ["--out", tmp_path / "run", "--processes", "3"]
    message = wrong(call("train", small, speech, *words))
    assert "training.batch_size is 4" in message
    assert "multiple of --processes 3" in message


def test_a_folder_without_audio_is_described(tmp_path, call, small):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a.txt", "b.txt", "clip.m4a"):
        (data / name).write_text("no audio")
    message = wrong(call("train", small, data, "--out", tmp_path / "run"))
    assert f"data folder {data}" in message
    assert "2 .txt" in message
    assert "1 .m4a" in message
    assert "give a folder with WAV" in message
    assert not (tmp_path / "run").exists()


def test_a_file_is_no_folder_of_audio(tmp_path, call, small, speech):
    clip = sorted(speech.glob("*.flac"))[0]
    message = wrong(call("train", small, clip, "--out", tmp_path / "run"))
    assert "it is a file: give the folder that holds the audio" in message


def test_a_dry_run_describes_and_writes_nothing(tmp_path, call, monkeypatch, small, speech):
    monkeypatch.chdir(tmp_path)
    words = ["train", small, speech, "--out", tmp_path / "run", "--dry-run"]
    result = good(call(*words, "--json"))
    plan = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    files = len(list(speech.glob("*.flac")))
    assert (plan["training_files"], plan["validation_files"]) == (files - 2, 2)
    assert (plan["sample_rate"], plan["steps"], plan["not_usable"]) == (22050, 6, [])
    assert plan["generator_parameters"] > 0
    assert plan["discriminator_parameters"] > 0
    # 6 steps of 4 crops of 2048 samples, out of about that many hours
    hours = 6 * 4 * 2048 / 22050 / 3600
    assert plan["epochs"] == pytest.approx(hours / plan["training_hours"], rel=0.1, abs=0.01)
    text = good(call(*words)).stdout
    assert f"training files: {files - 2}\n" in text
    assert "not usable" not in text  # nothing is said where there is nothing
    assert "notes" not in text
    reported = {line.split(": ")[0]: line for line in text.splitlines()}
    assert "6 steps" in reported["time"]
    assert plan["time"]["seconds"] == pytest.approx(6 * plan["time"]["step_seconds"])
    assert 0 < plan["time"]["measured_crops"] <= plan["time"]["crops"] == 4
    assert plan["memory"]["networks"] < plan["memory"]["needed"] < plan["memory"]["available"]
    disk = plan["disk"]
    assert (disk["checkpoints"], disk["needed"]) == (1, disk["checkpoint"] + disk["previews"])
    assert f"{disk['checkpoint'] / 1e3:.0f} kB" in reported["disk"]
    assert f"free at {tmp_path / 'run'}" in reported["disk"]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_discriminators_cost_on_the_disk(tmp_path, call, small, speech):
    many = ["training.steps=1000", "training.previews=0"]
    text = good(call("train", small, speech, *many, "--out", tmp_path / "run", "--dry-run")).stdout
    assert "training.keep_last=1" not in text  # most of it is the generator
    wide = ["discriminators.mpd.layer_channels=[32, 64]", *many]
    text = good(call("train", small, speech, *wide, "--out", tmp_path / "run", "--dry-run")).stdout
    assert "discriminators" in text.split("training.keep_last=1")[0].splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "other"], "leave out --out"),
        (["tiny"], "'tiny': with --resume, give only KEY=VALUE"),
        (["tiny", "DATA"], "'tiny': with --resume, give only KEY=VALUE"),
        (["training.stepz=9"], "did you mean training.steps=9?"),
    ],
)
def test_resuming_takes_nothing_but_fields(call, trained, words, message):
    assert message in wrong(call("train", "--resume", trained[0], *words))


@pytest.mark.parametrize("name", ["", "gone"])
def test_resuming_needs_a_run(tmp_path, call, name):
    message = wrong(call("train", "--resume", tmp_path / name))
    assert f"--resume {tmp_path / name}: no run here (no recipe.yaml)" in message


def test_resuming_needs_a_checkpoint(tmp_path, call, trained):
    (tmp_path / "recipe.yaml").write_bytes((trained[0] / "recipe.yaml").read_bytes())
    message = wrong(call("train", "--resume", tmp_path, "--quiet"))
    assert f"--resume {tmp_path}: no checkpoint to resume from" in message


def test_bad_files_are_named_once_and_the_others_train(tmp_path, call, small):
    data = tmp_path / "data"
    for number in range(4):
        save_noise(data / "good" / f"{number}.wav")
    (data / "empty.wav").write_bytes(b"")
    (data / "text.wav").write_text("a transcript\n" * 9)
    save_noise(data / "nan.wav", value=math.nan)
    save_noise(data / "deep" / "silent.wav", value=0.0)
    result = good(call("train", small, data, "--out", tmp_path / "run"))
    assert "2 files to train on" in result.stderr
    assert "2 held out, 4 not usable" in result.stderr
    for name, reason in {
        "empty.wav": "it is empty",
        "text.wav": "libsndfile cannot read it",
        "nan.wav": "samples are NaN or infinite",
        "deep/silent.wav": "silent",
    }.items():
        (line,) = (line for line in result.stderr.splitlines() if name in line)
        assert line.startswith(f"not usable: {name}: ")
        assert reason in line
    assert bundle.load(tmp_path / "run")[0].step == 6


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to signal")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_the_whole_group_saves_and_the_run_resumes(tmp_path, call, small, speech, name):
    number = getattr(signal, name)
    run, said = tmp_path / "run", tmp_path / "stderr"
    command = [sys.executable, "-m", "wavegan", "train", small, str(speech), "--out", str(run)]
    command += ["training.steps=100000", "data.workers=1", "training.checkpoint_every=100000"]
    command += ["training.validate_every=100000", "--device", "cpu"]
    with said.open("w") as stderr:
        process = subprocess.Popen(command, stderr=stderr, start_new_session=True)
        try:
            wait_for_steps(run, 3, process)
            os.killpg(process.pid, number)
            code = process.wait(60)
        finally:
            process.kill()
    text = said.read_text()
    assert code == 128 + number, text
    assert "Traceback" not in text
    (step,) = bundle.checkpoints(run)
    assert step >= 3
    assert text.splitlines()[-2].startswith(f"stopped at step {step:,}; saved in {run}")
    assert text.splitlines()[-1] == f"resume with: wavegan train --resume {run}"
    result = call("train", "--resume", run, f"training.steps={step + 2}", "data.workers=0")
    assert f"done at step {step + 2:,}" in good(result).stderr
    steps = [line["step"] for line in metrics(run) if line["kind"] == "train"]
    assert steps == list(range(1, step + 3))


def wait_for_steps(run, steps, process, seconds=90):
    """Until that many steps are logged."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        file = run / "metrics.jsonl"
        if file.exists() and file.read_text().count("\n") >= steps:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {steps} steps after {seconds} s (exit code {process.poll()})")
