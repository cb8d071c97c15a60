"""`wavegan doctor mel`: the verdict first, a table or JSON, and what the exit code says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from wavegan.audio import io
from wavegan.cli import app
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

GOLDEN = "jik876-v2"


def call(*words):
    return CliRunner(env={"WAVEGAN_DEBUG": None, "COLUMNS": "100"}).invoke(
        app, list(map(str, words))
    )


@pytest.fixture(scope="module")
def folder(speech, tmp_path_factory):
    """A recording and mels of it."""
    folder = tmp_path_factory.mktemp("doctor")
    wave = io.read(speech / "arctic_a0114.flac", frames=30000)[0][0]
    io.write(folder / "clip.wav", wave, 22050, subtype="FLOAT")
    io.write(folder / "other.wav", wave[::-1], 22050)
    sound = torch.from_numpy(wave)
    mel = MelSpectrogram(Mel())(sound)
    np.save(folder / "mel.npy", mel.numpy()[None])
    np.savez(folder / "mel.npz", mel=mel.T.numpy(), text=np.array("x"))
    torch.save({"mel": mel}, folder / "mel.pt")
    np.save(folder / "eps.npy", MelSpectrogram(replace(Mel(), magnitude_eps=1e-6))(sound).numpy())
    np.save(folder / "two.npy", np.zeros((2, 80, 117), np.float32))
    np.save(folder / "nan.npy", np.full((80, 117), np.nan, np.float32))
    io.write(folder / "none.wav", np.zeros((1, 0), np.float32), 22050)
    return folder


@pytest.mark.parametrize("name", ["mel.npy", "mel.npz", "mel.pt"])
def test_a_preset_is_named_on_the_first_line(name, folder):
    result = call("doctor", "mel", folder / name, "--wav", folder / "clip.wav")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("hifigan-22k: max difference ")
    assert lines[1].split() == ["preset", "frames", "max", "difference", "mean", "difference"]
    assert lines[2].split()[:2] == ["hifigan-22k", "117"]
    assert result.stderr == ""


def test_an_altered_field_is_a_finding(folder):
    result = call("doctor", "mel", folder / "eps.npy", "--wav", folder / "clip.wav")
    assert result.exit_code == 1
    assert "hifigan-22k with magnitude_eps 1e-06 instead of 1e-09" in result.stdout.splitlines()[0]


def test_another_recording_is_a_finding(folder):
    result = call("doctor", "mel", folder / "mel.npy", "-w", folder / "other.wav")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].endswith("check that both are of one recording")


def test_json_is_one_object(folder):
    result = call("doctor", "mel", folder / "mel.npz", "--wav", folder / "clip.wav", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert (found["kind"], found["matches"]) == ("match", ["hifigan-22k"])
    assert found["best"]["layout"] == "frames_first"
    assert found["best"]["frames"] == {"given": 117, "made": 117}
    assert Mel.from_dict(found["best"]["mel"]) == Mel()
    assert len(found["nearest"]) > 2
    assert "model" not in found


def test_a_model_is_compared_with(folder, shared):
    model = shared / "golden" / GOLDEN
    words = ("doctor", "mel", folder / "eps.npy", "--wav", folder / "clip.wav", "--model", model)
    result = call(*words)
    assert result.exit_code == 1
    second = result.stdout.splitlines()[1]
    assert second == "this model takes other mels: magnitude_eps is 1e-06, wanted 1e-09"
    as_json = call(*words[:2], folder / "mel.npy", *words[3:], "--json")
    assert as_json.exit_code == 0
    assert json.loads(as_json.stdout)["model"]["fits"] is True


@pytest.mark.parametrize(
    ("mel", "wav", "message"),
    [
        ("gone.npy", "clip.wav", "gone.npy: no such file"),
        ("mel.npy", "gone.wav", "gone.wav: "),
        ("clip.wav", "clip.wav", "clip.wav: not a readable array file"),
        ("two.npy", "clip.wav", "two.npy: it holds an array of shape (2, 80, 117)"),
        ("nan.npy", "clip.wav", "nan.npy: it has values that are not finite"),
        ("mel.npy", "none.wav", "none.wav: "),
        ("mel.npy", "mel.npy", "mel.npy: "),
    ],
)
def test_bad_input_is_a_line_and_exit_code_2(mel, wav, message, folder):
    result = call("doctor", "mel", folder / mel, "--wav", folder / wav)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert f"{Path(folder)}/{message}" in result.stderr


def test_without_a_command_there_is_help():
    result = call("doctor")
    assert result.exit_code == 2
    assert "wavegan doctor mel" in result.output
    assert call("doctor", "mel", "-h").stdout.count("wavegan doctor mel") >= 2
