"""`wavegan judge`: a judge from a folder, a table or JSON from sets, and mistakes in one line."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from wavegan.audio import io
from wavegan.cli import app
from wavegan.cli._evaluate_inputs import names
from wavegan.data.manifest import Clip
from wavegan.embeddings.classifier import Classifier
from wavegan.evaluation.held_out import read_held_out
from wavegan.evaluation.judge import label_of
from wavegan.evaluation.judge import score as score_sets
from wavegan.set_metrics.frechet import Frechet
from wavegan.set_metrics.ndb import Ndb
from wavegan.training import classifier

RATE = 4000


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["judge", *map(str, words)])


def write(file: Path, hertz: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    place = np.arange(400) / RATE
    noise = np.random.default_rng(int(hertz)).standard_normal(400)
    audio = 0.4 * np.sin(2 * math.pi * hertz * place) + 0.01 * noise
    io.write(file, audio.astype(np.float32)[None], RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real tones of two labels, sets of made ones, and a judge of them.

    `real/` has 25 clips a label, of which 5 are held out. `good/` is made as `wavegan generate`
    names files, `wrong/` has labels swapped, `copies/` are files of `real/`.
    """
    folder = tmp_path_factory.mktemp("judge")
    for number in range(25):
        write(folder / "real" / "hat" / f"{number:02d}.wav", 1200 + 20 * number)
        write(folder / "real" / "hat_low" / f"{number:02d}.wav", 200 + 10 * number)
    for number in range(12):
        write(folder / "good" / f"hat_{number}.wav", 1209 + 40 * number)
        write(folder / "good" / f"hat_low_{number}.wav", 205 + 20 * number)
        write(folder / "wrong" / "hat_low" / f"{number}.wav", 1209 + 40 * number)
        write(folder / "wrong" / "hat" / f"{number}.wav", 205 + 20 * number)
        write(folder / "copies" / f"{number}.wav", 1300 + 20 * number)
    (folder / "good" / "broken.wav").write_bytes(b"RIFF")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "BATCH", 16)
        trained = call(
            *("train", folder / "real", "--out", folder / "judge", "--steps", 50),
            *("--validation", 10, "--device", "cpu", "-q"),
        )
    assert trained.exit_code == 0, trained.output
    return folder


def score(folder: Path, *sets: str, extra: tuple[object, ...] = ()) -> Result:
    paths = [folder / name for name in sets]
    words = ("score", folder / "judge", *paths, "--real", folder / "real", "--device", "cpu")
    return call(*words, *extra)


def test_training_prints_the_accuracy(folder: Path, tmp_path: Path) -> None:
    result = call(
        *("train", folder / "real", "--out", tmp_path / "j", "--steps", 2, "--device", "cpu"),
        *("--validation", folder / "judge" / "held_out.txt", "--seconds", 0.05),
    )
    assert result.exit_code == 0
    assert "of 10 held-out clips classified correctly (2 labels, step " in result.stdout
    assert "40 training clips of 2 labels, 10 held out" in result.stderr
    held = "held_out.txt"
    assert (tmp_path / "j" / held).read_text() == (folder / "judge" / held).read_text()
    assert Classifier.load(tmp_path / "j").samples == 200


def test_training_as_json(folder: Path, tmp_path: Path) -> None:
    words = ("train", folder / "real", "--out", tmp_path / "j", "--steps", 1, "--json")
    result = call(*words, "--device", "cpu")
    assert (result.exit_code, result.stderr) == (0, "")
    made = json.loads(result.stdout)
    assert (made["judge"], made["labels"]) == (str(tmp_path / "j"), ["hat", "hat_low"])
    assert made["clips"] + made["held_out"] == 50


def test_a_table_of_sets_next_to_real_clips(folder: Path) -> None:
    result = score(folder, "good", "wrong")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["set", "clips", "IS", "Fréchet"]
    assert [line.split()[0] for line in lines[1:5]] == ["good", "wrong", "held", "real"]
    assert "compare 10 clips at a time with 40 real ones" in lines[5]
    assert "good: left out: broken.wav: " in result.stderr


def test_the_numbers_tell_good_sets_from_bad(folder: Path) -> None:
    result = score(folder, "good", "wrong", "copies", extra=("--json",))
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == ["good", "wrong", "copies", "held out", "real"]
    assert [row["kind"] for row in rows.values()] == ["made"] * 3 + ["held out", "real"]
    assert [row["clips"] for row in rows.values()] == [24, 24, 12, 10, 40]
    assert (found["clips_in_a_part"], found["clips_in_an_inception_part"]) == (10, 10)
    assert [(e["set"], e["path"]) for e in found["left_out"]] == [("good", "broken.wav")]

    def value(name: str, figure: str) -> float:
        number: float = rows[name][figure]["value"]
        return number

    assert value("good", "label_accuracy") == value("held out", "label_accuracy") == 1
    assert value("wrong", "label_accuracy") == 0
    assert rows["copies"]["label_accuracy"] is None
    assert value("good", "frechet") < value("copies", "frechet")
    assert value("good", "inception_score") > 1.5 > 1.1 > value("copies", "inception_score")
    assert value("copies", "diversity") < 0.8 < value("good", "diversity")
    assert value("real", "nearest_neighbour") == 0
    assert value("copies", "nearest_neighbour") < 0.5 < value("good", "nearest_neighbour")
    assert rows["good"]["frechet"]["deviation"] > 0
    assert rows["held out"]["frechet"]["deviation"] is None


