"""What may change on resuming: refused by name, reported, or free."""

import json
from pathlib import Path
from typing import Any

import pytest

from wavegan import recipe
from wavegan.errors import UserError
from wavegan.recipe import Recipe, dump
from wavegan.training import changes, destination
from wavegan.training.parts import build


@pytest.fixture
def run(tmp_path: Path, small: str) -> Path:
    """A folder with files named like a recipe and a checkpoint."""
    folder = tmp_path / "run"
    checkpoint = folder / "checkpoints" / "00000002"
    checkpoint.mkdir(parents=True)
    first = made(small, tmp_path)
    (checkpoint / "config.json").write_text(build(first).config.to_json())
    (folder / "recipe.yaml").write_text(dump(first))
    return folder


def made(small: str, tmp_path: Path, *words: str) -> Recipe:
    return recipe.load(small, [f"data.folder={tmp_path / 'data'}", *words])


def asked_of(recipe: Recipe) -> dict[str, Any]:
    """What a checkpoint stores about its recipe."""
    return {
        "generator": recipe.generator.model_dump(mode="json"),
        "mel": recipe.front_end().to_dict(),
        "peak": recipe.data.peak,
    }


def changed(run: Path, *words: str) -> list[str]:
    wanted = recipe.load(str(run / "recipe.yaml"), words).absolute()
    return [one.field for one in changes.check(run, wanted)]


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("generator.upsample_initial_channel=32", ["generator.upsample_initial_channel", "16"]),
        ("generator.resblock='1'", ["generator.resblock", "2", "1"]),
        ("mel.f_max=7000", ["mel.f_max", "8000", "7000"]),
        ("discriminators.mpd.periods=[2, 5]", ["discriminators.mpd.periods", "init_from=RUN"]),
        ("discriminators.extra={name: msd}", ["discriminators.extra.name", "null", "msd"]),
        ("data.segment=4096", ["data.segment", "2048", "4096", "init_from=RUN"]),
        ("data.peak=null", ["data.peak", "0.95", "null"]),
        ("training.init_from=else", ["training.init_from", "start a new run from a model"]),
        ("training.ema=null", ["training.ema", "0.9", "null"]),
        ("data.mels=mels", ["data.mels", "null", "mels"]),
        ("task.name=synthesize", ["task.name", "vocode", "synthesize"]),
    ],
)
def test_what_a_run_keeps_for_life_is_refused_by_name(
    run: Path, word: str, named: list[str]
) -> None:
    with pytest.raises(UserError) as refusal:
        changed(run, word)
    assert "\n" not in str(refusal.value)
    for part in [*named, str(run), "new run"]:
        assert part.replace("RUN", str(run)) in str(refusal.value)


@pytest.mark.parametrize(
    "word",
    [
        "training.batch_size=8",
        "training.seed=5",
        "training.ema=0.99",
        "training.optimizer.lr=1e-5",
        "training.schedule.gamma=0.5",
        "discriminators.mpd.weight=2",
        "losses.mel.weight=1",
        "objective.name=hinge",
        "data.validation=3",
        "data.folder=elsewhere",
        "training.validation_clips=1",
    ],
)
def test_what_matters_is_said(run: Path, word: str) -> None:
    assert changed(run, word) == [word.partition("=")[0]]


@pytest.mark.parametrize(
    "word",
    ["training.log_every=3", "training.keep_last=1", "data.workers=1", "training.previews=0"],
)
def test_what_changes_nothing_is_not(run: Path, word: str) -> None:
    assert changed(run, word) == []


def test_what_is_written_into_a_run_s_recipe_by_hand_is_refused_as_well(
    run: Path, small: str, tmp_path: Path
) -> None:
    """Otherwise a mel would change silently, and a width end in an error about tensors."""
    for word in ("mel.f_max=7000", "generator.upsample_initial_channel=32", "data.peak=0.5"):
        (run / "recipe.yaml").write_text(dump(made(small, tmp_path, word)))
        with pytest.raises(UserError, match=word.partition("=")[0]):
            changed(run)


def test_the_same_in_other_words_is_no_change(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    front_end = recipe.load(str(run / "recipe.yaml")).front_end()
    words = ["data.folder=../data", "generator.resblock='2'", f"mel.f_max={front_end.f_max}"]
    assert changed(run, *words, "training.optimizer.betas=[0.8, 0.99]") == []


def test_a_path_given_on_resuming_holds_elsewhere(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = recipe.load(str(run / "recipe.yaml"), ["data.train=a.txt", "data.validation=b.txt"])
    assert wanted.absolute().data.train == tmp_path / "a.txt"
    assert wanted.absolute().data.validation == tmp_path / "b.txt"
    assert recipe.load(str(run / "recipe.yaml")).absolute().data.validation == 2


def test_the_same_command_again_resumes(run: Path, tmp_path: Path, small: str) -> None:
    known = destination.recipe_to_resume(run, made(small, tmp_path))
    assert known is not None
    assert known.generator.options["upsample_initial_channel"] == 16
    longer = destination.recipe_to_resume(run, made(small, tmp_path, "training.steps=90"))
    assert longer is not None
    assert longer.training.steps == 90


def test_what_a_run_settles_by_itself_is_no_difference(
    run: Path, tmp_path: Path, small: str
) -> None:
    """Labels that were found, the network of a warm start, the level of given mels."""
    asked = ["data.labels=folders", "data.mels=mels", f"training.init_from={tmp_path}"]
    found = ["data.labels=[a, b]", "data.mels=mels", f"training.init_from={tmp_path}"]
    theirs = ["data.peak=null", "generator.upsample_initial_channel=64", "mel.f_max=7000"]
    settled = made(small, tmp_path, *found, *theirs).absolute()
    (run / "recipe.yaml").write_text(dump(settled))
    config = run / "checkpoints" / "00000002" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | asked_of(settled)))
    known = destination.recipe_to_resume(run, made(small, tmp_path, *asked))
    assert known is not None
    assert known.data.labels == ("a", "b")
    assert known.data.peak is None
    assert known.generator.options["upsample_initial_channel"] == 64
    assert known.front_end().f_max == 7000


@pytest.mark.parametrize(
    ("word", "named"),
    [
        (
            "generator.upsample_initial_channel=32",
            ["another recipe", "is 16 there, 32 in this command"],
        ),
        ("training.seed=5", ["training.seed", "--resume", "training.seed=…"]),
        ("data.folder=elsewhere", ["other data", "data.folder", "elsewhere in this"]),
        ("data.validation=3", ["other data", "is 2 there, 3 in this command"]),
    ],
)
def test_another_run_is_refused_naming_the_difference(
    run: Path, tmp_path: Path, small: str, word: str, named: list[str]
) -> None:
    with pytest.raises(UserError) as refusal:
        destination.recipe_to_resume(run, made(small, tmp_path, word))
    assert "\n" not in str(refusal.value)
    for part in [*named, str(run)]:
        assert part in str(refusal.value)


def test_a_run_that_saved_nothing_leaves_its_folder_free(
    run: Path, tmp_path: Path, small: str
) -> None:
    (run / "checkpoints" / "00000002" / "config.json").unlink()
    assert destination.recipe_to_resume(run, made(small, tmp_path, "training.seed=5")) is None
    (run / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"thesis\.tex"):
        destination.recipe_to_resume(run, made(small, tmp_path))
