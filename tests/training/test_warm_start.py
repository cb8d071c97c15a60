"""Warm starts from our models or another project's: network, front-end, weights, new schedule."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel
from wavegan.recipe import Recipe
from wavegan.training import setup, warm_start
from wavegan.training.parts import Parts, build
from wavegan.training.plan import describe

V3 = "golden/jik876-v3"


class Notes(Silent):
    """Records notes."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def prepared(made: Recipe, run: Path, resume: bool = False) -> tuple[Any, list[str]]:
    notes = Notes()
    return setup.prepare(made, run, device="cpu", resume=resume, listener=notes), notes.said


def adopted(name: str, *overrides: str) -> tuple[Recipe, bundle.Model, list[str]]:
    notes: list[str] = []
    made, model = warm_start.adopt(recipe.load(name, overrides), notes.append)
    assert model is not None
    return made, model, notes


def started(made: Recipe, model: bundle.Model) -> tuple[Parts, list[str]]:
    notes: list[str] = []
    torch.manual_seed(0)
    parts = build(made)
    warm_start.load_weights(parts, model, notes.append)
    return parts, notes


def same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def saved(folder: Path, config: bundle.Config, weights: Mapping[str, Tensor]) -> Path:
    folder.mkdir(parents=True)
    bundle.save(folder, config, weights)
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, small: str, speech: Path) -> Path:
    """A run of two steps, narrower than `small`."""
    run = tmp_path_factory.mktemp("ours") / "run"
    narrow = "generator.upsample_initial_channel=8"
    made = recipe.load(small, [f"data.folder={speech}", narrow, "training.steps=2"])
    prepared(made, run)[0].train(Interrupt())
    return run


def test_another_projects_network_front_end_and_weights(shared: Path) -> None:
    made, model, notes = adopted(
        "hifigan-v2", f"training.init_from={shared / V3}", "mel.f_max=11025", "mel.floor=0.0001"
    )
    (note,) = notes
    assert note.startswith(f"generator and mel are those of {shared / V3}: ")
    assert "generator.upsample_initial_channel 256 (recipe: 128)" in note
    assert "generator.upsample_rates [8, 8, 4] (recipe: [8, 8, 2, 2])" in note
    assert "generator.resblock 2 (recipe: 1)" in note
    assert "mel.f_max 8000 (recipe: 11025)" in note
    assert "mel.floor 1e-05 (recipe: 0.0001)" in note
    assert "mel.sample_rate" not in note
    assert made.front_end() == model.config.mel == Mel.preset("hifigan-22k")
    assert made.training == recipe.load("hifigan-v2").training.model_copy(
        update={"init_from": str(shared / V3)}
    )
    parts, notes = started(made, model)
    assert notes == [f"{model.source} has no discriminators, so D starts fresh"]
    golden = np.load(shared / V3 / "expected.npz")
    with torch.no_grad():
        wave = parts.generator(torch.from_numpy(golden["mel"])[None])[0, 0].numpy()
    assert abs(wave - golden["wave"]).max() <= 1e-5 * abs(golden["wave"]).max()


def test_the_same_network_is_nothing_to_note(shared: Path) -> None:
    _, _, notes = adopted("hifigan-v3", f"training.init_from={shared / V3}")
    assert notes == []