def test_rows_are_what_the_metrics_say_of_the_judges_embeddings(folder: Path) -> None:
    """The held-out clips are one part, so its numbers are those of the metrics themselves."""
    judge = Classifier.load(folder / "judge")
    held = read_held_out(folder / "judge")

    def embedded(paths: list[str]) -> torch.Tensor:
        audio = [io.read(folder / "real" / path)[0] for path in paths]
        return judge(torch.from_numpy(np.stack(audio))).detach()

    paths = [f"{label}/{n:02d}.wav" for label in ("hat", "hat_low") for n in range(25)]
    made = embedded(sorted(held))
    real = embedded([path for path in paths if path not in held])
    scores = score_sets(judge, {"good": folder / "good"}, real=folder / "real", held_out=held)
    row = next(row for row in scores.rows if row.kind == "held out")
    assert row.frechet.value == pytest.approx(Frechet()(made, real), rel=1e-3)
    assert row.ndb.value == Ndb()(made, real)


def test_held_out_clips_may_be_a_folder_also_one_within_the_real_one(folder: Path) -> None:
    inside = folder / "real" / "hat_low"
    found = json.loads(score(folder, "good", extra=("--held-out", inside, "--json")).stdout)
    clips = {row["kind"]: row["clips"] for row in found["rows"]}
    assert clips == {"made": 24, "held out": 25, "real": 25}


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("kick/hat_1.wav", 0),
        ("hat_1.wav", 1),
        ("hat_open_1.wav", 2),
        ("hat.wav", 1),
        ("hats_1.wav", -1),
        ("other/kick_0.wav", 0),
        ("000.wav", -1),
    ],
)
def test_labels_come_from_folders_then_from_file_names(path: str, label: int) -> None:
    clip = Clip(path, RATE, 1, 400, Path(path).parent.name, 0.5, 0.5)
    assert label_of(clip, ["kick", "hat", "hat_open"]) == label


def test_sets_of_one_name_are_distinguished_by_their_paths() -> None:
    assert names([Path("/a/x"), Path("/b/x"), Path("/a/y/")]) == ["/a/x", "/b/x", "y"]


def test_a_judge_is_replaced_only_with_force(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "judge"
    shutil.copytree(folder / "judge", out)
    before = (out / "model.safetensors").read_bytes()
    words = ("train", folder / "real", "--out", out, "--steps", 1, "--device", "cpu", "-q")
    said = call(*words)
    assert (said.exit_code, said.stdout) == (2, "")
    assert str(out) in said.stderr
    assert "--force" in said.stderr
    assert (out / "model.safetensors").read_bytes() == before
    assert call(*words, "--force").exit_code == 0
    assert (out / "model.safetensors").read_bytes() != before
    (out / "mine.txt").write_text("mine")
    assert call(*words, "--force").exit_code == 2
    for place in (folder / "real", folder, tmp_path / "judge.pt"):
        assert call(*words[:3], place, *words[4:], "--force").exit_code == 2


def test_mistakes_are_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "single" / "hat_1.wav", 300)
    real = ("--real", folder / "real", "--device", "cpu")
    train = ("train", folder / "real", "--device", "cpu")
    for words, message in (
        (("score", folder / "good", folder / "good", *real), "not a judge"),
        (("score", folder / "judge", folder / "gone", *real), "gone: it does not exist"),
        (("score", folder / "judge", tmp_path / "empty", *real), "empty: it is empty"),
        (("score", folder / "judge", tmp_path / "single", *real), "1 usable clips: give 2 or more"),
        (
            ("score", folder / "judge", folder / "good", *real, "--held-out", folder / "real"),
            "all of its clips are held out",
        ),
        ((*train, "--out", folder / "judge"), "it is in use; give a new folder"),
        ((*train, "--out", tmp_path / "j", "--validation", "x.txt"), "--validation x.txt: give"),
        ((*train, "--out", tmp_path / "j", "--device", "tpu"), "--device tpu"),
    ):
        result = call(*words, "-q")
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert result.stderr.count("\n") == 1
        assert message in result.stderr


def test_help_shows_examples() -> None:
    assert call("-h").stdout.count("wavegan judge") >= 2
    for command in ("train", "score"):
        assert call(command, "-h").stdout.count(f"wavegan judge {command}") >= 2
