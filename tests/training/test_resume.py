"""N steps equal k steps, a kill, and N - k steps, bit for bit."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.training import checkpoint, setup


class Killer(Silent):
    """Kills the process, or asks to stop, at a step."""

    def __init__(self, step, interrupt=None):
        self.step, self.interrupt = step, interrupt

    def train(self, step, values, speed):
        if step == self.step and self.interrupt is None:
            raise KeyboardInterrupt
        if step == self.step:
            self.interrupt.signal = 2


class Notes(Silent):
    """Records notes."""

    def __init__(self):
        self.said = []

    def note(self, text):
        self.said.append(text)


def run(folder, small, speech, *overrides, resume=False, listener=None, interrupt=None):
    if resume:
        loaded = recipe.load(str(folder / "recipe.yaml"), overrides)
    else:
        loaded = recipe.load(small, [f"data.folder={speech}", *overrides])
    trainer = setup.prepare(
        loaded, folder, device="cpu", resume=resume, listener=listener or Silent()
    )
    trainer.train(interrupt or Interrupt())
    return trainer


def files(run_folder, step):
    folder = run_folder / "checkpoints" / f"{step:08d}"
    return {file.name: file.read_bytes() for file in folder.rglob("*.safetensors")}


def losses(run_folder):
    lines = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    lines = [line for line in lines if line["kind"] != "start"]
    return [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in lines]


def optimizers(run_folder, step):
    training = run_folder / "checkpoints" / f"{step:08d}" / "training"
    state = torch.load(training / "state.pt", weights_only=True)
    moments = torch.load(training / "discriminator_optimizer.pt", weights_only=True)
    return state["optimizers"] | {"discriminator": moments}


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small, speech) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(folder, small, speech)
    return folder


def test_after_a_clean_stop_the_rest_is_bit_for_bit_the_same(tmp_path, small, speech, whole):
    interrupt = Interrupt()
    run(tmp_path / "run", small, speech, listener=Killer(3, interrupt), interrupt=interrupt)
    assert list(bundle.checkpoints(tmp_path / "run")) == [4]
    torch.manual_seed(99)  # whatever state the process is in
    run(tmp_path / "run", small, speech, resume=True)
    assert files(tmp_path / "run", 6) == files(whole, 6)
    assert same(optimizers(tmp_path / "run", 6), optimizers(whole, 6))
    assert losses(tmp_path / "run") == losses(whole)


def test_after_a_death_between_checkpoints_as_well(tmp_path, small, speech, whole):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", small, speech, "training.checkpoint_every=3", listener=Killer(5))
    assert list(bundle.checkpoints(tmp_path / "run")) == [3]
    assert losses(tmp_path / "run")[-1]["step"] == 5
    run(tmp_path / "run", small, speech, resume=True)
    assert files(tmp_path / "run", 6) == files(whole, 6)
    assert losses(tmp_path / "run") == losses(whole)


def test_the_last_checkpoints_and_the_best_are_kept(tmp_path, small, speech):
    trainer = run(
        tmp_path / "run",
        small,
        speech,
        "training.checkpoint_every=1",
        "training.keep_last=2",
        "training.validate_every=2",
    )
    best = trainer.train_state.progress.best_step
    assert best in (2, 4, 6)
    assert set(bundle.checkpoints(tmp_path / "run")) == {5, 6} | {best}
    assert bundle.locate(tmp_path / "run").name == f"{best:08d}"


def test_a_half_written_checkpoint_is_not_taken_for_one(tmp_path, small, speech, monkeypatch):
    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    run(tmp_path / "run", small, speech, "training.steps=2")
    monkeypatch.setattr(checkpoint.torch, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        run(tmp_path / "run", small, speech, "training.steps=3", resume=True)
    assert list(bundle.checkpoints(tmp_path / "run")) == [2]
    assert not list((tmp_path / "run" / "checkpoints").glob(".*"))


def test_a_damaged_checkpoint_is_named(tmp_path, small, speech):
    run(tmp_path / "run", small, speech, "training.steps=1")
    state = tmp_path / "run" / "checkpoints" / "00000001" / "training" / "state.pt"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(UserError, match=r"state\.pt: damaged"):
        run(tmp_path / "run", small, speech, "training.steps=2", resume=True)


def test_a_warm_start_takes_both_networks_and_a_fresh_schedule(tmp_path, small, speech, whole):
    notes = []

    class Listener(Silent):
        def note(self, text):
            notes.append(text)

    loaded = recipe.load(small, [f"data.folder={speech}", f"training.init_from={whole}"])
    trainer = setup.prepare(loaded, tmp_path / "run", device="cpu", listener=Listener())
    trained = whole / "checkpoints" / "00000006" / "training"
    for name, network in trainer.train_state.networks.items():
        saved = bundle.read_weights(trained / f"{name}.safetensors")
        assert same(dict(network.state_dict()), saved)
    assert trainer.train_state.progress.step == 0
    assert not any("starts fresh" in note for note in notes)


def test_a_warm_start_from_a_bundle_alone_says_that_d_starts_fresh(tmp_path, small, speech, whole):
    notes = []

    class Listener(Silent):
        def note(self, text):
            notes.append(text)

    lone = tmp_path / "bundle"
    lone.mkdir()
    for name in ("config.json", "model.safetensors"):
        (lone / name).write_bytes((whole / "checkpoints" / "00000006" / name).read_bytes())
    loaded = recipe.load(small, [f"data.folder={speech}", f"training.init_from={lone}"])
    setup.prepare(loaded, tmp_path / "run", device="cpu", listener=Listener())
    assert any("D starts fresh" in note for note in notes)


def test_fewer_steps_than_are_done_are_refused(tmp_path, small, speech):
    run(tmp_path / "run", small, speech, "training.steps=2")
    with pytest.raises(UserError, match=r"training\.steps is 1, but .* is at step 2"):
        run(tmp_path / "run", small, speech, "training.steps=1", resume=True)


def test_the_last_checkpoint_alone_has_the_optimizer_of_d(tmp_path, small, speech):
    words = ["training.checkpoint_every=1", "training.validate_every=2", "training.keep_last=2"]
    run(tmp_path / "run", small, speech, *words)
    kept = bundle.checkpoints(tmp_path / "run")
    have = [step for step in kept if (kept[step] / "training/discriminator_optimizer.pt").is_file()]
    assert have == [6]
    assert len(kept) >= 2


def test_a_moment_before_the_next_checkpoint_is_whole_the_last_is_exact(
    tmp_path, small, speech, whole, monkeypatch
):
    """Old files are deleted afterwards, and not at all if writing fails."""
    every = "training.checkpoint_every=2"
    run(tmp_path / "run", small, speech, every, "training.steps=2")

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.bundle, "save", full_disk)
        with pytest.raises(OSError, match="No space"):
            run(tmp_path / "run", small, speech, every, "training.steps=6", resume=True)
    assert list(bundle.checkpoints(tmp_path / "run")) == [2]
    run(tmp_path / "run", small, speech, every, "training.steps=6", resume=True)
    assert files(tmp_path / "run", 6) == files(whole, 6)
    assert same(optimizers(tmp_path / "run", 6), optimizers(whole, 6))


def test_an_older_checkpoint_resumes_and_says_what_it_lacks(tmp_path, small, speech):
    run(tmp_path / "run", small, speech, "training.checkpoint_every=3")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "00000006")
    heard = Notes()
    run(tmp_path / "run", small, speech, resume=True, listener=heard)
    (line,) = (note for note in heard.said if "optimizer" in note)
    assert "00000003" in line
    assert list(bundle.checkpoints(tmp_path / "run")) == [3, 6]


def test_an_old_checkpoint_with_both_optimizers_in_one_file_is_exact(
    tmp_path, small, speech, whole
):
    run(tmp_path / "run", small, speech, "training.steps=3")
    training = tmp_path / "run" / "checkpoints" / "00000003" / "training"
    state = torch.load(training / "state.pt", weights_only=True)
    state["optimizers"] = optimizers(tmp_path / "run", 3)
    torch.save(state, training / "state.pt")
    (training / "discriminator_optimizer.pt").unlink()
    (training.parent / "checksums.json").unlink()
    heard = Notes()
    run(tmp_path / "run", small, speech, "training.steps=6", resume=True, listener=heard)
    assert not [note for note in heard.said if "optimizer" in note]
    assert files(tmp_path / "run", 6) == files(whole, 6)


def test_an_optimizer_continues_with_the_recipe_of_now(tmp_path, small, speech):
    run(tmp_path / "run", small, speech, "training.steps=1")
    words = ["training.steps=2", "training.optimizer.weight_decay=0.5"]
    run(tmp_path / "run", small, speech, *words, resume=True)
    for saved in optimizers(tmp_path / "run", 2).values():
        assert [group["weight_decay"] for group in saved["param_groups"]] == [0.5]
        assert saved["state"][0]["step"] == 2
