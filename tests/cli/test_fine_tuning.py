"""`wavegan train RECIPE WAVS data.mels=DIR training.init_from=MODEL`, as it is typed."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from wavegan import bundle, recipe, recipe_sections
from wavegan.audio import io
from wavegan.cli import app
from wavegan.cli.console import Silent
from wavegan.mel import mel_file
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.training import setup

MEL = Mel.preset("hifigan-22k")


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Calls the command line in this process, without a terminal."""
    unset = dict.fromkeys(("WAVEGAN_DEBUG", "FORCE_COLOR", "TTY_COMPATIBLE", "RANK"))
    runner = CliRunner(env={**unset, "WAVEGAN_CACHE": str(tmp_path_factory.mktemp("cache"))})
    return lambda *words: runner.invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def mels(tmp_path_factory, speech) -> Path:
    """A mel of every clip, a little off, as a TTS model's are; frames first, in three formats."""
    folder = tmp_path_factory.mktemp("mels")
    for number, file in enumerate(sorted(speech.glob("*.flac"))):
        wave, _ = io.read(file, sample_rate=22050, mono=True)
        mel = MelSpectrogram(MEL)(torch.from_numpy(wave))[0].T
        made = mel + 0.1 * torch.randn(mel.shape, generator=torch.Generator().manual_seed(number))
        if number % 3 == 0:
            np.save(folder / f"{file.stem}.npy", made.numpy())
        elif number % 3 == 1:
            np.savez(folder / f"{file.stem}.npz", mel=made.numpy())
        else:
            torch.save(made, folder / f"{file.stem}.pt")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory, call, small, speech) -> Path:
    """A run to start from, with other sizes than the recipe's."""
    run = tmp_path_factory.mktemp("model") / "run"
    narrow = "generator.upsample_initial_channel=8"
    good(call("train", small, speech, "--out", run, narrow, "training.steps=1"))
    return run


