"""Causes that fit sounds: from the mark in a file, --kind or the model."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from wavegan import bundle
from wavegan.artifacts.base import Finding
from wavegan.audio import io, made_by
from wavegan.cli import app
from wavegan.diagnosis.diagnose import diagnose, examine
from wavegan.diagnosis.sound_causes import CAUSES, of_sound
from wavegan.mel.front_end import Mel

RATE = 22050
VOCODERS = re.compile(r"\bmels?\b|front-end|f_max|\bhop\b|vocod|chunk|fine-tune|log to", re.I)
"""Words of causes that sounds do not have."""


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["diagnose", *map(str, words)])


@pytest.fixture
def quiet() -> np.ndarray:
    """Noise that is too quiet, for which a vocoder's mels may be the cause."""
    return 1e-3 * np.random.default_rng(0).standard_normal((1, 2 * RATE)).astype(np.float32)


def generated(**facts: object) -> dict[str, str]:
    return made_by.mark("generate", title="hat", comment=made_by.comment(facts))


def test_a_marked_sound_is_not_blamed_on_mels(quiet: np.ndarray, tmp_path: Path) -> None:
    tags = generated(model="drums", seed=7, clip=3)
    io.write(tmp_path / "a.wav", quiet, RATE, tags=tags)
    io.write(tmp_path / "b.wav", quiet, RATE)
    io.write(tmp_path / "c.wav", quiet, RATE, tags=made_by.mark("vocode"))
    made, plain, vocoded = (diagnose(tmp_path / f"{name}.wav").files[0] for name in "abc")
    assert [file.kind for file in (made, plain, vocoded)] == ["sound", "vocoded", "vocoded"]
    assert made.findings[0].text == plain.findings[0].text
    assert made.findings[0].cause == CAUSES["too quiet"]
    assert "mels" in plain.findings[0].cause
    assert vocoded.findings == plain.findings
    result = call(tmp_path / "a.wav")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1] == (
        "  made by wavegan generate: model drums, seed 7, clip 3"
    )
    assert not VOCODERS.search(result.stdout)


def test_the_kind_may_be_given(quiet: np.ndarray, tmp_path: Path) -> None:
    io.write(tmp_path / "a.wav", quiet, RATE, tags=generated(seed=7))
    io.write(tmp_path / "b.wav", quiet, RATE)
    assert "mels" in call(tmp_path / "a.wav", "--kind", "vocoded").stdout
    assert not VOCODERS.search(call(tmp_path / "b.wav", "--kind", "sound").stdout)
    wrong = call(tmp_path / "b.wav", "--kind", "drum")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "--kind drum: give vocoded or sound" in wrong.stderr


def test_a_model_of_sounds_makes_sounds(
    quiet: np.ndarray, tmp_path: Path, save_tiny: Callable[[Path], Path]
) -> None:
    config = bundle.Config(
        mel=Mel(sample_rate=RATE, f_max=None),
        generator={"name": "wavegan", "dim": 2, "latent_dim": 8},
        task="synthesize",
        segment=4096,
    )
    for name in ("sounds", "voice"):
        (tmp_path / name).mkdir()
    bundle.save(tmp_path / "sounds", config, bundle.build(config).state_dict())
    save_tiny(tmp_path / "voice")
    io.write(tmp_path / "a.wav", quiet, RATE)
    for name, kind in (("sounds", "sound"), ("voice", "vocoded")):
        assert diagnose(tmp_path / "a.wav", model=tmp_path / name).files[0].kind == kind


def test_faults_of_a_mixed_folder_are_distinguished(quiet: np.ndarray, tmp_path: Path) -> None:
    for name in ("a", "b"):
        io.write(tmp_path / f"{name}.wav", quiet, RATE, tags=generated(model="drums"))
    io.write(tmp_path / "c.wav", quiet, RATE)
    reported = json.loads(call(tmp_path, "--json").stdout)
    assert [(kind["kind"], kind["files"]) for kind in reported["kinds"]] == [
        ("sound", ["a.wav", "b.wav"]),
        ("vocoded", ["c.wav"]),
    ]
    assert reported["files"][0]["made_by"] == {"command": "generate", "model": "drums"}
    assert reported["files"][2]["made_by"] is None
    text = call(tmp_path).stdout
    assert "2 of 3 files were made by wavegan generate, model drums" in text
    assert "too quiet (sounds) in 2 of 3 files" in text


def test_whatever_is_planted_has_a_cause_that_fits_sounds(
    speech: Path, script: Callable[[str], ModuleType]
) -> None:
    wave, rate = io.read(sorted(speech.glob("*.flac"))[0])
    found: dict[str, Finding] = {}
    plants = script("planted").PLANTS
    for plant in plants.values():
        planted = plant.put(wave[0].astype(np.float64), rate, plant.levels[0])
        audio = torch.from_numpy(np.atleast_2d(planted.audio)).float()
        found |= {finding.what: finding for finding in examine(audio, rate, kind="sound")}
    assert {plant.what for plant in plants.values()} - set(found) == set()
    for what, finding in found.items():
        assert not VOCODERS.search(finding.cause), what


def test_no_cause_of_sounds_has_words_of_vocoders() -> None:
    for what, cause in CAUSES.items():
        assert not VOCODERS.search(cause), what
        assert of_sound(Finding("", what, "", "", 0, 1, 1, "dB")).cause == cause
