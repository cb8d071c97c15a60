"""Unpaired sets: sets of one size against one half of the real clips, next to the other half."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.evaluation.sets import compare_sets

RATE = 4000


def tones(folder: Path, hertz: list[float], samples: int = 800) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(hertz))
    for number, each in enumerate(hertz):
        place = np.arange(samples) / RATE
        wave = 0.4 * np.sin(2 * math.pi * each * place) + 0.01 * rng.standard_normal(samples)
        soundfile.write(folder / f"{number:03d}.wav", wave, RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`real/` 60 tones over an octave, `like/` 25 more of them, `one/` 25 of one pitch."""
    folder = tmp_path_factory.mktemp("sets")
    tones(folder / "real", [400 * 2 ** (n / 60) for n in range(60)])
    tones(folder / "like", [403 * 2 ** (n / 25) for n in range(25)])
    tones(folder / "one", [500.0] * 25)
    (folder / "one" / "bad.wav").write_bytes(b"RIFF")
    return folder


def test_a_set_like_the_real_one_is_near_its_halves_and_a_collapsed_one_is_not(
    folder: Path,
) -> None:
    notes: list[str] = []
    found = compare_sets(
        folder / "real",
        {name: folder / name for name in ("like", "one")},
        metrics=["frechet", "diversity", "ndb", "js", "nearest_neighbour"],
        note=notes.append,
    )
    like, one = (row.figures for row in found.systems)
    halves = found.baseline.figures
    assert like["frechet"].mean < 4 * halves["frechet"].mean < one["frechet"].mean
    assert like["diversity"].mean == pytest.approx(1, abs=0.2)
    assert one["diversity"].mean < 0.3
    assert like["js"].mean < one["js"].mean
    assert [row.clips for row in found.systems] == [25, 25]
    assert any(note.startswith("one: left out: bad.wav: ") for note in notes)
    assert [entry.file for entry in found.left_out] == ["bad.wav"]


def test_every_set_is_compared_in_parts_of_one_size(folder: Path) -> None:
    sets = {"like": folder / "like", "real": folder / "real"}
    found = compare_sets(folder / "real", sets, metrics=["frechet", "diversity"])
    counts = {"real": 60, "reference": 30, "baseline": 30, "part": 25, "real_half": 30}
    assert found.settings["clips"] == counts
    figures = {row.name: row.figures["frechet"] for row in (*found.systems, found.baseline)}
    assert {name: (f.n, f.parts) for name, f in figures.items()} == {
        "like": (25, 1),
        "real": (25, 2),
        "real halves": (25, 1),
    }
    assert figures["real"].deviation is not None
    assert figures["like"].deviation is None
    # of all clips against all, so the whole set against itself is 1 by definition
    assert found.systems[1].figures["diversity"].mean == pytest.approx(1)
    assert found.systems[1].figures["diversity"].n == 60


def test_the_shape_of_the_json(folder: Path) -> None:
    found = compare_sets(folder / "real", {"like": folder / "like"}, metrics=["frechet", "js"])
    made = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(made) == {"metrics", "systems", "floors", "left_out", "settings"}
    assert set(made["metrics"]["frechet"]) == {"mean", "deviation", "n", "parts"}
    assert made["systems"][0]["metrics"] == made["metrics"]
    assert set(made["floors"]["real_halves"]["metrics"]) == {"frechet", "js"}
    assert made["settings"]["embedding"]["name"] == "mel_statistics"
    assert made["settings"]["embedding"]["sample_rate"] == RATE
    assert made["settings"]["embedding"]["seconds"] == pytest.approx(0.2)
    assert "grow as sets shrink" in made["settings"]["note"]


def test_a_figure_that_cannot_be_made_says_why(folder: Path, tmp_path: Path) -> None:
    tones(tmp_path / "few", [400.0, 500.0, 600.0])
    notes: list[str] = []
    found = compare_sets(folder / "real", {"few": tmp_path / "few"}, note=notes.append)
    figure = found.systems[0].figures["frechet_infinity"]
    assert math.isnan(figure.mean)
    assert figure.to_dict()["mean"] is None
    assert "needs 40 or more" in figure.reason
    assert any(note.startswith("frechet_infinity: not computed: ") for note in notes)


def test_held_out_clips_are_the_baseline(folder: Path) -> None:
    names = [f"{number:03d}.wav" for number in range(0, 60, 3)]
    like = {"like": folder / "like"}
    notes: list[str] = []
    found = compare_sets(
        folder / "real", like, held_out=names, metrics=["frechet", "diversity"], note=notes.append
    )
    assert (found.baseline.name, found.baseline.clips, notes) == ("held out", 20, [])
    assert found.settings["clips"] == {
        **{"real": 60, "reference": 40, "baseline": 20, "part": 20},
        "real_half": 40,
    }
    assert "held-out real clips" in found.settings["note"]
    assert set(found.to_dict()["floors"]) == {"held_out"}
    few = compare_sets(
        folder / "real", like, held_out=names[:1], metrics=["frechet"], note=notes.append
    )
    assert (few.baseline.name, few.settings["clips"]["real"]) == ("real halves", 59)
    assert notes == ["fewer than 2 held-out clips: the real clips are halved instead"]


def test_a_judges_folder_is_an_embedding(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    (tmp_path / "judge").mkdir()
    Classifier(RATE, ["a", "b"], 600, width=4, dim=8).save(tmp_path / "judge")
    judge = str(tmp_path / "judge")
    found = compare_sets(
        folder / "real", {"like": folder / "like"}, embedding=judge, metrics=["frechet"]
    )
    assert found.settings["embedding"]["dimensions"] == 8
    assert found.settings["embedding"]["seconds"] == pytest.approx(0.15)


def test_mistakes(folder: Path, tmp_path: Path) -> None:
    tones(tmp_path / "single", [400.0])
    like = {"like": folder / "like"}
    with pytest.raises(UserError, match="single: 1 usable clips: give 2 or more"):
        compare_sets(folder / "real", {"single": tmp_path / "single"})
    with pytest.raises(UserError, match="real: 1 usable clips: give 4 or more"):
        compare_sets(tmp_path / "single", like)
    with pytest.raises(UserError, match="did you mean 'frechet'"):
        compare_sets(folder / "real", like, metrics=["frechett"])
    with pytest.raises(UserError, match="did you mean 'mel_statistics'"):
        compare_sets(folder / "real", like, embedding="mel_statistic")
    with pytest.raises(UserError, match="judge train"):
        compare_sets(folder / "real", like, embedding="classifier")