def good(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return result


def lines(run: Path) -> list[dict[str, Any]]:
    """All measurements except times."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    measured = [line for line in found if line["kind"] != "start"]
    return [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in measured]


def weights(run: Path, step: int) -> dict[str, bytes]:
    folder = run / "checkpoints" / f"{step:08d}"
    return {file.name: file.read_bytes() for file in folder.rglob("*.safetensors")}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, call, small, speech, mels, model):
    """A run of six steps, and its output."""
    run = tmp_path_factory.mktemp("tuned") / "run"
    words = [f"data.mels={mels}", f"training.init_from={model}"]
    return run, good(call("train", small, speech, "--out", run, *words))


def test_the_command_trains_and_says_what_it_settled(tuned, speech, mels, model):
    run, result = tuned
    notes = result.stderr.splitlines()
    assert "generator.upsample_initial_channel 8 (recipe: 16)" in notes[0]
    assert notes[1].startswith("data.peak 0.95 is set to null: ")
    assert notes[2].startswith(f"{model} was trained on audio scaled to the peak 0.95")
    count = len(list(speech.glob("*.flac")))
    assert notes[3].endswith(" 2 held out, 0 not usable")
    assert notes[4] == f"{mels}: {count} mels paired with audio"
    written = yaml.safe_load((run / "recipe.yaml").read_text())
    assert written["data"]["peak"] is None
    assert written["data"]["mels"] == str(mels)
    assert written["generator"]["upsample_initial_channel"] == 8
    assert [line["step"] for line in lines(run)] == [1, 2, 3, 4, 5, 6, 6]
    assert len(list((run / "samples" / "00000006").iterdir())) == 2


def test_the_result_is_a_vocoder_that_rescales_nothing(tuned, call, mels, tmp_path):
    run, _ = tuned
    assert bundle.load(run)[0].peak is None
    mel = sorted(mels.glob("*.npz"))[0]
    good(call("vocode", mel, "--model", run, "--out", tmp_path / "out.wav"))
    frames = np.load(mel)["mel"].shape[0]
    assert io.read(tmp_path / "out.wav")[0].shape == (1, 256 * frames)


def test_resuming_is_exact_with_mels(tmp_path, call, small, speech, mels, model, tuned):
    run = tmp_path / "run"
    words = [f"data.mels={mels}", f"training.init_from={model}", "training.steps=3"]
    good(call("train", small, speech, "--out", run, *words, "training.validate_every=6"))
    torch.manual_seed(99)
    good(call("train", "--resume", run, "training.steps=6", "training.validate_every=100"))
    assert weights(run, 6) == weights(tuned[0], 6)
    kept = [line for line in lines(run) if line["kind"] == "train"]
    assert kept == [line for line in lines(tuned[0]) if line["kind"] == "train"]


def test_it_is_these_mels_that_go_in(tmp_path, call, small, speech, mels, model, tuned):
    """The same crops with louder mels give other losses, and the same mels the same."""
    (tmp_path / "louder").mkdir()
    for file in mels.iterdir():
        mel = mel_file.read(file, 80) + 1
        np.save(tmp_path / "louder" / f"{file.stem}.npy", mel.numpy())
    firsts = []
    for folder in (mels, tmp_path / "louder"):
        run = tmp_path / f"run-{folder.name}"
        words = [f"data.mels={folder}", f"training.init_from={model}", "training.steps=1"]
        good(call("train", small, speech, "--out", run, *words))
        firsts.append(lines(run)[0]["generator/mel"])
    assert firsts[0] == lines(tuned[0])[0]["generator/mel"]
    assert firsts[1] != firsts[0]


def test_held_out_clips_have_their_mels(tmp_path, small, speech, mels):
    words = [f"data.folder={speech}", f"data.mels={mels}", "data.validation_seconds=1"]
    trainer = setup.prepare(recipe.load(small, words), tmp_path, device="cpu", listener=Silent())
    assert len(trainer.validation.clips) == 2
    for clip in trainer.validation.clips:
        assert clip.audio.shape == (1, 22050)
        mel = clip.conditions["mel"]
        assert mel.shape == (80, 22050 // 256)
        own = MelSpectrogram(MEL)(clip.audio[0])
        difference = (mel - own)[:, :-2]
        assert difference.std() == pytest.approx(0.1, rel=0.1)


def test_a_relative_folder_is_found_again_from_elsewhere(
    tmp_path, call, monkeypatch, small, speech, mels
):
    monkeypatch.chdir(mels.parent)
    run = tmp_path / "run"
    good(call("train", small, speech, "--out", run, f"data.mels={mels.name}", "training.steps=1"))
    monkeypatch.chdir(tmp_path)
    good(call("train", "--resume", run, "training.steps=2"))


@pytest.fixture
def flawed(tmp_path, mels) -> Path:
    """One mel is missing, one too short, one of another model, one NaN; one has no audio."""
    folder = tmp_path / "flawed"
    folder.mkdir()
    first, second, third, *rest = sorted(mels.glob("*.npy"))
    for file in (*rest, *mels.glob("*.npz"), *mels.glob("*.pt")):
        (folder / file.name).symlink_to(file)
    np.save(folder / first.name, np.load(first)[:-7])
    np.save(folder / second.name, np.load(second)[:, :64])
    np.save(folder / third.name, np.load(third) * np.nan)
    missing = sorted(mels.glob("*.pt"))[0]
    (folder / missing.name).rename(folder / "nobody.pt")
    return folder


def test_mismatches_are_named_once_and_the_others_train(
    tmp_path, call, small, speech, mels, flawed
):
    first, second, third, *_ = (file.stem for file in sorted(mels.glob("*.npy")))
    missing = sorted(mels.glob("*.pt"))[0].stem
    result = good(call("train", small, speech, "--out", tmp_path / "run", f"data.mels={flawed}"))
    frames = len(np.load(mels / f"{first}.npy"))
    reasons = {
        first: f"its mel {first}.npy has {frames - 7} frames, expected {frames} for ",
        second: f"its mel {second}.npy: it holds an array of shape ",
        third: f"its mel {third}.npy: ",
        missing: "it has no mel",
    }
    for name, reason in reasons.items():
        (line,) = (text for text in result.stderr.splitlines() if f"{name}.flac" in text)
        assert line.startswith(f"not usable: {name}.flac: {reason}")
    assert " 2 held out, 4 not usable" in result.stderr
    count = len(list(speech.glob("*.flac")))
    assert f"{flawed}: {count - 4} mels paired with audio; 1 without audio: nobody.pt" in (
        result.stderr.splitlines()
    )


def test_a_dry_run_counts_pairs_and_mismatches(tmp_path, call, small, speech, flawed, model):
    words = ["train", small, speech, "--out", tmp_path / "run", "--dry-run"]
    words += [f"data.mels={flawed}", f"training.init_from={model}"]
    plan = json.loads(good(call(*words, "--json")).stdout)
    count = len(list(speech.glob("*.flac")))
    assert (plan["mels_paired"], plan["mels_without_audio"], plan["mels_a_frame_off"]) == (
        count - 4,
        1,
        0,
    )
    assert len(plan["not_usable"]) == 4
    assert plan["training_files"] == count - 4 - 2
    assert len(plan["notes"]) == 3
    text = good(call(*words)).stdout
    assert f"mels paired: {count - 4}\n" in text
    assert "not usable: 4\n  arctic_" in text
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("dry", [True, False])
def test_mels_of_another_scale_are_warned_of_before_training(
    tmp_path, call, small, speech, mels, model, dry
):
    folder = tmp_path / "given"
    folder.mkdir()
    for file in mels.iterdir():
        np.save(folder / f"{file.stem}_mel.npy", mel_file.read(file, 80).numpy() / 2.302585)
    words = ["train", small, speech, "--out", tmp_path / "run", f"data.mels={folder}"]
    words += [f"training.init_from={model}", "training.steps=1", *(["--dry-run"] if dry else [])]
    result = good(call(*words))
    (line,) = (text for text in result.output.splitlines() if "warning" in text)
    assert str(folder) in line
    assert "_mel.npy: " in line
    assert "log10 mels" in line
    assert "`wavegan doctor mel`" in line
    if not dry:
        count = len(list(speech.glob("*.flac")))
        (pairs,) = (text for text in result.stderr.splitlines() if "paired with audio" in text)
        assert f"{count} of them by file name only, like " in pairs
        said = result.stderr.splitlines()
        assert said.index(line) < next(n for n, text in enumerate(said) if text.startswith("step "))


def test_good_mels_are_compared_and_not_warned_of(tuned, mels):
    notes = tuned[1].stderr.splitlines()
    assert (
        f"{len(list(mels.iterdir()))} mels have shape (frames, n_mels) and are transposed" in notes
    )
    (line,) = (text for text in notes if "compared with those of their own audio" in text)
    assert "mean difference 0.08, correlation 1.00" in line
    assert not any("warning" in text for text in notes)


def test_nothing_that_fits_is_one_line(tmp_path, call, small, speech, mels):
    run = tmp_path / "run"
    result = call("train", small, speech, "--out", run, f"data.mels={tmp_path / 'gone'}")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("gone: it does not exist")
    result = call("train", "hifigan-v2", speech, "--out", run, f"data.mels={mels}", "mel.n_mels=64")
    assert result.exit_code == 2
    assert "none of the 21 audio files has a mel that fits" in result.stderr.splitlines()[-1]
    assert not run.exists()


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fine-tuning.md").read_text("utf-8")


def test_the_pages_command_would_run(tmp_path, call, speech, mels, shared):
    (line,) = re.findall(r"^wavegan train .*data\.mels=.*$", PAGE, re.MULTILINE)
    real = {"wavs/": speech, "runs/tuned": tmp_path, "mels/": mels}
    real["MODEL"] = shared / "golden" / "jik876-v1-small"
    line = re.sub("|".join(real), lambda match: str(real[match[0]]), line)
    plan = json.loads(good(call(*shlex.split(line)[1:], "--dry-run", "--json")).stdout)
    assert plan["mels_paired"] == len(list(speech.glob("*.flac")))
    assert plan["steps"] == 20000


def test_the_pages_fields_exist(tuned):
    for section, model in (("training", recipe_sections.Training), ("data", recipe_sections.Data)):
        for key in re.findall(rf"`{section}\.(\w+)", PAGE):
            assert key in model.model_fields, f"{section}.{key}"


@pytest.mark.parametrize(
    "phrase",
    [
        "generator and mel are those of ",
        "data.peak 0.95 is set to null",
        " was trained on audio scaled to the peak 0.95",
        " files to train on ",
        " mels paired with audio",
    ],
)
def test_the_page_explains_what_is_said(tuned, phrase):
    assert phrase in tuned[1].stderr
    assert phrase in PAGE
