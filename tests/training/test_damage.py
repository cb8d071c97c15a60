"""Damage to a run's files is detected and named, and the newest intact checkpoint is used."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from wavegan import bundle, recipe
from wavegan.checksums import DamageError
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.training import lock, setup, whole
from wavegan.training.changes import recipe_of
from wavegan.training.findings import examine
from wavegan.training.plan import describe


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small, speech) -> Path:
    words = [f"data.folder={speech}", "training.checkpoint_every=2", "training.validate_every=2"]
    folder = tmp_path_factory.mktemp("damage") / "run"
    trainer = setup.prepare(recipe.load(small, words), folder, device="cpu", listener=Silent())
    trainer.train(Interrupt())
    return folder


@pytest.fixture
def run(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def flip(file: Path, seed: int = 0) -> None:
    content = bytearray(file.read_bytes())
    content[random.Random(seed).randrange(len(content))] ^= 4
    file.write_bytes(content)


FILES = [
    "config.json",
    "model.safetensors",
    "training/generator.safetensors",
    "training/discriminator.safetensors",
    "training/discriminator_optimizer.pt",
    "training/state.pt",
    "training/recipe.yaml",
]


@pytest.mark.parametrize("name", FILES)
def test_a_flip_anywhere_sets_the_checkpoint_aside_and_the_one_before_is_used(run, name):
    newest = max(bundle.checkpoints(run))
    flip(bundle.checkpoints(run)[newest] / name)
    said = []
    whole.settle(run, said.append)
    assert max(bundle.checkpoints(run)) == newest - 2
    assert len(said) == 1
    assert name in said[0]
    assert f"{newest - 2}" in said[0]
    assert (run / "checkpoints" / f"{newest:08d}.damaged" / name).is_file()


@pytest.mark.parametrize("name", FILES)
def test_a_dry_run_says_what_would_be_put_aside_and_moves_nothing(run, name):
    newest = max(bundle.checkpoints(run))
    flip(bundle.checkpoints(run)[newest] / name)
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*")}
    plan = describe(recipe.load(str(run / "recipe.yaml")).absolute(), run, device="cpu")
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*")} == before
    (said,) = [note for note in plan["notes"] if "damaged" in note]
    assert name in said
    assert f"{newest:08d}.damaged" in said
    assert f"step {newest - 2}" in said


def test_a_dry_run_of_what_cannot_go_on_is_refused_as_the_run_is(run):
    for folder in bundle.checkpoints(run).values():
        flip(folder / "training" / "state.pt")
    before = sorted(run.rglob("*"))
    with pytest.raises(UserError, match=r"state\.pt: damaged.*all checkpoints of .* are damaged"):
        describe(recipe.load(str(run / "recipe.yaml")).absolute(), run, device="cpu")
    assert sorted(run.rglob("*")) == before


def test_d_s_optimizer_may_go_from_older_ones(run):
    for folder in bundle.checkpoints(run).values():
        (folder / "training" / "discriminator_optimizer.pt").unlink(missing_ok=True)
        whole.check(folder)


def test_where_none_is_whole_nothing_is_moved(run):
    for folder in bundle.checkpoints(run).values():
        flip(folder / "training" / "state.pt")
    before = sorted(run.rglob("*"))
    with pytest.raises(UserError, match=r"state\.pt: damaged.*all checkpoints of .* are damaged"):
        whole.settle(run, pytest.fail)
    assert sorted(run.rglob("*")) == before


def test_without_a_list_the_files_are_opened(run):
    newest = bundle.checkpoints(run)[max(bundle.checkpoints(run))]
    (newest / "checksums.json").unlink()
    whole.check(newest)
    state = newest / "training" / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"state\.pt"):
        whole.check(newest)


def test_inference_passes_over_a_damaged_best_one_and_refuses_it_by_its_own_name(run):
    best = bundle.locate(run)
    flip(best / "model.safetensors")
    with pytest.warns(UserWarning, match=r"model\.safetensors: damaged"):
        assert bundle.locate(run) != best
    with pytest.raises(DamageError, match=r"model\.safetensors"):
        bundle.read(best)


def test_a_recipe_that_was_cut_is_refused_and_one_that_was_edited_is_compared(run):
    file = run / "recipe.yaml"
    text = file.read_text()
    for length in (len(text) // 2, len(text) - 20):
        file.write_text(text[:length])
        with pytest.raises(UserError, match=r"recipe\.yaml: damaged"):
            recipe.load(str(file))
    file.write_text(text.replace("seed: ", "seed: 9"))
    assert recipe_of(run).training.seed != recipe.load(str(file)).training.seed


def test_the_doctor_names_each_damaged_file(run):
    assert {one.state for one in examine(run)} == {"whole"}
    newest = bundle.checkpoints(run)[max(bundle.checkpoints(run))]
    flip(newest / "training" / "generator.safetensors")
    (run / "split.json").write_text("[")
    (run / "checkpoints" / "best.json").write_text(json.dumps({"step": -1}))
    with (run / "metrics.jsonl").open("ab") as stream:
        stream.write(b"\xff\n")
    damaged = {one.name for one in examine(run) if one.state == "damaged"}
    assert damaged == {
        f"checkpoints/{newest.name}",
        "split.json",
        "checkpoints/best.json",
        "metrics.jsonl",
    }


def test_the_doctor_says_nothing_of_files_that_healthy_runs_are_without(run):
    assert "run.lock" not in {one.name for one in examine(run)}
    (run / "checkpoints" / "best.json").unlink()
    assert {one.state for one in examine(run)} == {"whole"}
    (run / "checkpoints" / "best.json").write_text(json.dumps({"step": None}))
    assert {one.state for one in examine(run)} == {"whole"}


def test_the_doctor_of_a_run_that_trains_says_who_trains_it(run):
    with (run / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"kind": "tra')
    with lock.hold(run, pytest.fail):
        (said,) = [one for one in examine(run) if one.state != "whole"]
    assert (said.name, said.state) == ("run.lock", "note")
    assert str(os.getpid()) in said.text


def test_a_checkpoint_that_the_run_deletes_meanwhile_is_not_damaged(run, monkeypatch):
    first = min(bundle.checkpoints(run).values())

    def deleted(folder):
        if folder == first:
            shutil.rmtree(folder)
            raise FileNotFoundError(folder)

    monkeypatch.setattr(whole, "check", deleted)
    found = {one.name: one.state for one in examine(run)}
    assert "damaged" not in found.values()
    assert f"checkpoints/{first.name}" not in found


def test_the_doctor_of_a_run_of_an_older_version_finds_nothing_missing(run):
    for file in (run / "split.json", *run.rglob("checksums.json"), *run.rglob("training/recipe.*")):
        file.unlink()
    found = {one.name: one.state for one in examine(run)}
    assert set(found.values()) == {"whole", "note"}
    assert found["split.json"] == "note"


@pytest.mark.parametrize("name", ["recipe.yaml", "metrics.jsonl"])
def test_the_doctor_says_what_a_run_is_in_want_of(run, name):
    (run / name).unlink()
    assert [(one.name, one.state) for one in examine(run) if one.state != "whole"] == [
        (name, "missing")
    ]


def test_the_doctor_of_a_run_that_has_not_begun(run):
    shutil.rmtree(run / "checkpoints")
    for name in ("metrics.jsonl", "split.json"):
        (run / name).unlink()
    assert [one.name for one in examine(run)] == ["recipe.yaml"]