def test_the_settled_recipe_is_written_and_resuming_needs_no_model(
    tmp_path: Path, small: str, speech: Path, ours: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(ours, source)
    wanted = recipe.load(
        small, [f"data.folder={speech}", f"training.init_from={source}", "training.steps=1"]
    )
    trainer, notes = prepared(wanted, tmp_path / "run")
    assert any("generator.upsample_initial_channel 8 (recipe: 16)" in note for note in notes)
    assert not any(" starts fresh" in note for note in notes)
    trainer.train(Interrupt())
    written = recipe.load(str(tmp_path / "run" / "recipe.yaml"))
    assert written.generator.options["upsample_initial_channel"] == 8
    assert written.mel == bundle.read(source).config.mel.to_dict()
    shutil.rmtree(source)
    again = recipe.load(str(tmp_path / "run" / "recipe.yaml"), ["training.steps=2"])
    trainer, notes = prepared(again, tmp_path / "run", resume=True)
    assert not any("generator" in note for note in notes)
    trainer.train(Interrupt())
    assert list(bundle.checkpoints(tmp_path / "run")) == [1, 2]


def test_the_weights_that_trained_go_before_their_average(ours: Path, small: str) -> None:
    made, model, _ = adopted(small, f"training.init_from={ours}")
    parts, notes = started(made, model)
    assert notes == []
    checkpoint = ours / "checkpoints" / "00000002"
    raw = bundle.read_weights(checkpoint / "training" / "generator.safetensors")
    averaged = bundle.read_weights(checkpoint / bundle.WEIGHTS)
    assert same(parts.generator.state_dict(), raw)
    assert not same(raw, averaged)


def test_each_discriminator_is_taken_wholly_or_starts_fresh(ours: Path, small: str) -> None:
    third = "discriminators.third={name: mpd, periods: [5], layer_channels: [4]}"
    other = "discriminators.other={name: mpd, periods: [2, 3], layer_channels: [4, 6]}"
    made, model, _ = adopted(small, f"training.init_from={ours}", third, other)
    found = {**model.discriminators, "other": model.discriminators["mpd"]}
    torch.manual_seed(0)
    untouched = build(made).discriminator
    parts, notes = started(made, replace(model, discriminators=found))
    assert parts.discriminator is not None
    assert untouched is not None
    members = parts.discriminator.members
    assert same(members["mpd"].state_dict(), found["mpd"])
    for name in ("third", "other"):
        assert same(members[name].state_dict(), untouched.members[name].state_dict())
    assert len(notes) == 2
    by_name = {note.split(" starts fresh: ")[0]: note for note in notes}
    assert by_name["the discriminator third"].endswith("of that name, only mpd, other")
    assert "the model's weights do not fit (size mismatch for" in by_name["the discriminator other"]


def test_a_recipe_without_discriminators_takes_none(ours: Path, small: str) -> None:
    alone = ("discriminators.mpd=null", "feature_matching=null")
    made, model, _ = adopted(small, f"training.init_from={ours}", *alone)
    parts, notes = started(made, model)
    assert parts.discriminator is None
    assert notes == []


def test_a_folded_norm_is_split_again_and_trains_on(
    tmp_path: Path, small: str, speech: Path, ours: Path
) -> None:
    config, network = bundle.load(ours, fold=False)
    frames = torch.randn(1, 80, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wave = network(frames)
        keys = set(network.state_dict())
        folded = saved(tmp_path / "folded", config, fold_weight_norm(network).state_dict())
    overrides = [f"data.folder={speech}", f"training.init_from={folded}", "training.steps=1"]
    trainer, _ = prepared(recipe.load(small, overrides), tmp_path / "run")
    started_from = trainer.train_state.networks["generator"]
    assert set(started_from.state_dict()) == keys
    with torch.no_grad():
        torch.testing.assert_close(started_from(frames), wave, atol=1e-6, rtol=0)
    trainer.train(Interrupt())
    again = recipe.load(str(tmp_path / "run" / "recipe.yaml"), ["training.steps=2"])
    prepared(again, tmp_path / "run", resume=True)[0].train(Interrupt())


def test_statistics_are_adopted_and_not_listed(tmp_path: Path) -> None:
    options = {"upsample_initial_channel": 16, "mel_mean": [-2.0] * 80, "mel_std": [1.5] * 80}
    config = bundle.Config(mel=Mel.preset("hifigan-22k"), generator={"name": "hifigan", **options})
    source = saved(tmp_path / "bundle", config, bundle.build(config).state_dict())
    made, model, (note,) = adopted("hifigan-v1", f"training.init_from={source}")
    assert "generator.mel_mean 80 values (recipe: 0)" in note
    assert "generator.mel_std 80 values (recipe: 1)" in note
    assert made.generator.options["mel_mean"] == [-2.0] * 80
    made = made.model_copy(update={"discriminators": {}, "feature_matching": None})
    frames = torch.randn(1, 80, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = bundle.load(source)[1](frames)
        torch.testing.assert_close(started(made, model)[0].generator(frames), expected)


def test_another_generator_is_refused_with_the_recipes_that_have_it(shared: Path) -> None:
    with pytest.raises(UserError) as refusal:
        adopted("tiny", f"training.init_from={shared / V3}")
    text = str(refusal.value)
    assert text.startswith(f"training.init_from: the generator of {shared / V3} is hifigan, ")
    assert "the recipe's is phase_retrieval: choose one of " in text
    named = text.partition("choose one of ")[2].split(", ")
    assert {"hifigan-v1", "hifigan-v2", "hifigan-v3"} <= set(named)
    assert "tiny" not in named


def test_a_segment_that_does_not_fit_the_models_hop_is_refused(tmp_path: Path) -> None:
    mel = replace(Mel.preset("hifigan-22k"), hop_length=240)
    options = {"upsample_rates": [8, 6, 5], "upsample_kernel_sizes": [16, 12, 9]}
    generator = {"name": "hifigan", "upsample_initial_channel": 16, **options}
    config = bundle.Config(mel=mel, generator=generator)
    source = saved(tmp_path / "bundle", config, bundle.build(config).state_dict())
    made, _, (note,) = adopted("hifigan-v1", f"training.init_from={source}")
    assert "mel.hop_length 240 (recipe: 256)" in note
    with pytest.raises(UserError, match=r"8192.*mel\.hop_length \(240\): give 8160"):
        build(made)


@pytest.mark.parametrize(
    ("trained", "given", "mels", "kept", "said"),
    [
        (0.95, 0.95, False, 0.95, []),
        (None, 0.95, False, 0.95, ["data.peak is 0.95, but MODEL was trained with null"]),
        (0.95, None, False, None, ["data.peak is null, but MODEL was trained with 0.95"]),
        (None, None, True, None, []),
        (None, 0.95, True, None, ["data.peak 0.95 is set to null"]),
        (0.8, 0.95, True, None, ["data.peak 0.95 is set to null", "scaled to the peak 0.8"]),
    ],
)
def test_the_level_follows_the_mels(
    small: str,
    ours: Path,
    trained: float | None,
    given: float | None,
    mels: bool,
    kept: float | None,
    said: list[str],
) -> None:
    made, model, _ = adopted(small, f"training.init_from={ours}")
    model = replace(model, config=replace(model.config, peak=trained))
    data = {"peak": given, "mels": Path("mels") if mels else None}
    made = made.model_copy(update={"data": made.data.model_copy(update=data)})
    notes: list[str] = []
    settled = warm_start.keep_level(made, model, notes.append)
    assert settled.data.peak == kept
    assert len(notes) == len(said)
    for note, part in zip(notes, said, strict=True):
        assert part.replace("MODEL", str(ours)) in note


def test_a_dry_run_says_what_would_start(small: str, speech: Path, shared: Path) -> None:
    source = shared / V3
    plan = describe(recipe.load(small, [f"data.folder={speech}", f"training.init_from={source}"]))
    # Kong et al. 2020, table 1: 1.46 M; the gains of weight norm come on top
    assert plan["generator_parameters"] == pytest.approx(1.46e6, rel=0.01)
    assert len(plan["notes"]) == 2
    assert "D starts fresh" in plan["notes"][1]
    json.dumps(plan)
