"""`judge score` and `evaluate --sets` are one comparison: equal numbers under each shared name."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from wavegan.audio import io
from wavegan.cli import app
from wavegan.embeddings.classifier import Classifier

RATE = 4000
SHARED = ("frechet", "diversity", "ndb", "js", "nearest_neighbour")


def call(*words: object) -> Any:
    result = CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def tones(folder: Path, count: int, lowest: float) -> None:
    rng = np.random.default_rng(count)
    for number in range(count):
        phase = 2 * math.pi * (lowest + 20 * number) * np.arange(400) / RATE
        wave = 0.4 * np.sin(phase) + 0.01 * rng.standard_normal(400)
        io.write(folder / f"{number:03d}.wav", wave.astype(np.float32)[None], RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`real/` 40 tones, sets `a/` and `b/`, `test/` other real tones, and an untrained `judge/`."""
    folder = tmp_path_factory.mktemp("one")
    for name, count, lowest in (
        ("real", 40, 300),
        ("a", 30, 310),
        ("b", 13, 700),
        ("test", 8, 305),
    ):
        (folder / name).mkdir()
        tones(folder / name, count, lowest)
    torch.manual_seed(0)
    (folder / "judge").mkdir()
    Classifier(RATE, ["low", "high"], 400, width=4, dim=8).save(folder / "judge")
    shutil.copytree(folder / "judge", folder / "judge-of-all")
    held_out = "".join(f"{number:03d}.wav\n" for number in range(0, 40, 4))
    (folder / "judge" / "held_out.txt").write_text(held_out)
    return folder


@pytest.mark.parametrize(
    ("judge", "extra", "baseline"),
    [
        ("judge", (), "held_out"),
        ("judge-of-all", (), "real_halves"),
        ("judge", ("--held-out", "test"), "held_out"),
    ],
)
def test_both_commands_give_the_same_numbers(
    folder: Path, judge: str, extra: tuple[str, ...], baseline: str
) -> None:
    made = folder / "a", folder / "b"
    options = [folder / word if word == "test" else word for word in extra]
    scored = call("judge", "score", folder / judge, *made, "--real", folder / "real", *options)
    compared = call(
        *("evaluate", "--sets", folder / "real", *made, "--embedding", folder / judge),
        *("--metrics", ",".join(SHARED), *options),
    )
    assert scored["clips_in_a_part"] == compared["settings"]["clips"]["part"]
    rows = {row["name"]: row for row in scored["rows"]}
    floors = {name.replace("_", " "): row for name, row in compared["floors"].items()}
    others = {row["name"]: row for row in compared["systems"]} | floors
    assert [*rows] == [*others, "real"] == ["a", "b", baseline.replace("_", " "), "real"]
    for name, row in others.items():
        for key in SHARED:
            figure = {"value": row["metrics"][key]["mean"]}
            assert figure["value"] is not None
            figure["deviation"] = row["metrics"][key]["deviation"]
            assert rows[name][key] == figure, (name, key)
